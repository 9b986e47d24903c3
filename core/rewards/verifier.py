"""The task's own verifier: a response is right or wrong, or, where the task gives it, nearly right."""

from __future__ import annotations

from core.errors import N_
from core.rewards.base import Reward, verdicts

REWARD = Reward(
    name="verifier",
    title=N_("the task's verifier"),
    score=lambda task, responses, _occasion: verdicts(task, responses),
    order=10,
)
