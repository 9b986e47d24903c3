"""Take in a run from elsewhere: this app's export, TRL's completions, UNIPO's logs, prime-rl's token export."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import Message
from core.runs.limited import ENDINGS, MOST_BYTES
from lessons import shared
from lessons.catalog import lesson
from lessons.i18n import _, tell
from lessons.kit.asked_for import ask_for, asked_for, awaited
from lessons.kit.display import plain_lines
from lessons.kit.glossary import say
from lessons.kit.history import show_run
from lessons.kit.isolated import CommandFailed, call
from lessons.kit.one_at_a_time import Busy, OneAtATime
from lessons.kit.to_lab import lab_query

IMPORTED = "runs_imported"  # session state: the import that was asked for


def most_megabytes() -> int:
    """How large an uploaded file may be: it lies in the server's memory before anything here can look at it.

    So the bound is Streamlit's own, of .streamlit/config.toml or of whoever keeps the server, but never beyond what an
    import takes.
    """
    return min(int(st.get_option("server.maxUploadSize")), MOST_BYTES // 2**20)


def import_section() -> None:
    """The upload; nothing where visitors may not change what is stored."""
    if shared.training_off() is not None:
        return
    with st.expander(_("Import a run"), icon=":material/move_to_inbox:", key="runs_import"):
        say(
            _(
                "From elsewhere: an export of this app (ZIP), TRL's completions (`completions_00001.parquet`, one or "
                "all of them), a log in UNIPO's format (JSON, or what its explorer is built of), or prime-rl's token "
                "export (`rank_0.jsonl`; several as a ZIP). What such a file lacks is shown as not recorded. "
                "A file of more than {most} MB comes in by `python -m core import`; a run has at most {bound} MB."
            ).format(most=most_megabytes(), bound=MOST_BYTES // 2**20)
        )
        files = st.file_uploader(
            _("The run's files"),
            type=list(ENDINGS),
            accept_multiple_files=True,
            max_upload_size=most_megabytes(),
            key="runs_import_files",
        )
        name = st.text_input(
            _("What to call it"), max_chars=200, placeholder=_("as it calls itself"), key="runs_import_name"
        )
        if st.button(_("Import"), type="primary", icon=":material/move_to_inbox:", disabled=not files, key="runs_take"):
            _ask(files or (), name or "")
        asked = asked_for(IMPORTED)
        goes_on = _imports().free or (asked is not None and asked.is_under_way)
        waits = _("Another import is under way on this server; this one comes after it…")
        _show_outcome(awaited(IMPORTED, _("Reading the files…") if goes_on else waits))


def _ask(files: Sequence[Any], name: str) -> None:
    """Imports, unless this very upload is in: the second press of a double one comes when the first has done it."""
    about, asked = (*(x.file_id for x in files), name), asked_for(IMPORTED)
    if asked is not None and asked.is_done and asked.about == about and isinstance(asked.outcome(), str):
        return
    ask_for(IMPORTED, about, lambda: _import(files, name))


@st.cache_resource(show_spinner=False)
def _imports() -> OneAtATime:
    """One import at a time on this server: each may take gigabytes for a moment."""
    return OneAtATime()


def _import(files: Sequence[Any], name: str) -> str | Message:
    """The id of the run that is in now; or why it is not."""
    try:
        with _imports().alone():
            return _import_now(files, name)
    except Busy as error:
        return error.message


def _import_now(files: Sequence[Any], name: str) -> str | Message:
    with tempfile.TemporaryDirectory(prefix="credit-lab-") as folder:
        for number, file in enumerate(files):
            target = Path(folder) / (Path(file.name.replace("\\", "/")).name or f"file-{number}")
            if target.exists():  # files of several steps are called the same
                target = Path(folder) / str(number) / target.name
                target.parent.mkdir()
            target.write_bytes(file.getvalue())
        source = Path(folder) if len(files) > 1 else target
        try:
            outcome = call("import", source, *(["--name", name.strip()] if name.strip() else []))
        except CommandFailed as error:
            return error.message.replaced(folder, "")
    return outcome.split()[0]


def _show_outcome(outcome: str | Message | None) -> None:
    if outcome is None:
        return
    if isinstance(outcome, Message):
        st.error(plain_lines(tell(outcome), 600), icon=":material/error:")
        return
    st.success(_("The run is in; it stands first in the list."), icon=":material/check_circle:")
    if st.button(_("Open it in the lab"), icon=":material/science:", key="runs_open_imported"):
        show_run(outcome)
        st.switch_page(lesson("lab").path, query_params=lab_query({"run": outcome}))
