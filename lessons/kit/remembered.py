"""What a person answered, predicted and got done: remembered by their own browser, and nowhere else.

    recall("quiz/how_ppo_quiz_1")            # what was given, or None
    remember("quiz/how_ppo_quiz_1", 2)       # in a callback: a number or a short text
    forget("predict/rck_kl")
    browser_memory(key="…")                  # hands it to the browser; where something was just remembered

The session knows it at once, so it outlives widgets that are drawn anew: another language, another page. The browser
(loader/memory.mjs) keeps it for the next session. `app.py` mounts the memory of every page; a fragment in which
something is remembered mounts one of its own, since the page around it is not run then.

What comes from a browser is whatever its owner put there: names, sizes and kinds are checked here, and whoever recalls
a value checks that it is one that can be (an index into the choices, a number on the scale).
"""

from __future__ import annotations

import json
import math
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from lessons.board.assets import loader
from lessons.board.component import component_key
from lessons.i18n import _
from lessons.kit.renamed import renamed

Remembered = int | float | str

#: A kind of thing, then its own name: quiz/…, predict/…, progress/…
NAME = re.compile(r"[a-z]{1,20}/[\w.:-]{1,120}", re.ASCII)
MOST_ENTRIES, MOST_CHARACTERS = 500, 200
#: Begins the names of texts that have a letter a thing: NOT_YET where nothing was said, TAKEN_BACK where it was taken
#: back. What two tabs gave is put together letter by letter (loader/memory.mjs does the same).
LETTERS, NOT_YET, TAKEN_BACK = "letters/", "-", "_"
_MAIN, _STATE, _CLEARED, _SESSION = "memory", "memory_entries", "memory_cleared", "memory_session"
_FORGOTTEN = "memory_forgotten_here"

_component = st.components.v2.component("credit_lab_memory", js=loader("memory"))


def recall(name: str) -> Remembered | None:
    """What is remembered under the name; None where nothing is."""
    value: Remembered | None = _entries().get(name, (None, 0))[0]
    return value


def recall_index(name: str, count: int) -> int | None:
    """The remembered place in a list of `count`; None where none is, or one that the list does not have."""
    value = recall(name)
    return value if isinstance(value, int) and 0 <= value < count else None


def remember(name: str, value: Remembered | None) -> None:
    """Keeps a value under a name, in the session now and in the browser with the next `browser_memory`; None: nothing.

    Raises ValueError where the name or the value is not one that can be kept.
    """
    if not NAME.fullmatch(name) or not (value is None or _is_value(value)):
        raise ValueError(f"{name!r} = {value!r} cannot be remembered")
    entries = _entries()
    if entries.get(name, (None, 0))[0] == value:
        return
    entries.pop(name, None)  # to the end: of too many, the oldest go
    entries[name] = (value, now())
    while len(entries) > MOST_ENTRIES:
        del entries[next(iter(entries))]


def together(newer: Remembered | None, older: Remembered | None) -> Remembered | None:
    """The newer letters, and where those say nothing yet the older ones; what are no such two texts: the newer."""
    if not (isinstance(newer, str) and isinstance(older, str) and len(newer) == len(older)):
        return newer
    return "".join(y if x == NOT_YET else x for x, y in zip(newer, older, strict=True))


def forget(name: str) -> None:
    """Nothing is remembered under this name any more."""
    if recall(name) is not None:
        remember(name, None)


def forget_all() -> None:
    """Nothing is remembered any more, neither here nor in the browser."""
    st.session_state[_CLEARED] = st.session_state[_FORGOTTEN] = now()
    st.session_state[_STATE] = {}


def forgotten_here() -> int:
    """As `cleared_at`, of this tab alone: whoever pressed that here is typing nothing meanwhile."""
    return int(st.session_state.get(_FORGOTTEN, 0))


def changed_at(name: str) -> int:
    """When what is remembered under the name became that, or was forgotten with all: as `cleared_at`."""
    return max(cleared_at(), _entries().get(name, (None, 0))[1])


