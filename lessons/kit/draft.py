"""What the next run will be: a preset, and what was typed over it. Held by the session and by the URL.

The typed text is kept as typed, right or wrong, so nothing is lost when a setting turns out to be impossible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core import presets
from core.config import RunConfig
from core.errors import ConfigError, Message
from core.given_config import change
from core.presets import PRESETS, about
from core.refusals import either
from core.tasks.kinds.questions import Question
from core.tasks.registry import TASK_KINDS
from lessons.kit.fields import Field, Typed, fields
from lessons.kit.question_sources import OWN, WHICH, asking, kind_called, of_kind, source_of

FIRST_PRESET = next(iter(PRESETS))
#: These have a place of their own in the URL; all others share `set=name=value`.
_OWN_PARAMETERS = ("seed", "steps")
#: A link is somebody else's text: more than this is not looked at.
_MOST_SETTINGS, _MOST_CHARACTERS = 80, 2000
NO_QUESTIONS = Message("Upload a file with your questions (Settings), or choose a data set.")


@dataclass(frozen=True)
class Draft:
    """The next run's settings. `config` is None while `problems` stand in the way."""

    preset: str
    base: RunConfig  # the preset's settings, with the chosen questions
    typed: dict[str, Typed] = field(default_factory=dict)
    config: RunConfig | None = None
    problems: tuple[Message, ...] = ()
    source: str = ""  # a data set's name, or `questions`; empty: the preset's own, or of the kind that was typed

    @property
    def asks(self) -> str:
        """Where its questions come from, as in question_sources.py."""
        return source_of(self.base)

    @property
    def asks_preset(self) -> bool:
        """Whether they are the preset's own."""
        return not self.source and "task.kind" not in self.typed

    def shown(self, setting: Field) -> Typed:
        """What the setting's widget holds: what was typed, else the preset's value."""
        return self.typed.get(setting.key, setting.typed_default())


def make_draft(
    preset: str, typed: Mapping[str, Typed], source: str = "", questions: tuple[Question, ...] = ()
) -> Draft:
    """A draft of a preset with settings typed over it, validated; for the last two see question_sources.py."""
    problems: list[Message] = []
    try:
        presets.preset(preset)
    except ConfigError as error:
        problems += error.messages
        preset = FIRST_PRESET
    base = asking(PRESETS[preset], source, questions)
    source = source if base is not PRESETS[preset] else ""
    # Whoever watches wants to pause, step and stop all learners at the same step.
    base = base.model_copy(update={"keep_level": True})
    assignments: dict[str, Any] = dict(typed)
    with contextlib.suppress(ConfigError):  # of no such kind: `change` says so
        base = of_kind(base, typed, questions)
        assignments.pop("task.kind", None)
    known = {x.key: x for x in fields(base)}
    for key, value in list(assignments.items()):
        setting = known.get(key)
        assignments[key] = value if setting is None else setting.parse(value)
        if setting is not None and (problem := _unreadable(setting, assignments[key])):
            problems.append(problem)
            del assignments[key]
    config: RunConfig | None = None
    if source_of(base) == OWN and not questions:
        problems.append(NO_QUESTIONS)
    else:
        try:
            config = change(base, assignments)
        except ConfigError as error:
            problems += error.messages
    if config is not None and "model" not in typed:  # it follows from what was typed (core.given_config.change)
        base = base.model_copy(update={"model": config.model})
    return Draft(preset, base, dict(typed), None if problems else config, tuple(problems), source)


def _unreadable(setting: Field, value: Any) -> Message | None:
    """What is wrong with what was typed, where only this form knows."""
    if setting.kind == "choice" and value not in (*setting.choices, *((None,) if setting.optional else ())):
        return Message(
            "{setting}: must be one of {choices}, but is {given}",
            setting=setting.key,
            choices=either([repr(x) for x in setting.choices]),
            given=repr(value),
        )
    if setting.kind == "json" and isinstance(setting.default, dict) and not isinstance(value, dict):
        return Message(
            '{setting}: must be JSON such as {{"name": 2}}, but is {given}', setting=setting.key, given=repr(value)
        )
    return None


