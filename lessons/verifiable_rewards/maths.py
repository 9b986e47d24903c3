"""Maths: what is read out of a response as its answer, whether it is the ground truth, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import streamlit as st

from core.errors import Message, RequestError
from core.tasks.extraction import extract
from core.tasks.in_words import Extraction
from core.tasks.kinds.countdown import Countdown, CountdownSettings
from core.tasks.matching import LIMIT, compared
from core.tasks.notation import number
from lessons.i18n import N_, _, tell
from lessons.kit.display import plain
from lessons.kit.filled_in import fill_in, filled_in
from lessons.kit.glossary import say, say_small
from lessons.kit.linked import linked
from lessons.kit.numbers import table
from lessons.verifiable_rewards.running import a_place

#: Characters of a response; longer ones are not read.
LONGEST = 300


@dataclass(frozen=True)
class MathsQuestion:
    """A question with its ground truth, and responses that are worth trying."""

    text: str  # a message id
    truth: str
    tries: tuple[str, ...]


QUESTIONS = {
    "seats": MathsQuestion(
        N_("A hall has 12 rows of 90 seats. How many seats?"),
        "1080",
        (
            "12 × 90 = 1080",
            "1,080 seats",
            "1.08 × 10^3",
            "1080: 12 rows of 90",
            r"\boxed{1080}, by 12 × 90",
            "1200 or 1080",
            "2160/2",
        ),
    ),
    "share": MathsQuestion(
        N_("Three of four are here. Which share?"), "3/4", ("0.75", "75%", r"\frac{3}{4}", "6/8", "3 of 4", "3:4")
    ),
    "formula": MathsQuestion(
        N_("Multiply out (x+1)(x+2)."),
        "x^2+3x+2",
        ("x^2+3x+2", "2+3x+x^2", "(x+1)(x+2)", "x(x+3)+2", "10^10^10", "(a+b+c+d+e)^{99}"),
    ),
}
#: Many expressions are right: the verifier works each out.
COUNTDOWN = "2 3 5 = 16?"
_COUNTDOWN_TRIES = ("(3+5)*2", "2*(5+3)", "2*5+3*2", "2*3+5", "16", "2*8")
#: How each way to read an answer is called.
WAYS = {
    "last-number": N_("the last number"),
    "boxed": N_(r"what stands in \\boxed{…}"),
    "whole": N_("all of the response"),
}
assert set(WAYS) == set(get_args(Extraction))


@dataclass(frozen=True)
class Judgement:
    """What came of one response."""

    answer: str | None  # None: nothing was read
    same: bool  # the ground truth, in whatever notation
    as_written: bool  # the ground truth stands in the response as it is written
    reward: float
    reason: Message | None = None  # why it was not worked out whether it is the same


def judged(question: MathsQuestion, response: str, how: Extraction, *, finished: bool = True) -> Judgement:
    """As task `questions` judges with its default matching; a response that was cut off is wrong.

    RequestError where math-verify would be asked and cannot be, or too many ask it.
    """
    answer = extract(response, how)
    if answer is None:
        return Judgement(answer, False, question.truth in response, 0.0)
    with a_place():
        came = compared(question.truth, answer, question.text)
    return Judgement(answer, came.equal, question.truth in response, float(came.equal and finished), came.reason)


def why(question: MathsQuestion, of: Judgement, *, finished: bool = True) -> str:
    """The verdict's reason, in a few words."""
    if of.answer is None:
        return _("nothing there to read")
    if of.reason is not None:
        return tell(of.reason)
    if not of.same:
        given, truth = number(of.answer), number(question.truth)
        if given is not None and truth is not None and given.undone and given.value == truth.value:
            return _("a calculation left undone")
        return _("not the ground truth")
    if not finished:
        return _("cut off before its end")
    if of.as_written:
        return _("the same text")
    return _("equal, says math-verify") if number(question.truth) is None else _("the same value")


def section() -> None:
    """A response of one's own, or a prepared one, and each station's outcome."""
    st.fragment(_try)()


def _try() -> None:
    options = [*QUESTIONS, "countdown"]
    chosen = linked(
        st.segmented_control, _("Question"), options, key="vr_ask", first="seats", format_func=_question_text
    )
    tries = QUESTIONS[chosen].tries if chosen in QUESTIONS else _COUNTDOWN_TRIES
    field = f"vr_response_{chosen}"
    with st.container(horizontal=True, key="vr_tries"):
        for i, text in enumerate(tries):
            st.button(plain(text), key=f"vr_try_{chosen}_{i}", on_click=fill_in, args=(field, text))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    response = filled_in(left.text_input, _("Response"), key=field, first=tries[3], max_chars=LONGEST)[:LONGEST]
    cut = right.toggle(_("It was cut off before its end"), key="vr_cut")
    if chosen in QUESTIONS:
        _readings(QUESTIONS[chosen], response, finished=not cut)
    else:
        _countdown(response, finished=not cut)


def _question_text(key: str) -> str:
    return plain(_(QUESTIONS[key].text)) if key in QUESTIONS else _("Make 16 from 2, 3 and 5")


def _readings(question: MathsQuestion, response: str, *, finished: bool) -> None:
    head = [_("what is read"), _("answer"), _("ground truth"), _("reward"), _("because")]
    rows = []
    for how, name in WAYS.items():
        try:
            of = judged(question, response, how, finished=finished)  # type: ignore[arg-type]
        except RequestError as error:
            st.info(plain(tell(error), 400))
            return
        sign = "=" if of.same else "≠"
        shown = _("none") if of.answer is None else plain(of.answer, 60)
        compared = "" if of.answer is None else f"{sign}\u00a0{plain(question.truth)}"
        mark = "✓" if of.reward else "✗"
        rows.append([_(name), shown, compared, f"{mark}\u00a0{of.reward:g}", why(question, of, finished=finished)])
    with st.container(key="vr_readings"):
        say(table(head, rows, left=5))
    if number(question.truth) is None:
        about = _(
            "Which formulas are equal is worked out by math-verify, in a process of its own behind the sandbox's wall, "
            "within {seconds} s: what takes longer, or more memory, is ended, and is not right."
        )
        say_small(about.format(seconds=f"{LIMIT:g}"))


def _countdown(response: str, *, finished: bool) -> None:
    task = Countdown(CountdownSettings())
    verdict = task.verify(COUNTDOWN, response, finished=finished)
    fault = task.fault(COUNTDOWN, response)
    reason = _("It is worth 16.") if fault is None else tell(fault)
    if fault is None and not finished:
        reason = _("cut off before its end")
    worth = _("none") if verdict.answer is None else plain(verdict.answer, 60)
    mark = "✓" if verdict.success else "✗"
    head = [_("it is worth"), _("ground truth"), _("reward"), _("because")]
    with st.container(key="vr_readings"):
        say(table(head, [[worth, "16", f"{mark}\u00a0{verdict.reward:g}", plain(reason)]], left=4))
    say_small(_("Each number once at most. No right expression is stored: each is worked out, so many are right."))
