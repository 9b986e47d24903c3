"""What fits the critic, and how well it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.algorithms.masked import masked_var
from core.lazy import lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")


def clipped_value_loss(
    values: Tensor, values_old: Tensor, returns: Tensor, cliprange_value: float | None = None
) -> Tensor:
    """1/2 max((V - R)^2, (clip(V, V_old - eps, V_old + eps) - R)^2) per token; [B, T] -> [B, T].

    From PPO's reference implementation (openai/baselines, ppo2/model.py); the paper has only the squared error, which
    `cliprange_value` None gives. The larger of the two counts: the clip can withhold a gradient, never invent progress.
    """
    loss = (values - returns).square()
    if cliprange_value is not None:
        clipped = torch.clamp(values, values_old - cliprange_value, values_old + cliprange_value)
        loss = torch.maximum(loss, (clipped - returns).square())
    return 0.5 * loss


def explained_variance(
    values: Tensor, returns: Tensor, mask: Tensor, *, noise_of_values: float = 0.0, noise_of_returns: float = 0.0
) -> Tensor:
    """1 - Var(R - V) / Var(R) over real tokens; [B, T] -> one number.

    1 is a perfect critic, up to a constant: a bias does not show. So below 0 a critic is worse than the best constant,
    but above 0 it may be either: only the mean squared error tells. NaN if all returns are equal: there is then nothing
    to explain.

    Where V or R is itself the mean of a few samples, its noise spreads, too: `noise_of_values` and `noise_of_returns`
    are what it adds to such a variance (core/algorithms/foresight.py, `measuring_noise`), and are taken off.
    """
    spread = masked_var(returns, mask) - noise_of_returns
    unexplained = masked_var(returns - values, mask) - noise_of_values - noise_of_returns
    return torch.where(spread > 0, 1 - unexplained / spread, torch.nan)