def current_draft() -> Draft:
    """This session's draft; the first time, the link's."""
    state = st.session_state
    if "lab_typed" not in state:
        state["lab_preset"], state["lab_typed"], state["lab_source"] = _from_link()
        state["lab_chosen"] = "preset" in st.query_params
    return make_draft(state["lab_preset"], state["lab_typed"], state["lab_source"], state.get("lab_questions", ()))


def type_over(values: Mapping[str, Typed]) -> None:
    """Keep what was typed for these settings; what equals the preset is not kept."""
    draft = current_draft()
    defaults = {x.key: x.typed_default() for x in fields(draft.base)}
    typed = {**draft.typed, **values}
    st.session_state["lab_typed"] = {k: v for k, v in typed.items() if k not in defaults or v != defaults[k]}


def forget_typed() -> None:
    """Back to the preset."""
    choose_preset(current_draft().preset)


def choose_preset(preset: str) -> None:
    """Begin from this preset; what was typed over another one suits another model."""
    st.session_state.update(lab_preset=preset, lab_typed={}, lab_source="", lab_chosen=True)


def follow(run_id: str, config: RunConfig) -> None:
    """A run comes onto the page: the next one shall begin from its preset, unless somebody chose or typed otherwise.

    What was chosen stands until yet another run is looked at; a run whose questions are not its preset's says nothing.
    """
    draft, state = current_draft(), st.session_state
    if state.get("lab_followed") == run_id:
        return
    state["lab_followed"] = run_id
    if state.pop("lab_chosen", False) or draft.typed or draft.source:
        return
    if config.preset in PRESETS and about(config) == config.preset:
        state["lab_preset"] = config.preset


def choose_source(source: str) -> None:
    """Other questions. Settings that the new task has, too, stay as typed."""
    draft = current_draft()
    typed = {k: v for k, v in draft.typed.items() if k not in (*WHICH, "task.options")}
    if source == OWN or kind_called(draft.base, source) is None:  # one's own, or a data set
        st.session_state.update(lab_source=source, lab_typed=typed)
        return
    has = {f"task.{x}" for x in TASK_KINDS[source].settings.model_fields}
    typed = {k: v for k, v in typed.items() if not k.startswith("task.") or k in has}
    kind = {} if source == source_of(PRESETS[draft.preset]) else {"task.kind": source}
    st.session_state.update(lab_source="", lab_typed=typed | kind)


def parameters(draft: Draft) -> dict[str, str | list[str]]:
    """The draft as URL parameters; what equals the default stays out, and so do one's own questions."""
    given: dict[str, str | list[str]] = {}
    if draft.preset != FIRST_PRESET:
        given["preset"] = draft.preset
    if draft.source:
        given["task"] = draft.source
    rest = []
    for key, value in draft.typed.items():
        text = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        if key in _OWN_PARAMETERS:
            given[key] = text
        else:
            rest.append(f"{key}={text}")
    if rest:
        given["set"] = rest
    return given


def write_link(parts: Mapping[str, str | list[str]]) -> None:
    """Bring our part of the URL up to date; parameters of others (the board's) are left alone."""
    for key in ("run", "preset", "task", *_OWN_PARAMETERS, "set"):
        wanted = parts.get(key)
        if wanted is None:
            if key in st.query_params:
                del st.query_params[key]
        elif st.query_params.get_all(key) != ([wanted] if isinstance(wanted, str) else wanted):
            st.query_params[key] = wanted


def _from_link() -> tuple[str, dict[str, Typed], str]:
    preset = st.query_params.get("preset", FIRST_PRESET)
    source = st.query_params.get("task", "")[:_MOST_CHARACTERS]
    pairs = [(key, st.query_params[key]) for key in _OWN_PARAMETERS if key in st.query_params]
    for item in st.query_params.get_all("set")[:_MOST_SETTINGS]:
        name, _, value = item.partition("=")
        pairs.append((name, value))
    base = asking(PRESETS.get(preset, PRESETS[FIRST_PRESET]), source, ())
    with contextlib.suppress(ConfigError):  # of no such kind: the draft says so
        base = of_kind(base, dict(pairs), ())
    known = {x.key: x for x in fields(base)}
    typed = {
        name[:_MOST_CHARACTERS]: known[name].typed(value[:_MOST_CHARACTERS]) if name in known else value
        for name, value in pairs
    }
    return preset, typed, source
