"""What pages were called before: where an old address leads on, and under which names a browser kept what is kept now.

Links and browsers outlive a page's name. Ratio, clip and KL was one lesson (ratio-clip-kl, with the quiz rck_quiz)
before it became two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

Value = TypeVar("Value")
Entries = dict[str, tuple[Value, int]]

#: What a link to the one lesson named only for its part on the KL.
_OF_KL = {"rck_step", "rck_kl_token", "rck_push_token"}
#: What is part of links to any page.
_OF_ALL = {"lang", "run", "step", "present", "embed", "embed_options"}

#: Old address → the address that takes its place, by the names of what the link has in it. The default page has none of
#: its own: Streamlit shows it at the bare address alone, and takes its key for an address that is not there.
MOVED: Mapping[str, Callable[[set[str]], str]] = {
    "home": lambda _names: "",
    "ratio-clip-kl": lambda names: "kl" if names & _OF_KL and not names - _OF_KL - _OF_ALL else "ratio-and-clip",
}

#: Old name of an answer → its name now, and which choice is right.
_ANSWERS = {
    "quiz/rck_quiz_1": ("quiz/ratio_quiz_1", 1),
    "quiz/rck_quiz_2": ("quiz/ratio_quiz_2", 0),
    "quiz/rck_quiz_3": ("quiz/kl_quiz_1", 1),
    "quiz/rck_quiz_4": ("quiz/kl_quiz_2", 1),
}
#: How many questions the quizzes have that took the old one's questions over.
_QUESTIONS = {"ratio_quiz": 3, "kl_quiz": 3}


def renamed(entries: Mapping[str, tuple[Value, int]]) -> Entries[Value | str]:
    """The entries, and beside those with an old name the same under the new one, unless that is there already.

    A quiz that took questions over has its progress from their answers; it says so anew once somebody looks at it.
    """
    made: Entries[Value | str] = dict(entries)
    for old, (new, _right) in _ANSWERS.items():
        if old in entries:
            made.setdefault(new, entries[old])
    for quiz, count in _QUESTIONS.items():
        own = [(*entries[old], right) for old, (new, right) in _ANSWERS.items() if old in entries and _of(new, quiz)]
        given = [(value == right, when) for value, when, right in own if value is not None]  # not taken back
        if given:
            score = f"{sum(x for x, _when in given)}/{count}"
            made.setdefault(f"progress/{quiz}", (score, max(when for _x, when in given)))
    for old in entries:  # own labels became letters, which two tabs' are put together of
        if old.startswith("labels/reply."):
            made.setdefault(old.replace("labels/", "letters/", 1), entries[old])
    return made


def _of(name: str, quiz: str) -> bool:
    return re.fullmatch(rf"quiz/{quiz}_\d+", name) is not None
