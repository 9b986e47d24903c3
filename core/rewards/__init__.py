"""What a response is scored by: one file a reward, found by import."""

from __future__ import annotations

from core.discovery import declared
from core.rewards.base import Reward

__all__ = ["REWARDS", "VERIFIER", "Reward"]

#: The usual one, which pages need not name: what a success is, it says of every learner.
VERIFIER = "verifier"

REWARDS: dict[str, Reward] = {x.name: x for x in sorted(declared(__name__, "REWARD"), key=lambda x: (x.order, x.name))}
