"""What the learners of the study of long sums take on one core, one after another: `python -m core.insight.step_times`.

To be run on a machine that does nothing else. Each learner is trained alone, with the study's settings and seed 0, on
one thread; learners take turns, round by round, so that a slow minute does not fall on one of them alone.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch

from core.insight.long_sums import STEPS, setups, train
from core.insight.rounding import significant
from core.insight.seed_results import TIMES, seconds
from core.versions import versions

COMMAND = "python -m core.insight.step_times"
VERSION = 1
#: Those that the lesson on critics compares.
TIMED = (
    *("grpo-16x8", "ppo-zero-16x8", "ppo-fitted-16x8", "vine-16x8"),
    *("grpo-32x4", "batch-128x1", "ppo-zero-128x1", "ppo-fitted-128x1", "vine-128x1"),
)


def measure(names: tuple[str, ...], rounds: int) -> dict[str, list[float]]:
    """Learner → seconds of all its steps, round by round. The first few operations of torch are not timed."""
    torch.set_num_threads(1)
    known = setups()
    train(known[names[0]], 0)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for _round in range(rounds):
        for name in names:
            taken[name].append(significant(train(known[name], 0).seconds, 3))
            print(f"{name:24} {taken[name][-1]:.1f} s", flush=True)
    return taken


def main(arguments: list[str] | None = None) -> None:
    """Measures, writes the file and prints a table."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=TIMED, default=list(TIMED), metavar="LEARNER")
    parser.add_argument("--out", type=Path, default=TIMES, help="the file (default: the recorded one)")
    options = parser.parse_args(arguments)
    recorded: dict[str, Any] = {"version": VERSION, "steps": STEPS, "versions": versions()}
    recorded["seconds"] = measure(tuple(options.only), options.rounds)
    options.out.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
    seconds.cache_clear()
    for name, value in seconds(options.out).items():
        print(f"| {name} | {value:.0f} |")


if __name__ == "__main__":
    main()
