"""Whose labels there are: one's own, a machine judge's, and those of files; all of them together are what is learnt.

One's own are a letter a pair of the pool ("a", "b", "=" for neither, "-" for none yet), which the browser remembers
(lessons/kit/memory.py). The judge's follow from its settings, which are in the link. Files are held by the session.
"""

from __future__ import annotations

import re
import secrets
import zlib
from collections.abc import Sequence
from functools import cache

import streamlit as st

from core.errors import RequestError
from core.insight.reward_example import Pair, RewardExample, read
from core.learners.kinds.reward_model import RewardModelLearner
from core.rewards.judge import judge
from core.rewards.preferences import MOST_WEIGHT, Preference, PreferencesError, check_enough, put_together
from core.tasks.tastes import TASTES
from lessons.kit.memory import recall, remember

BATCH = 20  # pairs that are sent to the browser at once
NOBODY = "nobody"
COUNTS = ("20", "50", "100", "200")  # pairs that the judge is given
NOISES = ("0", "10", "20", "30", "40")  # per cent of its labels that are wrong
WEIGHTS = tuple(str(x) for x in range(1, MOST_WEIGHT + 1))
NONE, NEITHER = "-", "="
_NAME = "labels/name"
#: Session state: files by their names, and how often the letters were set otherwise than by labelling.
FILES, EPOCH = "rm_files", "rm_epoch"


def recorded() -> RewardExample | None:
    """The pairs and what was recorded with them; None where that did not come with this copy of the app."""
    return read()


def pool() -> tuple[Pair, ...]:
    known = recorded()
    return known.pool if known is not None else ()


def letters() -> str:
    """One's own labels, a letter a pair of the pool."""
    kept = recall(_entry(pool()))
    return kept if isinstance(kept, str) and is_letters(kept) else NONE * len(pool())


def is_letters(text: object) -> bool:
    """Whether a browser may have sent that: a letter for each pair."""
    return isinstance(text, str) and len(text) == len(pool()) and re.fullmatch("[ab=-]*", text) is not None


def keep(text: str) -> None:
    remember(_entry(pool()), text)


def reset() -> None:
    """No label of one's own any more; the browser takes over that there is none."""
    keep(NONE * len(pool()))
    st.session_state[EPOCH] = epoch() + 1


def epoch() -> int:
    return int(st.session_state.get(EPOCH, 0))


def name() -> str:
    """Whose labels one's own are in a file that others put together with theirs."""
    kept = recall(_NAME)
    if isinstance(kept, str) and kept.strip():
        return kept[:60]
    fresh = f"person-{secrets.token_hex(2)}"  # two people's labels must not count as one's
    remember(_NAME, fresh)
    return fresh


def is_drawn(source: str) -> bool:
    """Whether nobody chose that name."""
    return re.fullmatch(r"person-[0-9a-f]{4}", source) is not None


def rename(text: str) -> None:
    if text.strip():
        remember(_NAME, text.strip()[:60])


def own(weight: int = 1) -> tuple[Preference, ...]:
    """One's own labels; a pair of which neither was preferred has none."""
    whose = name()
    return tuple(
        Preference(prompt=prompt, a=a, b=b, preferred=letter, weight=weight, source=whose)
        for (prompt, a, b), letter in zip(pool(), letters(), strict=True)
        if letter in "ab"
    )


@cache
def judged(taste: str, count: int, noise: int) -> tuple[Preference, ...]:
    """The judge's labels of the pool's first pairs; those that it likes alike get none."""
    return judge(pool()[:count], TASTES[taste].score, noise=noise / 100, source=f"judge-{taste}")


def weight() -> int:
    return int(_linked("weight", WEIGHTS, "1"))


def by_judge() -> tuple[Preference, ...]:
    taste = _linked("judge", (NOBODY, *TASTES), NOBODY)
    return () if taste == NOBODY else judged(taste, int(_linked("count", COUNTS, "200")), int(noise()))


def noise() -> str:
    return _linked("noise", NOISES, "0")


def of_files() -> dict[str, tuple[Preference, ...]]:
    files: dict[str, tuple[Preference, ...]] = st.session_state.setdefault(FILES, {})
    return files


def together() -> tuple[Preference, ...]:
    """All labels that a reward model is to learn. Raises PreferencesError where they are too many."""
    return put_together([(name(), own(weight())), ("judge", by_judge()), *of_files().items()])


def together_or_none() -> tuple[Preference, ...]:
    """The same; none where they are too many, which the page says where they are listed."""
    try:
        return together()
    except PreferencesError:
        return ()


def are_enough(every: Sequence[Preference]) -> bool:
    """Whether a reward model can be made of them: one pair to learn from, and one to hold out."""
    try:
        check_enough(every, RewardModelLearner().heldout)
    except RequestError:
        return False
    return True


def agreement(labels: Sequence[Preference]) -> dict[str, tuple[int, int]]:
    """Taste → (labels that it agrees with, labels of pairs that it does not like alike)."""
    counts = {}
    for taste in TASTES.values():
        scores = [(taste.score(x.prompt, x.chosen), taste.score(x.prompt, x.rejected)) for x in labels]
        unlike = [a > b for a, b in scores if a != b]
        counts[taste.name] = (sum(unlike), len(unlike))
    return counts


def _linked(key: str, options: Sequence[str], first: str) -> str:
    """A choice of lessons/kit/linked.py, where its widget may not be drawn yet."""
    given = st.query_params.get(key, first)
    return given if given in options else first


def _entry(pairs: Sequence[Pair]) -> str:
    """Labels are of these pairs: others have another name."""
    return f"labels/reply.{_checksum(tuple(pairs)):08x}"


@cache
def _checksum(pairs: tuple[Pair, ...]) -> int:
    return zlib.crc32(repr(pairs).encode())
