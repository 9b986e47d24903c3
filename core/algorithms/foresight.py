"""How well values foresee: beside the true ones, beside how the responses came out, and beside one number for all.

B responses, T positions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.algorithms.masked import masked_mean, masked_var
from core.algorithms.value_loss import explained_variance

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Noise:
    """What true values that are measured, each by a few continuations, have more than true ones, on average."""

    squared: float = 0.0  # in a mean of squares over tokens
    variance: float = 0.0  # in a variance over tokens that divides by N - 1


#: Of values that are taken as they are.
NO_NOISE = Noise()


@dataclass(frozen=True)
class Foresight:
    """Of one set of values. A number that does not exist (nothing varies) is None, never 0."""

    error: float  # mean squared difference from the true values
    explained: float | None  # share of the true values' variance that they explain; a constant bias does not show in it
    outcome: float | None  # share of the outcomes' variance that they explain; what perfect values reach is its ceiling


def measuring_noise(noise: Tensor, which: Tensor, mask: Tensor) -> Noise:
    """What measuring adds, from the `noise` [B, T] of each measured value: s² / K, the variance of a mean of K rewards.

    A measured value is M = V + e. The error e of a mean of K independent rewards is 0 on average, and s² / K with
    s² = Σ (r - M)² / (K - 1) estimates its variance without bias; for rewards of 0 or 1 that is M (1 - M) / (K - 1).
    The continuations know nothing of what else is compared here: of a critic's values x, or of how the response itself
    came out. So, on average over continuations,

        mean (M - x)² = mean (V - x)² + mean Var(e)

    Tokens with an equal prefix share one measurement; `which` long [B, T] has the same number there. With w the share
    of tokens that a prefix has, and the variance over N tokens divided by N,

        Var(M - x) = Var(V - x) + Σ w (1 - w) Var(e)

    since Var(e) over tokens is Σ w e² - (Σ w e)², and errors of different prefixes are independent. `variance` is that
    sum times N / (N - 1), as `masked_var` divides. What is left after it has been taken off is without bias, and by
    chance may be below 0; a quotient of two such numbers is so only for many tokens.
    """
    count = int(mask.sum())
    _, prefix, tokens = which[mask].unique(return_inverse=True, return_counts=True)
    of_prefix, share = noise.new_zeros(len(tokens)).scatter(0, prefix, noise[mask]), tokens / count
    variance = (share * (1 - share) * of_prefix).sum() * count / max(1, count - 1)
    return Noise(float(masked_mean(noise, mask)), float(variance))


def foresight(values: Tensor, truth: Tensor, rewards: Tensor, mask: Tensor, noise: Noise = NO_NOISE) -> Foresight:
    """`values` and `truth` (measured values) [B, T], `rewards` [B]: every token's outcome is its response's reward.

    The `noise` of the truth is taken off what it adds to; `values` must not be of the same continuations.
    """
    outcomes = rewards[:, None].expand_as(truth)
    return Foresight(
        error=float(masked_mean((values - truth).square(), mask)) - noise.squared,
        explained=_known(float(explained_variance(values, truth, mask, noise_of_returns=noise.variance))),
        outcome=_known(float(explained_variance(values, outcomes, mask))),
    )


def ceiling(truth: Tensor, rewards: Tensor, mask: Tensor, noise: Noise = NO_NOISE) -> float | None:
    """The share of the outcomes' variance that true values explain: the rest is chance, and no critic foresees it.

    `truth` [B, T] are measured values, whose `noise` is taken off; `rewards` [B]. None where all outcomes are equal.
    """
    outcomes = rewards[:, None].expand_as(truth)
    return _known(float(explained_variance(truth, outcomes, mask, noise_of_values=noise.variance)))


def best_constant(truth: Tensor, mask: Tensor, noise: Noise = NO_NOISE) -> float:
    """The mean squared error of the one number that is nearest to all true values, their mean; [B, T] -> one number."""
    count = int(mask.sum())
    return float(masked_var(truth, mask, ddof=0)) - noise.variance * (count - 1) / max(1, count)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
