"""What each task's default run comes to, over seeds: `python -m core.insight.task_outcomes`.

For each of TASKS its preset's PPO and GRPO are trained, and GRPO once more on a placebo's rewards (core/rewards/
placebo.py): from the same start, on the same prompts, for as many responses. Measured: success on the held-out
questions before the first step and after the last, four sampled responses a question and one greedy, and success of the
last steps' own responses, which tells what was learnt by heart from what was learnt. Deterministic on the CPU.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from core.config import RunConfig
from core.insight.recorded_file import rows_of, write_rows
from core.insight.recording import options_of, train_the_rest
from core.learners.registry import AnyLearner
from core.presets import preset
from core.stored_config import dump_config
from core.versions import versions

RECORDED = Path(__file__).parent / "recorded" / "task-outcomes.json"
COMMAND = "python -m core.insight.task_outcomes"
#: What the file is like.
VERSION = 1
#: Each is a preset of that name: the task's default run.
TASKS = ("countdown", "program", "reply")
PLACEBO = "placebo"
SAMPLES = 4  # responses to each held-out question
LAST = 10  # steps whose own responses are counted
#: Nothing is measured on the way that is not recorded here; no number that is changes by it.
_UNWATCHED = {"panel_size": 1, "eval_every": 0, "measure_kl": False}


@dataclass(frozen=True)
class TaskOutcome:
    """One learner with one seed. Numbers are shares of responses unless they say otherwise."""

    task: str
    learner: str
    seed: int
    steps: int
    start: float  # success on the held-out questions before the first step, sampled
    heldout: float  # and after the last
    greedy: float  # after the last, the likeliest response to each
    trained: float  # success of the last steps' own responses
    seconds: float  # processor time of training, without what is watched on the way


def learners_of(task: str) -> dict[str, AnyLearner]:
    """The learners of the task's default run by name, and GRPO on a placebo's rewards."""
    own = {x.name: x for x in preset(task).learners}
    return {**own, PLACEBO: own["grpo"].model_copy(update={"name": PLACEBO, "reward": "placebo"})}


def config_of(task: str, seed: int, name: str, steps: int | None = None) -> RunConfig:
    """The task's default run with one learner, of which only what changes nothing is left out: what is watched on the
    way. `steps`: of another length."""
    base = preset(task)
    own = {"seed": seed, "steps": steps or base.steps, "learners": (learners_of(task)[name],)}
    return base.model_copy(update={**own, **_UNWATCHED})


def train(task: str, name: str, seed: int, steps: int | None = None) -> TaskOutcome:
    """Trains one learner from start to end."""
    from core.training import evaluation
    from core.training.answer import share
    from core.training.trainer import Trainer

    trainer = Trainer(config_of(task, seed, name, steps), name)
    start = share(evaluation.heldout(trainer, samples=SAMPLES))
    begun = time.process_time()
    own = [float(trace.scalars["success_rate"] or 0) for trace in trainer.steps()]
    seconds = time.process_time() - begun
    final = trainer.final_evaluation()
    last = statistics.fmean(own[-LAST:])
    return TaskOutcome(task, name, seed, len(own), start, final["sampled"], final["greedy"], last, seconds)


def read(path: Path = RECORDED) -> list[TaskOutcome]:
    """What was measured. Raises ValueError where the file is of another version; an absent one holds nothing."""
    return [TaskOutcome(**x) for x in rows_of(path, VERSION)]


def write(outcomes: Iterable[TaskOutcome], path: Path) -> None:
    """Everything as JSON: by task, learner and seed, with the settings of each task's run."""
    kept = sorted(outcomes, key=lambda x: (TASKS.index(x.task), list(learners_of(x.task)).index(x.learner), x.seed))
    tasks = dict.fromkeys(x.task for x in kept)
    about = {
        "version": VERSION,
        "command": COMMAND,
        "seeds": sorted({x.seed for x in kept}),
        "runs": {x: dump_config(preset(x)) for x in tasks},
        "versions": versions(),
    }
    lines = (
        json.dumps({key: round(value, 5) if isinstance(value, float) else value for key, value in asdict(x).items()})
        for x in kept
    )
    write_rows(about, lines, path)


def main(arguments: list[str] | None = None) -> None:
    """Trains what is not recorded yet, prints a line each, and writes all where pages find it."""
    parser = options_of(COMMAND, "What each task's default run comes to.", RECORDED, TASKS, "tasks")
    parser.add_argument("--steps", type=int, help="steps of each run (default: the preset's)")
    options = parser.parse_args(arguments)
    wanted = [
        (task, name, seed)
        for seed in range(options.seeds)  # whole seeds first: what is cut off can be shown, and gone on with
        for task in options.only or TASKS
        for name in learners_of(task)
    ]
    rows = train_the_rest(
        options.out,
        wanted,
        read=read,
        write=write,
        key=lambda x: (x.task, x.learner, x.seed),
        train=lambda one, _rows: train(*one, options.steps),
        line=_line,
    )
    print(f"{options.out}: {len(rows)} learners")


def _line(made: TaskOutcome) -> str:
    return (
        f"{made.task:10} {made.learner:8} seed {made.seed}: held-out {made.start:.3f} → {made.heldout:.3f}, greedy "
        f"{made.greedy:.3f}, in training {made.trained:.3f}, {made.seconds:.0f} s of processor time"
    )


if __name__ == "__main__":
    main()
