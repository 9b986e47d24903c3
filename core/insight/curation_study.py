"""What the data do to a run, over seeds: `python -m core.insight.curation_study`.

GRPO trains on three-term sums (preset chain-sum), from the same start for the same number of responses, on data that
were chosen or spoiled in one way at a time (core/curation.py). Measured: success on the held-out questions and on
questions that no learner of the study was asked, both sampled; the share of groups without a signal; and what a learner
answers to those training questions whose ground truth was wrong. Deterministic on the CPU.

Questions that were chosen by their difficulty are fewer than those that were not. So each such condition has one beside
it with as many questions, seed by seed, that were taken at random: the difference of the two is the difficulty's alone.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.insight.conditions import record_conditions, write_conditions
from core.insight.recorded_file import rows_of

RECORDED = Path(__file__).parent / "recorded" / "curation.json"
COMMAND = "python -m core.insight.curation_study"
#: What the file is like.
VERSION = 1
PRESET, LEARNER, STEPS, LAST = "chain-sum", "grpo", 100, 20
EVERY = 10  # steps from one look at the held-out questions to the next
SAMPLES = 4  # responses to each question that success is measured on
UNSEEN = 256  # questions that nobody is asked in training, or as many as a run has left of all

#: Name → the settings in which the run's data differ from the task's own.
CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "clean": {},
    "wrong-10": {"wrong_truths": 0.1},
    "wrong-20": {"wrong_truths": 0.2},
    "wrong-40": {"wrong_truths": 0.4},
    "distinct-4": {"distinct_questions": 4},
    "distinct-16": {"distinct_questions": 16},
    "distinct-64": {"distinct_questions": 64},
    "repeated-50": {"repeated_questions": 0.5},
    "repeated-90": {"repeated_questions": 0.9},
    "easy": {"success_from": 0.75},
    "middle": {"success_from": 0.25, "success_to": 0.75},
    "hard": {"success_to": 0.25},
    # The same number of different questions, of which those of the first are the held-out ones themselves.
    "leaked": {"task.heldout": 32, "leaked_questions": 1.0},
    "not-leaked": {"task.heldout": 32, "distinct_questions": 32},
}
#: Name → the condition that left so many different questions: as many, taken at random, with the same seed.
AS_MANY: Mapping[str, str] = {"as-many-as-easy": "easy", "as-many-as-hard": "hard"}
#: Every condition; those of `AS_MANY` come after the ones whose questions they count.
NAMES = (*CONDITIONS, *AS_MANY)


@dataclass(frozen=True)
class CurationResult:
    """One condition with one seed. Shares are of responses."""

    condition: str
    seed: int
    start: float  # success on the held-out questions before the first step
    heldout: float  # and after the last
    unseen: float  # success on questions that were neither held out nor trained on
    asked: int  # different questions that were trained on
    silent: float  # share of groups without a signal, mean of all steps
    success: tuple[float, ...]  # of each step's own responses, by the truth
    known: tuple[float, ...]  # on the held-out questions, a response each, before steps 1, 1 + EVERY, …
    #: Of the last steps' responses to questions whose ground truth was wrong: those that were paid, those that were
    #: right; None where no ground truth was wrong.
    paid: float | None
    right: float | None


def settings_of(condition: str, seed: int, rows: Iterable[CurationResult] = ()) -> dict[str, Any]:
    """The settings in which a condition's data differ. ValueError where questions are to be as many as in a condition
    that is not among `rows` with this seed."""
    if condition not in AS_MANY:
        return dict(CONDITIONS[condition])
    counts = [x.asked for x in rows if (x.condition, x.seed) == (AS_MANY[condition], seed)]
    if not counts:
        raise ValueError(f"{condition} needs the result of {AS_MANY[condition]} with seed {seed} first")
    return {"distinct_questions": counts[0]}


def train(condition: str, seed: int, steps: int = STEPS, rows: Iterable[CurationResult] = ()) -> CurationResult:
    """Trains one learner under one condition. Raises ConfigError where its data cannot be, and what `settings_of`
    raises."""
    from core.given_config import change
    from core.presets import preset
    from core.training import evaluation
    from core.training.answer import share
    from core.training.trainer import Trainer

    about = {"seed": seed, "steps": steps, "eval_every": EVERY, "measure_kl": False}
    config = change(preset(PRESET), {**about, **settings_of(condition, seed, rows)})
    trainer = Trainer(config, LEARNER)
    start = share(evaluation.heldout(trainer, samples=SAMPLES))
    traces = list(trainer.steps())
    asked = {x for trace in traces for x in trace.samples["prompt"].to_pylist()}
    rewards = [on_wrong_truths(trainer.task, trace.samples) for trace in traces[-LAST:]]
    paid, right = ([y for x in rewards for y in x[i]] for i in (0, 1))
    return CurationResult(
        condition,
        seed,
        start,
        share(evaluation.heldout(trainer, samples=SAMPLES)),
        _unseen(trainer, asked),
        len(asked),
        silent_share([x.scalars for x in traces]),
        tuple(float(x.scalars["success_rate"] or 0) for x in traces),
        tuple(float(x.scalars["heldout_success"] or 0) for x in traces[::EVERY]),
        statistics.fmean(paid) if paid else None,
        statistics.fmean(right) if right else None,
    )


def silent_share(steps: Iterable[Mapping[str, Any]]) -> float:
    """The share of groups without a signal, mean of all steps, of which these are the rows. ValueError without any."""
    return statistics.fmean(float(x["frac_reward_zero_std"] or 0) for x in steps)


def on_wrong_truths(task: Any, samples: Any) -> tuple[list[float], list[float]]:
    """(paid, right), 0 or 1, of a step's responses to questions whose ground truth is wrong."""
    wrong = getattr(task, "wrong_truth", lambda _prompt: None)
    rows = [x for x in samples.to_pylist() if wrong(x["prompt"]) is not None]
    return [float(x["reward"]) for x in rows], [float(x["success"]) for x in rows]


