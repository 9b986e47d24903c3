"""What a second answer is worth, over seeds: `python -m core.insight.turns_study`.

PPO and GRPO write programs from examples, from one start model (preset program-two-turns), on the same prompts and for
the same number of responses: with one answer to each, or with a second one where the first failed a visible test.
However it was trained, each policy is then asked held-out questions in two turns, so that the success of its first
answer and of its last are known of both. Deterministic on the CPU.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.insight.recorded_file import rows_of, write_rows
from core.insight.recording import options_of, train_the_rest
from core.insight.rounding import row_text
from core.presets import preset
from core.versions import versions

if TYPE_CHECKING:
    from core.config import RunConfig
    from core.training.trainer import Trainer

RECORDED = Path(__file__).parent / "recorded" / "two-turns.json"
COMMAND = "python -m core.insight.turns_study"
#: What the file is like.
VERSION = 1
#: Its start model has met both turns, whichever number of them a learner is trained with.
PRESET = "program-two-turns"
LEARNERS, TURNS = ("ppo", "grpo"), (1, 2)
STEPS, EVERY = 100, 20  # of a run, and from one look at the held-out questions to the next
SAMPLES = 4  # responses to each held-out question


@dataclass(frozen=True)
class TurnsResult:
    """One learner with one seed, trained with one turn or two. At each look, before step 1, 1 + EVERY, … and after the
    last; success is a share of responses to held-out questions that were asked in two turns."""

    learner: str
    turns: int
    seed: int
    tokens: tuple[int, ...]  # that the policy wrote in training so far
    first: tuple[float, ...]  # success of the first answers
    last: tuple[float, ...]  # success of the last: the second where there is one, else the first
    again: tuple[float, ...]  # share of responses in which a second answer was asked for
    trained: tuple[float, ...]  # success of training's own responses between one look and the next, in its own turns


_SERIES = tuple(x.name for x in fields(TurnsResult) if x.name not in ("learner", "turns", "seed"))


def config_of(turns: int, seed: int) -> RunConfig:
    """The preset's run with so many turns, with nothing measured that the study measures by itself."""
    from core.given_config import change

    usual = preset(PRESET)
    about = {"task.turns": turns, "seed": seed, "steps": STEPS, "eval_every": 0, "measure_kl": False, "panel_size": 1}
    return change(usual, {**about, "model": usual.model})  # named: with one turn the task would begin with another


def train(learner: str, turns: int, seed: int) -> TurnsResult:
    """Trains one learner with one turn or two."""
    from core.training.trainer import Trainer

    trainer = Trainer(config_of(turns, seed), learner)
    tokens, looks, own = [0], [look(trainer)], list[float]()
    total = 0
    for trace in trainer.steps():
        rows = trace.samples.select(["prompt", "response", "length"]).to_pylist()
        total += sum(x["length"] - _read(trainer, x["prompt"], x["response"]) for x in rows)
        own.append(float(trace.scalars["success_rate"] or 0))
        if trainer.step % EVERY == 0:
            tokens.append(total)
            looks.append(look(trainer))
    first, last, again = zip(*looks, strict=True)
    trained = tuple(statistics.fmean(own[i : i + EVERY]) for i in range(0, len(own), EVERY))
    return TurnsResult(learner, turns, seed, tuple(tokens), first, last, again, trained)


def _read(trainer: Trainer, prompt: str, response: str) -> int:
    """Tokens of a response that the task wrote."""
    answer, *others = response.split("\n")
    reply = trainer.task.reply(prompt, [answer]) if others else None  # type: ignore[attr-defined]
    return len(trainer.codec.plain_ids(reply)) if reply else 0


def look(trainer: Trainer) -> tuple[float, float, float]:
    """(success of the first answers, of the last, share that were asked again) on the held-out questions, in two turns
    and by the same random numbers at every look."""
    from core.models import precision
    from core.tasks.registry import task_for
    from core.training import evaluation

    config = trainer.config
    once, twice = (task_for(config.task.model_copy(update={"turns": x})) for x in TURNS)
    with precision.matmuls(trainer.dtype, trainer.device):
        answers = evaluation.answers(
            trainer.policy,
            trainer.codec,
            twice,
            seed=config.seed,
            samples=SAMPLES,
            temperature=config.temperature,
        )
    first = last = again = 0
    for question, each in zip(twice.heldout, answers, strict=True):
        for x in each:
            answer, *others = x.text.split("\n")
            first += once.verify(question, answer, finished=x.finished or bool(others)).success
            last += x.success
            again += bool(others)
    count = SAMPLES * len(answers)
    return first / count, last / count, again / count


def read(path: Path = RECORDED) -> list[TurnsResult]:
    """What was measured. Raises ValueError where the file is of another version; an absent one holds nothing."""
    return [TurnsResult(**{**x, **{name: tuple(x[name]) for name in _SERIES}}) for x in rows_of(path, VERSION)]


def write(rows: Iterable[TurnsResult], path: Path) -> None:
    """Everything as JSON, by learner, turns and seed."""
    kept = sorted(rows, key=lambda x: (LEARNERS.index(x.learner), x.turns, x.seed))
    about: dict[str, Any] = {
        "version": VERSION,
        "command": COMMAND,
        "seeds": sorted({x.seed for x in kept}),
        **setup(),
        "versions": versions(),
    }
    write_rows(about, (row_text(x, 5) for x in kept), path)


def setup() -> dict[str, Any]:
    """What the numbers are measured with, as far as this module says it."""
    responses = preset(PRESET).responses_per_step
    return {"preset": PRESET, "steps": STEPS, "every": EVERY, "samples": SAMPLES, "responses_per_step": responses}


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains what is not recorded yet, prints a line each, and writes all where the page finds it."""
    options = options_of(COMMAND, "Two turns against one.", RECORDED, LEARNERS, "learners").parse_args(arguments)
    names = options.only or LEARNERS
    rows = train_the_rest(
        options.out,
        [(name, turns, seed) for seed in range(options.seeds) for name in names for turns in TURNS],
        read=read,
        write=write,
        key=lambda x: (x.learner, x.turns, x.seed),
        train=lambda one, _rows: train(*one),
        line=_line,
    )
    print(f"{options.out}: {len(rows)} learners")


def _line(made: TurnsResult) -> str:
    return (
        f"{made.learner:5} turns {made.turns}, seed {made.seed}: first {made.first[0]:.3f} → {made.first[-1]:.3f}, "
        f"last {made.last[0]:.3f} → {made.last[-1]:.3f}, in training {made.trained[0]:.3f} → {made.trained[-1]:.3f}, "
        f"{made.tokens[-1]} tokens"
    )


if __name__ == "__main__":
    main()
