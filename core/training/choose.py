"""Questions of a wanted difficulty: what the start model itself answers right, asked before the first step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from core.config import RunConfig
from core.curation import TRIES, Curated, asks_start_model
from core.errors import Message
from core.models.codec import Codec
from core.models.fetching import Progress
from core.models.limits import TOKENS
from core.tasks.base import Task
from core.training.rollout import sample
from core.training.turns import environment_of


def choose(
    task: Task,
    config: RunConfig,
    policy: PreTrainedModel,
    codec: Codec,
    progress: Progress | None = None,
) -> None:
    """Where the run's questions are chosen by the start model's success: asks it, and chooses (core/curation.py).

    `policy` is the start model. The same questions and answers for every learner of the run, and for one that is
    resumed: a function of start model, task and seed. Raises ConfigError where no question is as wanted.
    """
    if not asks_start_model(config) or not isinstance(task, Curated):
        return
    about = Message("the start model answers questions, to choose those that are trained on")

    def measure(questions: Sequence[str]) -> list[float]:
        generator, longest = torch.Generator().manual_seed(config.seed), config.max_completion_length
        longest = longest or task.max_completion_length
        width = max(1, TOKENS // (TRIES * (max(len(codec.ids(x)) for x in questions) + longest)))
        rates: list[float] = []
        for i in range(0, len(questions), width):
            if progress is not None:
                progress(about, i / len(questions))
            asked = list(questions[i : i + width])
            rollout = sample(
                policy,
                codec,
                codec.encode(asked, next(policy.parameters()).device),
                num_generations=TRIES,
                max_completion_length=longest,
                temperature=config.temperature,
                generator=generator,
                environment=environment_of(task, codec, asked, TRIES),
            )
            answered = zip(
                codec.texts(rollout.completion_ids, rollout.lengths), rollout.truncated.tolist(), strict=True
            )
            right = [
                task.verify(asked[j // TRIES], text, finished=not cut).success for j, (text, cut) in enumerate(answered)
            ]
            rates += [sum(right[j : j + TRIES]) / TRIES for j in range(0, len(right), TRIES)]
        return rates

    task.measured(measure)
