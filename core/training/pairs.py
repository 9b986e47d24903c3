"""Pairs of responses to label: what a start policy itself writes, two different answers to each question."""

from __future__ import annotations

import torch

from core.config import RunConfig
from core.errors import Message, RequestError
from core.models import forward
from core.models.codec import Codec
from core.models.device import device_of
from core.models.fetching import Progress
from core.models.start import load
from core.rewards.preferences import MOST_PROMPT, MOST_RESPONSE
from core.tasks.registry import task_for
from core.training.rollout import sample

#: Questions that are asked at once.
_AT_ONCE = 128
#: A policy that is sure of itself answers twice alike; after so many questions for each wanted pair, fewer will do.
_MOST_ASKED = 20


def sampled_pairs(
    config: RunConfig, count: int, seed: int = 0, progress: Progress | None = None
) -> list[tuple[str, str, str]]:
    """(prompt, response, another response) of the run's start policy at its temperature: `count` of them, or fewer
    where it hardly ever answers in two ways. Answers that were cut off are left out: they have no end to be read at;
    and so are those whose text is none that the model reads (one with `<unk>` in it), as a label is text, and those
    that are longer than a label's may be.

    The questions are training questions of `seed`. `progress` is called with (what is being done, share of it). Raises
    ConfigError where there is no such model.
    """
    device = device_of(config.device)
    start = load(config.model, device, system_prompt=config.system_prompt, progress=progress)
    task = task_for(config.task)
    forward.prepare(start.model)
    generator, pairs = torch.Generator().manual_seed(seed), list[tuple[str, str, str]]()
    for step in range(-(-count * _MOST_ASKED // _AT_ONCE)):
        if progress is not None:
            progress(Message("the start model writes pairs of responses to be labelled"), len(pairs) / count)
        prompts = task.prompts(seed, step, _AT_ONCE)
        rollout = sample(
            start.model,
            start.codec,
            start.codec.encode(prompts, device),
            num_generations=2,
            max_completion_length=config.max_completion_length or task.max_completion_length,
            temperature=config.temperature,
            generator=generator,
        )
        texts, cut = start.codec.texts(rollout.completion_ids), rollout.truncated.tolist()
        for i, prompt in enumerate(prompts):
            a, b = texts[2 * i : 2 * i + 2]
            if a != b and not any(cut[2 * i : 2 * i + 2]) and _fits(prompt, a, b) and _readable(start.codec, a, b):
                pairs.append((prompt, a, b))
        if len(pairs) >= count:
            break
    return pairs[:count]


def _fits(prompt: str, *responses: str) -> bool:
    return 0 < len(prompt) <= MOST_PROMPT and all(len(x) <= MOST_RESPONSE for x in responses)


def _readable(codec: Codec, *responses: str) -> bool:
    try:
        for response in responses:
            codec.response_ids(response)
    except RequestError:
        return False
    return True