def unseen_count(asked: int) -> int:
    """How many questions "never asked" are, of a run that asked so many: all sums there are, less these and those held
    out, and UNSEEN at most. (Where fewer are held out, UNSEEN are left in any case.)"""
    from core.presets import preset
    from core.tasks.kinds.chain_sum import ChainSumSettings

    task = preset(PRESET).task
    assert isinstance(task, ChainSumSettings)
    return min(UNSEEN, 10 ** (task.terms * task.digits) - task.heldout - asked)


def _unseen(trainer: Any, asked: set[str]) -> float:
    """Success on questions that were neither held out nor asked in training, sampled as the held-out ones are."""
    from core.training.answer import share
    from core.training.evaluation import answers

    task = getattr(trainer.task, "task", trainer.task)
    apart = {*asked, *task.heldout}
    fresh = list(dict.fromkeys(x for x in task.prompts(2**31 - 2, 0, 64 * UNSEEN) if x not in apart))[:UNSEEN]
    config = trainer.config
    measured = answers(
        trainer.policy,
        trainer.codec,
        OtherQuestions(task, fresh),
        seed=config.seed,
        samples=SAMPLES,
        temperature=config.temperature,
    )
    return share(measured)


@dataclass(frozen=True)
class OtherQuestions:
    """A task with other questions in the place of those held out."""

    task: Any
    heldout: list[str]

    @property
    def max_completion_length(self) -> int:
        longest: int = self.task.max_completion_length
        return longest

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        drawn: list[str] = self.task.prompts(seed, step, count)
        return drawn

    def truth(self, prompt: str) -> str:
        return str(self.task.truth(prompt))

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Any:
        return self.task.verify(prompt, response, finished=finished)


def read(path: Path = RECORDED) -> list[CurationResult]:
    """What was measured. Raises ValueError where the file is of another version; an absent one holds nothing."""
    kept = rows_of(path, VERSION)
    return [CurationResult(**{**x, "success": tuple(x["success"]), "known": tuple(x["known"])}) for x in kept]


def write(rows: Iterable[CurationResult], path: Path) -> None:
    """Everything as JSON, by condition and seed."""
    about = {"every": EVERY, "learner": LEARNER, "preset": PRESET, "conditions": CONDITIONS, "as_many": AS_MANY}
    write_conditions(rows, path, order=NAMES, version=VERSION, about=about, line=_json)


def _json(row: CurationResult) -> str:
    shares = {name: [round(x, 4) for x in getattr(row, name)] for name in ("success", "known")}
    values = {**asdict(row), **shares}
    return json.dumps({name: round(x, 5) if isinstance(x, float) else x for name, x in values.items()})


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains what is not recorded yet, prints a line each, and writes all where the page finds it."""
    record_conditions(
        arguments,
        command=COMMAND,
        description="What the data do to a run.",
        recorded=RECORDED,
        names=NAMES,
        read=read,
        write=write,
        train=lambda one, rows: train(*one, rows=rows),
        line=lambda x: f"{x.condition:12} seed {x.seed}: held-out {x.heldout:.3f}, unseen {x.unseen:.3f}",
    )


if __name__ == "__main__":
    main()
