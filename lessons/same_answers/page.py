"""Same answers, two credits: PPO's and GRPO's credit of the same responses, and the bridge between them."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import LEARNER_KINDS
from lessons.i18n import _, prose
from lessons.kit.credits import Crossing, clear_case, crossing, identity_words
from lessons.kit.display import plain, token_name
from lessons.kit.lesson import (
    FOUR,
    Choice,
    Code,
    Frozen,
    Group,
    QuizQuestion,
    Reply,
    Row,
    equation,
    frozen,
    lesson_page,
    pick_group,
    predict,
    quiz,
    say_where,
    token_strips,
    work_out,
)
from lessons.kit.linked import linked
from lessons.same_answers.edited import edit_section

KEY = "same-answers"


def code() -> list[Code]:
    return [
        Code("core/insight/bridge.py", "bridge", _("The bridge from PPO to GRPO")),
        Code("core/insight/whatif.py", "credit_under", _("A stored step's credit under any settings")),
        Code("core/learners/kinds/ppo.py", "credit", _("PPO's credit")),
        Code("core/learners/kinds/grpo.py", "credit", _("GRPO's credit")),
    ]


# --- the worked example --------------------------------------------------------------------------------------------


def four_tokens() -> None:
    """Both credits of four tokens, and the two changes that turn one into the other."""
    from dataclasses import replace

    from core.learners.registry import learner

    st.header(_("Four tokens, both ways"))
    plain_ppo = learner("ppo", kl_coef=0.0, whiten_advantages=False, lam=0.95)
    rewards = (FOUR.reward, *FOUR.others)
    mean = sum(rewards) / len(rewards)
    flat = replace(FOUR, values=(mean,) * len(FOUR.tokens))
    outcome = plain_ppo.model_copy(update={"lam": 1.0})
    credits = [
        (_("the critic's value V"), FOUR.values or ()),
        (
            _("PPO, λ = 0: the change of V"),
            work_out(FOUR, plain_ppo.model_copy(update={"lam": 0.0}))["advantage_raw"],
        ),
        (_("PPO, λ = 0.95"), work_out(FOUR, plain_ppo)["advantage_raw"]),
        (_("PPO, λ = 1: reward − V"), work_out(FOUR, outcome)["advantage_raw"]),
        (_("PPO, λ = 1, V = the group's mean"), work_out(flat, outcome)["advantage_raw"]),
        (_("GRPO before division"), work_out(FOUR, learner("grpo", scale_rewards="none"))["advantage_raw"]),
    ]
    st.markdown(
        _(
            "A response of four tokens ends wrong, with reward {reward}; its group's rewards are {rewards}, mean "
            "{mean}. Read the lines downwards: each changes one thing, and the last two are the same."
        ).format(reward=f"{FOUR.reward:g}", rewards=", ".join(f"{x:g}" for x in rewards), mean=f"{mean:g}")
    )
    head = ["", *(token_name(x) for x in FOUR.tokens)]
    rows = [head, ["---", *["---:"] * len(FOUR.tokens)]]
    rows += [[name, *(_signed(x) for x in values)] for name, values in credits]
    with st.container(key="same_four"):
        st.markdown("\n".join("| " + " | ".join(row) + " |" for row in rows))
    st.caption(
        _(
            "With λ = 0 only the third token is blamed much: there the critic's value falls from 0.7 to 0.1. Near "
            "λ = 1 what came before it is blamed, too, and what came after is nearly spared. GRPO gives all four the "
            "same."
        )
    )


# --- the strips ----------------------------------------------------------------------------------------------------


def look(batch: Frozen, group: Group, way: Crossing) -> Reply:
    """Prediction, then both credits of one response and, folded, of the whole group."""
    reply = clear_case(batch, group)
    ppo = way.at("raw").numbers(batch, reply)
    kinds = len({round(x, 4) for x in ppo})
    signs = {x > 0 for x in ppo}
    grpo = way.at("group-mean").numbers(batch, reply)[0]
    happened = 0 if kinds == 1 else 2 if len(signs) == 2 else 1
    words = _("Here PPO gives {kinds} different numbers, from {low} to {high}.").format(
        kinds=kinds, low=_signed(min(ppo)), high=_signed(max(ppo))
    )
    texts = [
        _("the same number for every token"),
        _("different numbers, all of one sign"),
        _("different numbers, some positive and some negative"),
    ]
    reasons = [
        _("That is GRPO's way: without a critic, nothing tells its tokens apart."),
        _("That happens where the critic never changes its mind for the better on the way."),
        _("A token can raise the critic's hopes although the response fails in the end."),
    ]
    question = _("{prompt} was answered {response}, reward {reward}. GRPO gives each of its tokens {grpo}. And PPO?")
    if predict(
        f"same_{batch.step}_{reply.sample}",
        question.format(
            prompt=plain(group.prompt), response=plain(reply.text), reward=f"{reply.reward:g}", grpo=_signed(grpo)
        ),
        [
            Choice(text, n == happened, f"{reason} {words}" if n == happened else reason)
            for n, (text, reason) in enumerate(zip(texts, reasons, strict=True))
        ],
        about=batch.run.id,
    ):
        both(batch, [reply], way, key="same_one")
        with st.expander(_("All {count} responses of the group").format(count=len(group.replies))):
            both(batch, group.replies, way, key="same_all")
    return reply


def both(batch: Frozen, replies: tuple[Reply, ...] | list[Reply], way: Crossing, *, key: str) -> None:
    """Strips in pairs, aligned: PPO's credit above GRPO's; both in units of reward."""
    rows = []
    for n, reply in enumerate(replies, 1):
        note = _("right, reward 1") if reply.success else _("wrong, reward 0")
        number = f"{n} · " if len(replies) > 1 else ""
        for who, stop in (("ppo", "raw"), ("grpo", "group-mean")):
            rows.append(
                Row(
                    f"{who}-{reply.sample}",
                    f"{number}{who.upper()}",
                    reply.tokens,
                    way.at(stop).numbers(batch, reply),
                    note=note if who == "ppo" else "",
                    learner=LEARNER_KINDS[who].colour,
                )
            )
    token_strips(rows, key=key, quantity=_("advantage, in units of reward"), pickable=False)


# --- the bridge ----------------------------------------------------------------------------------------------------


def bridge_section(batch: Frozen, reply: Reply, way: Crossing) -> None:
    """The slider, and what each stop is, in a fragment: moving it draws nothing else anew."""
    st.header(_("The bridge: from PPO to GRPO in small steps"))
    st.markdown(_("Move the slider. Each stop changes one thing, and each is an identity, checked on every token."))
    st.fragment(_bridge)(batch, reply, way)


def _bridge(batch: Frozen, reply: Reply, way: Crossing) -> None:
    keys = [x.key for x in way.stops]
    titles = {key: identity_words(key)[0] for key in keys}
    chosen = linked(
        st.select_slider,
        _("From PPO to GRPO"),
        keys,
        key="sa_stop",
        first=keys[0],
        format_func=titles.__getitem__,
    )
    stop = way.at(chosen)
    title, latex, words = identity_words(chosen)
    with st.container(border=True, key="same_stop"):
        st.markdown(f"**{keys.index(chosen) + 1}/{len(keys)} · {title}** — {words}")
        equation(latex)
        st.caption(
            _("Checked now on all {tokens} tokens of the panel: left and right differ by at most {gap}.").format(
                tokens=way.tokens, gap=f"{stop.gap:.1g}"
            )
        )
    numbers = stop.numbers(batch, reply)
    domain = [x for s in way.stops for x in s.numbers(batch, reply)]
    who = "grpo" if chosen in ("group-mean", "grpo") else "ppo"
    rows = [
        Row("now", title, reply.tokens, numbers, learner=LEARNER_KINDS[who].colour),
        Row("goal", _("GRPO, for comparison"), reply.tokens, way.at("grpo").numbers(batch, reply), learner="orange"),
    ]
    token_strips(rows, key="same_bridge", quantity=_("advantage"), domain=domain, pickable=False)


def _signed(value: float, digits: int = 2) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("What do PPO and GRPO compute differently?"),
            (
                Choice(_("Only the advantage of each token"), True, _("Ratio, clip and update are the same code.")),
                Choice(_("The ratio and its clip"), False, _("Both use the same ratio and the same clip.")),
                Choice(_("The reward of a response"), False, _("The verifier scores both alike.")),
            ),
        ),
        QuizQuestion(
            _("With λ = 1 and no KL penalty, what is PPO's advantage of a token (before whitening)?"),
            (
                Choice(
                    _("The response's reward minus the critic's value before the token"),
                    True,
                    _("All later surprises add up: every value in between cancels."),
                ),
                Choice(_("The change of the critic's value at that token"), False, _("That is λ = 0.")),
                Choice(
                    _("The reward minus the group's mean"),
                    False,
                    _("Only if the critic's value is replaced by the group's mean, which is the next stop."),
                ),
            ),
        ),
        QuizQuestion(
            _("You turn a wrong response of a group into a right one. What happens to the other responses' credit?"),
            (
                Choice(
                    _("GRPO's falls for all of them; PPO's stays as it was (before whitening)"),
                    True,
                    _("The group's mean rises for all. A critic judges each response by itself."),
                ),
                Choice(_("Both stay"), False, _("GRPO compares within the group, so its neighbours feel it.")),
                Choice(_("PPO's falls too"), False, _("The critic's value of another response does not change.")),
            ),
        ),
        QuizQuestion(
            _("Why is GRPO's credit the same for all tokens of a response?"),
            (
                Choice(
                    _("Its baseline, the group's mean, does not depend on the place in the response"),
                    True,
                    _("Reward and baseline are both numbers of the whole response."),
                ),
                Choice(
                    _("It divides by the length"),
                    False,
                    _("That is aggregation in the loss, and not what makes it flat."),
                ),
                Choice(_("Because its λ is 0"), False, _("It has no λ; on the bridge it corresponds to λ = 1.")),
            ),
        ),
    ]


def page() -> None:
    st.markdown(prose(KEY))
    four_tokens()
    st.header(_("One set of responses, both credits"))
    batch = frozen("ppo")
    if batch is not None:
        say_where(batch)
        group = pick_group(batch, key="same_group")
        way = crossing(batch)
        reply = look(batch, group, way)
        bridge_section(batch, reply, way)
        edit_section(batch, group, reply)
    quiz("same_quiz", questions())


with lesson_page(
    KEY,
    question=_("The same answers, scored the same. Do PPO and GRPO praise and blame the same tokens?"),
    summary=_(
        "PPO and GRPO differ only in what a reward is compared with: a critic's value at each token, or one mean for "
        "the whole group. With λ = 1 and the mean in the critic's place, PPO's credit is GRPO's."
    ),
    code=code(),
):
    page()
