"""Longer texts that a person put together, remembered by their own browser as answers are (lessons/kit/remembered.py).

    put("labels", "ada.json", text)          # its id, or None where it is too long to be remembered
    texts("labels")                          # id → (name, text)
    drop("labels", id)
    browser_shelf("labels", key="…")         # hands them to the browser, and asks what only that knows

A shelf is a document of its own in the browser, so that a full one takes no answer's place. Texts have ids by their
name and content: two tabs' come together, and the same one stands there once. "Forget me" forgets them, too.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from lessons.board.assets import loader
from lessons.board.component import component_key
from lessons.kit.remembered import cleared_at, hear_forgotten, is_time, now, session
from lessons.kit.renamed import Entries

#: Characters of all texts of a shelf together, of one name, and how many there may be. A browser has room for five
#: million in all. That a text was taken away is remembered apart: it takes no text's place.
MOST_CHARACTERS, MOST_NAME, MOST_TEXTS, MOST_GONE = 1_000_000, 120, 60, 400
_ID = re.compile(r"text/[0-9a-f]{8}", re.ASCII)

_component = st.components.v2.component("credit_lab_shelf", js=loader("memory"))


def put(shelf: str, name: str, text: str) -> str | None:
    """Remembers a text under a name; its id, or None where there is no room for it."""
    entries, value = _entries(shelf), json.dumps([name[:MOST_NAME], text], ensure_ascii=False)
    key = f"text/{zlib.crc32(value.encode('utf-8', 'replace')):08x}"
    others = [x for id_, (x, _when) in entries.items() if x is not None and id_ != key]
    if len(others) >= MOST_TEXTS or len(value) + sum(map(len, others)) > MOST_CHARACTERS:
        return None
    if entries.get(key, (None, 0))[0] is None:
        entries[key] = (value, now())
    return key


def drop(shelf: str, key: str) -> None:
    """The text is remembered no more, in other tabs either."""
    entries = _entries(shelf)
    if entries.get(key, (None, 0))[0] is not None:
        entries[key] = (None, now())


def texts(shelf: str) -> dict[str, tuple[str, str]]:
    """Id → (name, text), in the order in which they came."""
    there = sorted(_entries(shelf).items(), key=lambda x: x[1][1])
    return {key: _named(value) for key, (value, _when) in there if value is not None}


def browser_shelf(shelf: str, *, key: str) -> None:
    """Hands what the session knows to the browser, and takes over what only that knows."""
    sent = {
        "key": f"credit-lab-{shelf}",
        "asks": True,
        "session": session(),
        "refused": is_refused(shelf),
        "cleared": cleared_at(),
        "entries": _entries(shelf),
    }
    _component(
        key=component_key(key),
        data=json.dumps(sent, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"),
        height=0,
        on_kept_change=partial(_receive, shelf, key),
        on_refused_change=partial(_note_refusal, shelf, key),
    )


def is_refused(shelf: str) -> bool:
    """Whether the browser has said that it cannot keep the shelf: its storage is full, or may not be used."""
    return bool(st.session_state.get("shelves_refused", {}).get(shelf))


def accepted(given: Any) -> Entries[str | None]:
    """The entries of what a browser sent that can be ones; of too many the newest for which there is room."""
    entries = given.get("entries") if isinstance(given, Mapping) else None
    if not isinstance(entries, Mapping):
        return {}
    sound: list[tuple[str, str | None, int]] = []
    for key, entry in entries.items():
        if not (isinstance(key, str) and _ID.fullmatch(key) and isinstance(entry, list | tuple) and len(entry) == 2):
            continue
        value, when = entry
        if is_time(when) and (value is None or _is_text(value)):
            sound.append((key, value, int(when)))
    sound.sort(key=lambda x: -x[2])
    kept: Entries[str | None] = {key: (None, when) for key, value, when in sound if value is None}
    for key in list(kept)[MOST_GONE:]:
        del kept[key]
    texts, room = 0, MOST_CHARACTERS
    for key, value, when in sound:
        if value is not None and len(value) <= room and texts < MOST_TEXTS:
            texts, room = texts + 1, room - len(value)
            kept[key] = (value, when)
    return kept


def _receive(shelf: str, key: str) -> None:
    state = st.session_state.get(component_key(key))
    given = dict(state).get("kept") if state else None
    hear_forgotten(given)
    entries = _entries(shelf)
    for name, (value, when) in accepted(given).items():
        if when > max(cleared_at(), entries.get(name, (None, 0))[1]):
            entries[name] = (value, when)


def _note_refusal(shelf: str, key: str) -> None:
    state = st.session_state.get(component_key(key))
    st.session_state.setdefault("shelves_refused", {})[shelf] = bool(state and dict(state).get("refused"))


def _entries(shelf: str) -> Entries[str | None]:
    """Id → ([name, text] as JSON, or None where it was taken away; when)."""
    shelves: dict[str, Entries[str | None]] = st.session_state.setdefault("shelves", {})
    own = shelves.setdefault(shelf, {})
    for key in [key for key, (_value, when) in own.items() if when <= cleared_at()]:  # "Forget me" was pressed since
        del own[key]
    return own


def _is_text(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        return False
    try:
        pair = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair)


def _named(value: str) -> tuple[str, str]:
    name, text = json.loads(value)
    return name[:MOST_NAME], text
