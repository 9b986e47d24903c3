"""Means and variances over a response's real tokens only.

Padding has ratio 1 and KL 0, so a mean that includes it makes every diagnostic look better than it is. `mask` is True
for every token that the policy wrote, including the end-of-sequence token; a token inside a response that somebody else
wrote is a hole in it. What stands where the mask is False is never read: it may
be NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.errors import N_
from core.lazy import lazy
from core.terms import Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from core.algorithms.types import Credit
else:
    torch = lazy("torch")


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


#: Added to the standard deviation before dividing by it.
WHITEN_EPS = 1e-8


@dataclass(frozen=True)
class Whitened:
    """Whitened numbers, and the mean and standard deviation that they had before."""

    values: Tensor  # [B, T], 0 where the mask is False
    mean: Tensor  # one number
    std: Tensor  # one number, without eps


def whitened(x: Tensor, mask: Tensor, ddof: int = 1, eps: float = WHITEN_EPS) -> Whitened:
    """(x - mean) / (std + eps) over the batch's real tokens; x and mask [B, T] -> [B, T], 0 where mask is False.

    The mean is really taken away: several libraries have a flag that adds it back, and some have it inverted. If the
    critic is already perfect, what is left of x is noise and comes out with unit variance all the same: that is
    whitening's known weakness, not a bug of this function.
    """
    mean, std = masked_mean(x, mask), masked_var(x, mask, ddof).sqrt()
    return Whitened(torch.where(mask, (x - mean) / (std + eps), 0), mean, std)


def whitened_credit(credit: Credit, mask: Tensor, ddof: int) -> Credit:
    """The credit with whitened advantages, and by what they were whitened; its raw ones stay. mask [B, T]."""
    white = whitened(credit.advantages, mask, ddof)
    by = {**credit.step, "advantage_mean": white.mean, "advantage_std": white.std}
    return replace(credit, advantages=white.values, step=by)


def advantage_terms(of: str, *, whiten: bool) -> tuple[Term, ...]:
    """How `whitened` leads from the expression `of`, per token, to the term "advantage". Without whitening it is `of`.

    For kinds whose settings have `whiten_advantages`, which chooses between the two, and `whiten_ddof`.
    """
    code, given = "core/algorithms/masked.py:whitened", ("whiten_advantages",)
    if not whiten:
        plain = N_("The token's credit as it is, without whitening: what the loss uses.")
        return (Term("advantage", of, title=N_("advantage Â"), help=plain, tex=r"\hat A_t", given=given),)
    return (
        Term(
            "advantage_mean",
            f"mean_batch({of})",
            title=N_("mean of the step"),
            help=N_(
                "Over all response tokens of the step, which are more than those of the group shown. The advantage has "
                "it taken off."
            ),
            source=code,
            given=given,
        ),
        Term(
            "advantage_std",
            f"std_batch({of}, whiten_ddof)",
            title=N_("std of the step"),
            help=N_(
                "Standard deviation over all response tokens of the step, which are more than those of the group "
                "shown; divides by N − 1 (by N where whiten_ddof is 0). The advantage is divided by it."
            ),
            source=code,
            given=given,
        ),
        Term(
            "advantage",
            f"({of} - advantage_mean) / (advantage_std + {WHITEN_EPS!r})",
            title=N_("advantage Â"),
            help=N_("(advantage − mean) / standard deviation, over all tokens of the step."),
            tex=r"\hat A_t",
            source=code,
            given=given,
        ),
    )


def last_token(mask: Tensor) -> Tensor:
    """True at each response's last real token; mask bool [B, T] -> bool [B, T]."""
    return mask & (mask.cumsum(1) == mask.sum(1, keepdim=True))


def lengths(mask: Tensor) -> Tensor:
    """Positions up to and including each response's last real token, holes counted; mask bool [B, T] -> long [B].

    A hole is a token inside a response that the policy did not write (an environment's). A response ends with a token
    of the policy's own.
    """
    places = torch.arange(1, mask.shape[1] + 1, device=mask.device)
    return (mask * places).amax(1)


def next_token(x: Tensor, mask: Tensor, end: Tensor | float = 0.0) -> Tensor:
    """x at each response's next real token, [B, T] -> [B, T], skipping holes; `end` ([B] or a number) after the last.

    What stands where the mask is False is never read, and is 0 in what comes back.
    """
    after = torch.as_tensor(end, dtype=x.dtype, device=x.device).expand(len(x)).clone()
    following = torch.zeros_like(x)
    if bool((mask[:, 1:] <= mask[:, :-1]).all()):  # no holes: everything moves by one place
        following[:, :-1] = torch.where(mask[:, 1:], x[:, 1:], 0)
        return torch.where(last_token(mask), after[:, None], torch.where(mask, following, 0))
    for t in reversed(range(x.shape[1])):
        following[:, t] = torch.where(mask[:, t], after, 0)
        after = torch.where(mask[:, t], x[:, t], after)
    return following
