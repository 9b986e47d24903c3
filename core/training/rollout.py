"""Sampling: the policy answers a step's prompts, G times each, with a KV cache. P prompts, B = P·G responses.

The randomness is a table of uniform numbers drawn before the
first token, one per response and position, from a generator seeded by run seed and step alone: so learners with equal
weights give equal responses, and early stopping cannot change what is sampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from core.models.lean import Decoder


@dataclass(frozen=True)
class Prompts:
    """Prompts as tokens, left-padded so that every response starts at the same position."""

    texts: list[str]
    ids: Tensor  # long [P, L]
    attention: Tensor | None  # bool [P, L]; None where no prompt is padded


@dataclass(frozen=True)
class Rollout:
    """Sampled responses as tokens."""

    prompt_ids: Tensor  # long [B, L]
    prompt_attention: Tensor | None  # bool [B, L]
    completion_ids: Tensor  # long [B, T], pad after the end-of-sequence token
    mask: Tensor  # bool [B, T], True up to and including the end-of-sequence token
    logprobs: Tensor  # float [B, T], of the sampled tokens under the distribution they were sampled from
    truncated: Tensor  # bool [B], no end-of-sequence token within T

    @property
    def lengths(self) -> Tensor:
        """Tokens per response, with its end-of-sequence token: long [B]."""
        return self.mask.sum(-1)


def encode(tokenizer: PreTrainedTokenizerFast, texts: list[str], device: torch.device | str) -> Prompts:
    """Prompts with a bos token each. Raises ValueError naming the first character that the model does not know."""
    rows = [[tokenizer.bos_token_id, *tokenizer(text).input_ids] for text in texts]
    for text, row in zip(texts, rows, strict=True):
        if tokenizer.unk_token_id in row:
            known = sorted(t for t in tokenizer.get_vocab() if len(t) == 1)
            strange = next(c for c in text if c not in known)
            raise ValueError(f"{strange!r} in {text!r} is no character of this model; it knows {' '.join(known)}")
    longest = max(len(row) for row in rows)
    ids = torch.tensor([[tokenizer.pad_token_id] * (longest - len(r)) + r for r in rows], device=device)
    padded = any(len(row) < longest for row in rows)
    return Prompts(texts, ids, ids != tokenizer.pad_token_id if padded else None)


@torch.no_grad()
def sample(
    model: LlamaForCausalLM,
    prompts: Prompts,
    *,
    num_generations: int,
    max_completion_length: int,
    temperature: float,
    eos_token_id: int,
    pad_token_id: int,
    generator: torch.Generator | None,
) -> Rollout:
    """Samples G responses per prompt; greedy where `generator` is None. Stops when every response has ended."""
    device, count = prompts.ids.device, prompts.ids.shape[0] * num_generations
    uniform = None
    if generator is not None:
        uniform = torch.rand(count, max_completion_length, generator=generator).to(device)
    ids = torch.full((count, max_completion_length), pad_token_id, dtype=torch.long, device=device)
    mask = torch.zeros(count, max_completion_length, dtype=torch.bool, device=device)
    logprobs = torch.zeros(count, max_completion_length, device=device)
    running = torch.ones(count, dtype=torch.bool, device=device)
    decoder = Decoder(model, prompts.ids, prompts.attention, num_generations, max_completion_length)
    for t in range(max_completion_length):
        distribution = torch.log_softmax(decoder.logits.float() / temperature, -1)
        token = distribution.argmax(-1) if uniform is None else inverse_cdf(distribution, uniform[:, t])
        token = torch.where(running, token, pad_token_id)
        ids[:, t], mask[:, t] = token, running
        logprobs[:, t] = distribution.gather(-1, token[:, None])[:, 0] * running
        running = running & (token != eos_token_id)
        if t + 1 == max_completion_length or not bool(running.any()):
            break
        decoder.write(token, running)
    longest = int(mask.sum(-1).max())
    repeated = prompts.ids.repeat_interleave(num_generations, 0)
    start = None if prompts.attention is None else prompts.attention.repeat_interleave(num_generations, 0)
    return Rollout(repeated, start, ids[:, :longest], mask[:, :longest], logprobs[:, :longest], running)


def texts(tokenizer: PreTrainedTokenizerFast, ids: Tensor) -> list[str]:
    """Responses long [B, T] as text, up to the end-of-sequence token; one that has none counts to its end.

    A special token that was sampled inside a response stays visible (`<pad>`): left out, `=<pad>16` would read as `=16`
    and be rewarded.
    """
    eos = tokenizer.eos_token_id
    rows = [row[: row.index(eos)] if eos in row else row for row in ids.tolist()]
    # (transformers decodes an empty batch as one empty text)
    return tokenizer.batch_decode(rows, skip_special_tokens=False) if rows else []


def inverse_cdf(distribution: Tensor, uniform: Tensor) -> Tensor:
    """One token per row: the first whose cumulative probability exceeds the row's uniform number in [0, 1)."""
    cumulative = distribution.exp().cumsum(-1)
    # Scaling by the total keeps rounding from ever choosing a token of probability 0 past the end.
    return (cumulative <= uniform[:, None] * cumulative[:, -1:]).sum(-1).clamp(max=distribution.shape[-1] - 1)
