"""What the page opens with: held-out questions as squares, answered by the start model and, after its training, by
each learner.

Only what was recorded: each question's greedy answer before the first step and after the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from core.learners.registry import LEARNER_KINDS
from lessons.a_real_instruct_model.shown import Seen, Shown
from lessons.i18n import _, ngettext, one_after_another
from lessons.kit.display import literal, one_line
from lessons.kit.glossary import say_small
from lessons.kit.lesson import mount

if TYPE_CHECKING:
    from core.learners.kind import Colour
    from core.training.answer import Answer

#: What became of an answer: right, wrong, cut off at the limit, or ended without anything that can be read.
State = Literal["right", "wrong", "cut", "unread"]
QUESTION, ANSWER = 160, 120  # characters


def opening(shown: Shown, with_outcome: bool) -> None:
    """The questions, playing. What training made of them is there only once it has been predicted, or left out."""
    before = shown.before
    if before is None:
        return
    done = shown.done if with_outcome else ()
    # Another picture once the outcome may be seen, so that it stands complete.
    key = "real_opening_after" if done else "real_opening"
    mount("answers", data(shown, done), key=key)
    if shown.done and not done:
        say_small(_("How training changes these squares is played here once you have predicted it below."))


def state(answer: Answer) -> State:
    """What became of it, as the rule that checks answers has it."""
    if not answer.finished:
        return "cut"
    if answer.answer is None:
        return "unread"
    return "right" if answer.success else "wrong"


def data(shown: Shown, done: Sequence[Seen]) -> dict[str, Any]:
    """What the picture is handed: the start model's answers, then those of each learner in `done` after its training.

    Raises ValueError of a run that has no answers before its training.
    """
    before = shown.before
    if before is None:
        raise ValueError("this run has no answers before its training")
    sides: list[tuple[str, Colour | None, Sequence[Answer]]] = [(_("before training"), None, before.greedy_answers)]
    for seen in done:
        if seen.after is not None:
            colour = LEARNER_KINDS[seen.algorithm].colour
            sides.append((_("{name} after").format(name=seen.title), colour, seen.after.greedy_answers))
    return {
        "questions": [one_line(x, QUESTION) for x in before.questions],
        "truths": [literal(x, 40) for x in before.truths],
        "sides": [
            {
                "name": name,
                "colour": colour,
                "replies": [{"state": state(x), "text": one_line(x.text, ANSWER)} for x in answers],
            }
            for name, colour, answers in sides
        ],
        "alt": one_after_another(*(_counted(name, answers) for name, _colour, answers in sides)),
        "words": _words(shown, len(before.questions)),
    }


def _counted(name: str, answers: Sequence[Answer]) -> str:
    states = [state(x) for x in answers]
    return _("{name}: of {all} responses {right} are right, {cut} cut off.").format(
        name=name, all=len(states), right=states.count("right"), cut=states.count("cut")
    )


def _words(shown: Shown, count: int) -> dict[str, str]:
    title = ngettext(
        "One question that no learner is ever trained on, answered greedily",
        "{count} questions that no learner is ever trained on, each answered greedily",
        count,
    )
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "scrub": _("Questions asked"),
        "title": title.format(count=count),
        "signs": _("✓ right · ✗ wrong · … cut off before it ended · ∅ nothing to be read"),
        "signs_after": _("✓ right · ✗ wrong · … cut off before it ended · ∅ nothing to be read · framed: it turned"),
        "count": _("{right} of {asked} right"),
        "question": _("Question {n}:"),
        "truth": _("right answer: {answer}"),
        "answered": _("{name}: {text} – {verdict}."),
        "right": _("right"),
        "wrong": _("wrong"),
        "cut": _("wrong: cut off before it ended"),
        "unread": _("wrong: no answer can be read in it"),
        "playing": _("Question after question is asked…"),
        "start": _("Press play: {model} is asked one question after another.").format(
            model=literal(shown.run.config.model, 60)
        ),
        "before": _("Asked so far: {asked} of {all}. Right: {right}. Cut off at the length limit: {cut}."),
        "after": _("{name}: {right} of {asked} right; {fixed} turned right, {broken} turned wrong."),
    }
