"""What training changed: the same held-out questions, answered before and after it, side by side.

Made from two events "evaluation" of a run, which hold each question's greedy answer and k sampled ones.

A question is the unit that is counted. Greedy answers are one per question, so their share is plain binomial and gets
Wilson's interval. The k samples of one question resemble each other, so that Q·k of them say less than as many
independent ones: their share gets Wilson's interval with the effective number of samples (see `clustered`). Intervals
say how far the shares may be from those over all questions of this kind, not just the ones that were asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from core.algorithms.intervals import wilson
from core.errors import RequestError
from core.insight.pass_at_k import pass_at_k
from core.tasks.matching import same_text
from core.training.answer import Answer

Change = Literal["fixed", "broken", "both right", "both wrong"]


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class AnswerRates:
    """What all answers of one way of answering (greedy or sampled) have in common."""

    answers: int
    success: Estimate
    readable: float  # share with an answer to judge: the format
    right_among_readable: float | None  # the arithmetic; None where nothing was readable
    truncated: float  # share that was cut off
    length: float  # mean tokens
    cut_right: int  # answers that were cut off and count as wrong, though what is read in them so far is the truth


@dataclass(frozen=True)
class Side:
    """The held-out questions at one time, before or after training."""

    questions: tuple[str, ...]
    truths: tuple[str, ...]
    samples: int  # k; 0 where only greedy answers were taken
    greedy_answers: tuple[Answer, ...]  # one per question
    sampled_answers: tuple[tuple[Answer, ...], ...]  # k per question
    greedy: AnswerRates
    sampled: AnswerRates | None
    pass_at: tuple[Estimate, ...]  # pass@1 … pass@k, of the sampled answers


@dataclass(frozen=True)
class Difference:
    """after - before, with a 95 % interval for pairs: both are of the same questions."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Split:
    """A change of success in two parts that add up to it exactly."""

    total: float
    format: float  # from more (or fewer) readable answers
    arithmetic: float  # from more (or fewer) right ones among the readable


@dataclass(frozen=True)
class Pair:
    """One question, before and after."""

    question: str
    truth: str
    before: Answer  # greedy
    after: Answer
    change: Change  # of the greedy answer
    sampled_right: tuple[int, int]  # of k, before and after


@dataclass(frozen=True)
class BeforeAfter:
    """What a page shows of a whole run's effect."""

    before: Side
    after: Side
    greedy_change: Difference
    sampled_change: Difference | None
    greedy_split: Split
    sampled_split: Split | None
    pairs: tuple[Pair, ...]

    def count(self, change: Change) -> int:
        """How many questions' greedy answers changed so."""
        return sum(x.change == change for x in self.pairs)


def side(value: dict[str, Any]) -> Side:
    """One event's value, measured. Raises RequestError if it is not one."""
    try:
        questions, truths = tuple(map(str, value["questions"])), tuple(map(str, value["truths"]))
        greedy = tuple(Answer.of(x) for x in value["greedy"])
        sampled = tuple(tuple(Answer.of(x) for x in row) for row in value["sampled"])
    except (KeyError, TypeError, ValueError):
        raise RequestError("the evaluation of the held-out questions cannot be read") from None
    samples = len(sampled[0]) if sampled else 0
    counts = {len(truths), len(greedy), len(sampled) or len(questions)}
    if not questions or counts != {len(questions)} or any(len(x) != samples for x in sampled):
        raise RequestError("the evaluation of the held-out questions is incomplete")
    once = _measured([[x] for x in greedy], truths)
    if not samples:
        return Side(questions, truths, samples, greedy, sampled, once, None, ())
    often = _measured(sampled, truths)
    passed = pass_at_k([sum(x.success for x in row) for row in sampled], samples)
    # pass@1 is the sampled success: one number with one interval.
    curve = (often.success, *(Estimate(*x) for x in passed[1:]))
    return Side(questions, truths, samples, greedy, sampled, once, often, curve)


def before_after(before: dict[str, Any], after: dict[str, Any]) -> BeforeAfter:
    """Two events' values, compared. Raises RequestError if they are not of the same questions."""
    first, second = side(before), side(after)
    if (first.questions, first.samples) != (second.questions, second.samples):
        raise RequestError("before and after training, different questions were asked: they cannot be compared")
    sampled_change = sampled_split = None
    if first.sampled is not None and second.sampled is not None:
        sampled_change = between(first, second, sampled=True)
        sampled_split = split(first.sampled, second.sampled)
    return BeforeAfter(
        first,
        second,
        between(first, second, sampled=False),
        sampled_change,
        split(first.greedy, second.greedy),
        sampled_split,
        tuple(_pair(first, second, i) for i in range(len(first.questions))),
    )


def between(first: Side, second: Side, *, sampled: bool) -> Difference:
    """second - first of answers to the same questions, of two learners or of one at two times; 95 % interval for pairs.

    Both sides' answers to one question resemble each other, as an easy question is easy for both. The interval takes
    that into account; that two separate intervals overlap says nothing of the difference. Raises RequestError where
    the questions are not the same, or nothing was sampled.
    """
    if first.questions != second.questions:
        raise RequestError("the two were asked different questions: they cannot be compared")
    if not sampled:
        shares = [_shares([[a] for a in x.greedy_answers]) for x in (first, second)]
        return _difference(first.greedy.success, second.greedy.success, *shares)
    if first.sampled is None or second.sampled is None:
        raise RequestError("nothing was sampled of one of the two: they cannot be compared")
    return _difference(
        first.sampled.success, second.sampled.success, *(_shares(x.sampled_answers) for x in (first, second))
    )


