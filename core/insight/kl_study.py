"""The estimators of the KL on a run's own tokens: how far off, how noisy, and how each pulls at a token. N tokens."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from core.algorithms.advantages import gae
from core.algorithms.kl import ESTIMATORS


@dataclass(frozen=True)
class Spread:
    """One estimator against the exact KL of the same distributions, over N tokens."""

    mean: float
    bias: float  # mean of (estimate - exact)
    bias_error: float  # standard error of that, tokens taken as independent
    std: float  # of the estimate
    negative: float  # share of tokens where it is below 0
    tokens: int


def fresh(tokens: pa.Table) -> pa.Table:
    """The tokens before the first update, in order: the policy that is scored is then the one that sampled them."""
    return tokens.filter(pc.equal(tokens["pass"], 0)).sort_by([("sample", "ascending"), ("position", "ascending")])


def spreads(tokens: pa.Table) -> dict[str, Spread]:
    """k1, k2, k3 (and "exact" itself) over a trace's fresh tokens. Empty where the run kept no reference."""
    rows = fresh(tokens)
    if rows.num_rows < 2 or rows["kl_exact"].null_count:
        return {}
    exact = _column(rows, "kl_exact")
    logprob, ref = _column(rows, "logprob"), _column(rows, "logprob_ref")
    estimates = {name: estimator(logprob, ref) for name, estimator in ESTIMATORS.items()}
    return {name: _spread(x, exact) for name, x in {**estimates, "exact": exact}.items()}


def running_means(rows: pa.Table, seed: int) -> tuple[dict[str, Tensor], dict[str, Tensor], list[int]]:
    """k1, k2, k3 and "exact" of `fresh` tokens in a random order, their means over the tokens so far, and the order.

    All [N]; the order is one of places in `rows`.
    """
    order = torch.randperm(rows.num_rows, generator=torch.Generator().manual_seed(seed))
    logprob, ref = _column(rows, "logprob")[order], _column(rows, "logprob_ref")[order]
    estimates = {name: estimator(logprob, ref) for name, estimator in ESTIMATORS.items()}
    estimates["exact"] = _column(rows, "kl_exact")[order]
    count = torch.arange(1, rows.num_rows + 1)
    return estimates, {name: x.cumsum(0) / count for name, x in estimates.items()}, order.tolist()


def pulls(logprob: Tensor, logprob_ref: Tensor) -> dict[str, Tensor]:
    """d k / d log pi(o) of each estimator, by autograd: what multiplies the token's score function; [N] -> [N]."""
    gradients = {}
    for name, estimator in ESTIMATORS.items():
        moving = logprob.detach().clone().requires_grad_(True)
        (gradients[name],) = torch.autograd.grad(estimator(moving, logprob_ref).sum(), moving)
    return gradients


def in_the_reward(kl: Tensor, kl_coef: float, gamma: float, lam: float) -> Tensor:
    """What a KL penalty in the reward adds to each token's raw advantage: GAE of -kl_coef · kl alone; [T] -> [T].

    GAE is linear, so this is exactly the difference that the penalty makes as long as the values stay.
    """
    mask = torch.ones(1, len(kl), dtype=torch.bool)
    return gae(-kl_coef * kl[None], torch.zeros(1, len(kl)), mask, gamma, lam)[0][0]


def _spread(estimate: Tensor, exact: Tensor) -> Spread:
    gap, count = estimate - exact, len(exact)
    return Spread(
        float(estimate.mean()),
        float(gap.mean()),
        float(gap.std() / count**0.5),
        float(estimate.std()),
        float((estimate < 0).float().mean()),
        count,
    )


def _column(rows: pa.Table, name: str) -> Tensor:
    return torch.tensor(rows[name].to_numpy(), dtype=torch.float64)
