"""PPO's pipeline as a diagram that is alive: each box shows its real output on the frozen batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from lessons.how_ppo_works.words import penalty_words
from lessons.i18n import _
from lessons.kit.critic import counted, slip_words, taught
from lessons.kit.display import plain
from lessons.kit.first_ratios import older_cuts
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, Group, Reply, Row, sent, token_strips
from lessons.kit.lesson.formula import with_symbols
from lessons.kit.lesson.replies import alike, clearest, most_missed, slips, spans
from lessons.kit.own_surrogate import has_clip
from lessons.kit.pipeline import distances, other_credit, pipeline
from lessons.kit.scored import by_another, is_verdict

PARAM = "ppo_box"
#: Boxes with weights in them; the reward is a rule here, not a model.
MODELS = ("policy", "reference", "value")


def pipeline_section(batch: Frozen, group: Group) -> None:
    """The drawing and, below it, what the chosen box really put out. One fragment."""
    st.fragment(_pipeline)(batch, group)


def _pipeline(batch: Frozen, group: Group) -> None:
    picked = st.query_params.get(PARAM, "")
    if picked not in _DETAILS:
        picked = "policy"
    boxes = pipeline(batch, group, key="ppo_pipeline", picked=picked, on_picked=_picked)
    box = next(x for x in boxes if x.key == picked)
    st.header(_("What each box puts out"))
    with st.container(border=True, key="ppo_box_detail"):
        st.subheader(with_symbols(box.title))
        _DETAILS[picked](batch, group)
        if picked in MODELS:
            say_small(distances(batch, "ppo").sentence(picked))


def _picked() -> None:
    value = sent("ppo_pipeline", "picked")
    if isinstance(value, str) and value in _DETAILS:
        st.query_params[PARAM] = value


# -- what each box puts out --------------------------------------------------------------------------------------------


def reply_row(reply: Reply, which: tuple[int, ...], values: tuple[float | None, ...], **more: Any) -> Row:
    """A response of the group as a row, for all that are like it; `which` counts from 1."""
    verdict = _("right, reward {reward:g}") if reply.success else _("wrong, reward {reward:g}")
    label = _("response {n}").format(n=which[0]) if len(which) == 1 else _("responses {n}").format(n=spans(which))
    return Row(f"r{which[0]}", label, reply.tokens, values, note=verdict.format(reward=reply.reward), **more)


def _strips(group: Group, column: str, quantity: str, kind: Any, number: int = 0, **options: Any) -> None:
    rows = []
    cut = bool(options.get("marks"))

    def shown(reply: Reply) -> tuple[float | None, ...]:
        return reply.column(column, number) + (reply.column("clipped", number - 1) if cut else ())

    for reply, which in alike(group.replies, shown):
        marks = _marks(reply, number - 1) if cut else ()
        rows.append(reply_row(reply, which, reply.column(column, number), learner="blue", marks=marks))
    token_strips(rows, key=f"ppo_out_{column}", quantity=quantity, kind=kind, pickable=False)


def _marks(reply: Reply, number: int) -> list[Any]:
    """What the pass after pass `number` cut."""
    return [{1: "high", -1: "low"}.get(int(x or 0)) for x in reply.column("clipped", number)]


def _query(batch: Frozen, _group: Group) -> None:
    say(
        _("The step's questions. The page keeps the tokens of these {kept}; the update used all {all}.").format(
            kept=len(batch.groups), all=len(set(batch.samples["group"].to_pylist()))
        )
    )
    rows = [
        {_("query"): x.prompt, _("right answer"): x.answer, _("right"): sum(r.success for r in x.replies)}
        for x in batch.groups
    ]
    st.dataframe(rows, hide_index=True, alt=_("The step's questions"))


def _policy(_batch: Frozen, group: Group) -> None:
    say(_("It writes token by token. Under each token: the log-probability with which it was drawn."))
    _strips(group, "logprob_old", _("log-probability"), "falling")


def _outputs(_batch: Frozen, group: Group) -> None:
    say(_("What the policy wrote, as text."))
    rows = [
        {"": n, _("response"): x.text, _("tokens"): len(x.tokens), _("cut off"): _("yes") if x.truncated else _("no")}
        for n, x in enumerate(group.replies, 1)
    ]
    st.dataframe(rows, hide_index=True, alt=_("The responses as text"))


def _reference(batch: Frozen, group: Group) -> None:
    says = _("It writes nothing: it says how likely *it* finds each token that the policy wrote.")
    say(f"{says} {penalty_words(batch)}")
    _strips(group, "kl_k1", _("KL estimate k1"), "signed")


def _reward(batch: Frozen, group: Group) -> None:
    if is_verdict(batch, group):
        words = _(
            "One number for a whole response. Here it is a rule, not a model: it reads the answer and compares it with "
            "the right one, {answer}. It has no weights at all, so nothing in it can move."
        ).format(answer=plain(group.answer))
    elif (reward := by_another(batch.run.config, batch.settings)) is not None:
        words = _("One number for a whole response, here from {reward}; the verdict is the task's own.").format(
            reward=reward
        )
    else:
        words = _(
            "One number for a whole response. Here it is a rule, not a model: no answer is the right one, and what is "
            "said is scored. It has no weights at all, so nothing in it can move."
        )
    say(words)
    rows = [
        {"": n, _("response"): x.text, _("reward"): x.reward, _("verdict"): _("right") if x.success else _("wrong")}
        for n, x in enumerate(group.replies, 1)
    ]
    st.dataframe(rows, hide_index=True, alt=_("The responses' rewards"))


def _value(batch: Frozen, group: Group) -> None:
    say(_("The critic. Before each token it says what reward it expects for the response as it stands."))
    _strips(group, "value", _("value V"), "plain")
    known = slips([group])
    for slip in (x for x in (clearest(known), most_missed(known)) if x is not None):
        number = group.replies.index(slip.reply) + 1
        say("- " + _("Response {n}: {words}").format(n=number, words=slip_words(slip)))
    if batch.slips:
        say_small(counted(batch.slips))
    taught(batch.run.config, key="ppo_blind")


def _gae(_batch: Frozen, group: Group) -> None:
    say(_("It computes, and has no weights: surprises δ at each token, summed from the end backwards, give A."))
    _strips(group, "advantage_raw", _("advantage before whitening"), "signed")


def _group(batch: Frozen, group: Group) -> None:
    say(_("What GRPO would give these very responses: each reward compared with those of its group."))
    terms = {x.sample: value for x, value in zip(group.replies, other_credit(batch, group), strict=True)}
    rows = [
        reply_row(reply, which, (terms[reply.sample],) * len(reply.tokens), learner="orange")
        for reply, which in alike(group.replies, lambda x: (terms[x.sample],))
    ]
    token_strips(rows, key="ppo_out_group", quantity=_("advantage"), pickable=False)


def _advantage(batch: Frozen, group: Group) -> None:
    whitened = getattr(batch.settings, "whiten_advantages", False)
    words = (
        _("What the loss really uses: A after whitening over the whole batch.")
        if whitened
        else _("What the loss really uses: A as it is, as whitening is off in this run.")
    )
    say(words)
    _strips(group, "advantage", _("advantage"), "signed")


def _update(batch: Frozen, group: Group) -> None:
    say(_("Ratio of each token's probability after the last pass to what it was before the first."))
    cuts = has_clip(batch.settings) and len(batch.gradients) > 0
    if cuts:
        say(_("A bar marks tokens whose gradient the clip cut in the last pass."))
        if older := older_cuts(batch):
            say_small(older)
    last = batch.passes
    _strips(group, "ratio", _("ratio ρ"), "ratio", last, marks=cuts)


_DETAILS: dict[str, Callable[[Frozen, Group], None]] = {
    "query": _query,
    "policy": _policy,
    "outputs": _outputs,
    "reference": _reference,
    "reward": _reward,
    "value": _value,
    "gae": _gae,
    "group": _group,
    "advantage": _advantage,
    "update": _update,
}
