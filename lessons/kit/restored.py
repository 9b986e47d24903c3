"""Whether a page may have a run's models again: the app's own process has room for tiny ones only."""

from __future__ import annotations

from core.models import bundled
from core.runs.records import RunInfo
from lessons.i18n import _, listed
from lessons.kit.display import literal


def too_large(run: RunInfo) -> str | None:
    """One sentence, as plain text, where the run's models are too large to be restored by a page, else None.

    A bundled model is restored, and trained again for some steps, in seconds. A real instruct model needs gigabytes and
    minutes, in the process that all viewers share.
    """
    if run.config.model in bundled.names():
        return None
    return _(
        "This needs the models of the step, and {model} is too large for a page to restore. Choose a run of "
        "{names}; the lab shows everything that was recorded of this one."
    ).format(model=literal(run.config.model, 60), names=listed(bundled.names()))


def not_rewritten(run: RunInfo) -> str | None:
    """One sentence, as plain text, where a page can neither restore the run's models nor write its responses anew."""
    if run.config.turns > 1:
        return _(
            "Responses of this run have several turns, between which the task answers; a page cannot write them anew. "
            "The lab shows everything that was recorded."
        )
    return too_large(run)
