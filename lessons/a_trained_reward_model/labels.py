"""Whose labels there are: one's own, a machine judge's, and those of files; all of them together are what is learnt.

One's own are a letter a pair of the pool ("a", "b", "=" for neither, "-" for none yet), which the browser remembers
(lessons/kit/remembered.py). The judge's follow from its settings, which are in the link. Those of files are
remembered by the browser, too (lessons/kit/shelf.py).
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterable, Sequence
from functools import cache

import streamlit as st

from core.errors import RequestError
from core.insight.reward_example import RewardExample, TextPair, read
from core.learners.registry import labels_of, learner, reward_model_kind
from core.rewards.judge import judge
from core.rewards.preferences import (
    MOST_WEIGHT,
    Preference,
    PreferencesError,
    check_enough,
    put_together,
    to_json,
)
from core.rewards.preferences import read as read_labels
from core.tasks.reply_sentences import WORDS
from core.tasks.tastes import TASTES
from lessons.a_trained_reward_model.person import remember_whose, whose
from lessons.kit import shelf
from lessons.kit.remembered import LETTERS, NOT_YET, TAKEN_BACK, cleared_at, recall, remember
from lessons.kit.remembered import together as put_over

BATCH = 20  # pairs that are sent to the browser at once
NOBODY = "nobody"
COUNTS = ("20", "50", "100", "200")  # pairs that the judge is given
NOISES = ("0", "10", "20", "30", "40")  # per cent of its labels that are wrong
WEIGHTS = tuple(str(x) for x in range(1, MOST_WEIGHT + 1))
NONE, NEITHER = NOT_YET, "="
#: Session state: files by their names, and how often the letters were set otherwise than by labelling.
FILES, EPOCH = "rm_files", "rm_epoch"
#: Why files could not be read, by their names; and where the browser keeps the texts of those that could.
PROBLEMS, SHELF = "rm_problems", "labels"


def recorded() -> RewardExample | None:
    """The pairs and what was recorded with them; None where that did not come with this copy of the app."""
    return read()


def pool() -> tuple[TextPair, ...]:
    known = recorded()
    return known.pool if known is not None else ()


def letters() -> str:
    """One's own labels, a letter a pair of the pool."""
    return _kept().replace(TAKEN_BACK, NONE)


def taken_back() -> list[int]:
    """Places in the pool whose label was taken back, in whichever tab."""
    return [i for i, letter in enumerate(_kept()) if letter == TAKEN_BACK]


def _kept() -> str:
    """As the browser remembers them: what was taken back is known to be, so that no other tab's brings it back."""
    kept = recall(entry())
    return kept if isinstance(kept, str) and is_letters(kept) else NONE * len(pool())


def is_letters(text: object) -> bool:
    """Whether a browser may have sent that: a letter for each pair."""
    return isinstance(text, str) and len(text) == len(pool()) and re.fullmatch("[ab=_-]*", text) is not None


def keep(text: str) -> None:
    """What a tab says, over what is known: where it says nothing, another one may have."""
    remember(entry(), put_over(text, _kept()))
    remember_whose()


def reset() -> None:
    """No label of one's own any more; the browser takes over that there is none."""
    keep(TAKEN_BACK * len(pool()))
    st.session_state[EPOCH] = st.session_state.get(EPOCH, 0) + 1


def epoch() -> int:
    """Another number each time that the letters were set otherwise than by labelling; "Forget me" is such a time."""
    return int(st.session_state.get(EPOCH, 0)) + cleared_at()


