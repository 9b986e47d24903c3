"""How long Stop takes in each phase of a run, on real training made large: `python -m tests.load.stop [--times 3]`.

The small bundled model (and SmolLM2 for loading) is given so much that each phase lasts far longer than Stop may take.
A worker says when it is in the phase (tests/workers/hanging.py), is asked to stop a moment later, and the time is taken
until its learner reads stopped. Behind the times stands what the run then says of it.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Message
from core.given_config import change
from core.presets import preset
from core.runs import lifecycle
from core.runs.store import RunStore

ROOT = Path(__file__).parents[2]
PATIENCE_S = 180.0
#: 8192 responses a step are the most that a run may have.
MOST = {"prompts_per_step": 512, "num_generations": 16, "eval_every": 0}


@dataclass(frozen=True)
class Phase:
    """A place of tests/workers/hanging.py, and settings under which it lasts."""

    name: str
    place: str
    settings: dict[str, Any]
    preset: str = "chain-sum"
    learner: str = "ppo"
    after_s: tuple[float, float] = (0.5, 2.5)  # in the phase, until it is asked to stop


PHASES = (
    Phase("loading (SmolLM2)", "load", {"device": "cpu"}, "smollm2-sums", "grpo", (0.0, 0.3)),
    Phase("answers before training", "evaluation", {"compare_samples": 64, "task.heldout": 200}),
    Phase("rollout", "rollout", {**MOST, "max_completion_length": 100, "temperature": 5, "micro_batch_size": 64}),
    Phase("update, one mini-batch of all", "update", MOST),
    Phase("update, micro-batches of 64", "update", {**MOST, "micro_batch_size": 64}),
    Phase("evaluation", "evaluation", {"task.heldout": 400, "max_completion_length": 400, "temperature": 5}),
    Phase("VinePPO's continuations", "continuations", {**MOST, "vine.continuations": 32}, "chain-sum-vine", "vine"),
    Phase("last evaluation", "final", {"steps": 1, "max_completion_length": 400, "task.heldout": 400}),
)  # fmt: skip


def measured(phase: Phase, times: int) -> Iterator[tuple[float, str]]:
    """(seconds, what the run says of it), for each time."""
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="credit-lab-stop-") as folder:
            store = RunStore(f"sqlite:///{folder}/runs.sqlite", home=Path(folder))
            run_id, mark = store.create(change(preset(phase.preset), phase.settings)), Path(folder) / "there"
            lifecycle.enqueue(store, run_id, [phase.learner])
            words = [folder, run_id, phase.learner, phase.place, "0", "goes-on", str(mark)]
            worker = subprocess.Popen([sys.executable, "-m", "tests.workers.hanging", *words], cwd=ROOT)
            try:
                _until(mark.exists, worker)
                time.sleep(random.uniform(*phase.after_s))
                took = _stopped(store, run_id, phase.learner)
                yield took, f"{_status(store, run_id, phase.learner)}; {_words(store, run_id)}"
            finally:
                worker.kill()
                worker.wait()
                store.close()


def _stopped(store: RunStore, run_id: str, learner: str) -> float:
    begun = time.monotonic()
    store.control(run_id, "stop", None, learner)
    _until(lambda: _status(store, run_id, learner) not in ("queued", "running"), None)
    return time.monotonic() - begun


def _until(condition: Any, worker: subprocess.Popen[bytes] | None) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until or (worker is not None and worker.poll() is not None):
            raise TimeoutError("the worker never came there")
        time.sleep(0.02)


def _status(store: RunStore, run_id: str, learner: str) -> str:
    return next(x.status for x in store.get(run_id).learners if x.name == learner)


def _words(store: RunStore, run_id: str) -> str:
    values = [x["value"] for x in store.events(run_id) if x["kind"] == "stop"]
    message = Message.from_dict(values[0]) if values else None
    return str(message) if message else "between two steps" if values else "before the first step"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--phase", help="only phases whose name holds this")
    options = parser.parse_args()
    worst = 0.0
    for phase in PHASES:
        if options.phase and options.phase not in phase.name:
            continue
        results = list(measured(phase, options.times))
        worst = max(worst, *(took for took, _ in results))
        print(f"{phase.name:32}", "  ".join(f"{took:.1f} s" for took, _ in results), " ", results[-1][1], flush=True)
    print(f"longest: {worst:.1f} s")


if __name__ == "__main__":
    main()