def from_counts(both: int, first: int, second: int, neither: int) -> Difference:
    """second - first where `both` questions were answered rightly by both, `first` by the first alone, and so on."""
    a = torch.tensor([1.0] * both + [1.0] * first + [0.0] * second + [0.0] * neither, dtype=torch.float64)
    b = torch.tensor([1.0] * both + [0.0] * first + [1.0] * second + [0.0] * neither, dtype=torch.float64)
    return _difference(Estimate(*clustered(a, 1)), Estimate(*clustered(b, 1)), a, b)


def split(before: AnswerRates, after: AnswerRates) -> Split:
    """Format or arithmetic? Success = readable × right among readable, so its change splits into two parts:

    Δ(f·a) = Δf · (a₀ + a₁)/2 + Δa · (f₀ + f₁)/2, which is exact, favours neither factor and is the Shapley value of
    each (the mean of changing it first and changing it last). Where nothing was readable on one side, how good its
    arithmetic is was not seen: it is taken to be the other side's, and the change is all format.
    """
    f0, f1 = before.readable, after.readable
    seen = [x for x in (before.right_among_readable, after.right_among_readable) if x is not None]
    a0 = before.right_among_readable if before.right_among_readable is not None else sum(seen)
    a1 = after.right_among_readable if after.right_among_readable is not None else sum(seen)
    return Split(f1 * a1 - f0 * a0, (f1 - f0) * (a0 + a1) / 2, (a1 - a0) * (f0 + f1) / 2)


def clustered(shares: Tensor, each: int) -> tuple[float, float, float]:
    """The mean of each question's share of right answers, with an interval; shares [Q], of `each` answers a question.

    The mean's variance is that of the questions' shares over Q, which holds both how questions differ and how answers
    to one differ. Effectively there are as many independent samples as would give that variance, p(1-p)/variance
    (Kish), from Q (each question's answers all agree; so also for one answer each) to Q · each (all questions alike).
    Wilson's interval is taken of them, as Franco et al. 2019 found good for shares in clustered surveys.
    """
    shares = shares.double()
    mean, spread = shares.mean(), shares.var(correction=0)
    most = float(len(shares) * each)
    # Where all answers agree, spread and p(1-p) are both 0: nothing shows that one question's answers may differ.
    effective = float(len(shares))
    if 0 < mean < 1:  # where all questions are alike the spread is 0, and what it divides infinite
        effective = min(most, effective * float(mean * (1 - mean) / spread))
    low, high = wilson(mean, effective)
    return float(mean), float(low), float(high)


def _difference(a: Estimate, b: Estimate, shares_before: Tensor, shares_after: Tensor) -> Difference:
    """b - a of the same questions: Newcombe 1998 ("paired data", without his continuity correction) and Zou 2007.

    Each side's distances to its bounds are combined as squares, less what both share by the questions' correlation.
    """
    together = torch.stack([shares_before, shares_after])
    correlation = 0.0
    if len(shares_before) > 1 and bool((together.std(1) > 0).all()):
        correlation = float(torch.corrcoef(together)[0, 1])

    def distance(one: float, other: float) -> float:
        return max(one * one + other * other - 2 * correlation * one * other, 0.0) ** 0.5

    value = b.value - a.value
    low = value - distance(b.value - b.low, a.high - a.value)
    high = value + distance(b.high - b.value, a.value - a.low)
    return Difference(value, low, high)


def _shares(answers: Sequence[Sequence[Answer]]) -> Tensor:
    return torch.tensor([sum(x.success for x in row) / len(row) for row in answers], dtype=torch.float64)


def _measured(answers: Sequence[Sequence[Answer]], truths: Sequence[str]) -> AnswerRates:
    each = [x for row in answers for x in row]
    readable = sum(x.readable for x in each)
    return AnswerRates(
        len(each),
        Estimate(*clustered(_shares(answers), len(answers[0]))),
        readable / len(each),
        sum(x.success for x in each) / readable if readable else None,
        sum(not x.finished for x in each) / len(each),
        sum(x.length for x in each) / len(each),
        sum(_cut_but_right(x, truth) for row, truth in zip(answers, truths, strict=True) for x in row),
    )


def _cut_but_right(answer: Answer, truth: str) -> bool:
    return not answer.finished and answer.answer is not None and same_text(truth, answer.answer)


def _pair(first: Side, second: Side, i: int) -> Pair:
    before, after = first.greedy_answers[i], second.greedy_answers[i]
    changes: dict[tuple[bool, bool], Change] = {
        (False, True): "fixed",
        (True, False): "broken",
        (True, True): "both right",
        (False, False): "both wrong",
    }
    right = [sum(x.success for x in s.sampled_answers[i]) if s.samples else 0 for s in (first, second)]
    change = changes[before.success, after.success]
    return Pair(first.questions[i], first.truths[i], before, after, change, (right[0], right[1]))