def own(weight: int = 1) -> tuple[Preference, ...]:
    """One's own labels; a pair of which neither was preferred has none."""
    me = whose()
    return tuple(
        Preference(prompt=prompt, a=a, b=b, preferred=letter, weight=weight, source=me)
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


def judges_settings() -> dict[str, str]:
    """The chosen judge as the lab's form has it (the preset `reply-reward-model`), where it labels fresh pairs."""
    taste = _linked("judge", (NOBODY, *TASTES), NOBODY)
    if taste == NOBODY:
        return {}
    name = learner(reward_model_kind().name).name
    errs = f"{int(noise()) / 100:g}"
    return {
        "task.taste": taste,
        f"{name}.judge_pairs": _linked("count", COUNTS, "200"),
        f"{name}.judge_noise": errs,
    }


def noise() -> str:
    return _linked("noise", NOISES, "0")


def of_files() -> dict[str, tuple[Preference, ...]]:
    """The labels of files by the files' names: those of this visit, and those that the browser remembers."""
    files: dict[str, tuple[Preference, ...]] = st.session_state.setdefault(FILES, {})
    shelved, there = _shelved(), shelf.texts(SHELF)
    for name in [name for name, key in shelved.items() if key not in there]:  # taken away in another tab, or forgotten
        files.pop(name, None)
        del shelved[name]
    for key, (name, text) in there.items():
        if key in shelved.values():
            continue
        try:
            own = readable(read_labels(text.encode("utf-8", "replace")))
        except RequestError as error:  # what a browser keeps is whatever its owner put there
            shelf.drop(SHELF, key)
            st.session_state.setdefault(PROBLEMS, {})[name] = error.message
            continue
        free = free_name(name, files)
        files[free], shelved[free] = own, key
    return files


def put_file(name: str, preferences: tuple[Preference, ...]) -> bool:
    """A file's labels under its name; says whether the browser has room to remember them."""
    drop_file(name)
    remember_whose()
    key = shelf.put(SHELF, name, to_json(preferences))
    shelved = _shelved()
    for other in [x for x, same in shelved.items() if key is not None and same == key]:  # the same file once more
        st.session_state[FILES].pop(other, None)
        del shelved[other]
    of_files()[name] = preferences
    if key is not None:
        shelved[name] = key
    return key is not None


def drop_file(name: str) -> None:
    """A file's labels count no more, and are not remembered."""
    of_files().pop(name, None)
    if (key := _shelved().pop(name, None)) is not None:
        shelf.drop(SHELF, key)


def is_remembered(name: str) -> bool:
    """Whether there is room for a file's labels among what the browser remembers."""
    return name in _shelved()


def is_refused() -> bool:
    """Whether this browser can remember no file's labels."""
    return shelf.is_refused(SHELF)


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, or where others have it, one with a number: of two people's `labels.json` none takes the other's
    place."""
    stem, dot, ending = name.rpartition(".")
    others = (f"{stem} ({n}){dot}{ending}" for n in itertools.count(2))
    return next(x for x in itertools.chain([name], others) if x not in set(taken))


def _shelved() -> dict[str, str]:
    """File's name → its id among the texts that the browser remembers."""
    shelved: dict[str, str] = st.session_state.setdefault("rm_shelved", {})
    return shelved


def readable(preferences: tuple[Preference, ...]) -> tuple[Preference, ...]:
    """The same. Raises RequestError where one has a word that this model does not know: nothing could be learnt."""
    known = {*WORDS}
    for place, one in enumerate(preferences, 1):
        for text in (one.prompt, one.a, one.b):
            strange = next((x for x in re.findall(r"\w+|[^\w\s]", text) if x not in known), None)
            if strange is not None:
                raise RequestError(
                    "preference {place}: the model of this lesson does not know {word}",
                    place=place,
                    word=repr(strange[:40]),
                )
    return preferences


def together() -> tuple[Preference, ...]:
    """All labels that a reward model is to learn. Raises PreferencesError where they are too many."""
    return put_together([(whose(), own(weight())), ("judge", by_judge()), *of_files().items()])


def together_or_none() -> tuple[Preference, ...]:
    """The same; none where they are too many, which the page says where they are listed."""
    try:
        return together()
    except PreferencesError:
        return ()


def are_enough(every: Sequence[Preference]) -> bool:
    """Whether a reward model can be made of them: one pair to learn from, and one to hold out."""
    usual = labels_of(learner(reward_model_kind().name))
    assert usual is not None
    try:
        check_enough(every, usual.heldout)
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


def entry() -> str:
    """What the browser remembers the labels by. They are of these pairs: others have another name."""
    return f"{LETTERS}reply.{_checksum(pool()):08x}"


@cache
def _checksum(pairs: tuple[TextPair, ...]) -> int:
    return zlib.crc32(repr(pairs).encode())
