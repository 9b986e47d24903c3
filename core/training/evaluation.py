"""Held-out success: the share of questions, never trained on, that the policy answers right."""

from __future__ import annotations

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from core.tasks.chain_sum import ChainSum
from core.training.rollout import encode, sample, texts

#: Responses sampled at once; bounds memory, changes no result.
_CHUNK = 512


def success_rate(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    task: ChainSum,
    *,
    seed: int | None,
    samples: int = 1,
    temperature: float = 1.0,
    max_completion_length: int | None = None,
) -> float:
    """Share of right responses over all held-out questions × `samples`; greedy where `seed` is None."""
    device = next(model.parameters()).device
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    right = total = 0
    per_chunk = max(1, _CHUNK // samples)
    for i in range(0, len(task.heldout), per_chunk):
        questions = task.heldout[i : i + per_chunk]
        rollout = sample(
            model,
            encode(tokenizer, questions, device),
            num_generations=samples,
            max_completion_length=max_completion_length or task.max_completion_length,
            temperature=temperature,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            generator=generator,
        )
        responses = texts(tokenizer, rollout.completion_ids)
        cut = rollout.truncated.tolist()
        for j, response in enumerate(responses):
            right += task.verify(questions[j // samples], response, finished=not cut[j]).success
            total += 1
    return right / total
