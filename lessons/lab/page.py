"""The lab: train learners side by side, stop, rewind, take apart. The board itself draws in the browser."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.config import RunConfig
from core.contracts import asks_others, contract_of, shares
from core.errors import Message
from core.learners.registry import learner_kind, trains_policy
from core.runs import lifecycle
from core.runs.errors import DataUnreadable, RunNotFound
from core.runs.recorded import SHIPPED
from core.runs.records import RunInfo, RunUnreadable, UnreadableRun
from core.runs.store import RunStore
from core.tasks.kinds.imported import ImportedSettings
from core.training import checkpoints
from core.workers.child import STORE_LOST, ended_by
from lessons import shared
from lessons.board.contracts import MEANS, NAMES
from lessons.board.live import lab_view
from lessons.i18n import _, listed, tell
from lessons.kit import other_version
from lessons.kit.chrome import storage_guard
from lessons.kit.controls import control_row, draft_title, pending
from lessons.kit.display import learner_title, plain, when
from lessons.kit.draft import Draft, current_draft, follow, parameters, write_link
from lessons.kit.export import export_menu
from lessons.kit.glossary import say, say_small
from lessons.kit.history import RECORDED, events_table, name_field, no_such_run, run_picker, show_run
from lessons.kit.numbers import whole
from lessons.kit.present import presenting
from lessons.kit.preset_texts import shows
from lessons.kit.scored import scored_words
from lessons.kit.to_lab import back_link
from lessons.lab.settings import settings_drawer
from lessons.lab.style import STYLE
from lessons.lab.tour import tour
from lessons.shared import launcher, store

#: Pixels of about 75 characters of a caption; on a narrower screen it is as wide as that.
_READABLE = 620

#: Seconds between two looks at whether what was asked of a run has happened.
LOOKS_EVERY = 0.5

#: Keys of reasons that end with what Resume does: it need not be said again.
SAY_HOW_TO_GO_ON = {lifecycle.GONE.key, lifecycle.STARTER_GONE.key} | {
    ended_by(x, saved=saved).key for x in (-signal.SIGKILL, -signal.SIGTERM, STORE_LOST) for saved in (True, False)
}


def wanted() -> str:
    """The run that the link names, else the one that this session was looking at, else the recorded one."""
    linked = st.query_params.get("run")
    if linked is not None:
        st.session_state["lab_run"] = linked
    return st.session_state.get("lab_run") or RECORDED


def find(runs: RunStore, run_id: str) -> RunInfo | UnreadableRun | None:
    """The run of this id, or None."""
    try:
        return runs.get(run_id)
    except RunUnreadable as error:
        return error.run
    except RunNotFound:
        return None


def not_shown(run_id: str, unreadable: UnreadableRun | None) -> None:
    """What to say, and where to go on, when the run to show is not there, or cannot be opened."""
    if unreadable is not None:
        other_version.notice(unreadable)
        say_small(_("It can be renamed and deleted on the page Runs."))
    elif run_id == RECORDED:
        st.info(_("No run yet. Press Start: the learners begin on the same questions, and draw here."))
        return
    else:
        no_such_run(run_id)
    st.button(_("Show the recorded run instead"), on_click=show_run, args=(RECORDED,), key="lab_recorded")


def state(run: RunInfo | None, off: Message | None) -> None:
    """What a person needs to know about this run before looking at its numbers."""
    why = reasons(run) if run is not None else ""
    note = st.session_state.pop("lab_note", None)
    if note and plain(note, 600) != why:  # what the run itself says below is not said twice
        st.error(plain(note, 600), icon=":material/error:")
    if run is None and off is not None and off not in shared.notices():  # those stand above every page
        st.info(plain(tell(off)), icon=":material/power_off:")
    if run is None:
        return
    awaited(run)
    if run.status == "failed" and (run.recorded or all(x.step < 0 for x in run.learners)):
        st.error(why or _("no reason was left behind."), icon=":material/error:")
    elif run.status == "failed":
        st.error(_failed(run).format(reason=why or _("no reason was left behind.")), icon=":material/error:")
    elif why and run.status in ("queued", "stopped"):
        st.info(why, icon=":material/info:")
    if run.active:
        warnings(run)


def awaited(run: RunInfo) -> None:
    """What was asked of the run and has not happened yet; gone as soon as it has.

    A fragment that looks for itself: the board hears of the run's new status with its next pull, and the whole page is
    drawn anew only then.
    """

    def look() -> None:
        latest = find(store(), run.id)
        words = {
            "stop": _("It stops after the step under way, or inside it where that is long. Resume continues it."),
            "pause": _("It pauses after the step under way."),
        }
        if asked := pending(latest if isinstance(latest, RunInfo) else None):
            st.info(words[asked], icon=":material/schedule:")

    if pending(run):
        st.fragment(look, run_every=LOOKS_EVERY)()


def _failed(run: RunInfo) -> str:
    """What is left of a run that failed after some steps, and where Resume goes on; the reason's place is in it."""
    if {x.reason.key for x in run.learners if x.reason} & SAY_HOW_TO_GO_ON:
        return _("Failed: {reason} Everything up to the last step is kept.")
    folders = [checkpoints.folder(store().home, run.id, x.name) for x in run.learners]
    saved = {checkpoints.after_a_step(x) for x in folders}
    if saved == {True}:
        return _("Failed: {reason} Everything up to the last step is kept; Resume continues from the last checkpoint.")
    if saved == {False}:
        return _("Failed: {reason} Everything up to the last step is kept, but no checkpoint: Resume begins anew.")
    return _(
        "Failed: {reason} Everything up to the last step is kept; Resume continues from the last checkpoint, and "
        "begins anew where a learner has none."
    )


