"""From a step's responses, and what the models say of them, to what its credit is computed from.

P prompts, B = P · G responses, T response positions.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from core.algorithms.types import Experience
from core.config import RunConfig
from core.learners.kind import Written
from core.learners.registry import AnyLearner, learner_kind
from core.models.codec import Codec
from core.tasks.base import Task
from core.training.gather import Gathered
from core.training.passes import InitialScores


def panel_of(config: RunConfig, settings: AnyLearner, count: int, device: torch.device) -> Tensor:
    """The responses whose tokens are kept, long [n] of `count`."""
    return torch.arange(min(count, config.kept(settings)), device=device)


def experience_of(
    gathered: Gathered,
    initial: InitialScores,
    measured: Tensor | None,
    settings: AnyLearner,
    task: Task,
    codec: Codec,
) -> Experience:
    """What the credit is computed from; `measured` [B, T] are the values where no critic gives them."""
    rollout = gathered.rollout
    own = initial.policy is not None and gathered.written_by == "policy"
    values, after = measured, None
    if initial.values is not None:
        values, after = initial.values[0].detach(), initial.values[1].detach()
    return Experience(
        mask=rollout.mask,
        logprobs_old=initial.policy.logprobs.detach() if own and initial.policy else rollout.logprobs,
        logprobs_ref=None if initial.reference is None else initial.reference.logprobs,
        rewards=gathered.rewards,
        group=gathered.group,
        truncated=rollout.truncated,
        values=values,
        value_after=after,
        extra=_further(gathered, settings, task, codec),
    )


def _further(gathered: Gathered, settings: AnyLearner, task: Task, codec: Codec) -> Mapping[str, Tensor]:
    """What the learner's kind measures of the responses by itself."""
    measure = learner_kind(settings).measure
    if measure is None:
        return {}
    rollout, answers, names = gathered.rollout, gathered.answers, codec.names
    texts = [
        [names[x] for x in row[:n]]
        for row, n in zip(rollout.completion_ids.tolist(), rollout.lengths.tolist(), strict=True)
    ]
    written = Written(task, answers.prompts, answers.responses, texts, rollout.mask, gathered.rewards)
    return measure(settings, written)
