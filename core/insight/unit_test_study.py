"""What thin and wrong unit tests do to a run, over seeds: `python -m core.insight.unit_test_study`.

GRPO writes programs from examples (preset program), from the same start for the same number of responses, and is paid
by unit tests that are few, or some of which are wrong (core/curation.py). Measured, always by right tests and all of
them: success on the held-out questions, sampled. Further the share of groups without a signal, how many responses the
data's tests pay that are wrong, how many right ones they do not pay, and an example of the first sort. Deterministic on
the CPU.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.insight.conditions import record_conditions, write_conditions
from core.insight.curation_study import EVERY, LAST, LEARNER, SAMPLES, STEPS, silent_share
from core.insight.recorded_file import rows_of
from core.insight.rounding import row_text
from core.tasks.program_texts import outcome_of

RECORDED = Path(__file__).parent / "recorded" / "unit-tests.json"
COMMAND = "python -m core.insight.unit_test_study"
#: What the file is like.
VERSION = 1
PRESET = "program"
#: What is read of each response.
COLUMNS = ["prompt", "response", "reward", "success"]

#: Name → the settings in which the run's data differ from the task's own: all ten tests of a question, all right.
CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "all-tests": {},
    "tests-4": {"tests_per_question": 4},  # every visible one
    "tests-2": {"tests_per_question": 2},
    "tests-1": {"tests_per_question": 1},
    "wrong-tests-10": {"wrong_tests": 0.1},
    "wrong-tests-40": {"wrong_tests": 0.4},
    "tests-1-wrong-40": {"tests_per_question": 1, "wrong_tests": 0.4},
}


@dataclass(frozen=True)
class WrongProgram:
    """A program that the data's tests paid and that is wrong."""

    prompt: str
    response: str
    right: str  # one of the right answers
    paid_by: tuple[tuple[int, int], ...]  # the tests that decided: argument, expected value
    fails: tuple[tuple[int, int, str], ...]  # right tests that it fails: argument, right value, what came ("": nothing)


@dataclass(frozen=True)
class UnitTestResult:
    """One condition with one seed. Shares are of responses."""

    condition: str
    seed: int
    start: float  # success on the held-out questions before the first step
    heldout: float  # and after the last
    silent: float  # share of groups without a signal, mean of all steps
    success: tuple[float, ...]  # of each step's own responses, by right tests
    reward: tuple[float, ...]  # of each step's own responses, by the data's tests
    known: tuple[float, ...]  # on the held-out questions, a response each, before steps 1, 1 + EVERY, …
    wrongly_paid: float  # of the last steps' responses: paid, and wrong
    unpaid: float  # of the last steps' responses: right, and not paid
    #: The most frequent program of those that were paid and wrong, by a wrong test where one did; None without any.
    example: WrongProgram | None


def train(condition: str, seed: int, steps: int = STEPS) -> UnitTestResult:
    """Trains one learner that is paid by the condition's tests."""
    from core.given_config import change
    from core.presets import preset
    from core.training import evaluation
    from core.training.answer import share
    from core.training.trainer import Trainer

    about = {"seed": seed, "steps": steps, "eval_every": EVERY, "measure_kl": False, **CONDITIONS[condition]}
    trainer = Trainer(change(preset(PRESET), about), LEARNER)
    start = share(evaluation.heldout(trainer, samples=SAMPLES))
    traces = list(trainer.steps())
    last = [row for trace in traces[-LAST:] for row in trace.samples.select(COLUMNS).to_pylist()]
    wrong = wrongly_paid(last)
    return UnitTestResult(
        condition,
        seed,
        start,
        share(evaluation.heldout(trainer, samples=SAMPLES)),
        silent_share([x.scalars for x in traces]),
        tuple(float(x.scalars["success_rate"] or 0) for x in traces),
        tuple(float(x.scalars["reward"] or 0) for x in traces),
        tuple(float(x.scalars["heldout_success"] or 0) for x in traces[::EVERY]),
        len(wrong) / len(last),
        unpaid_share(last),
        example_among(trainer.task, wrong),
    )


def wrongly_paid(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of these responses (`COLUMNS`), those that the data's tests paid in full and that are wrong."""
    return [x for x in rows if x["reward"] == 1 and not x["success"]]


def unpaid_share(rows: Sequence[Mapping[str, Any]]) -> float:
    """The share of responses (one or more, `COLUMNS`) that are right and not paid in full."""
    return sum(bool(x["success"]) and x["reward"] < 1 for x in rows) / len(rows)


def example_among(task: Any, wrong: Sequence[Mapping[str, Any]]) -> WrongProgram | None:
    """The program that was written most often of these, at the question that it was first written for; only of those
    that a wrong test paid, where one did. RequestError where no program can be run."""
    own, spoilt = getattr(task, "task", task), getattr(task, "paid_tests", lambda _prompt: None)

    def misled(prompt: str) -> bool:
        return not {(x.arguments, x.expected) for x in spoilt(prompt) or ()} <= {
            (x.arguments, x.expected) for x in own.tests(prompt)
        }

    wrong = [x for x in wrong if misled(x["prompt"])] or wrong
    if not wrong:
        return None
    [(response, _times)] = Counter(x["response"] for x in wrong).most_common(1)
    prompt = next(x["prompt"] for x in wrong if x["response"] == response)
    right = tuple(replace(x, hidden=False) for x in own.tests(prompt))  # so that it is told what came
    outcome = outcome_of(own.answer(prompt, response), right)
    failed = [(x, out.got or "") for x, out in zip(right, outcome.results, strict=True) if not out.passed]
    return WrongProgram(
        prompt,
        response,
        own.truth(prompt),
        tuple((x.arguments[0], x.expected) for x in spoilt(prompt) or right),
        tuple((x.arguments[0], x.expected, got) for x, got in failed),
    )


def read(path: Path = RECORDED) -> list[UnitTestResult]:
    """What was measured. Raises ValueError where the file is of another version; an absent one holds nothing."""
    series = ("success", "reward", "known")
    return [
        UnitTestResult(**{**x, **{y: tuple(x[y]) for y in series}, "example": _wrong_program(x["example"])})
        for x in rows_of(path, VERSION)
    ]


def _wrong_program(stored: Mapping[str, Any] | None) -> WrongProgram | None:
    if stored is None:
        return None
    tables = {x: tuple(tuple(row) for row in stored[x]) for x in ("paid_by", "fails")}
    return WrongProgram(**{**stored, **tables})


def write(rows: Iterable[UnitTestResult], path: Path) -> None:
    """Everything as JSON, by condition and seed."""
    about = {
        "every": EVERY,
        "samples": SAMPLES,
        "last": LAST,
        "learner": LEARNER,
        "preset": PRESET,
        "conditions": CONDITIONS,
    }
    write_conditions(rows, path, order=CONDITIONS, version=VERSION, about=about, line=lambda x: row_text(x, 4))


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains what is not recorded yet, prints a line each, and writes all where the page finds it."""
    record_conditions(
        arguments,
        command=COMMAND,
        description="What thin and wrong unit tests do to a run.",
        recorded=RECORDED,
        names=CONDITIONS,
        read=read,
        write=write,
        train=lambda one, _rows: train(*one),
        line=_line,
    )


def _line(made: UnitTestResult) -> str:
    paid = f"last steps: paid and wrong {made.wrongly_paid:.3f}, right and unpaid {made.unpaid:.3f}"
    return f"{made.condition:16} seed {made.seed}: held-out {made.heldout:.3f}; {paid}"


if __name__ == "__main__":
    main()
