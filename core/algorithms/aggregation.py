"""How per-token losses become one number: who gets how much weight.

    token-mean               every token of the batch alike (DAPO, Yu et al. 2025, arXiv:2503.14476, eq. 8)
    seq-mean-token-mean      every response alike, so a short answer's tokens weigh more (GRPO, Shao et al. 2024,
                             arXiv:2402.03300, eq. 3)
    seq-mean-token-sum-norm  each token by one constant, whatever the response's length (Dr. GRPO, Liu et al. 2025,
                             arXiv:2503.20783)

The weights are normalised within the batch that is passed in. With mini-batches that is the mini-batch, as in verl, so
under token-mean a token in a mini-batch of short answers weighs somewhat more than one in a mini-batch of long answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from core.lazy import lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")


Aggregation = Literal["token-mean", "seq-mean-token-mean", "seq-mean-token-sum-norm"]

#: Each as LaTeX.
LINES: dict[str, str] = {
    "token-mean": r"L = -\frac{1}{\sum_i |o_i|}\sum_{i,t} J_{i,t}",
    "seq-mean-token-mean": r"L = -\frac{1}{B}\sum_i \frac{1}{|o_i|}\sum_t J_{i,t}",
    "seq-mean-token-sum-norm": r"L = -\frac{1}{B\,T_{\max}}\sum_{i,t} J_{i,t}",
}


def token_weights(mask: Tensor, mode: str, max_length: int) -> Tensor:
    """The weight of each token in the loss; mask bool [B, T] -> float32 [B, T], 0 where the mask is False.

    They add up to 1 in the first two modes. `max_length` (tokens) is the constant of seq-mean-token-sum-norm: the run's
    max_completion_length, not the batch's longest response, which would change from step to step. Raises ValueError
    where there is no such mode.
    """
    weight = mask.float()
    if mode == "token-mean":
        return weight / weight.sum().clamp(min=1)
    if mode == "seq-mean-token-mean":
        return weight / weight.sum(1, keepdim=True).clamp(min=1) / mask.shape[0]
    if mode == "seq-mean-token-sum-norm":
        return weight / max_length / mask.shape[0]
    raise ValueError(f"aggregation must be token-mean, seq-mean-token-mean or seq-mean-token-sum-norm, but is {mode!r}")


def aggregate(per_token: Tensor, mask: Tensor, mode: str, max_length: int) -> Tensor:
    """The weighted sum of per_token [B, T] as one number. What stands where the mask is False is never read."""
    return (token_weights(mask, mode, max_length) * torch.where(mask, per_token, 0)).sum()
