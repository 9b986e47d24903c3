"""Scoring responses with a full forward pass: log-probabilities, distributions and values. B responses, T positions.

Log-probabilities are taken at the sampling temperature, in fp32: scored under another distribution than they were
sampled from, the importance ratio would not be 1 at the first pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from core.models.value import ValueModel
from core.training.rollout import Rollout


@dataclass(frozen=True)
class Sequences:
    """Prompt and response in one row, as the models take them; response token t sits at column `prompt + t`."""

    ids: Tensor  # long [B, L+T]
    attention: Tensor | None  # long [B, L+T], only where prompts are padded
    positions: Tensor | None  # long [B, L+T]
    mask: Tensor  # bool [B, T]
    prompt: int  # L

    @classmethod
    def of(cls, rollout: Rollout) -> Sequences:
        """The rollout's sequences."""
        ids = torch.cat([rollout.prompt_ids, rollout.completion_ids], -1)
        attention = positions = None
        if rollout.prompt_attention is not None:
            # Causal attention never looks right, so only the padding on the left has to be hidden.
            attention = torch.cat([rollout.prompt_attention, torch.ones_like(rollout.mask)], -1).long()
            positions = (attention.cumsum(-1) - 1).clamp(min=0)
        return cls(ids, attention, positions, rollout.mask, rollout.prompt_ids.shape[1])

    def rows(self, index: Tensor | slice) -> Sequences:
        """Some of the responses."""
        attention = None if self.attention is None else self.attention[index]
        positions = None if self.positions is None else self.positions[index]
        return Sequences(self.ids[index], attention, positions, self.mask[index], self.prompt)

    @property
    def completion_ids(self) -> Tensor:
        """Response tokens, long [B, T]."""
        return self.ids[:, self.prompt :]


@dataclass(frozen=True)
class Scored:
    """What a policy says of given responses."""

    logprobs: Tensor  # [B, T] of the responses' own tokens
    distribution: Tensor  # [B, T, V] log-probability of every token


def score(model: LlamaForCausalLM, sequences: Sequences, temperature: float) -> Scored:
    """Log-probabilities of every response token, with gradient where the caller has gradients on."""
    length = sequences.mask.shape[1]
    logits = model(
        input_ids=sequences.ids,
        attention_mask=sequences.attention,
        position_ids=sequences.positions,
        use_cache=False,
        logits_to_keep=length + 1,
    ).logits[:, :-1]
    distribution = torch.log_softmax(logits.float() / temperature, -1)
    return Scored(distribution.gather(-1, sequences.completion_ids[..., None])[..., 0], distribution)


def values(model: ValueModel, sequences: Sequences) -> tuple[Tensor, Tensor]:
    """V before each response token [B, T], and V of the whole response [B]."""
    everywhere = model(sequences.ids, sequences.attention, sequences.positions)
    before = everywhere[:, sequences.prompt - 1 : -1]
    last = sequences.prompt - 1 + sequences.mask.sum(-1)
    return before, everywhere.gather(-1, last[:, None])[:, 0]
