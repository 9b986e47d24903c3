"""Every run so far: open, rename, export, delete."""

from __future__ import annotations

import contextlib
from typing import Any

import streamlit as st

from core.config import RunConfig
from core.runs.errors import DataUnreadable, RunNotFound, StoreError
from core.runs.recorded import SHIPPED
from core.runs.records import RunInfo, UnreadableRun
from core.runs.store import RunStore
from core.tasks.kinds.imported import ImportedSettings
from lessons.catalog import lesson
from lessons.i18n import _, tell
from lessons.kit import other_version
from lessons.kit.chrome import storage_guard
from lessons.kit.display import LIVE, learner_title, literal, plain, status_word, when
from lessons.kit.empty import nothing_here
from lessons.kit.export import export_menu
from lessons.kit.glossary import say, say_small
from lessons.kit.history import heldout, say_renamed, show_run
from lessons.kit.to_lab import lab_query
from lessons.runs.imports import import_section
from lessons.shared import store

MOST_ROWS = 200


def row(run: RunInfo | UnreadableRun, runs: RunStore) -> dict[str, Any]:
    """One line of the table. Its cells take text as it is: nothing in a name is interpreted."""
    done = min((x.step + 1 for x in run.learners), default=0)
    config = run.config if isinstance(run, RunInfo) else None
    damaged, success = False, {}
    if isinstance(run, RunInfo):
        try:
            success = heldout(runs, run)
        except DataUnreadable:
            damaged = True
    words = _("{learner} right")
    return {
        _("Name"): literal(run.name),
        _("When"): when(run.created, st.context.timezone),
        _("State"): _("damaged") if damaged else state(run),
        _("Steps"): f"{done} / {max((x.steps for x in run.learners), default=0)}",
        **{
            words.format(learner=literal(learner_title(x.name))): success[x.name]
            for x in run.learners
            if x.name in success
        },
        _("Preset"): None if config is None else literal(config.preset),
        _("Seed"): None if config is None or "seed" in unrecorded(config) else config.seed,
    }


def state(run: RunInfo | UnreadableRun) -> str:
    """What became of it here; of a run that was not made here, where it is from."""
    if isinstance(run, UnreadableRun):
        return other_version.word(run)
    if run.recorded:
        return _("recorded") if run.id in SHIPPED else _("imported")
    return status_word(run.status)


def unrecorded(config: RunConfig) -> tuple[str, ...]:
    """Settings that an imported run's files do not tell."""
    return config.task.unrecorded if isinstance(config.task, ImportedSettings) else ()


def chosen_run(listed: list[RunInfo | UnreadableRun], runs: RunStore) -> RunInfo | UnreadableRun | None:
    """Draws the table; returns the run whose line is selected."""
    rows = [row(run, runs) for run in listed]
    measured = _("Share of held-out questions answered rightly, sampled, as last measured in the run.")
    share = st.column_config.NumberColumn(format="%.2f", help=measured, width=90)
    widths: dict[str, Any] = {name: st.column_config.Column(width=width) for name, width in row_texts().items()}
    shares = {name: share for r in rows for name in r if name not in widths}
    picked = st.dataframe(
        rows,
        hide_index=True,
        column_config={**widths, **shares},
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [0]}},
        key="runs_table",
        alt=_("Runs, the newest first"),
        placeholder="–",  # a run of another version has no preset, seed or success that could be read
    )
    selected = picked["selection"]["rows"]
    return listed[selected[0]] if selected and selected[0] < len(listed) else None


def row_texts() -> dict[str, int | None]:
    """The columns that every run has, and how wide each is in pixels: with two learners' shares beside them, all are
    there in a window 1280 pixels wide. The name has what is left.
    """
    return {_("Name"): None, _("When"): 130, _("State"): 80, _("Preset"): 110, _("Seed"): 50, _("Steps"): 75}


def actions(run: RunInfo | UnreadableRun, runs: RunStore) -> None:
    """What can be done with the selected run."""
    st.header(_("The selected run"))
    st.text(literal(run.name))
    if isinstance(run, UnreadableRun):
        other_version.notice(run)
        _rename(run, runs)
        _delete(run, runs)
        return
    if run.reason:
        say_small(plain(tell(run.reason.without_folders()), 400))
    if st.button(_("Open in the lab"), type="primary", icon=":material/science:", key="runs_open"):
        show_run(run.id)
        st.switch_page(lesson("lab").path, query_params=lab_query({"run": run.id}))
    if run.id in SHIPPED:
        say_small(_("A recorded run is part of the app: it cannot be renamed or deleted."))
    else:
        _rename(run, runs)
        _delete(run, runs)
    st.subheader(_("Export"))
    export_menu(run, runs, key="runs_export")


def _rename(run: RunInfo | UnreadableRun, runs: RunStore) -> None:
    before = f"name_before_{run.id}"  # what it was called when its field came up
    with st.form(f"rename_{run.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(_("Name"), value=run.name, max_chars=200, key=f"name_{run.id}")
        if st.form_submit_button(_("Rename"), icon=":material/edit:"):
            try:
                runs.rename(run.id, name or "")
            except (ValueError, RunNotFound, StoreError) as error:
                st.error(plain(tell(error), 400))
            else:
                st.session_state.pop(before, None)
                st.rerun()
    if st.session_state.setdefault(before, run.name) != run.name:  # the field keeps what was being typed
        say_renamed(run.name)


def _delete(run: RunInfo | UnreadableRun, runs: RunStore) -> None:
    # A run that cannot be opened cannot be stopped either; its workers end when they find it gone.
    if isinstance(run, RunInfo) and (run.under_way or run.status in LIVE):
        say_small(_("This run is under way: stop it in the lab before deleting it."))
        return
    with st.popover(_("Delete"), icon=":material/delete:", key="runs_delete"):
        st.text(
            _("Delete “{name}” with its trace and checkpoints? This cannot be undone.").format(name=literal(run.name))
        )
        st.button(
            _("Delete for good"),
            type="primary",
            icon=":material/delete_forever:",
            on_click=_really_delete,
            args=(run.id, runs),
            key="runs_delete_for_good",
        )


def _really_delete(run_id: str, runs: RunStore) -> None:
    try:
        with contextlib.suppress(RunNotFound):  # someone else was faster; it is gone, as was asked
            runs.delete(run_id)
    except StoreError as error:
        st.error(plain(tell(error.message.without_folders()), 400))
        return
    st.session_state.pop("runs_table", None)
    if st.session_state.get("lab_run") == run_id:
        del st.session_state["lab_run"]


def page() -> None:
    runs = store()
    import_section()
    listed = runs.runs()
    if not listed:
        nothing_here(_("There is no run yet. Open the lab and press Start; it then stands here."))
        return
    if len(listed) > MOST_ROWS:
        say_small(_("The newest {shown} of {all} runs.").format(shown=MOST_ROWS, all=len(listed)))
    run = chosen_run(listed[:MOST_ROWS], runs)
    if run is None:
        st.info(_("Select a run by the box at the start of its line."))
    else:
        actions(run, runs)


st.title(_("Runs"))
say(_("Every run made here, the newest first. Select one to open, rename, export or delete it."))
with storage_guard():
    page()
