"""Makes this folder: what version 1 of the app stored and exported. No test; kept to say where it all is from.

It was run once, with commit 5bfeb63 (the last one before stored data carried versions), and is not to be run with a
later one: what it would write then is no longer version 1.

    git worktree add /tmp/version-1 5bfeb63
    PYTHONPATH=/tmp/version-1 OMP_NUM_THREADS=1 python tests/data/v1/make.py tests/data/v1

Two runs, both trained here in this process: "first run" with a whitened PPO and a GRPO, and "changed run", whose
learning rate and clip range were changed before its second step. No checkpoints are kept.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.config import RunConfig
from core.given_config import change
from core.runs import lifecycle
from core.runs.export import export
from core.runs.store import RunStore
from core.workers.process import supervise
from core.workers.worker import Worker

SMALL: dict[str, Any] = {
    "steps": 2,
    "prompts_per_step": 2,
    "num_generations": 4,
    "eval_every": 1,
    "trace": "all",
    "task.heldout": 16,
    "grpo.kl_coef": 0.05,
}


class Changing(RunStore):
    """A person who changes two settings after the first step."""

    def append(self, run_id: str, trace: Any) -> None:
        super().append(run_id, trace)
        if trace.step == 0:
            self.control(run_id, "change", {"learning_rate": 0.004, "epsilon": 0.05}, trace.learner)


def trained(store: RunStore, config: RunConfig, name: str, run_id: str) -> None:
    store.create(config, name, run_id=run_id)
    for learner in config.learners:
        lifecycle.enqueue(store, run_id, [learner.name])
        assert lifecycle.claim(store, run_id, learner.name)
        assert supervise(Worker(store, run_id, learner.name)) == 0


def main(out: Path) -> None:
    config = change(RunConfig(device="cpu"), SMALL)
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "runs-1.sqlite"
        store = Changing(f"sqlite:///{file}", home=Path(home))
        trained(store, config.model_copy(update={"seed": 1}), "changed run", "v1-changed")
        store.close()
        store = RunStore(f"sqlite:///{file}", home=Path(home))
        trained(store, config, "first run", "v1-first")
        export(store, "v1-first", out / "parquet")
        export(store, "v1-first", out / "csv", "csv")
        store.close()
        engine = sa.create_engine(f"sqlite:///{file}", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:  # which machine it was is nobody's business
            connection.exec_driver_sql("UPDATE learners SET host = NULL, pid = NULL, pid_started = NULL")
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
            connection.exec_driver_sql("VACUUM")
        engine.dispose()
        (out / "runs.sqlite").write_bytes(file.read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
