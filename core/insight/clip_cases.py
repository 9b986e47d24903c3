"""What the clipped surrogate does with each token: which of the four cases it is in, what it still pulls, what was cut.

Everything is measured on `clipped_surrogate`, the function that trains; gradients are autograd's. N tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from core.algorithms.ratio import importance_ratio
from core.algorithms.surrogates.clip import branches, clipped_side, clipped_surrogate

#: Sign of the advantage and side of the clip range: where the two decide together what becomes of the gradient.
Case = Literal["good-above", "good-below", "bad-above", "bad-below"]
CASES: tuple[Case, ...] = ("good-above", "good-below", "bad-above", "bad-below")


@dataclass(frozen=True)
class Limits:
    """The clip range 1 - low … 1 + high, and the dual clip c (None: off)."""

    low: float
    high: float
    dual: float | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest ratio of the range."""
        return 1 - self.low, 1 + self.high


@dataclass(frozen=True)
class Outcome:
    """Per token; all [N]."""

    ratio: Tensor
    advantage: Tensor
    plain: Tensor  # rho A
    bounded: Tensor  # clip(rho) A
    objective: Tensor  # what the min (and the dual clip) gives
    gradient: Tensor  # d objective / d log pi(o): 0 where the token no longer learns
    side: Tensor  # int8: +1 cut on the high side, -1 on the low side, 0 not cut
    case: Tensor  # long: number in CASES, -1 inside the range or without an advantage

    @property
    def cut(self) -> Tensor:
        """Tokens that have an advantage and yet no gradient; bool [N]."""
        return (self.gradient == 0) & (self.advantage != 0)

    def count(self, case: Case) -> int:
        """How many tokens are in this case."""
        return int((self.case == CASES.index(case)).sum())


def evaluate(logprob: Tensor, logprob_old: Tensor, advantage: Tensor, limits: Limits) -> Outcome:
    """Judges each token under these limits, whatever limits it was trained with; all inputs [N]."""
    moving = logprob.detach().clone().requires_grad_(True)
    ratio = importance_ratio(moving, logprob_old)
    objective = clipped_surrogate(ratio, advantage, limits.low, limits.high, limits.dual)
    (gradient,) = torch.autograd.grad(objective.sum(), moving)
    ratio, objective = ratio.detach(), objective.detach()
    lowest, highest = limits.bounds
    above, below = ratio > highest, ratio < lowest
    case = torch.full(ratio.shape, -1)
    for number, (sign, out) in enumerate(((1, above), (1, below), (-1, above), (-1, below))):
        case[(advantage.sign() == sign) & out] = number
    plain, bounded = branches(ratio, advantage, limits.low, limits.high)
    side = clipped_side(ratio, advantage, limits.low, limits.high, limits.dual)
    return Outcome(ratio, advantage, plain, bounded, objective, gradient, side, case)


def evaluate_pass(tokens: pa.Table, number: int, limits: Limits, *, taken: bool = True) -> Outcome:
    """The tokens of a trace after `number` passes, in the table's order of (sample, position).

    With `taken` they are judged at the ratios at which the next pass took its gradients, where those were recorded;
    with several mini-batches these are not the ratios of the state. No gradient is taken after the last pass: there, as
    with `taken` False, the outcome is what a further pass would find.
    """
    rows = tokens.filter(pc.equal(tokens["pass"], number)).sort_by([("sample", "ascending"), ("position", "ascending")])
    logprob, old, advantage = (
        torch.tensor(rows[name].to_numpy(), dtype=torch.float32) for name in ("logprob", "logprob_old", "advantage")
    )
    if taken and "ratio_update" in rows.column_names and not rows["ratio_update"].null_count:
        at, state = (torch.tensor(rows[name].to_numpy(), dtype=torch.float32) for name in ("ratio_update", "ratio"))
        logprob = torch.where(at == state, logprob, old + at.log())
    return evaluate(logprob, old, advantage, limits)