def warnings(run: RunInfo) -> None:
    """What is to be known of each learner's numbers: above a run that goes on, below one that is over."""
    for learner in run.learners:
        if learner.warning:
            warning = plain(tell(learner.warning), 400)
            st.warning(f"{plain(learner_title(learner.name))}: {warning}", icon=":material/warning:")


def starts_another(run: RunInfo | None, draft: Draft) -> bool:
    """Whether Start trains another preset than that of the run on the page."""
    return run is not None and not run.active and draft.config is not None and run.config.preset != draft.preset


def next_run(run: RunInfo, draft: Draft) -> None:
    """What Start trains, and that it is not what is shown."""
    assert draft.config is not None
    line = shows(draft.preset, draft.config) if draft.asks_preset else ""
    words = _("Start trains **{preset}**. {shows} Below is still the run “{run}”.")
    st.info(
        words.format(preset=draft_title(draft), shows=line, run=plain(run.name, 60)),
        icon=":material/play_arrow:",
    )


def named(run: RunInfo, runs: RunStore, off: Message | None) -> None:
    """Which run this is, when it was made, and where: on one line. Its name is typed over where it stands."""
    made = plain(when(run.created, st.context.timezone))
    about = [made]
    if run.recorded and off is None:
        shipped = _("A recorded run, to look at. Start makes a new one, on this machine.")
        imported = _("This run was made elsewhere and imported. Start makes a new one, on this machine.")
        about.append(shipped if run.id in SHIPPED else imported)
    elif off is not None and off not in shared.notices():
        about.append(plain(tell(off)))
    if run.id in SHIPPED:
        with st.container(key="lab_named"):
            say_small(" · ".join([f"**{plain(run.name, 70)}**", *about]))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="lab_named"):
        name_field(run, runs)
        say_small(" · ".join(about), width="content")


def reasons(run: RunInfo) -> str:
    """Why the run waits, stopped or failed; each learner's own reason where they differ. Markdown."""
    by_learner = {x.name: plain(tell(x.reason.without_folders()), 600) for x in run.learners if x.reason}
    if len(set(by_learner.values())) == 1:
        return next(iter(by_learner.values()))
    return " ".join(f"{plain(learner_title(name))}: {reason}" for name, reason in by_learner.items())


def without_tokens(runs: RunStore, run: RunInfo) -> bool:
    """Whether it is another program's run of whose latest steps no learner kept a token; a run made here has them."""
    made = [x for x in run.learners if x.step >= 0]
    if not made or not isinstance(run.config.task, ImportedSettings):
        return False
    with suppress(RunNotFound, DataUnreadable):  # deleted meanwhile, or damaged: nothing is claimed of it
        return not any(runs.tokens(run.id, x.name, x.step).num_rows for x in made)
    return False


