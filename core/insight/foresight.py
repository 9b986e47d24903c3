"""How well values foresee: beside the true ones, beside how the responses came out, and beside one number for all.

B responses, T positions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from core.algorithms.masked import masked_mean, masked_var
from core.algorithms.value_loss import explained_variance


@dataclass(frozen=True)
class Foresight:
    """Of one set of values. A number that does not exist (nothing varies) is None, never 0."""

    error: float  # mean squared difference from the true values
    explained: float | None  # share of the true values' variance that they explain; a constant bias does not show in it
    outcome: float | None  # share of the outcomes' variance that they explain; what perfect values reach is its ceiling


def foresight(values: Tensor, truth: Tensor, rewards: Tensor, mask: Tensor) -> Foresight:
    """`values` and `truth` (measured values) [B, T], `rewards` [B]: every token's outcome is its response's reward."""
    outcomes = rewards[:, None].expand_as(truth)
    return Foresight(
        error=float(masked_mean((values - truth).square(), mask)),
        explained=_known(float(explained_variance(values, truth, mask))),
        outcome=_known(float(explained_variance(values, outcomes, mask))),
    )


def best_constant(truth: Tensor, mask: Tensor) -> float:
    """The mean squared error of the one number that is nearest to all true values, their mean; [B, T] -> one number."""
    return float(masked_var(truth, mask, ddof=0))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
