"""A run as a Python script that makes it again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from core.learners.registry import trains_policy
from core.runs.records import RunInfo
from core.stored_config import dump_config

_SCRIPT = '''\
"""Makes the run {name} again ({versions}).

Needs this project's folder as the working directory: python this_file.py
"""

import json

import torch

from core.stored_config import load_config
from core.training.trainer import Trainer

torch.set_num_threads(1)

CONFIG = load_config(
    json.loads(
        r"""
{config}
"""
    )
)
# learner → [(before which step, what was set)], as it was changed while the run went on
CHANGES = json.loads(
    r"""
{changes}
"""
)

for learner in CONFIG.learners:
    trainer = Trainer(CONFIG, learner.name)
    changes = [(step, values) for step, values in CHANGES.get(learner.name, [])]
    steps = trainer.steps()
    while True:
        while changes and changes[0][0] <= trainer.step:
            trainer.change(changes.pop(0)[1])
        trace = next(steps, None)
        if trace is None:
            break
        print(learner.name, trace.step, "reward", round(trace.scalars["reward"], 4), "prompts", trace.prompt_hash[:8])
'''


#: Of a run that trains reward models: who trains, on what, and what is said of a step.
_OF_LABELS = (
    (
        "from core.training.trainer import Trainer\n",
        "from core.rewards.preferences import read\nfrom core.training.beginning import begin\n",
    ),
    ("import json\n\nimport torch", "import json\nfrom pathlib import Path\n\nimport torch"),
    (
        "for learner in CONFIG",
        "# The run's labels, as its export has them; without the file its judge makes them.\n"
        'FILE = Path("preferences.json")\n'
        "LABELS = read(FILE.read_bytes()) if FILE.is_file() else ()\n\n"
        "for learner in CONFIG",
    ),
    ("Trainer(CONFIG, learner.name)", "begin(CONFIG, learner.name, labels=LABELS)"),
    ('"reward", round(trace.scalars["reward"], 4)', '"loss", round(trace.scalars["pair_loss"], 4)'),
)


def snippet(run: RunInfo, events: Sequence[dict[str, Any]] = ()) -> str:
    """A runnable script of this very run: its config and, with the run's `events`, every change made on the way."""
    changes: dict[str, list[tuple[int, Any]]] = {}
    for event in events:
        if event["kind"] == "change":
            changes.setdefault(event["learner"], []).append((event["step"], event["value"]))
    script = _SCRIPT
    if not all(map(trains_policy, run.config.learners)):
        for usual, other in _OF_LABELS:
            script = script.replace(usual, other)
    return script.format(
        name=run.id,  # not its name: that is free text, and this is code
        # Of an imported run they are somebody else's text, and this is code.
        versions=re.sub(r"[^\w .,+-]", "", ", ".join(f"{k} {v}" for k, v in run.versions.items())) or "not started yet",
        config=json.dumps(dump_config(run.config), indent=2),
        changes=json.dumps(changes, indent=2),
    )
