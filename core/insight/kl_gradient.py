"""The gradient that each estimator of the KL really gives as a loss: autograd through a run's own policy.

As values k1 and k3 are right on average; their gradients are those of something else. B responses, T positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import torch
from torch import Tensor

from core.algorithms.kl import ESTIMATORS, kl_exact
from core.errors import RequestError
from core.insight.kl_study import fresh
from core.insight.replay import ReplayedModels
from core.training import scoring
from core.training.scoring import Sequences
from core.training.trainer import Trainer

#: A gradient shorter than this is what float32 leaves of sums that cancel.
ROUNDING = 1e-6


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


def directions(models: ReplayedModels, tokens: pa.Table, samples: pa.Table) -> Directions:
    """The gradient that each estimator gives as a loss (its mean over tokens), by autograd through the whole policy.

    Raises RequestError where the policy still is the reference: there is then no direction to compare with.
    """
    trainer = models.trainer
    sequences = _sequences(trainer, fresh(tokens), samples)
    parameters = [x for x in trainer.policy.parameters() if x.requires_grad]
    temperature = trainer.config.temperature
    with torch.no_grad(), trainer.models.as_reference() as model:
        if model is None:
            raise RequestError("the run keeps no reference, so there is no KL to compare with")
        ref = scoring.distributions(model, sequences, temperature)
    theta = scoring.distributions(trainer.policy, sequences, temperature)
    mask, ids = sequences.mask, sequences.completion_ids[..., None]
    logprobs, logprobs_ref = (x.gather(-1, ids)[..., 0] for x in (theta, ref))

    def gradient(per_token: Tensor) -> Tensor:
        parts = torch.autograd.grad(per_token[mask].mean(), parameters, retain_graph=True, allow_unused=True)
        return torch.cat([x.flatten() for x in parts if x is not None]).double()

    truth = gradient(kl_exact(theta, ref))
    if float(truth.norm()) < ROUNDING:
        raise RequestError("the policy still is the reference, so the KL has no gradient")
    chance = theta.detach().exp()
    expected = {name: gradient((chance * k(theta, ref)).sum(-1)) for name, k in ESTIMATORS.items()}
    expected["reverse"] = gradient(kl_exact(ref, theta))
    sampled = {name: gradient(k(logprobs, logprobs_ref)) for name, k in ESTIMATORS.items()}
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


def _sequences(trainer: Trainer, rows: pa.Table, samples: pa.Table) -> Sequences:
    prompts = dict(zip(samples["sample"].to_pylist(), samples["prompt"].to_pylist(), strict=True))
    numbers = rows["sample"].to_pylist()
    order = list(dict.fromkeys(numbers))
    places = {sample: i for i, sample in enumerate(order)}
    row, place = torch.tensor([places[x] for x in numbers]), torch.tensor(rows["position"].to_pylist())
    ids = torch.full((len(order), int(place.max()) + 1), trainer.codec.pad_id)
    mask = torch.zeros(ids.shape, dtype=torch.bool)
    ids[row, place] = torch.tensor(rows["token_id"].to_pylist())
    mask[row, place] = True
    encoded = trainer.codec.encode([prompts[x] for x in order], torch.device("cpu"))
    attention = None
    if encoded.attention is not None:
        attention = torch.cat([encoded.attention, torch.ones_like(mask)], -1)
    return Sequences(torch.cat([encoded.ids, ids], -1), attention, mask, encoded.ids.shape[1])
