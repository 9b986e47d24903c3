"""Take a run along: its tables, the peers' log format, and the Python that repeats it.

Files are built when a button is pressed, not when the page is drawn.
"""

from __future__ import annotations

import functools
import re

import streamlit as st

from core.runs.export import export_file, export_zip, snippet
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.tasks.kinds.imported import ImportedSettings
from lessons.i18n import N_, _
from lessons.kit.saving import save_menu

#: What the button says, the format's name in core.runs.export, and one line on what is inside.
FORMATS = (
    (N_("Parquet"), "parquet", N_("Four files: the run, its steps, its responses, its tokens.")),
    (N_("CSV"), "csv", N_("The same tables as text, for any spreadsheet.")),
    (N_("UNIPO JSON"), "unipo", N_("The log format of UNIPO's training explorer, one file a learner.")),
)


def export_menu(run: RunInfo, store: RunStore, key: str) -> None:
    """Download buttons for one run, and the Python snippet that repeats it."""
    with st.container(horizontal=True):
        for title, name, words in FORMATS:
            st.download_button(
                _(title),
                functools.partial(export_zip, store, run.id, name),
                file_name=f"{file_stem(run)}-{name}.zip",
                mime="application/zip",
                icon=":material/download:",
                help=_(words),
                on_click="ignore",
                key=f"{key}_{name}",
            )
        st.download_button(
            _("Web page"),
            functools.partial(export_file, store, run.id, "html"),
            file_name=f"{file_stem(run)}.html",
            mime="text/html",
            icon=":material/web:",
            help=_(
                "One file that opens without this app: curves, tokens, pipeline, in both languages. It takes about a "
                "tenth of a second for each step."
            ),
            on_click="ignore",
            disabled=all(x.step < 0 for x in run.learners),
            key=f"{key}_html",
        )
    save_menu(run, key)
    if isinstance(run.config.task, ImportedSettings):
        return  # nobody here can make it again
    with st.expander(_("The Python that repeats this very run"), icon=":material/code:", key=f"{key}_python"):
        # No colours: Streamlit's have too little contrast. Wrapped: what scrolls sideways needs a focus of its own.
        st.code(snippet(run), language=None, wrap_lines=True)


def file_stem(run: RunInfo) -> str:
    """A file name that every system takes, from a run name that may be anything."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", run.name).strip("-").lower()
    return f"credit-lab-{words[:40] or run.id[:8]}"
