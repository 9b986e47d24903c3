"""What a learner is called where a person reads it: its kind's or its variant's title, and what its name adds."""

from __future__ import annotations

import functools

from core.learners.registry import LEARNER_KINDS
from core.learners.variants import VARIANTS


@functools.cache
def known_titles() -> dict[str, str]:
    """The name of each kind and of each variant → its title, a message template."""
    return {**{x.name: x.title for x in LEARNER_KINDS.values()}, **{x.name: x.title for x in VARIANTS.values()}}


def title_of(name: str, titles: dict[str, str] | None = None) -> str:
    """ "reward-model" → "Reward model", "ppo-fitted" → "PPO fitted"; a name that begins with no kind's stays as it is.

    A run names its learners, as it may have several of a kind. `titles`: those of `known_titles`, in another language.
    The browser does the same (lessons/board/frontend/format.js, learnerTitle).
    """
    known = known_titles() if titles is None else titles
    begun = [x for x in known if name == x or name.startswith(f"{x}-")]
    if not begun:
        return name
    base = max(begun, key=len)
    return " ".join([known[base], *filter(None, name[len(base) :].split("-"))])
