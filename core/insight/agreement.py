"""How right a learner's credit is: against the true advantages, as numbers and as blame. B responses, T positions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.algorithms.masked import masked_mean

#: Advantages that differ by no more than this are equal: what is left is float32 rounding.
TIE = 1e-6


@dataclass(frozen=True)
class Agreement:
    """A number that does not exist (nothing varies, no response to blame) is None, never 0."""

    correlation: float | None  # Pearson's, over all tokens
    mean_absolute_error: float  # in units of reward, if the advantages are in them (before whitening or division)
    blame_accuracy: float | None  # share of wrong responses whose ruining token is found
    chance: float | None  # the same for a learner that blames any token of a response alike
    blamed: int  # wrong responses that one token ruined beyond doubt: what the two shares are of


def blame(advantages: Tensor, mask: Tensor) -> Tensor:
    """The token of each response with the most negative advantage: bool [B, T]; several where they tie.

    None of a response whose advantages are all 0 or more: then nothing was blamed.
    """
    worst = torch.where(mask, advantages, torch.inf).amin(1, keepdim=True)
    return mask & (advantages <= worst + TIE) & (worst < -TIE)


def compare(
    advantages: Tensor, truth: Tensor, mask: Tensor, rewards: Tensor, truth_high: Tensor | None = None
) -> Agreement:
    """A learner's `advantages` against the true ones, all [B, T]; `rewards` [B].

    Blame accuracy counts responses with reward 0 whose largest true drop is certain (`truth_high`, the upper end of its
    interval, is below 0 there; if it is not given, any drop). A learner that blames k tokens of a response alike, as
    GRPO does with every token, is right with the share of the truly blamed among them, as if it chose one of the k at
    random; `chance` is that for k = all. If the truth itself ties, each of its tokens is a right answer. A learner that
    blames none of a counted response's tokens is wrong about it.
    """
    guilty = blame(truth, mask)
    if truth_high is not None:
        guilty = guilty & (truth_high < 0)
    counted = (rewards == 0) & guilty.any(1)
    accuracy = chance = None
    if bool(counted.any()):
        accused = blame(advantages, mask)
        hits = (accused & guilty).sum(1) / accused.sum(1).clamp(min=1)
        accuracy = float(hits[counted].mean())
        chance = float((guilty.sum(1) / mask.sum(1))[counted].mean())
    error = float(masked_mean((advantages - truth).abs(), mask))
    return Agreement(_correlation(advantages[mask], truth[mask]), error, accuracy, chance, int(counted.sum()))


def _correlation(x: Tensor, y: Tensor) -> float | None:
    if len(x) < 2 or float(x.max() - x.min()) <= TIE or float(y.max() - y.min()) <= TIE:
        return None
    return float(torch.corrcoef(torch.stack([x, y]).double())[0, 1])
