"""Makes imported.sqlite and imported/: runs from elsewhere as version 1 took them in. No test; see make.py.

It was run once, with the same commit as make.py:

    PYTHONPATH=/tmp/version-1 python tests/data/v1/make_imported.py tests/data/v1

Two runs: "a log" in UNIPO's format, with tokens, and "completions" of TRL's, without. imported/ is the first, exported.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from core.runs.export import export
from core.runs.importing import import_any
from core.runs.store import RunStore

HPARAMS = {
    "clip_eps": [0.2, 0.28],
    "kl_coef": 0.04,
    "learning_rate": 1e-6,
    "group_size": 2,
    "surrogate": "clip",
    "importance_sampling_level": "token",
    "baseline": "group-mean",
    "scale_rewards": "none",
    "whiten_advantages": False,
    "entropy_coef": 0.0,
    "kl_loss_estimator": "k3",
    "dual_clip": None,
}


def log() -> dict[str, Any]:
    """Two steps of one question, each updated with twice."""
    header = {"algorithm": "grpo", "model_name": "somebody/a-model", "hparams": HPARAMS, "update_epochs": 2}
    return {"header": header, "entries": [entry(number) for number in range(4)]}


def entry(number: int) -> dict[str, Any]:
    responses = [
        {
            "id": f"step{number}_p0_sample{i}",
            "reward": float(i),
            "advantage": i - 0.5,
            "response_text": f"It is {3 + i}.",
            "response_length": 3,
            "tokens": {
                "ids": [11, 12, 13 + i],
                "strings": ["It", " is", f" {3 + i}."],
                "log_probs": [-0.2, -0.5 + 0.3 * (number % 2), -0.1],
                "old_log_probs": [-0.2, -0.5, -0.1],
                "ref_log_probs": [-0.3, -0.4, -0.1],
                "values": None,
                "token_kl": None,
            },
        }
        for i in range(2)
    ]
    return {
        "step": number,
        "is_first_step_after_rollout_phase": number % 2 == 0,
        "metrics": {"reward": 0.5, "response_length": 3},
        "prompts": [{"prompt": "2 + 2 =", "responses": responses}],
    }


def completions() -> bytes:
    columns = {
        "step": [1] * 4,
        "prompt": ["a", "a", "b", "b"],
        "completion": ["w", "x", "y", "z"],
        "right": [1.0, 0.0, 0.0, 1.0],
        "advantage": [0.7071, -0.7071, -0.7071, 0.7071],
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "runs-1.sqlite"
        store = RunStore(f"sqlite:///{file}", home=Path(home))
        first = import_any(store, json.dumps(log()).encode(), "a log")
        import_any(store, completions(), "completions")
        export(store, first, out / "imported")
        store.close()
        engine = sa.create_engine(f"sqlite:///{file}", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("UPDATE learners SET host = NULL, pid = NULL, pid_started = NULL")
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
            connection.exec_driver_sql("VACUUM")
        engine.dispose()
        (out / "imported.sqlite").write_bytes(file.read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
