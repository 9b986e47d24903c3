"""What the page opens with: responses go through extraction, comparison and verdict, as the real verifier has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lessons.i18n import _
from lessons.kit.lesson import mount
from lessons.verifiable_rewards.maths import QUESTIONS, Judgement, judged, why

ASKED = QUESTIONS["seats"]


@dataclass(frozen=True)
class WrittenResponse:
    """A response to the question, and the part of it that is read as its answer ("" for none)."""

    text: str
    spot: str
    finished: bool = True


RESPONSES = (
    WrittenResponse("12 × 90 = 1080", "1080"),
    WrittenResponse("There are 1,080 seats.", "1,080"),
    WrittenResponse("That is 1.08 × 10^3.", "1.08 × 10^3"),
    WrittenResponse("It is 1080: 12 rows of 90.", "90"),
    WrittenResponse("One thousand and eighty.", ""),
    WrittenResponse("12 × 90 is 1080, so the", "1080", finished=False),
)


def moving_picture() -> None:
    mount("verdicts", data(), key="vr_picture")


def data() -> dict[str, Any]:
    """The rows, and a sentence for each stop: before the first response, and each row's four stations."""
    verdicts = [judged(ASKED, x.text, "last-number", finished=x.finished) for x in RESPONSES]
    says = [_("Press play: six responses go to the verifier, one after another.")]
    for shown, of in zip(RESPONSES, verdicts, strict=True):
        says += _sentences(shown, of)
    paid = sum(x.reward for x in verdicts)
    alt = _("Six responses and what the verifier reads, compares and pays: {paid:g} of {all} are paid.")
    return {
        "rows": [_row(x, y) for x, y in zip(RESPONSES, verdicts, strict=True)],
        "truth": ASKED.truth,
        "says": says,
        "alt": alt.format(paid=paid, all=len(verdicts)),
        "words": {
            "title": _("{question} Ground truth: {truth}").format(question=_(ASKED.text), truth=ASKED.truth),
            "play": _("Play"),
            "pause": _("Pause"),
            "scrub": _("Stations that have gone by"),
            "playing": _("The responses go by…"),
            "none": _("none"),
            "cut": _("cut off"),
            "response": _("Response"),
            "extraction": _("Extraction"),
            "comparison": _("Comparison"),
            "verdict": _("Verdict"),
        },
    }


def _row(shown: WrittenResponse, of: Judgement) -> dict[str, Any]:
    start = shown.text.rfind(shown.spot) if shown.spot else 0
    return {
        "text": shown.text,
        "spot": [start, start + len(shown.spot)],
        "finished": shown.finished,
        "answer": of.answer,
        "same": of.same,
        "reward": of.reward,
        "why": why(ASKED, of, finished=shown.finished),
    }


def _sentences(shown: WrittenResponse, of: Judgement) -> list[str]:
    because = why(ASKED, of, finished=shown.finished)
    read = _("Extraction: the last number is read. Here: {answer}.")
    same = _("Comparison: {answer} is the ground truth {truth}.")
    other = _("Comparison: {answer} is not the ground truth {truth}.")
    nothing = of.answer is None
    return [
        _("A response: {text}").format(text=shown.text),
        _("Extraction: no number stands in it.") if nothing else read.format(answer=of.answer),
        _("Comparison: there is nothing to compare.")
        if nothing
        else (same if of.same else other).format(answer=of.answer, truth=ASKED.truth),
        _("Verdict: reward {reward:g}, because: {why}.").format(reward=of.reward, why=because),
    ]
