"""Online against offline on one budget of scored responses, over seeds: `python -m core.insight.online_or_offline`.

Every learner begins with the same start model, is given the same number of scored responses, and takes the gradients of
equally many: online learners write them while they learn, offline ones learn from as many that the start model wrote
beforehand (the preset `online-or-offline`, and PPO beside it). What is compared is held-out success after the last
step, sampled; on the way, at each evaluation, held-out success, the KL to the start model, and how the fixed data set
lies under the policy (core/training/coverage.py), for online learners that of the same set. Deterministic on the CPU.
"""

from __future__ import annotations

import functools
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.config import RunConfig
from core.insight.recorded_file import rows_of, write_text
from core.insight.recording import options_of, train_the_rest
from core.learners.collected import Collected
from core.learners.registry import learner, learner_kind
from core.presets import preset
from core.training import coverage
from core.training.trainer import Trainer
from core.versions import versions

RECORDED = Path(__file__).parent / "recorded" / "online-or-offline.json"
COMMAND = "python -m core.insight.online_or_offline"
#: What the file is like.
VERSION = 1
PRESET = "online-or-offline"


@dataclass(frozen=True)
class Point:
    """An evaluation: the policy after so many steps."""

    step: int
    samples_seen: int
    heldout_success: float
    kl: float | None
    data_logprob: float
    fresh_logprob: float
    ess: float | None


@dataclass(frozen=True)
class FinalSuccess:
    """One learner with one seed."""

    learner: str
    seed: int
    online: bool
    scored: int  # responses, over the whole run
    final: float  # held-out success after the last step, 4 samples a question
    greedy: float
    points: tuple[Point, ...]


def config_of(seed: int, steps: int | None = None) -> RunConfig:
    """The preset's learners and PPO, with one seed; `steps` other than the preset's bring data sets of that size."""
    base = preset(PRESET)
    steps = base.steps if steps is None else steps
    budget = steps * base.responses_per_step
    learners = [
        x.model_copy(update={"data_responses": budget}) if learner_kind(x).draws is not None else x
        for x in base.learners
    ]
    more = {"seed": seed, "steps": steps, "panel_size": 1, "learners": tuple(learners)}
    return base.model_copy(update=more)


def names() -> list[str]:
    """Every learner of the study, the offline ones first."""
    everyone = [*preset(PRESET).learners, learner("ppo")]
    return [x.name for x in sorted(everyone, key=lambda x: learner_kind(x).draws is None)]


def train(name: str, seed: int, steps: int | None = None) -> FinalSuccess:
    """Trains one learner with one seed, measured on the data set that offline learners of that seed have."""
    config = config_of(seed, steps)
    settings = next(x for x in (*config.learners, learner("ppo")) if x.name == name)
    trainer = Trainer(config.model_copy(update={"learners": (settings,)}), name)
    return outcome(trainer, trainer.data or _collected(config))


@functools.lru_cache(maxsize=1)
def _collected(config: RunConfig) -> Collected:
    """The set that the start model writes for the run's offline learners: the same one for each of them."""
    settings = next(x for x in config.learners if learner_kind(x).draws is not None)
    data = Trainer(config.model_copy(update={"learners": (settings,)}), settings.name).data
    assert data is not None
    return data


def outcome(trainer: Trainer, data: Collected) -> FinalSuccess:
    """Trains to the end, measuring the set at each evaluation and after the last step."""
    points, steps, last = [], trainer.steps(), 0
    before = coverage.measure(trainer, data)
    for trace in steps:
        scalars = trace.scalars
        if scalars["heldout_success"] is not None:
            points.append(_point(trace.step, scalars, before))
        last = int(scalars["samples_seen"] or 0)
        if trainer.step < trainer.config.steps and trainer.step % max(1, trainer.config.eval_every) == 0:
            before = coverage.measure(trainer, data)
    final = trainer.final_evaluation()
    after = coverage.measure(trainer, data)
    end = {"samples_seen": last, "heldout_success": final["sampled"]}
    points.append(_point(trainer.step, end, after))
    settings = trainer.settings
    online = not learner_kind(settings).offline
    return FinalSuccess(
        settings.name, trainer.config.seed, online, last, final["sampled"], final["greedy"], tuple(points)
    )


def _point(step: int, scalars: dict[str, Any], measured: coverage.Coverage) -> Point:
    own = measured.data_logprob, measured.fresh_logprob, measured.ess
    return Point(step, scalars["samples_seen"], scalars["heldout_success"], measured.kl, *own)


def read(path: Path = RECORDED) -> list[FinalSuccess]:
    """What was measured. Raises ValueError where the file is of another version; an absent one holds nothing."""
    return [FinalSuccess(**{**x, "points": tuple(Point(**y) for y in x["points"])}) for x in rows_of(path, VERSION)]


def spread(outcomes: Sequence[FinalSuccess], name: str) -> tuple[float, float, float]:
    """(mean, lowest, highest) final held-out success of a learner over the seeds."""
    finals = [x.final for x in outcomes if x.learner == name]
    return statistics.fmean(finals), min(finals), max(finals)


def write(outcomes: Sequence[FinalSuccess], path: Path) -> None:
    """Everything as JSON: what was measured, and each learner's numbers."""
    config = config_of(0)
    about = {
        "version": VERSION,
        "preset": PRESET,
        "seeds": sorted({x.seed for x in outcomes}),
        "responses_per_step": config.responses_per_step,
        "command": COMMAND,
        "versions": versions(),
    }
    rows = json.loads(json.dumps([asdict(x) for x in outcomes]), parse_float=lambda x: round(float(x), 5))
    write_text(json.dumps({"about": about, "rows": rows}) + "\n", path)


def main(arguments: list[str] | None = None) -> None:
    """Trains, prints each learner's result, and writes all where pages find it."""
    parser = options_of(COMMAND, "Online against offline on the same budget.", RECORDED)
    parser.add_argument("--steps", type=int, default=None, help="steps of each run (default: the preset's)")
    options = parser.parse_args(arguments)
    outcomes = train_the_rest(
        options.out,
        [(name, seed) for seed in range(options.seeds) for name in names()],
        read=read,
        write=write,
        key=lambda x: (x.learner, x.seed),
        train=lambda one, _outcomes: train(*one, options.steps),
        line=lambda x: f"{x.learner:12} seed {x.seed}: {x.final:.3f} after {x.scored} scored responses",
    )
    for name in dict.fromkeys(x.learner for x in outcomes):
        print("{:12} mean {:.3f}, from {:.3f} to {:.3f}".format(name, *spread(outcomes, name)))
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
