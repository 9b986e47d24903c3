"""The pipeline of one step of a run, where the run has a step that the drawing can show."""

from __future__ import annotations

from html import escape
from typing import Any

from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.tasks.kinds.imported import ImportedSettings
from lessons.i18n import _
from lessons.kit.display import learner_title, literal
from lessons.kit.lesson import Frozen, of_run
from lessons.kit.pipeline.both import MODES, mode_of
from lessons.kit.pipeline.draw import drawing


def batch_of(store: RunStore, run: RunInfo) -> Frozen | None:
    """The run's most telling step of PPO, else of GRPO; None where it has neither's numbers.

    An imported run may lack any number.
    """
    if isinstance(run.config.task, ImportedSettings):
        return None
    return next((x for x in (of_run(run, kind, store) for kind in MODES) if x is not None), None)


def flow(batch: Frozen, store: RunStore) -> tuple[dict[str, Any], str]:
    """What the drawing's module is handed, and the heading above it as HTML; both in the viewer's language."""
    data, _boxes = drawing(batch, batch.telling, start=mode_of(batch.settings), runs=store)
    title = _("The pipeline")
    of = _("Real numbers: {learner}'s responses at step {step}, under both credits.").format(
        learner=literal(learner_title(batch.learner)), step=batch.step + 1
    )
    return data, f"<h2>{escape(title)}</h2><p>{escape(of)}</p>"
