"""The same budget for all: who has to ask a question several times, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.insight.seed_results import median_scored
from lessons.i18n import _, one_after_another
from lessons.kit.glossary import say
from lessons.kit.lesson import Choice, figure, predict
from lessons.kit.numbers import number, whole
from lessons.kit.over_seeds import close_up
from lessons.the_critic.results import LEARNERS, draw, gap_words, mean, of, shape, there, times

QUESTIONS = (4, 8, 16, 32, 64, 128)
#: What one predicts: (learner, questions).
CANDIDATES = (("grpo", 16), ("grpo", 4), ("ppo-fitted", 128))
#: Whose price stands under the chart.
PRICED = (("grpo", 32), ("ppo-zero", 128), ("ppo-fitted", 128), ("vine", 128))


def budget() -> None:
    """A prediction, the chart by questions per step, and the two effects told apart."""
    if not all(there([shape(*x)]) for x in CANDIDATES):
        st.info(_("This is not recorded here yet."))
        return
    if predict("tc_budget", _question(), _choices(), about="long-sums"):
        _chart()
        say("\n".join(f"- {x}" for x in _effects()))


def _question() -> str:
    return _(
        "Every step has 128 responses. They may be to 4 questions (32 each), to 16 (8 each) or to 128 (one each). "
        "Whose responses are right most often over the first 20 steps?"
    )


def _choices() -> list[Choice]:
    values = {x: mean(shape(*x), "first-20") for x in CANDIDATES}
    best = max(CANDIDATES, key=values.__getitem__)
    reason = _list((_name(*x), number(values[x])) for x in CANDIDATES)
    return [Choice(_name(*x), x == best, _("Measured: {numbers}.").format(numbers=reason)) for x in CANDIDATES]


def _name(learner: str, questions: int) -> str:
    words = _("{learner} {questions} × {responses}")
    return close_up(words.format(learner=_(LEARNERS[learner].title), questions=questions, responses=128 // questions))


def _list(numbers: Iterable[tuple[str, str]]) -> str:
    """Names with their numbers: a: 1; b: 2."""
    return _("; ").join(_("{name}: {value}").format(name=name, value=value) for name, value in numbers)


def _chart() -> None:
    import plotly.graph_objects as go

    drawing, readout, summary = go.Figure(), [], []
    for name, label in LEARNERS.items():
        shown = [x for x in QUESTIONS if there([shape(name, x)])]
        if not shown:
            continue
        setups = [shape(name, x) for x in shown]
        texts = draw(drawing, shown, setups, "first-20", label)
        readout += [
            {_("learner"): _(label.title), _("questions × responses"): f"{x} × {128 // x}", _("success"): text}
            for x, text in zip(shown, texts, strict=True)
        ]
        first, last = (number(mean(x, "first-20"), 2) for x in (setups[0], setups[-1]))
        summary.append(f"{_(label.title)} {first} ({shown[0]}) … {last} ({shown[-1]})")
    drawing.update_xaxes(
        title=_("questions a step (128 responses in all)"), type="log", tickvals=list(QUESTIONS),
        ticktext=[f"{x}" for x in QUESTIONS],
    )  # fmt: skip
    drawing.update_yaxes(title=_("success, steps 1–20"))
    alt = _("Mean success over the first 20 steps by questions a step: {summary}.").format(summary="; ".join(summary))
    figure(drawing, key="tc_budget_chart", alt=alt, table=readout, height=340)


def _effects() -> list[str]:
    """What comes from not having to ask a question twice, and what a critic adds to that."""
    groups = [x for x in QUESTIONS if there([shape("grpo", x)])]
    best = max(groups, key=lambda x: mean(shape("grpo", x), "first-20"))
    lines, batch, zero = [], LEARNERS["batch"], LEARNERS["ppo-zero"]
    if there([shape("batch", 128)]):
        alone = _name("batch", 128)
        lines.append(
            _("**Different questions.** The batch's mean needs no group. {words}").format(
                words=gap_words(shape("batch", 128), shape("grpo", best), "first-20", (alone, _name("grpo", best)))
            )
        )
        for critic in ("ppo-fitted", "ppo-zero"):
            if there([shape(critic, 128)]):
                names = (_(LEARNERS[critic].title), _(batch.title))
                lines.append(
                    _("**And a critic, on the same 128 questions.** {words}").format(
                        words=gap_words(shape(critic, 128), shape("batch", 128), "first-20", names)
                    )
                )
    blind = [shape(x, 128, "-blind") for x in ("ppo-zero", "batch")]
    if len(there(blind)) == 2:
        names = (_(zero.title), _(batch.title))
        lines.append(
            _("**And a critic that cannot know (blind start model).** {words}").format(
                words=gap_words(blind[0], blind[1], "first-20", names)
            )
        )
    costs = [(_name(*x), median_scored(of(shape(*x)), shape(*x))) for x in PRICED if there([shape(*x)])]
    if costs:
        prices = _list((name, whole(scored)) for name, scored in costs)
        words = _("**What that costs.** Responses scored in all: {prices}.").format(prices=prices)
        lines.append(one_after_another(words, times({_name(*x): shape(*x) for x in PRICED})))
    return lines
