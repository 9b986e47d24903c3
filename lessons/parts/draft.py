"""What the next run will be: a preset, and what was typed over it. Held by the session and by the URL.

The typed text is kept as typed, right or wrong, so nothing is lost when a setting turns out to be impossible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.config import ConfigError, RunConfig, change
from core.presets import PRESETS
from lessons.parts.fields import Field, Typed, fields
from lessons.parts.i18n import N_

FIRST_PRESET = next(iter(PRESETS))
PRESET_TITLES = {
    "chain-sum": N_("three-term sums"),
    "chain-sum-vine": N_("three-term sums, with VinePPO"),
}
#: These have a place of their own in the URL; all others share `set=name=value`.
_OWN_PARAMETERS = ("seed", "steps")
#: A link is somebody else's text: more than this is not looked at.
_MOST_SETTINGS, _MOST_CHARACTERS = 80, 100


@dataclass(frozen=True)
class Draft:
    """The next run's settings. `config` is None while `problems` (English sentences) stand in the way."""

    preset: str
    typed: dict[str, Typed] = field(default_factory=dict)
    config: RunConfig | None = None
    problems: tuple[str, ...] = ()

    @property
    def base(self) -> RunConfig:
        return PRESETS[self.preset]

    def shown(self, setting: Field) -> Typed:
        """What the setting's widget holds: what was typed, else the preset's value."""
        return self.typed.get(setting.key, setting.typed_default())


def make_draft(preset: str, typed: Mapping[str, Typed]) -> Draft:
    """A draft of a preset with settings typed over it, validated."""
    problems: list[str] = []
    if preset not in PRESETS:
        problems.append(f"there is no preset called {preset!r}; there are {', '.join(PRESETS)}")
        preset = FIRST_PRESET
    known = {x.key: x for x in fields(PRESETS[preset])}
    assignments: dict[str, Any] = {}
    for key, value in typed.items():
        setting = known.get(key)
        assignments[key] = value if setting is None else setting.parse(value)
        if setting is not None and setting.kind == "choice" and assignments[key] not in setting.choices:
            choices = " or ".join(repr(x) for x in setting.choices)
            problems.append(f"{key}: must be one of {choices}, but is {assignments.pop(key)!r}")
    config: RunConfig | None = None
    try:
        config = change(PRESETS[preset], assignments)
    except ConfigError as error:
        problems += str(error).splitlines()
    return Draft(preset, dict(typed), None if problems else config, tuple(problems))


def current_draft() -> Draft:
    """This session's draft; the first time, the link's."""
    if "lab_typed" not in st.session_state:
        preset, typed = _from_link()
        st.session_state["lab_preset"], st.session_state["lab_typed"] = preset, typed
    return make_draft(st.session_state["lab_preset"], st.session_state["lab_typed"])


def type_over(values: Mapping[str, Typed]) -> None:
    """Keep what was typed for these settings; what equals the preset is not kept."""
    draft = current_draft()
    defaults = {x.key: x.typed_default() for x in fields(draft.base)}
    typed = {**draft.typed, **values}
    st.session_state["lab_typed"] = {k: v for k, v in typed.items() if k not in defaults or v != defaults[k]}


def forget_typed() -> None:
    """Back to the preset."""
    st.session_state["lab_preset"] = current_draft().preset
    st.session_state["lab_typed"] = {}


def parameters(draft: Draft) -> dict[str, str | list[str]]:
    """The draft as URL parameters; what equals the default stays out."""
    found: dict[str, str | list[str]] = {}
    if draft.preset != FIRST_PRESET:
        found["preset"] = draft.preset
    rest = []
    for key, value in draft.typed.items():
        text = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        if key in _OWN_PARAMETERS:
            found[key] = text
        else:
            rest.append(f"{key}={text}")
    if rest:
        found["set"] = rest
    return found


def write_link(parts: Mapping[str, str | list[str]]) -> None:
    """Bring our part of the URL up to date; parameters of others (the board's) are left alone."""
    for key in ("run", "preset", *_OWN_PARAMETERS, "set"):
        wanted = parts.get(key)
        if wanted is None:
            if key in st.query_params:
                del st.query_params[key]
        elif st.query_params.get_all(key) != ([wanted] if isinstance(wanted, str) else wanted):
            st.query_params[key] = wanted


def _from_link() -> tuple[str, dict[str, Typed]]:
    preset = st.query_params.get("preset", FIRST_PRESET)
    known = {x.key: x for x in fields(PRESETS.get(preset, PRESETS[FIRST_PRESET]))}
    pairs = [(key, st.query_params[key]) for key in _OWN_PARAMETERS if key in st.query_params]
    for item in st.query_params.get_all("set")[:_MOST_SETTINGS]:
        name, _, value = item.partition("=")
        pairs.append((name, value))
    return preset, {
        name[:_MOST_CHARACTERS]: known[name].typed(value[:_MOST_CHARACTERS]) if name in known else value
        for name, value in pairs
    }
