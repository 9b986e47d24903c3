"""What a response is scored by: one file a reward, found by import."""

from __future__ import annotations

from core.discovery import declared
from core.rewards.base import Reward

__all__ = ["REWARDS", "Reward"]

REWARDS: dict[str, Reward] = {x.name: x for x in sorted(declared(__name__, "REWARD"), key=lambda x: (x.order, x.name))}
