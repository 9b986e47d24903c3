"""A trained reward model: what it says of a response is the learner's reward, and the task still says what is right.

Declared here, where learners' settings know it; the model itself lies above (core/models/reward.py holds it,
core/training/proxy.py scores with it), since rewards know no tensors.
"""

from __future__ import annotations

from core.errors import N_
from core.rewards import verifier
from core.rewards.base import Reward

REWARD = Reward(name="reward-model", title=N_("a trained reward model"), score=verifier.REWARD.score, trained=True)
