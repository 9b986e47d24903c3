"""The loss of a reward model: of two responses to one prompt, the preferred one is to get the larger reward.

Bradley and Terry (1952): the probability that j is preferred to k is σ(r_j − r_k); what is maximised is the likelihood
of all labels (Christiano et al. 2017, arXiv:1706.03741; Stiennon et al. 2020, arXiv:2009.01325). Only differences of
rewards of one prompt count: a constant added to all of them changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.lazy import lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")


def preference_probability(chosen: Tensor, rejected: Tensor) -> Tensor:
    """σ(r_j − r_k): how sure rewards [N] are that the response j is preferred to k, [N]."""
    return torch.sigmoid(chosen - rejected)


def log_likelihood(chosen: Tensor, rejected: Tensor) -> Tensor:
    """log σ(r_j − r_k) of N labels [N], from the rewards [N] of the preferred responses and of the others."""
    return torch.nn.functional.logsigmoid(chosen - rejected)


def bradley_terry_loss(chosen: Tensor, rejected: Tensor, weight: Tensor | None = None) -> Tensor:
    """−log σ(r_j − r_k), the mean over N pairs; with `weight` [N], a label counts as often as its weight says.

    `chosen` and `rejected` are the rewards [N] of the preferred responses and of the others.
    """
    each = -log_likelihood(chosen, rejected)
    if weight is None:
        return each.mean()
    return (each * weight).sum() / weight.sum()


def pair_accuracy(chosen: Tensor, rejected: Tensor, weight: Tensor | None = None) -> float:
    """Share of pairs [N] whose preferred response has the larger reward; equal rewards count half."""
    right = (chosen > rejected).double() + (chosen == rejected).double() / 2
    if weight is None:
        return float(right.mean())
    return float((right * weight).sum() / weight.sum())


@dataclass(frozen=True)
class Bin:
    """Pairs of which the model was about equally sure."""

    claimed: float  # mean probability that it gave to the response which it holds for the better one
    right: float  # share of them in which that one was preferred; weighted, as the labels are
    pairs: int


def calibration(chosen: Tensor, rejected: Tensor, weight: Tensor | None = None, bins: int = 5) -> tuple[Bin, ...]:
    """How sure a reward model is against how often it is right, from N pairs [N].

    σ(|r_j − r_k|) lies between a half and 1; that range is cut into `bins` equal parts, of which the empty ones are
    left out (Guo et al. 2017, arXiv:1706.04599, reliability diagrams).
    """
    gap = (chosen - rejected).abs().double()
    claimed = preference_probability(gap, torch.zeros_like(gap))
    counted = torch.ones_like(claimed) if weight is None else weight.double()
    right = (chosen > rejected).double() + (chosen == rejected).double() / 2
    place = ((claimed - 0.5) * 2 * bins).long().clamp(max=bins - 1)
    result = []
    for number in range(bins):
        here = place == number
        if bool(here.any()):
            total = counted[here].sum()
            mean = float((claimed[here] * counted[here]).sum() / total)
            result.append(Bin(mean, float((right[here] * counted[here]).sum() / total), int(here.sum())))
    return tuple(result)
