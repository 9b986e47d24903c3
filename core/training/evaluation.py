"""Held-out success: the questions, never trained on, that the policy answers right, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.models import precision
from core.models.codec import Codec
from core.models.limits import TOKENS as _TOKENS
from core.tasks.base import Task
from core.training.answer import Answer, share
from core.training.continuations import Sampler
from core.training.rollout import sample
from core.training.turns import environment_of

#: How much of it is done (0–1), one of the questions, and what is said to it so far.
AnswerProgress = Callable[[float, str, str], None]

#: So few questions are answered first, as reading all of them takes seconds.
_SHOWN_FIRST = 4


def answers(
    model: PreTrainedModel,
    codec: Codec,
    task: Task,
    *,
    seed: int | None,
    samples: int = 1,
    temperature: float = 1.0,
    max_completion_length: int | None = None,
    progress: AnswerProgress | None = None,
) -> list[list[Answer]]:
    """Per held-out question `samples` answers; greedy where `seed` is None.

    `progress` is called with the answers while they are written.
    """
    device = next(model.parameters()).device
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    longest_answer = max_completion_length or task.max_completion_length
    answered: list[list[Answer]] = []
    asked = task.heldout
    longest = max(len(codec.ids(question)) for question in asked)
    per_chunk = max(1, _TOKENS // (samples * (longest + longest_answer)))
    # Who listens hears the first words soon. Only greedily: sampled answers draw their numbers chunk by chunk.
    first_chunk = min(per_chunk, _SHOWN_FIRST) if progress is not None and seed is None else per_chunk
    for i in (0, *range(first_chunk, len(asked), per_chunk)):
        questions = asked[i : i + per_chunk] if i else asked[:first_chunk]

        def listen(ids: Tensor, first: int = i, question: str = questions[0], width: int = len(questions)) -> None:
            assert progress is not None
            progress((first + width * ids.shape[1] / longest_answer) / len(asked), question, codec.texts(ids[:1])[0])

        rollout = sample(
            model,
            codec,
            codec.encode(questions, device),
            num_generations=samples,
            max_completion_length=longest_answer,
            temperature=temperature,
            generator=generator,
            on_token=listen if progress is not None else None,
            environment=environment_of(task, codec, questions, samples),
        )
        lengths = rollout.lengths
        texts = codec.texts(rollout.completion_ids, lengths)
        rows = zip(texts, lengths.tolist(), rollout.truncated.tolist(), strict=True)
        for j, (text, length, cut) in enumerate(rows):
            if j % samples == 0:
                answered.append([])
            verdict = task.verify(questions[j // samples], text, finished=not cut)
            answered[-1].append(Answer(text, verdict.answer, verdict.success, length, not cut, verdict.parts))
    return answered


def heldout(
    learner: Sampler, *, samples: int = 1, greedy: bool = False, progress: AnswerProgress | None = None
) -> list[list[Answer]]:
    """Every held-out question answered by a learner's policy as it is now."""
    with precision.matmuls(learner.dtype, next(learner.policy.parameters()).device):
        return answers(
            learner.policy,
            learner.codec,
            learner.task,
            # The same random numbers at every evaluation: what moves is the policy.
            seed=None if greedy else learner.config.seed,
            samples=samples,
            temperature=learner.config.temperature,
            max_completion_length=learner.max_length,
            progress=progress,
        )


def final(learner: Sampler) -> dict[str, float]:
    """Held-out success of a learner's policy as it is now: sampled (4 responses a question) and greedy."""
    sampled, greedy = heldout(learner, samples=4), heldout(learner, greedy=True)
    return {"sampled": share(sampled), "greedy": share(greedy)}


def compared(learner: Sampler, when: str, progress: AnswerProgress | None = None) -> dict[str, Any]:
    """Every held-out question answered greedily and `compare_samples` times sampled, as an event's value."""
    samples = max(1, learner.config.compare_samples)
    greedy_part = 1 / (1 + samples)

    def part(start: float, width: float) -> AnswerProgress | None:
        return progress and (lambda done, question, answer: progress(start + width * done, question, answer))

    greedy = heldout(learner, greedy=True, progress=part(0, greedy_part))
    sampled = heldout(learner, samples=samples, progress=part(greedy_part, 1 - greedy_part))
    return as_event(when, learner.task, greedy, sampled)


def as_event(when: str, task: Task, greedy: list[list[Answer]], sampled: list[list[Answer]]) -> dict[str, Any]:
    """What is kept of an evaluation: every question with its answers, as plain data."""
    return {
        "when": when,
        "samples": len(sampled[0]),
        "questions": task.heldout,
        "truths": [task.truth(x) for x in task.heldout],
        "greedy": [x[0].row for x in greedy],
        "sampled": [[x.row for x in each] for each in sampled],
    }
