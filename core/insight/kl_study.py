"""The estimators of the KL on a run's own tokens: how far off, how noisy, and what each does as a loss.

N tokens; B responses, T positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from core.algorithms.advantages import gae
from core.algorithms.kl import ESTIMATORS, kl_exact
from core.insight.replay import Models
from core.training import scoring
from core.training.rollout import encode

if TYPE_CHECKING:
    from core.training.scoring import Sequences


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


def pulls(logprob: Tensor, logprob_ref: Tensor) -> dict[str, Tensor]:
    """d k / d log pi(o) of each estimator, by autograd: what multiplies the token's score function; [N] -> [N]."""
    found = {}
    for name, estimator in ESTIMATORS.items():
        moving = logprob.detach().clone().requires_grad_(True)
        (found[name],) = torch.autograd.grad(estimator(moving, logprob_ref).sum(), moving)
    return found


def in_the_reward(kl: Tensor, kl_coef: float, gamma: float, lam: float) -> Tensor:
    """What a KL penalty in the reward adds to each token's raw advantage: GAE of -kl_coef · kl alone; [T] -> [T].

    GAE is linear, so this is exactly the difference that the penalty makes as long as the values stay.
    """
    mask = torch.ones(1, len(kl), dtype=torch.bool)
    return gae(-kl_coef * kl[None], torch.zeros(1, len(kl)), mask, gamma, lam)[0][0]


@dataclass(frozen=True)
class Direction:
    """A gradient in the space of all weights, beside that of the exact KL."""

    cosine: float | None  # 1: the same direction; None: the gradient is 0
    length: float  # relative to that of the exact KL


@dataclass(frozen=True)
class Directions:
    """Gradients at the prefixes of one step's panel. `expected` takes every next token with its probability, so there
    is no sampling noise; `sampled` takes just the token that was sampled, as training does.
    """

    expected: Mapping[str, Direction]  # "k1" "k2" "k3", and "reverse": of KL(reference || policy)
    sampled: Mapping[str, Direction]
    tokens: int
    weights: int
    drift: float  # how far the remade model is from the trace (see core.insight.replay)


def directions(models: Models, tokens: pa.Table, samples: pa.Table) -> Directions:
    """The gradient that each estimator gives as a loss (its mean over tokens), by autograd through the whole policy."""
    trainer = models.trainer
    sequences = _sequences(trainer, fresh(tokens), samples)
    parameters = [x for x in trainer.policy.parameters() if x.requires_grad]
    scored = scoring.score(trainer.policy, sequences, trainer.config.temperature)
    with torch.no_grad():
        reference = scoring.score(trainer.reference, sequences, trainer.config.temperature)
    mask, theta, ref = sequences.mask, scored.distribution, reference.distribution

    def gradient(per_token: Tensor) -> Tensor:
        parts = torch.autograd.grad(per_token[mask].mean(), parameters, retain_graph=True, allow_unused=True)
        return torch.cat([x.flatten() for x in parts if x is not None]).double()

    truth = gradient(kl_exact(theta, ref))
    chance = theta.detach().exp()
    expected = {name: gradient((chance * k(theta, ref)).sum(-1)) for name, k in ESTIMATORS.items()}
    expected["reverse"] = gradient(kl_exact(ref, theta))
    sampled = {name: gradient(k(scored.logprobs, reference.logprobs)) for name, k in ESTIMATORS.items()}
    return Directions(
        {name: _beside(x, truth) for name, x in expected.items()},
        {name: _beside(x, truth) for name, x in sampled.items()},
        int(mask.sum()),
        len(truth),
        models.drift,
    )


def _beside(gradient: Tensor, truth: Tensor) -> Direction:
    length = float(gradient.norm() / truth.norm())
    # What float32 leaves of a sum that cancels is no direction.
    cosine = None if length < 1e-4 else float(gradient @ truth / gradient.norm() / truth.norm())
    return Direction(cosine, length)


def _sequences(trainer: object, rows: pa.Table, samples: pa.Table) -> Sequences:
    from core.training.scoring import Sequences

    prompts = dict(zip(samples["sample"].to_pylist(), samples["prompt"].to_pylist(), strict=True))
    numbers = rows["sample"].to_pylist()
    order = list(dict.fromkeys(numbers))
    places = {sample: i for i, sample in enumerate(order)}
    row, place = torch.tensor([places[x] for x in numbers]), torch.tensor(rows["position"].to_pylist())
    ids = torch.full((len(order), int(place.max()) + 1), trainer.tokenizer.pad_token_id)  # type: ignore[attr-defined]
    mask = torch.zeros(ids.shape, dtype=torch.bool)
    ids[row, place] = torch.tensor(rows["token_id"].to_pylist())
    mask[row, place] = True
    encoded = encode(trainer.tokenizer, [prompts[x] for x in order], torch.device("cpu"))  # type: ignore[attr-defined]
    attention = None
    if encoded.attention is not None:
        attention = torch.cat([encoded.attention, torch.ones_like(mask)], -1)
    return Sequences(torch.cat([encoded.ids, ids], -1), attention, mask, encoded.ids.shape[1])


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
