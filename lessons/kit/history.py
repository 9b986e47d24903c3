"""What happened in a run, in words; and which run the lab shows."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core.errors import ConfigError, Message
from core.runs.errors import RunNotFound, StoreError
from core.runs.event_values import LEFT, is_evaluation
from core.runs.recorded import SHIPPED
from core.runs.records import RunInfo, UnreadableRun
from core.runs.store import RunStore
from lessons.i18n import N_, _, listed, tell
from lessons.kit import other_version
from lessons.kit.display import learner_title, literal, plain, status_word, when
from lessons.kit.glossary import say_small

#: The run that is shipped with the app, shown until there is another.
RECORDED = next(iter(SHIPPED))

_RENAMED = "lab_renamed"

#: Pixels of what is chosen and typed in the menu of runs: so wide that runs tell apart, and no wider than a phone.
FIELD_WIDTH = 330

#: Event kind → what to call it.
EVENT_TITLES = {
    "start": N_("started"),
    "continue": N_("continued from its last checkpoint"),
    "pause": N_("paused"),
    "resume": N_("went on"),
    "step": N_("made one step"),
    "stop": N_("stopped"),
    "change": N_("settings changed"),
    "rejected-change": N_("refused a change of settings"),
    "drift": N_("sampled and re-scored log-probabilities differ"),
    "final": N_("finished, held-out success measured"),
    LEFT: N_("left its reward model for other runs"),
    "evaluation": N_("answered the held-out questions"),
}


def events_table(events: list[dict[str, Any]]) -> None:
    """Every control and mishap of a run, in order. Shown in a table, which takes text as it is."""
    if not events:
        say_small(_("Nothing happened to this run but training."))
        return
    zone = st.context.timezone
    rows = [
        {
            _("When"): when(event["time"], zone),
            _("After step"): after_step(event),
            _("Learner"): literal(learner_title(event["learner"]) if event["learner"] else _("all")),
            _("What"): event_word(event["kind"]),
            _("Details"): event_details(event["value"]),
        }
        for event in events
    ]
    widths = {_("What"): st.column_config.Column(width="medium"), _("Details"): st.column_config.Column(width="large")}
    st.dataframe(rows, hide_index=True, column_config=widths)


def after_step(event: dict[str, Any]) -> int:
    """How many steps had been made then: the number of the step that the board shows as the newest at that moment.

    An event carries the step that comes next, counted from 0, which is the same number; what belongs to a step that was
    just made carries that one.
    """
    value = event["value"]
    afterwards = isinstance(value, dict) and value.get("when") == "after"
    made: int = event["step"]
    return made + (event["kind"] in ("drift", "final", "step") or afterwards)


def event_word(kind: str) -> str:
    """What an event is called; its own name where nobody has told us another."""
    known = EVENT_TITLES.get(kind)
    return literal(kind) if known is None else _(known)


def event_details(value: Any) -> str:
    """An event's value as a person would write it."""
    if value is None:
        return ""
    if (message := Message.from_dict(value)) is not None:
        return literal(tell(message), 400)
    if isinstance(value, dict) and isinstance(value.get("greedy"), list) and is_evaluation(value):
        return _answered(value)
    if isinstance(value, dict):
        if Message.from_dict(value.get("message")) is not None:  # what `reason` says in English, for any viewer
            value = {**{k: v for k, v in value.items() if k != "message"}, "reason": value["message"]}
        return literal("; ".join(f"{k}: {_plain_value(v)}" for k, v in value.items()), 400)
    return literal(value if isinstance(value, str) else json.dumps(value), 400)


def _answered(value: dict[str, Any]) -> str:
    """How many held-out answers were right; the answers themselves are too many for a line."""
    greedy = [answer[2] for answer in value["greedy"]]
    sampled = [answer[2] for each in value["sampled"] for answer in each]
    words = {"before": _("before training"), "after": _("after training")}
    template = _("{when}: right {greedy} of {questions} greedily, {sampled} of {all} sampled")
    when_ = words.get(value["when"], literal(str(value["when"]), 20))
    return template.format(
        when=when_, greedy=sum(greedy), questions=len(greedy), sampled=sum(sampled), all=len(sampled)
    )


