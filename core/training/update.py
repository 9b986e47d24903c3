"""A learner's optimiser steps: passes over a rollout, in mini-batches, each in parts that fit into memory.

The parts of a mini-batch add up to exactly its loss and gradient, whatever their size: each token keeps the weight that
it has in the whole mini-batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.algorithms.aggregation import token_weights
from core.algorithms.kl import kl_k3
from core.algorithms.policy_loss import PolicyLoss, policy_objective
from core.algorithms.types import Credit, Experience, take
from core.algorithms.value_loss import clipped_value_loss
from core.config import RunConfig
from core.learners.registry import AnyLearner, critic_of, needs_of
from core.learners.settings import CriticSettings
from core.models.value import ValueModel
from core.training import scoring
from core.training.meter import Meter
from core.training.optimizer import Optimizer
from core.training.scoring import Scored, Sequences
from core.training.value_replay import ValueReplay


@dataclass(frozen=True)
class Batch:
    """A step's responses, what was measured on them, and each token's credit."""

    sequences: Sequences
    experience: Experience
    credit: Credit


@dataclass(frozen=True)
class Taken:
    """Where a pass took the gradient of the first n responses, recorded while it was taken."""

    ratio: Tensor  # [n, T]
    clipped: Tensor  # int8 [n, T]: -1 low side, 0 not, +1 high side

    @classmethod
    def of(cls, mask: Tensor) -> Taken:
        """Room for responses with this mask [n, T]."""
        return cls(torch.ones(mask.shape, device=mask.device), torch.zeros_like(mask, dtype=torch.int8))

    def record(self, rows: Tensor, loss: PolicyLoss) -> None:
        """`loss` is of responses `rows`, long [b]; those beyond the first n are let go."""
        kept = rows < len(self.ratio)
        self.ratio[rows[kept]] = loss.ratio.detach()[kept]
        self.clipped[rows[kept]] = loss.clipped[kept]


@dataclass(frozen=True)
class Before:
    """What policy and critic say of a whole batch before its first update, with gradient, for that update to use."""

    scored: Scored
    values: Tensor | None  # [B, T]


class Updater:
    """The policy's and the critic's optimisers, and the earlier responses that the critic goes on learning from."""

    def __init__(self, policy: PreTrainedModel, value_model: ValueModel | None, settings: AnyLearner) -> None:
        self.policy, self.value_model = policy, value_model
        self.policy_optimizer = Optimizer(policy, settings.learning_rate, settings)
        self.value_optimizer: Optimizer | None = None
        self.replay = ValueReplay()
        critic = critic_of(settings)
        if value_model is not None and critic is not None:
            self.value_optimizer = Optimizer(value_model, critic.value_learning_rate, settings, value_model.head)

    def state_dict(self) -> dict[str, Any]:
        """Moments and step counts of both."""
        value = None if self.value_optimizer is None else self.value_optimizer.state_dict()
        return {"policy": self.policy_optimizer.state_dict(), "value": value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Puts moments and step counts back."""
        self.policy_optimizer.load_state_dict(state["policy"])
        if self.value_optimizer is not None:
            self.value_optimizer.load_state_dict(state["value"])

    def one_pass(
        self,
        batch: Batch,
        config: RunConfig,
        settings: AnyLearner,
        max_length: int,
        order: Tensor,
        meter: Meter,
        *,
        train_policy: bool,
        train_critic: bool = True,
        before: Before | None,
        keep: int,
        own_old: bool,
        look: Callable[[Scored], None] | None = None,
        taken: Taken | None = None,
    ) -> Scored | None:
        """One pass in the given order, long [B]; `before` are scores that were made with gradient already.

        With `own_old` what this pass scores are the old policy's log-probabilities, so that every ratio is exactly 1.
        `taken` is told the ratio at which each gradient of the policy is taken, and whether it is cut there.

        Returns the policy's scores before the pass's update where that is one step of all responses, else None;
        `keep`: of how many responses hidden states are kept. `look` is given them while the weights are still those
        that they were made with.
        """
        scores, critic = None, critic_of(settings)
        for index in order.to(batch.sequences.ids.device).chunk(settings.num_mini_batches):
            if critic is not None and train_critic:
                self._fit_critic(batch, index, config, settings, critic, meter, before)
            if train_policy:
                scores = self._fit_policy(
                    batch, index, config, settings, max_length, meter, before, keep, own_old, look, taken
                )
        return scores if settings.num_mini_batches == 1 else None

    def _fit_policy(
        self,
        batch: Batch,
        index: Tensor,
        config: RunConfig,
        settings: AnyLearner,
        max_length: int,
        meter: Meter,
        before: Before | None,
        keep: int,
        own_old: bool,
        look: Callable[[Scored], None] | None,
        taken: Taken | None,
    ) -> Scored:
        weights = token_weights(batch.experience.mask[index], settings.aggregation, max_length)
        results: list[PolicyLoss] = []
        masks, kls, seen = [], [], []
        for part in parts(len(index), _part_size(config, settings)):
            rows = index[part]
            experience, credit = take(batch.experience, rows), take(batch.credit, rows)
            if before is not None:
                scored = before.scored
            else:
                kept = max(0, min(keep - part.start, part.stop - part.start))
                with torch.set_grad_enabled(_teaches(credit, settings)):
                    scored = scoring.score(
                        self.policy,
                        batch.sequences.rows(rows),
                        config.temperature,
                        keep=kept,
                        entropy_gradient=settings.entropy_coef > 0,
                    )
            if own_old:
                experience = replace(experience, logprobs_old=scored.logprobs.detach())
            result = policy_objective(
                scored.logprobs,
                experience,
                credit,
                settings,
                max_length,
                scored.entropy if settings.entropy_coef > 0 else None,
                weights[part],
            )
            if result.loss.requires_grad:
                result.loss.backward()
            if taken is not None:
                taken.record(rows, result)
            masks.append(experience.mask)
            kls.append(kl_k3(experience.logprobs_old, scored.logprobs.detach()))
            seen.append(scored.rows(len(rows)))
            results.append(result)
        scores = joined(seen)
        if look is not None:
            look(scores)
        norm = self.policy_optimizer.step(settings.learning_rate, settings)
        meter.policy(results, masks, kls, norm)
        return scores

    def _fit_critic(
        self,
        batch: Batch,
        index: Tensor,
        config: RunConfig,
        settings: AnyLearner,
        critic: CriticSettings,
        meter: Meter,
        before: Before | None,
    ) -> None:
        """One step of the critic, on the newest responses `index`, long [b], and those that are replayed."""
        assert self.value_model is not None
        assert self.value_optimizer is not None
        mask, older = batch.experience.mask[index], self.replay.latest(critic.value_replay_steps)
        # Every step has as many responses, so the same places of each are a mini-batch of it.
        replayed = [x.rows(index.cpu()) for x in older]
        tokens = [int(x.sum()) for x in (mask, *(x.sequences.mask for x in replayed))]
        shares = [x / max(1, sum(tokens)) for x in tokens]  # every token alike, whichever step it is of
        weights, pieces = token_weights(mask, "token-mean", 1), list(parts(len(index), config.micro_batch_size))
        total = 0.0
        for part in pieces:
            rows = index[part]
            experience, credit = take(batch.experience, rows), take(batch.credit, rows)
            assert credit.returns is not None
            assert experience.values is not None
            if before is not None and before.values is not None:
                values = before.values
            else:
                values = scoring.values(self.value_model, batch.sequences.rows(rows))[0]
            per_token = clipped_value_loss(values, experience.values, credit.returns, critic.cliprange_value)
            total += _learn(shares[0] * weights[part], per_token, experience.mask, critic.vf_coef)
        for each, share in zip(replayed, shares[1:], strict=True):
            weights = token_weights(each.sequences.mask, "token-mean", 1).to(mask.device)
            for part in pieces:
                own = each.rows(part).to(mask.device)
                values = scoring.values(self.value_model, own.sequences)[0]
                per_token = clipped_value_loss(values, values, own.returns)
                total += _learn(share * weights[part], per_token, own.sequences.mask, critic.vf_coef)
        self.value_optimizer.step(critic.value_learning_rate, settings, critic.value_head_learning_rate)
        meter.value_losses.append(total)


