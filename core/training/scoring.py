"""Scoring responses with a full forward pass: log-probabilities, distributions and values. B responses, T positions.

Log-probabilities are taken at the sampling temperature, in fp32: scored under another distribution than they were
sampled from, the importance ratio would not be 1 at the first pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from core.models.lean import at_each_token
from core.models.value import ValueModel
from core.training.rollout import Rollout


@dataclass(frozen=True)
class Sequences:
    """Prompt and response in one row, as the models take them; response token t sits at column `prompt + t`."""

    ids: Tensor  # long [B, L+T]
    attention: Tensor | None  # bool [B, L+T], False left of a padded prompt; None where no prompt is padded
    mask: Tensor  # bool [B, T]
    prompt: int  # L

    @classmethod
    def of(cls, rollout: Rollout) -> Sequences:
        """The rollout's sequences."""
        ids = torch.cat([rollout.prompt_ids, rollout.completion_ids], -1)
        attention = None
        if rollout.prompt_attention is not None:
            # Causal attention never looks right, so only the padding on the left has to be hidden.
            attention = torch.cat([rollout.prompt_attention, torch.ones_like(rollout.mask)], -1)
        return cls(ids, attention, rollout.mask, rollout.prompt_ids.shape[1])

    def rows(self, index: Tensor | slice) -> Sequences:
        """Some of the responses."""
        attention = None if self.attention is None else self.attention[index]
        return Sequences(self.ids[index], attention, self.mask[index], self.prompt)

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
    logits = at_each_token(model.model, model.lm_head, sequences.ids, sequences.prompt, sequences.attention)[:, :-1]
    distribution = torch.log_softmax(logits.float() / temperature, -1)
    return Scored(distribution.gather(-1, sequences.completion_ids[..., None])[..., 0], distribution)


def values(model: ValueModel, sequences: Sequences) -> tuple[Tensor, Tensor]:
    """V before each response token [B, T], and V of the whole response [B]."""
    backbone = model.backbone
    after = at_each_token(backbone, model.head, sequences.ids, sequences.prompt, sequences.attention)[..., 0]
    return after[:, :-1], after.gather(-1, sequences.mask.sum(-1, keepdim=True))[:, 0]
