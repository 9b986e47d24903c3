"""Which run the lesson is about, and what its learners answered to the held-out questions before and after training.

Read from the run's events "evaluation"; only runs with `compare_samples` above 0 have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import Message, cause_of
from core.runs.errors import RunNotFound
from core.runs.records import RunInfo, RunUnreadable, readable
from core.runs.store import RunStore
from lessons import shared
from lessons.i18n import _
from lessons.kit import other_version
from lessons.kit.display import learner_title, literal, plain, status_word, when
from lessons.kit.history import no_such_run
from lessons.kit.lesson import engine

if TYPE_CHECKING:
    from core.insight.before_after import BeforeAfter, Side

#: The recorded run of SmolLM2 that comes with the app.
RECORDED_REAL = "recorded-smollm2-sums"


@dataclass(frozen=True)
class Seen:
    """One learner's answers, as far as they are there."""

    name: str
    algorithm: str
    before: Side | None
    both: BeforeAfter | None  # once it is through
    problem: Message | None = None  # why its answers cannot be shown

    @property
    def after(self) -> Side | None:
        return self.both.after if self.both is not None else None

    @property
    def title(self) -> str:
        """What it is called on the page: plain text."""
        return literal(learner_title(self.name), 60)


@dataclass(frozen=True)
class Shown:
    """The run that the lesson is about."""

    run: RunInfo
    learners: tuple[Seen, ...]

    @property
    def before(self) -> Side | None:
        """The start model's answers: all learners start from the same weights, so any learner's will do."""
        return next((x.before for x in self.learners if x.before is not None), None)

    @property
    def done(self) -> tuple[Seen, ...]:
        """The learners whose answers are there before and after."""
        return tuple(x for x in self.learners if x.both is not None)

    @property
    def live(self) -> bool:
        """Whether more may come without anybody's doing."""
        return self.run.active or self.run.status == "queued"


def subject(learners: Sequence[Seen]) -> Seen:
    """The learner that is shown first, and that the predictions are about: GRPO where there is one, as in the
    course."""
    return next((x for x in learners if x.algorithm == "grpo"), learners[0])


def compares(run: RunInfo) -> bool:
    """Whether the run keeps its answers to the held-out questions."""
    return run.config.compare_samples > 0


def choose_run() -> RunInfo | None:
    """The run that the link names, else the recorded one, else the newest that has answers; and a choice of others."""
    runs = shared.store()
    there = [x for x in readable(runs.runs()) if compares(x)]
    chosen = _linked(runs) or next((x for x in there if x.id == RECORDED_REAL), None) or next(iter(there), None)
    if len(there) > 1 and chosen is not None:
        _picker(there, chosen)
    return chosen


def read(run: RunInfo) -> Shown:
    """The run with its answers. Costs a second where torch is not there yet."""
    engine()
    events: dict[str, dict[str, tuple[float, Any]]] = {}
    for event in shared.store().events(run.id):
        if event["kind"] == "evaluation" and isinstance(event["value"], dict):
            asked = str(event["value"].get("when"))
            events.setdefault(event["learner"], {})[asked] = (event["time"], event["value"])  # the last one counts
    return Shown(run, tuple(_seen(run.id, x.name, x.algorithm, events.get(x.name, {})) for x in run.learners))


def _seen(run_id: str, name: str, algorithm: str, events: dict[str, tuple[float, Any]]) -> Seen:
    times = tuple((asked, time) for asked, (time, _value) in sorted(events.items()))
    try:
        before, both = _measured(run_id, name, times, {asked: value for asked, (_time, value) in events.items()})
    except ValueError as error:
        return Seen(name, algorithm, None, None, cause_of(error))
    return Seen(name, algorithm, before, both)


@st.cache_resource(show_spinner=False, max_entries=32)
def _measured(
    run_id: str, learner: str, times: tuple[tuple[str, float], ...], _values: dict[str, Any]
) -> tuple[Side | None, BeforeAfter | None]:
    from core.insight.before_after import before_after, side

    if "before" in _values and "after" in _values:
        both = before_after(_values["before"], _values["after"])
        return both.before, both
    return (side(_values["before"]) if "before" in _values else None), None


def _linked(runs: RunStore) -> RunInfo | None:
    """The run that the link names. Where there is none, or it kept no answers, the page says so."""
    wanted = st.query_params.get("run")
    if not wanted:
        return None
    try:
        run = runs.get(wanted)
    except RunUnreadable as error:
        other_version.notice(error.run)
        return None
    except RunNotFound:
        if wanted != RECORDED_REAL:
            no_such_run(wanted)
        return None
    if compares(run):
        return run
    st.info(
        _(
            "The run “{run}” kept no responses to held-out questions (its setting `compare_samples` is 0, or it was "
            "imported), and they are what this page is about. It is shown in the lab."
        ).format(run=plain(run.name, 60)),
        icon=":material/quiz:",
    )
    return None


def _picker(there: list[RunInfo], chosen: RunInfo) -> None:
    zone = st.context.timezone
    labels = {x.id: _label(x, zone) for x in there}
    if chosen.id not in labels:
        labels[chosen.id] = _label(chosen, zone)
    st.session_state["real_run"] = chosen.id
    st.selectbox(
        _("The run that this page shows"),
        list(labels),
        format_func=lambda x: labels.get(x, ""),
        key="real_run",
        on_change=_picked,
    )


def _label(run: RunInfo, zone: str | None) -> str:
    if run.id == RECORDED_REAL:
        return _("the recorded run")
    return f"{literal(run.name, 40)} · {status_word(run.status)} · {when(run.created, zone)}"


def _picked() -> None:
    show(st.session_state["real_run"])


def show(run_id: str) -> None:
    """Make this the run that the page shows, in its link too."""
    if run_id == RECORDED_REAL:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run_id