def _plain_value(value: Any) -> str:
    if (message := Message.from_dict(value)) is not None:
        return tell(message)
    if isinstance(value, dict):
        return listed(f"{k} = {_plain_value(v)}" for k, v in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else str(value)


def run_picker(runs: list[RunInfo | UnreadableRun], shown: RunInfo | UnreadableRun | None) -> None:
    """A list of runs to look at; choosing one shows it at once. (A select box takes its options as plain text.)"""
    zone = st.context.timezone
    labels = {run.id: f"{literal(run.name, 70)} · {state_word(run)} · {when(run.created, zone)}" for run in runs}
    options = list(labels)
    st.session_state["lab_picker"] = shown.id if shown is not None and shown.id in labels else None
    st.selectbox(
        _("Show the run"),
        options,
        index=None,
        format_func=lambda x: labels.get(x, ""),
        placeholder=_("Choose a run"),
        width=FIELD_WIDTH,
        key="lab_picker",
        on_change=_picked,
    )


def name_field(run: RunInfo, runs: RunStore) -> None:
    """The name of the run on show, to be typed over where it stands.

    What is put into a field takes away what somebody is typing there: so that is done as the field comes up and for
    what was entered in it; a name that became another one elsewhere is said beside it.
    """
    key, named = f"lab_name_{run.id}", f"lab_named_{run.id}"
    if key not in st.session_state or st.session_state.get(_RENAMED) == run.id:
        st.session_state[key] = st.session_state[named] = run.name
    st.session_state.pop(_RENAMED, None)
    st.text_input(
        _("Name of the run on show"),
        max_chars=200,
        width=min(620, max(FIELD_WIDTH, 9 * len(run.name) + 30)),
        label_visibility="collapsed",
        icon=":material/edit:",
        key=key,
        on_change=_renamed,
        args=(run.id, runs, key),
    )
    if st.session_state.setdefault(named, run.name) != run.name:
        say_renamed(run.name)


def say_renamed(name: str) -> None:
    """What is said beside a field of a run's name that was changed elsewhere since it came up."""
    say_small(_("Meanwhile it was renamed elsewhere: it is called “{name}” now.").format(name=plain(name, 60)))


def _renamed(run_id: str, runs: RunStore, key: str) -> None:
    st.session_state[_RENAMED] = run_id  # the field shows its name as it is then
    try:
        runs.rename(run_id, st.session_state[key] or "")
    except (ConfigError, RunNotFound, StoreError) as error:
        st.session_state["lab_note"] = tell(error)


def state_word(run: RunInfo | UnreadableRun) -> str:
    """A run's state in a word, in the viewer's language."""
    return status_word(run.status) if isinstance(run, RunInfo) else other_version.word(run)


def _picked() -> None:
    if run_id := st.session_state["lab_picker"]:
        show_run(run_id)


def no_such_run(run_id: str) -> None:
    """What to say of a link whose run is not in the store."""
    sentence = _("There is no run “{run}” here. It may have been deleted, or the link is from another computer.")
    st.warning(sentence.format(run=plain(run_id, 60)), icon=":material/link_off:")


def unreadable(run: RunInfo, why: Exception) -> None:
    """What to say of a run of which something stored is damaged, where a page goes on with another one."""
    sentence = _("The run “{run}” cannot be shown here: {problem}")
    st.warning(sentence.format(run=plain(run.name, 60), problem=plain(tell(why), 300)), icon=":material/broken_image:")


def show_run(run_id: str) -> None:
    """Make this the run that the lab shows, in this session and in its link."""
    st.session_state["lab_run"] = run_id
    st.query_params["run"] = run_id


def heldout(store: RunStore, run: RunInfo) -> dict[str, float | None]:
    """Each learner's held-out success, sampled: the one measured at its end, else the last one on the way.

    None where it was never measured. Raises DataUnreadable where the run's stored data is damaged.
    """
    success: dict[str, float | None] = {x.name: None for x in run.learners}
    for row in store.rows_since(run.id, 0)[0]:
        if row["heldout_success"] is not None:
            success[row["learner"]] = _share(row["heldout_success"])
    for event in store.events(run.id):
        if event["kind"] == "final" and event["learner"] in success:
            success[event["learner"]] = _share(event["value"].get("sampled"))
    return success


def _share(value: Any) -> float | None:
    """The value where it is a number that a table can show, else None."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1
    return value if known else None
