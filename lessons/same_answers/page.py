"""One response, two credits: PPO's and GRPO's credit of the same responses, and the bridge between them."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.learners.registry import LEARNER_KINDS, discount_of
from lessons.i18n import _, listed, ngettext, prose
from lessons.kit.credits import Crossing, clear_case, crossing, identity_words
from lessons.kit.critic import beside, has_penalty, parts_words, slip_words, taught
from lessons.kit.display import learner_title, plain, token_name
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import (
    FOUR,
    Frozen,
    Group,
    Reply,
    Row,
    equation,
    frozen,
    lesson_page,
    no_screen,
    pick_group,
    predict,
    quiz,
    say_where,
    token_strips,
    work_out,
)
from lessons.kit.lesson.replies import alike, slip_of, spans
from lessons.kit.linked import linked
from lessons.kit.numbers import signed, whole
from lessons.kit.only_credit import only_credit
from lessons.kit.ties import lowest
from lessons.same_answers.check import code, questions
from lessons.same_answers.edited import edit_section
from lessons.same_answers.picture import play
from lessons.same_answers.signs import opposed, start
from lessons.same_answers.why import Signs, choices

KEY = "same-answers"


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
    values = FOUR.values or ()
    bare = work_out(FOUR, plain_ppo.model_copy(update={"lam": 0.0}))["advantage_raw"]
    near, whole = work_out(FOUR, plain_ppo)["advantage_raw"], work_out(FOUR, outcome)["advantage_raw"]
    credits = [
        (_("the critic's value V"), values),
        (_("PPO, λ = 0: the change of V"), bare),
        (_("PPO, λ = 0.95"), near),
        (_("PPO, λ = 1: reward − V"), whole),
        (_("PPO, λ = 1, V = the group's mean"), work_out(flat, outcome)["advantage_raw"]),
        (_("GRPO before division"), work_out(FOUR, learner("grpo", scale_rewards="none"))["advantage_raw"]),
    ]
    say(
        _(
            "A made-up response of four tokens is wrong, reward {reward}; its group's rewards are {rewards}, mean "
            "{mean}. Read the lines downwards: each changes one thing, and the last two are the same."
        ).format(reward=f"{FOUR.reward:g}", rewards=listed(f"{x:g}" for x in rewards), mean=f"{mean:g}")
    )
    head = ["", *(token_name(x) for x in FOUR.tokens)]
    rows = [head, ["---", *["---:"] * len(FOUR.tokens)]]
    rows += [[name, *(signed(x) for x in numbers)] for name, numbers in credits]
    with st.container(key="same_four"):
        say("\n".join("| " + " | ".join(row) + " |" for row in rows))
    (worst,) = lowest(bare)
    say_small(
        _(
            "With λ = 0 the token “{token}” is blamed most ({bare}): there the critic's value falls from {before} to "
            "{after}. With λ = 0.95 the first token, whose own surprise is {own}, is blamed, too ({first}), and the "
            "last gets {last}. GRPO gives all {count} the same."
        ).format(
            token=FOUR.tokens[worst],
            bare=signed(bare[worst]),
            before=f"{values[worst]:g}",
            after=f"{values[worst + 1]:g}",
            own=signed(bare[0]),
            first=signed(near[0]),
            last=signed(near[-1]),
            count=len(FOUR.tokens),
        )
    )


# --- the strips ----------------------------------------------------------------------------------------------------


def look(batch: Frozen, group: Group, way: Crossing, top: DeltaGenerator) -> tuple[Reply, bool]:
    """At the `top` the picture and the prediction; then the parts of PPO's credit and, folded, the whole group's.

    The response, and whether somebody has committed to what PPO gives it: until then nothing may show that.
    """
    reply = opposed([group]) or clear_case(batch, group)
    raw, how = way.at("raw"), discount_of(batch.settings)
    signs = Signs(reply, raw.numbers(reply), raw.deltas(reply), how.gamma * how.lam)
    question = _(
        "{prompt} was answered {response}, reward {reward}. GRPO gives each of its tokens {grpo} (before its "
        "division). And PPO?"
    )
    with top:
        picture = st.container()  # it stands first, and knows last whether somebody has predicted
        is_seen = predict(
            f"same_{batch.step}_{reply.sample}",
            question.format(
                prompt=plain(group.prompt),
                response=plain(reply.text),
                reward=f"{reply.reward:g}",
                grpo=signed(way.at("group-mean").numbers(reply)[0]),
            ),
            choices(signs),
            about=batch.run.id,
        )
    with picture:
        play(reply, group, way, is_seen)
    if is_seen:
        two_parts(reply, group, way)
        count = len(group.replies)
        all_of_it = ngettext("The group's only response", "All {count} responses of the group", count)
        with st.expander(all_of_it.format(count=count)):
            both(batch, group.replies, way, key="same_all")
        st.subheader(_("Does the critic see where a response goes wrong?"))
        beside(batch, key="same_beside")
        taught(batch.run.config, key="same_blind")
    return reply, is_seen


def two_parts(reply: Reply, group: Group, way: Crossing) -> None:
    """What of PPO's credit is the critic's and what the KL penalty's, and what the critic's value does at the slip."""
    critic, penalty = way.parts(reply)
    rows = [
        Row("critic", _("of PPO's credit: critic and reward"), reply.tokens, critic, learner="blue"),
        Row("penalty", _("of PPO's credit: KL penalty"), reply.tokens, penalty, learner="blue"),
    ]
    if has_penalty(penalty):
        token_strips(rows, key="same_parts", quantity=_("advantage, in units of reward"), pickable=False)
    lines = [
        parts_words(reply, way.at("raw").numbers(reply), critic, penalty),
        *([slip_words(slip)] if (slip := slip_of(reply, group)) is not None else []),
    ]
    say("\n".join(f"- {x}" for x in lines))


def both(batch: Frozen, replies: tuple[Reply, ...] | list[Reply], way: Crossing, *, key: str) -> None:
    """Strips in pairs, aligned: PPO's credit above GRPO's; both in units of reward. Equal responses stand as one."""
    rows = []
    for reply, which in alike(replies, way.at("raw").numbers):
        verdict = _("right, reward {reward:g}") if reply.success else _("wrong, reward {reward:g}")
        note = verdict.format(reward=reply.reward)
        number = f"{spans(which)} · " if len(replies) > 1 else ""
        for who, stop in (("ppo", "raw"), ("grpo", "group-mean")):
            rows.append(
                Row(
                    f"{who}-{reply.sample}",
                    f"{number}{learner_title(who)}",
                    reply.tokens,
                    way.at(stop).numbers(reply),
                    note=note if who == "ppo" else "",
                    learner=LEARNER_KINDS[who].colour,
                )
            )
    token_strips(rows, key=key, quantity=_("advantage, in units of reward"), pickable=False)


# --- the bridge ----------------------------------------------------------------------------------------------------


def bridge_section(batch: Frozen, reply: Reply, way: Crossing, is_seen: bool) -> None:
    """The slider, and what each stop is, in a fragment: moving it draws nothing else anew.

    It begins with PPO's own numbers, which are to be predicted first.
    """
    st.header(_("The bridge: from PPO to GRPO in small steps"))
    if not is_seen:
        words = _("It begins with PPO's own numbers: commit to your prediction in the first part, and it stands here.")
        with no_screen("same_bridge"):
            say_small(words)
        return
    say(_("Move the slider. Each stop changes one thing, and each is an identity, checked on every token."))
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
    title, words = identity_words(chosen)
    with st.container(border=True, key="same_stop"):
        say(f"**{keys.index(chosen) + 1}/{len(keys)} · {title}** – {words}")
        equation(stop.latex)
        say_small(
            _("Checked now on all {tokens} tokens of the panel: left and right differ by at most {gap}.").format(
                tokens=whole(way.tokens), gap=f"{stop.gap:.1g}"
            )
        )
    numbers = stop.numbers(reply)
    domain = [x for s in way.stops for x in s.numbers(reply)]
    who = "grpo" if chosen in ("group-mean", "grpo") else "ppo"
    rows = [
        Row("now", title, reply.tokens, numbers, learner=LEARNER_KINDS[who].colour),
        Row("goal", _("GRPO, for comparison"), reply.tokens, way.at("grpo").numbers(reply), learner="orange"),
    ]
    token_strips(rows, key="same_bridge", quantity=_("advantage"), domain=domain, pickable=False)


def page() -> None:
    batch = frozen("ppo", groups=True)
    chosen = None
    if batch is not None:
        batch = start(batch)
        first = opposed(batch.groups)
        top = st.container()
        say_where(batch)
        group = pick_group(batch, key="same_group", first=None if first is None else first.group)
        way = crossing(batch)
        reply, is_seen = look(batch, group, way, top)
        chosen = batch, group, reply, way, is_seen
    say(prose(KEY))
    four_tokens()
    if chosen is not None:
        batch, group, reply, way, is_seen = chosen
        bridge_section(batch, reply, way, is_seen)
        edit_section(batch, group, reply, is_seen)
        with st.expander(_("In what else do they differ?"), icon=":material/balance:"):
            only_credit(batch.run.config, key="same_only_credit")
    quiz("same_quiz", questions())


with lesson_page(
    KEY,
    question=_("The same responses, scored the same. Do PPO and GRPO praise and blame the same tokens?"),
    summary=_(
        "PPO's and GRPO's credit differ in what a reward is compared with: a critic's value at each token, or one mean "
        "for the whole group. With γ = λ = 1, no KL penalty and the mean in the critic's place, PPO's credit is GRPO's "
        "before its division."
    ),
    code=code(),
):
    page()
