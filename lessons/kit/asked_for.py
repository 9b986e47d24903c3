"""Work that a press asks for and that takes seconds: its outcome is shown however often the page is drawn meanwhile.

    if st.button(…):
        ask_for("online_set", chosen, lambda: _collected(chosen))
    outcome = awaited("online_set", _("The start model writes the responses…"))

Streamlit breaks the page's run off where anything else is pressed (another language, a slider), and draws the page anew
at once, in another thread. The work goes on in the first one; what it came to has to be waited for in the second, as
the first may store nothing in the session any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import nullcontext
from typing import Any

import streamlit as st


class AskedFor:
    """Work about something, done once, by whichever thread comes first."""

    def __init__(self, about: Hashable, work: Callable[[], Any]) -> None:
        self.about, self._work = about, work
        self._lock, self._outcomes = threading.Lock(), list[Any]()

    @property
    def is_done(self) -> bool:
        return bool(self._outcomes)

    @property
    def is_under_way(self) -> bool:
        return not self.is_done and self._lock.locked()

    def outcome(self) -> Any:
        """What came of it; waits where another thread is at it. What the work raises is raised, and nothing is done."""
        with self._lock:
            if not self._outcomes:
                self._outcomes.append(self._work())
                del self._work  # and what it has in hand, such as uploaded files: the session keeps the outcome alone
            return self._outcomes[0]


def ask_for(key: str, about: Hashable, work: Callable[[], Any]) -> None:
    """Asks for it in this session, in place of what was asked for before under the key; not twice while it is at it."""
    before = asked_for(key)
    if before is None or before.is_done or before.about != about:
        st.session_state[key] = AskedFor(about, work)


def asked_for(key: str) -> AskedFor | None:
    """What was asked for last under the key; None: nothing yet."""
    asked: AskedFor | None = st.session_state.get(key)
    return asked


def awaited(key: str, words: str) -> Any:
    """What came of what was asked for; where that is not done yet, `words` are shown with a spinner. None: nothing was
    asked for."""
    asked = asked_for(key)
    if asked is None:
        return None
    with nullcontext() if asked.is_done else st.spinner(words):
        return asked.outcome()
