"""Coverage: how a fixed data set lies under a policy that moves, against what the policy would write by itself.

The set was written by the start model, so at first its responses are as likely as fresh ones. A policy that moves away
finds its data less and less likely than its own responses; from then on the data says little about what it does now.

    effective sample size  (Σ w)² / Σ w²        w = π(o) / π_collect(o) of a whole response

Kish 1965; as a measure of importance weights Kong 1992 (University of Chicago, Technical Report 348). As a share of the
responses it is 1 where all weigh alike, and 1/n where one alone has all the weight. Responses of random tokens, which
nobody sampled, are left out of it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.algorithms.kl import kl_k3
from core.algorithms.masked import masked_mean
from core.config import RunConfig
from core.learners.collected import Collected
from core.models.codec import Codec
from core.models.limits import GATHERED
from core.training import scoring
from core.training.collecting import rollout_of
from core.training.rollout import Rollout, sample
from core.training.scoring import Sequences
from core.training.trace import COVERAGE
from core.training.update import parts

#: So many of the set's responses are measured, whole questions from the first on, and as many fresh ones.
MOST = GATHERED
#: Of a step without an evaluation, and of a learner without a data set.
UNMEASURED: dict[str, float | None] = dict.fromkeys(COVERAGE)


class Reference(Protocol):
    """Whose reference scores fresh responses; `core.training.passes.Models`."""

    def as_reference(self) -> AbstractContextManager[PreTrainedModel | None]: ...


class Policy(Protocol):
    """The part of a learner that is measured; the trainer is one."""

    policy: PreTrainedModel
    codec: Codec
    config: RunConfig

    @property
    def models(self) -> Reference: ...
    @property
    def max_length(self) -> int: ...


@dataclass(frozen=True)
class Coverage:
    """Log-probabilities in nats per token, under the policy at the run's temperature."""

    data_logprob: float  # of the set's responses
    fresh_logprob: float  # of fresh responses to the same questions
    ess: float | None  # share, 0 to 1; None where nobody sampled the set's responses
    kl: float | None  # mean k3 of the fresh responses to the reference; None without one

    @property
    def columns(self) -> dict[str, float | None]:
        """The columns COVERAGE of STEPS."""
        return dict(zip(COVERAGE, (self.data_logprob, self.fresh_logprob, self.ess), strict=True))


@torch.no_grad()
def measure(learner: Policy, data: Collected) -> Coverage:
    """How the set lies under the learner's policy as it is now. The random numbers are the same at every evaluation."""
    groups = list(itertools.takewhile(lambda x: x[-1] < MOST, data.groups)) or [data.groups[0][:MOST]]
    rows = [data.responses[i] for group in groups for i in group]
    prompts = [data.responses[group[0]].prompt for group in groups]
    temperature, codec = learner.config.temperature, learner.codec
    kept = rollout_of(learner.policy, codec, [x.prompt for x in rows], [x.tokens for x in rows])
    likely = _logprobs(learner.policy, kept, learner.config)
    fresh = sample(
        learner.policy,
        codec,
        codec.encode(prompts, kept.mask.device),
        num_generations=len(groups[0]),
        max_completion_length=learner.max_length,
        temperature=temperature,
        generator=torch.Generator().manual_seed(learner.config.seed),
    )
    kl = None
    with learner.models.as_reference() as reference:
        if reference is not None:
            kl = float(masked_mean(kl_k3(fresh.logprobs, _logprobs(reference, fresh, learner.config)), fresh.mask))
    sampled = [i for i, x in enumerate(rows) if not x.random]
    own = torch.where(kept.mask, likely, 0).sum(1).tolist()
    weights = [own[i] - sum(rows[i].logprobs) for i in sampled]
    return Coverage(
        float(masked_mean(likely, kept.mask)),
        float(masked_mean(fresh.logprobs, fresh.mask)),
        effective_share(weights) if weights else None,
        kl,
    )


def effective_share(log_weights: Sequence[float]) -> float:
    """The effective sample size of weights, given by their logarithms, as a share of their number."""
    highest = max(log_weights)
    weights = [math.exp(x - highest) for x in log_weights]
    return math.fsum(weights) ** 2 / math.fsum(x * x for x in weights) / len(weights)


def _logprobs(model: PreTrainedModel, rollout: Rollout, config: RunConfig) -> Tensor:
    """Log-probabilities of a rollout's tokens under a model [B, T]."""
    sequences = Sequences.of(rollout)
    pieces = parts(len(rollout.mask), config.micro_batch_size)
    return torch.cat([scoring.score(model, sequences.rows(x), config.temperature).logprobs for x in pieces])