def _learn(weights: Tensor, per_token: Tensor, mask: Tensor, vf_coef: float) -> float:
    """Leaves the gradient of a part's weighted loss, all [b, T]; returns the loss itself."""
    loss = (weights * torch.where(mask, per_token, 0)).sum()
    (vf_coef * loss).backward()
    return float(loss.detach())


def _part_size(config: RunConfig, settings: AnyLearner) -> int | None:
    """Responses in memory at once: whole groups where the loss is of whole groups."""
    if config.micro_batch_size is None or not needs_of(settings).whole_groups:
        return config.micro_batch_size
    size = config.group_size(settings)
    return max(size, config.micro_batch_size // size * size)


def _teaches(credit: Credit, settings: AnyLearner) -> bool:
    """Whether a part's responses can move the policy: with neither β nor an entropy bonus, advantages of 0 cannot."""
    return settings.beta != 0 or settings.entropy_coef > 0 or bool((credit.advantages != 0).any())


def parts(count: int, size: int | None) -> Iterator[slice]:
    """Consecutive slices of at most `size` (None: one)."""
    size = size or max(1, count)
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def joined(pieces: list[Scored]) -> Scored:
    """The scores of consecutive parts as one."""
    return Scored(
        torch.cat([x.logprobs for x in pieces]),
        torch.cat([x.entropy for x in pieces]),
        torch.cat([x.hidden for x in pieces]),
    )