def cleared_at() -> int:
    """When a person last had everything forgotten, in milliseconds since 1970; 0: never in this session."""
    return int(st.session_state.get(_CLEARED, 0))


def browser_memory(key: str = _MAIN) -> None:
    """Hands what the session knows to the browser; the page's own (without a `key`) also asks what only that knows."""
    entries = {name: [value, when] for name, (value, when) in _entries().items()}
    asks = key == _MAIN
    sent = {"asks": asks, "session": session(), "cleared": st.session_state.get(_CLEARED, 0), "entries": entries}
    _component(
        key=component_key(key),
        data=json.dumps(sent, ensure_ascii=False, allow_nan=False).encode(),
        height=0,
        on_kept_change=_receive if asks else _nothing,
    )


def session() -> str:
    """Which session this is, for the browser: what it has told one, it need not tell that one again."""
    return str(st.session_state.setdefault(_SESSION, secrets.token_hex(4)))


def forget_me() -> None:
    """The control with which a person has all of it forgotten."""
    with st.popover(_("Your answers"), icon=":material/history_edu:", type="tertiary", key="memory_menu"):
        st.markdown(
            _(
                "Predictions, quiz answers and what you got done are kept by this browser, on this device only. "
                "The server stores none of it."
            )
        )
        st.button(_("Forget me"), icon=":material/delete:", on_click=forget_all, key="memory_forget")


def hear_forgotten(given: Any) -> None:
    """Forgets what a person had forgotten in another tab, as their browser says."""
    cleared: Any = given.get("cleared") if isinstance(given, Mapping) else None
    if is_time(cleared) and cleared > cleared_at():
        st.session_state[_CLEARED] = int(cleared)
        st.session_state[_STATE] = {name: x for name, x in _entries().items() if x[1] > cleared}


def accepted(given: Any) -> dict[str, tuple[Remembered | None, int]]:
    """The entries of what a browser sent that can be ones, the oldest first, and of too many the newest."""
    entries = given.get("entries") if isinstance(given, Mapping) else None
    if not isinstance(entries, Mapping):
        return {}
    sound = {}
    for name, entry in entries.items():
        if not (isinstance(name, str) and NAME.fullmatch(name) and isinstance(entry, list | tuple) and len(entry) == 2):
            continue
        value, when = entry
        if is_time(when) and (value is None or _is_value(value)):
            sound[name] = (value, int(when))
    in_order = sorted(renamed(sound).items(), key=lambda x: x[1][1])
    return dict(in_order[-MOST_ENTRIES:])


def _receive() -> None:
    """What the browser knows and the session does not; what was done in this session meanwhile is newer."""
    state = st.session_state.get(_MAIN)
    given = dict(state).get("kept") if state else None
    hear_forgotten(given)
    known, cleared = _entries(), st.session_state.get(_CLEARED, 0)
    for name, (value, when) in accepted(given).items():
        before, known_since = known.get(name, (None, 0))
        if name.startswith(LETTERS) and name in known and when > cleared:
            newer, older = (value, before) if when >= known_since else (before, value)
            known[name] = (together(newer, older), max(when, known_since))
        elif when > max(cleared, known_since):
            known[name] = (value, when)
    in_order = sorted(known.items(), key=lambda x: x[1][1])
    st.session_state[_STATE] = dict(in_order[-MOST_ENTRIES:])


def _entries() -> dict[str, tuple[Remembered | None, int]]:
    """By name, in the order in which they were given: (value, when in milliseconds since 1970)."""
    entries: dict[str, tuple[Remembered | None, int]] = st.session_state.setdefault(_STATE, {})
    return entries


def _is_value(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MOST_CHARACTERS
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**53 if isinstance(value, int) else math.isfinite(value)


def is_time(when: Any) -> bool:
    """A moment that was; what claims to be of the future could never be forgotten."""
    number = isinstance(when, int | float) and not isinstance(when, bool)
    return number and math.isfinite(when) and 0 < when <= now() + 60_000


def now() -> int:
    """Milliseconds since 1970."""
    return int(1000 * time.time())


def _nothing() -> None:
    """A component's values exist only if somebody listens."""
