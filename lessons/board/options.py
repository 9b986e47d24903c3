"""What the lab's frontend is handed when it is mounted, on a page of the app or elsewhere, in the viewer's language."""

from __future__ import annotations

from typing import Any

from lessons.board.charts import charts
from lessons.board.labels import words


def lab_options(run_id: str, status: str, channel: str) -> dict[str, Any]:
    """The run to show, the status that the page around it was drawn with, and all words.

    `channel` names the events by which data come where the browser does not pull them (frontend/fallback.js).
    """
    return {"run": run_id, "status": status, "channel": channel, "labels": words(), "charts": charts()}
