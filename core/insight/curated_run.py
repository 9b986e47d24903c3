"""What its data did to a finished run: the recorded studies' measures, from what its trace keeps."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from core.config import RunConfig
from core.curation import Curated, task_of
from core.errors import RequestError
from core.insight.curation_study import LAST, STEPS, on_wrong_truths, silent_share
from core.insight.unit_test_study import COLUMNS, WrongProgram, example_among, unpaid_share, wrongly_paid

#: Step → its SAMPLES.
SamplesOf = Callable[[int], pa.Table]


@dataclass(frozen=True)
class WrongAnswer:
    """A response that was paid because it says what was put down in the place of the right answer."""

    prompt: str
    response: str
    stated: str  # the wrong ground truth
    right: str


@dataclass(frozen=True)
class OnWrongTruths:
    """Shares of the last steps' responses to questions whose ground truth was wrong."""

    paid: float
    right: float
    example: WrongAnswer | None  # of those that were paid, the most frequent


@dataclass(frozen=True)
class ByUnitTests:
    """Shares of the last steps' responses, which few or wrong unit tests paid."""

    wrongly_paid: float
    unpaid: float  # right, and not paid
    example: WrongProgram | None  # also None where no program can be run here


@dataclass(frozen=True)
class CuratedRun:
    """One learner of a run. What is None, its data or its trace do not have."""

    steps: int
    silent: float | None  # share of groups without a signal, mean of all steps
    silent_early: float | None  # of the first `STEPS` alone, as many as the recorded runs have
    truths: OnWrongTruths | None
    tests: ByUnitTests | None


def curated_run(config: RunConfig, rows: Sequence[Mapping[str, Any]], samples_of: SamplesOf) -> CuratedRun:
    """From a learner's rows of STEPS, by step; `samples_of` gives a step's SAMPLES and is asked for the last steps'.

    Raises RequestError where a question is none of the run's task.
    """
    measured = any(x["frac_reward_zero_std"] is not None for x in rows)
    samples = [samples_of(x["step"]) for x in rows[-LAST:]] if pays_wrongly(config) else []
    task = task_of(config)
    return CuratedRun(
        len(rows),
        silent_share(rows) if measured else None,
        silent_share(rows[:STEPS]) if measured else None,
        _truths(task, samples) if config.wrong_truths else None,
        _tests(task, samples) if config.tests_per_question or config.wrong_tests else None,
    )


def pays_wrongly(config: RunConfig) -> bool:
    """Whether the run's data may pay a response that is wrong."""
    return bool(config.wrong_truths or config.tests_per_question or config.wrong_tests)


def _truths(task: Any, samples: Sequence[pa.Table]) -> OnWrongTruths | None:
    of_steps = [on_wrong_truths(task, x) for x in samples]
    paid, right = ([y for x in of_steps for y in x[i]] for i in (0, 1))
    if not paid:
        return None
    rows = [row for x in samples for row in x.select(COLUMNS).to_pylist()]
    return OnWrongTruths(statistics.fmean(paid), statistics.fmean(right), _wrong_answer(task, rows))


def _wrong_answer(task: Curated, rows: Sequence[Mapping[str, Any]]) -> WrongAnswer | None:
    """Of the responses that were paid for a wrong ground truth, the one that came most often to its question."""
    paid = Counter(
        (x["prompt"], x["response"]) for x in wrongly_paid(rows) if task.wrong_truth(x["prompt"]) is not None
    )
    if not paid:
        return None
    [((prompt, response), _times)] = paid.most_common(1)
    return WrongAnswer(prompt, response, str(task.wrong_truth(prompt)), task.truth(prompt))


def _tests(task: Any, samples: Sequence[pa.Table]) -> ByUnitTests | None:
    rows = [row for x in samples for row in x.select(COLUMNS).to_pylist()]
    if not rows:
        return None
    wrong = wrongly_paid(rows)
    try:
        example = example_among(task, wrong)
    except RequestError:
        example = None
    return ByUnitTests(len(wrong) / len(rows), unpaid_share(rows), example)
