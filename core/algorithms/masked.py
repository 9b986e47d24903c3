"""Means and variances over a response's real tokens only.

Padding has ratio 1 and KL 0, so a mean that includes it makes every diagnostic look better than it is. `mask` is True
for every sampled token including the end-of-sequence token. What stands where the mask is False is never read: it may
be NaN.
"""

from __future__ import annotations

import torch
from torch import Tensor


def masked_mean(x: Tensor, mask: Tensor, dim: int | None = None) -> Tensor:
    """Mean of x over the positions where mask is True; x and mask [B, T]. NaN where there is none.

    `dim` None gives one number, dim 1 one mean per response [B].
    """
    kept = torch.where(mask, x, 0)
    if dim is None:
        return kept.sum() / mask.sum()
    return kept.sum(dim) / mask.sum(dim)


def masked_var(x: Tensor, mask: Tensor, ddof: int = 1) -> Tensor:
    """Variance of x [B, T] over the positions where mask is True, dividing by N - ddof. 0 where N - ddof is below 1."""
    squares = torch.where(mask, x - masked_mean(x, mask), 0).square()
    return squares.sum() / (mask.sum() - ddof).clamp(min=1)


def whiten(x: Tensor, mask: Tensor, ddof: int = 1, eps: float = 1e-8) -> Tensor:
    """(x - mean) / (std + eps) over the batch's real tokens; x and mask [B, T] -> [B, T], 0 where mask is False.

    The mean is really taken away (several libraries have a flag that adds it back, and some have it inverted). If the
    critic is already perfect, what is left of x is noise and comes out with unit variance all the same: that is
    whitening's known weakness, not a bug of this function.
    """
    centred = x - masked_mean(x, mask)
    return torch.where(mask, centred / (masked_var(x, mask, ddof).sqrt() + eps), 0)


def last_token(mask: Tensor) -> Tensor:
    """True at each response's last real token; mask bool [B, T] -> bool [B, T]."""
    return mask & (mask.cumsum(1) == mask.sum(1, keepdim=True))
