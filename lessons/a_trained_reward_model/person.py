"""What somebody is called who labels: the name that one's own labels have in a file that others get."""

from __future__ import annotations

import re
import secrets

import streamlit as st

from lessons.kit.remembered import changed_at, cleared_at, recall, remember

_NAME = "labels/name"
_DRAWN = "rm_drawn"  # session state: when a name was drawn, and which


def whose() -> str:
    """Whose labels one's own are in a file that others put together with theirs.

    Where nobody chose one it is drawn, as two people's labels must not count as one's; and remembered with the first
    label or file: as the page comes up, the browser has not said yet which name it remembers, and what is newer counts.
    """
    kept = recall(_NAME)
    if isinstance(kept, str) and kept.strip():
        return kept[:60]
    when, drawn = st.session_state.get(_DRAWN, (None, ""))
    if when != cleared_at():
        drawn = f"person-{secrets.token_hex(2)}"
        st.session_state[_DRAWN] = cleared_at(), drawn
    return str(drawn)


def named_at() -> int:
    """When that name became what it is, as remembered.changed_at."""
    return changed_at(_NAME)


def is_drawn(source: str) -> bool:
    """Whether nobody chose that name."""
    return re.fullmatch(r"person-[0-9a-f]{4}", source) is not None


def rename(text: str) -> None:
    if text.strip():
        remember(_NAME, text.strip()[:60])


def remember_whose() -> None:
    """With the first label or file the name stays, if nobody chose it either."""
    remember(_NAME, whose())