def opening(config: RunConfig) -> str:
    """What is to be seen here, true of this many learners."""
    if not all(map(trains_policy, config.learners)):
        return _(
            "A reward model learns from labelled pairs. Which response does it like better, and from *which token*?"
        )
    if len(config.learners) == 1:
        return _("One learner. Does it know *which token* ruined the answer?")
    contract = contract_of(config)
    if contract == "same-questions":
        return {
            2: _("Two learners, one start, the same questions. Which of them knows *which token* ruined the answer?"),
            3: _("Three learners, one start, the same questions. Which of them knows *which token* ruined the answer?"),
            4: _("Four learners, one start, the same questions. Which of them knows *which token* ruined the answer?"),
        }[len(config.learners)]
    if contract is None:
        return _("Learners of another program. Which of them knows *which token* ruined the answer?")
    asked = listed(_shares(config))
    return _(
        "One start, the same budget of {count} responses a step, shared out as questions × responses: {shares}. Which "
        "learner makes the most of it?"
    ).format(count=whole(config.responses_per_step), shares=asked)


def _shares(config: RunConfig) -> Iterator[str]:
    """How each learner spends a step's responses: "GRPO 32 × 4"; who may train on other questions is said to."""
    for name, questions, responses in shares(config):
        settings = config.learner(name)
        words = _("{learner} {questions} × {responses}")
        if learner_kind(settings).offline:
            words = _("{learner} {questions} × {responses} from a data set")
        elif asks_others(settings):
            words = _("{learner} {questions} × {responses}, some replaced")
        yield words.format(learner=plain(learner_title(name)), questions=questions, responses=responses)


def page(head: DeltaGenerator) -> None:
    """Everything below the title; `head` is the title's own line."""
    runs, off = store(), shared.training_off()
    run_id = wanted()
    chosen = find(runs, run_id)
    run = chosen if isinstance(chosen, RunInfo) else None
    if run is not None:
        follow(run.id, run.config)
    draft = current_draft()
    config = run.config if run is not None else None if chosen is not None else draft.config
    if config is not None:
        kept_none = run is not None and without_tokens(runs, run)
        say(
            _("A run of another program. Of its responses it kept no tokens.") if kept_none else opening(config),
            width="content",
            into=head,
        )
    with head:
        back_link()
    write_link({**parameters(draft), **({"run": run_id} if run_id != RECORDED else {})})
    with st.container(horizontal=True, gap="xsmall", key="lab_controls"):
        control_row(run, draft, runs, launcher, off)
        settings_drawer(draft, run, runs)
        with st.popover(_("Export"), icon=":material/download:", disabled=run is None, key="lab_export"):
            if run is not None:
                export_menu(run, runs, key="lab_export")
        with st.popover(_("Runs"), icon=":material/history:", key="lab_previous"):
            run_picker(runs.runs(), chosen)
        tour()
    state(run, off)
    if run is not None and off is None and starts_another(run, draft):
        next_run(run, draft)
    if run is not None:
        named(run, runs, off)
    if run is None:
        not_shown(run_id, chosen if isinstance(chosen, UnreadableRun) else None)
        return
    lab_view(run.id, run.status, key="lab")
    if not run.active:
        warnings(run)
    width = "stretch" if presenting() else _READABLE  # larger type in as many pixels would be twice as many lines
    if (contract := contract_of(run.config)) is not None:
        words = _("**{name}:** {means}").format(name=_(NAMES[contract]), means=_(MEANS[contract]))
        say_small(words, width=width)
    if scored := scored_words(run.config):
        say_small(scored, width=width)
    with st.expander(_("What happened in this run"), icon=":material/list:", key="lab_events"):
        events_table(runs.events(run.id))


st.html(STYLE)
title = st.container(horizontal=True, vertical_alignment="center", gap="medium", key="lab_title")
title.title(_("Lab"), width="content")
with storage_guard():
    page(title)
