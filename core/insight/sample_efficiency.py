"""How many steps PPO and GRPO take to 90 %, over seeds: `python -m core.insight.sample_efficiency`.

Each learner of each preset is trained from the same start on the same questions, and every step has the same number of
responses for all. It has arrived at the first step at whose end the success rate of the last `WINDOW` steps' own
responses (sampled at the run's temperature) is at least `TARGET` on average. Deterministic on the CPU.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from core.presets import preset
from core.training.trainer import Trainer
from core.versions import versions

RECORDED = Path(__file__).parent / "recorded" / "sample-efficiency.json"
COMMAND = "python -m core.insight.sample_efficiency"
#: What the file is like.
VERSION = 1
PRESETS = ("chain-sum", "chain-sum-only-credit")
TARGET, WINDOW = 0.9, 5


@dataclass(frozen=True)
class Arrival:
    """One learner of one preset with one seed."""

    preset: str
    learner: str
    seed: int
    steps: int | None  # to the target, counted from 1; None if it did not arrive
    success: tuple[float, ...]  # of each step's own responses


def run(presets: Sequence[str], seeds: Iterable[int], steps: int) -> Iterable[Arrival]:
    """Trains each learner of each preset for so many steps, seed by seed."""
    for seed in seeds:
        for name in presets:
            config = preset(name).model_copy(update={"seed": seed, "steps": steps, "eval_every": 0, "panel_size": 1})
            for learner in config.learners:
                traces = Trainer(config, learner.name).steps()
                success = tuple(float(x.scalars["success_rate"] or 0) for x in traces)
                yield Arrival(name, learner.name, seed, arrived(success), success)


def arrived(success: Sequence[float], target: float = TARGET, window: int = WINDOW) -> int | None:
    """The first step (from 1) at which the mean of the last `window` numbers is at least `target`."""
    for last in range(window, len(success) + 1):
        if statistics.fmean(success[last - window : last]) >= target - 1e-9:
            return last
    return None


def write(arrivals: Sequence[Arrival], steps: int, path: Path) -> None:
    """Everything as JSON: what was measured, and each learner's numbers."""
    about: dict[str, Any] = {
        "version": VERSION,
        "seeds": sorted({x.seed for x in arrivals}),
        "steps": steps,
        "target": TARGET,
        "window": WINDOW,
        "responses_per_step": {name: _responses(name) for name in dict.fromkeys(x.preset for x in arrivals)},
        "versions": versions(),
    }
    rows = [{**asdict(x), "success": [round(y, 4) for y in x.success]} for x in arrivals]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"about": about, "rows": rows}) + "\n", encoding="utf-8")


def _responses(name: str) -> int:
    return preset(name).prompts_per_step * preset(name).num_generations


def main(arguments: list[str] | None = None) -> None:
    """Trains, prints each learner's steps and writes them where the pages find them."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="How many steps to 90 %.")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=100, help="at most (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RECORDED, help="where to write it (default: the recorded result)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    total = options.seeds * sum(len(preset(x).learners) for x in PRESETS)
    arrivals = []
    for arrival in tqdm(run(PRESETS, range(options.seeds), options.steps), total=total, desc="learners trained"):
        arrivals.append(arrival)
        tqdm.write(f"{arrival.preset:24} {arrival.learner:8} seed {arrival.seed}: {arrival.steps or 'not'} steps")
    write(arrivals, options.steps, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
