"""The export format html, as core looks it up by its name (core/runs/formats.py)."""

from __future__ import annotations

from pathlib import Path

from streamlit import runtime
from streamlit.logger import set_log_level

from core.runs.formats import RunWriter
from core.runs.records import RunInfo
from core.runs.store import RunStore


def write(store: RunStore, run: RunInfo, path: Path) -> None:
    """Writes the page of a run to `path`. Raises OSError, RunNotFound, StoreError."""
    if not runtime.exists():
        set_log_level("ERROR")  # on the command line it is no news that no page is being served
    from lessons.elsewhere.web_page import web_page

    path.write_text(web_page(store, run), encoding="utf-8", newline="\n")


WRITER = RunWriter(write, "html")
