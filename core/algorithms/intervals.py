"""How far a mean of K samples may be from the truth. All functions are elementwise on tensors of any one shape."""

from __future__ import annotations

from statistics import NormalDist

import torch
from torch import Tensor


def wilson(share: Tensor, count: float, level: float = 0.95) -> tuple[Tensor, Tensor]:
    """The interval (low, high) of a probability, given the `share` of yes in `count` independent yes-or-no samples.

    Wilson 1927; unlike mean ± z·s/√K it stays within [0, 1] and has a width also where all samples agree. Its
    coverage is `level` on average over probabilities; for a single one near 0 or 1 it can be some points less.
    """
    z = _z(level)
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)).sqrt()
    # Where all samples agree the bound is 0 or 1 exactly; rounding must not put it beside it.
    return torch.where(share == 0, 0, middle - half), torch.where(share == 1, 1, middle + half)


def normal(mean: Tensor, std: Tensor, count: int, level: float = 0.95) -> tuple[Tensor, Tensor]:
    """mean ± z·s/√K of K = `count` samples, as (low, high); `mean` and `std`, with ddof 1, of any one shape [...].

    One sample says nothing: ±inf.

    Where nearly all samples agree it is too narrow (0 wide where all do): the rare other outcome was not seen.
    """
    half = torch.full_like(mean, torch.inf) if count < 2 else _z(level) * std / count**0.5
    return mean - half, mean + half


def difference(
    first: tuple[Tensor, Tensor, Tensor], second: tuple[Tensor, Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """second - first of two independent estimates, each (estimate, low, high) of any one shape [...];
    given back in the same form.

    Newcombe 1998 ("Interval estimation for the difference between independent proportions", method 10): each side's
    distances add up as squares. With symmetric intervals that is the usual one.
    """
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    low = (b - a) - ((b - b_low).square() + (a_high - a).square()).sqrt()
    high = (b - a) + ((b_high - b).square() + (a - a_low).square()).sqrt()
    return b - a, low, high


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)
