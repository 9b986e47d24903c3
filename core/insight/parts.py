"""PPO's credit as the sum of what it is made of: the critic's part and the KL penalty's.

The advantage is linear in the rewards while the values stay as they are, so what the penalty adds is the credit with it
less the credit without it, both by the function that trains.

B responses, T positions.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from core.insight.whatif import StoredStep, ValueSource, credit_under
from core.learners.registry import AnyLearner


@dataclass(frozen=True)
class CreditParts:
    """Raw credit, in units of reward: [B, T], 0 where the mask is False. `critic` + `penalty` is the whole."""

    critic: Tensor  # what the values and the response's reward alone would give
    penalty: Tensor  # what the KL penalty in the reward adds


def parts_under(step: StoredStep, settings: AnyLearner, values: ValueSource | Tensor = "stored") -> CreditParts:
    """The parts of a stored step's credit under these settings. Raises ValueError as `credit_under` does."""
    whole = credit_under(step, settings, values).advantages_raw
    bare = credit_under(step, settings.model_copy(update={"kl_coef": 0.0}), values).advantages_raw
    return CreditParts(bare, whole - bare)
