"""What a reward model says of labelled pairs and of prefixes, and what one of its updates was made of."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from core.algorithms.preferences import Bin, bradley_terry_loss, calibration, pair_accuracy
from core.rewards.preferences import Preference


@dataclass(frozen=True)
class ScoredPrefixes:
    """A response token by token, and the score of each of its prefixes."""

    prompt: str
    response: str
    tokens: tuple[str, ...]  # with the end-of-sequence token
    rewards: tuple[float, ...]  # after the prompt, and after each token: one more; the last is the response's


@dataclass(frozen=True)
class Judged:
    """What the model says of the held-out pairs."""

    loss: float
    accuracy: float  # share of labels that it agrees with; a tie counts half
    calibration: tuple[Bin, ...]


@dataclass(frozen=True)
class RewardStep:
    """One update. Step 0 is before the first: a head of zeros, which prefers nothing."""

    step: int
    pairs_seen: int
    loss: float | None  # of the update's own pairs before it; None at step 0
    accuracy: float | None  # likewise
    heldout: Judged | None  # None where it was not measured, or nothing is held out
    examples: tuple[ScoredPrefixes, ...]  # empty where it was not measured
    wall_time_s: float


@dataclass(frozen=True)
class RewardUpdate:
    """One update's own pairs, and what the model said of them before it."""

    pairs: tuple[Preference, ...]
    chosen: Tensor  # scores of the preferred responses [N]
    rejected: Tensor  # of the others [N]
    loss: float
    accuracy: float
    grad_norm: float


def judged(chosen: Tensor, rejected: Tensor, weight: Tensor | None = None) -> Judged:
    """What a model says of N labelled pairs, from its scores of both responses [N] and the labels' weights [N]."""
    return Judged(
        float(bradley_terry_loss(chosen, rejected, weight)),
        pair_accuracy(chosen, rejected, weight),
        calibration(chosen, rejected, weight),
    )
