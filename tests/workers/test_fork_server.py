"""What the fork server has ready for its workers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

#: A run's worker up to its first stored step, in a process that is as warm as the fork server.
FIRST_STEP = """
import json, sys
from core.workers import fork_server
fork_server._import_what_workers_need()
ready = set(sys.modules)
from core.config import RunConfig
from core.runs.store import RunStore
from core.training.trainer import Trainer
config = RunConfig()
store = RunStore()
run_id = store.create(config)
for learner in config.learners:
    store.append(run_id, next(Trainer(config, learner.name, lambda *_: None).steps()))
print(json.dumps(sorted(set(sys.modules) - ready)))
"""


def test_up_to_its_first_step_a_worker_imports_next_to_nothing(tmp_path, monkeypatch) -> None:
    """Somebody has pressed Start and waits: pandas, which Arrow imports, took most of the first step's time."""
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", FIRST_STEP], capture_output=True, text=True, timeout=300, check=True)
    imported = json.loads(done.stdout.splitlines()[-1])
    packages = Counter(x.partition(".")[0] for x in imported)
    assert "pandas" not in packages
    assert not [x for x in imported if x.startswith("core.")]
    assert len(imported) < 30, packages.most_common(5)
