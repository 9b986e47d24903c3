"""What a reward of unit tests teaches, over seeds: `python -m core.insight.gaming_study`.

GRPO writes programs from examples (preset program), from the same start for the same number of responses, and is paid
by one of four rules: which tests count (all, or only the visible ones), and whether a part of them is paid. Measured:
the shares of visible and of hidden tests that responses pass, in training and on held-out questions, and how many
responses pass every visible test and fail a hidden one. Deterministic on the CPU.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from core.insight.conditions import record_conditions, write_conditions
from core.insight.recorded_file import rows_of
from core.insight.rounding import row_text

RECORDED = Path(__file__).parent / "recorded" / "gaming.json"
COMMAND = "python -m core.insight.gaming_study"
#: What the file is like.
VERSION = 1
PRESET, LEARNER, STEPS = "program", "grpo", 100
EVERY = 10  # steps from one look at the held-out questions to the next
SAMPLES = 4  # responses to each held-out question before the first step and after the last; one in between

#: Name → the settings in which the run's reward differs from the task's own: all or nothing, by all tests.
CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "all": {},
    "visible": {"task.scored": "visible"},
    "all-share": {"task.partial_credit": True},
    "visible-share": {"task.scored": "visible", "task.partial_credit": True},
}


@dataclass(frozen=True)
class GamingResult:
    """One condition with one seed. All are shares: of tests, or of responses."""

    condition: str
    seed: int
    #: Of each step's own responses: tests passed, responses that are right, and those that pass all visible tests and
    #: fail a hidden one.
    visible: tuple[float, ...]
    hidden: tuple[float, ...]
    success: tuple[float, ...]
    games: tuple[float, ...]
    #: On held-out questions before steps 1, 1 + EVERY, … and after the last.
    heldout_visible: tuple[float, ...]
    heldout_hidden: tuple[float, ...]
    heldout_success: tuple[float, ...]


_SERIES = tuple(x.name for x in fields(GamingResult) if x.name not in ("condition", "seed"))


def train(condition: str, seed: int, steps: int = STEPS) -> GamingResult:
    """Trains one learner that is paid by one of the rules."""
    from core.given_config import change
    from core.presets import preset
    from core.training.trainer import Trainer

    about = {"seed": seed, "steps": steps, "eval_every": EVERY, "measure_kl": False, **CONDITIONS[condition]}
    trainer = Trainer(change(preset(PRESET), about), LEARNER)
    looks = [_look(trainer)]
    traces = list(trainer.steps())
    between = [x.scalars for x in traces[EVERY::EVERY]]
    names = ("heldout_visible_tests", "heldout_hidden_tests", "heldout_success")
    looks += [tuple(float(x[name] or 0) for name in names) for x in between]
    looks.append(_look(trainer))
    own = {name: tuple(float(x.scalars[column] or 0) for x in traces) for name, column in _OF_STEPS.items()}
    games = tuple(_games(x.samples) for x in traces)
    seen, hidden, success = zip(*looks, strict=True)
    return GamingResult(
        condition, seed, **own, games=games, heldout_visible=seen, heldout_hidden=hidden, heldout_success=success
    )


_OF_STEPS = {"visible": "visible_tests", "hidden": "hidden_tests", "success": "success_rate"}


def _look(trainer: Any) -> tuple[float, ...]:
    """(visible tests passed, hidden tests passed, right responses) on held-out questions."""
    from core.training import evaluation
    from core.training.answer import mean_parts, share

    answers = evaluation.heldout(trainer, samples=SAMPLES)
    parts = mean_parts(x.parts for each in answers for x in each)
    return float(parts["visible_tests"] or 0), float(parts["hidden_tests"] or 0), share(answers)


def _games(samples: Any) -> float:
    """The share of a step's responses that pass all visible tests and are wrong all the same."""
    rows = samples.select(["visible_tests", "success"]).to_pylist()
    return sum(x["visible_tests"] == 1 and not x["success"] for x in rows) / len(rows)


def read(path: Path = RECORDED) -> list[GamingResult]:
    """What was measured. Raises ValueError where the file is of another version; an absent one holds nothing."""
    return [GamingResult(**{**x, **{name: tuple(x[name]) for name in _SERIES}}) for x in rows_of(path, VERSION)]


def write(rows: Iterable[GamingResult], path: Path) -> None:
    """Everything as JSON, by condition and seed."""
    about = {
        "every": EVERY,
        "samples": SAMPLES,
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
        description="What a reward of unit tests teaches.",
        recorded=RECORDED,
        names=CONDITIONS,
        read=read,
        write=write,
        train=lambda one, _rows: train(*one),
        line=_line,
    )


def _line(made: GamingResult) -> str:
    ends = f"visible {made.heldout_visible[-1]:.3f}, hidden {made.heldout_hidden[-1]:.3f}"
    return f"{made.condition:14} seed {made.seed}: held-out {ends}, right {made.heldout_success[-1]:.3f}"


if __name__ == "__main__":
    main()
