"""Scoring responses with a full forward pass: log-probabilities, entropies and values. B responses, T positions.

Log-probabilities are taken at the sampling temperature, in fp32: scored under another distribution than they were
sampled from, the importance ratio would not be 1 at the first pass.

The vocabulary is projected only at response positions, each distinct response once, and in chunks: the whole [B, T, V]
of a real vocabulary never exists, neither forward nor backward.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from core.algorithms.kl import entropy_of, kl_of
from core.algorithms.masked import lengths
from core.models import forward, head
from core.models.limits import LOGITS as _LOGITS
from core.models.packed import States
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
        """Some of the responses, by their numbers [n] or a slice."""
        attention = None if self.attention is None else self.attention[index]
        return Sequences(self.ids[index], attention, self.mask[index], self.prompt)

    def to(self, device: torch.device | str) -> Sequences:
        """The same, on another device."""
        attention = None if self.attention is None else self.attention.to(device)
        return Sequences(self.ids.to(device), attention, self.mask.to(device), self.prompt)

    @property
    def completion_ids(self) -> Tensor:
        """Response tokens, long [B, T]."""
        return self.ids[:, self.prompt :]

    def states(self, backbone: PreTrainedModel) -> States:
        """The backbone's hidden states of the distinct responses."""
        return forward.states(backbone, self.ids, self.prompt, self.attention, lengths(self.mask))


@dataclass(frozen=True)
class Scored:
    """What a policy says of given responses; 0 where the mask is False."""

    logprobs: Tensor  # [B, T] of the responses' own tokens, with gradient where the caller has gradients on
    entropy: Tensor  # [B, T] in nats; with gradient only where asked for
    hidden: Tensor  # [n, T, hidden size] before each token of the first n responses, without gradient

    def rows(self, count: int) -> Scored:
        """The first responses, without gradient."""
        return Scored(self.logprobs[:count].detach(), self.entropy[:count].detach(), self.hidden[:count])


def score(
    model: PreTrainedModel, sequences: Sequences, temperature: float, *, keep: int = 0, entropy_gradient: bool = False
) -> Scored:
    """Log-probabilities and entropies of every response token. `keep`: of how many responses hidden states are kept."""
    states = sequences.states(model.base_model)
    tokens = states.rows[:, sequences.prompt :]
    real = torch.empty(tokens.shape, dtype=torch.bool, device=tokens.device)
    real[states.which] = sequences.mask
    before = states.hidden[:, :-1]
    logprobs, entropies = _in_chunks(model, before[real], tokens[real], temperature, entropy_gradient)
    spread = [
        torch.zeros(tokens.shape, device=tokens.device).masked_scatter(real, x)[states.which]
        for x in (logprobs, entropies)
    ]
    return Scored(spread[0], spread[1], before.detach()[states.which[:keep]])


def _in_chunks(
    model: PreTrainedModel, hidden: Tensor, tokens: Tensor, temperature: float, entropy_gradient: bool
) -> tuple[Tensor, Tensor]:
    """Log-probabilities and entropies, both [N], from hidden [N, hidden size] and tokens long [N].

    Where more than one chunk is needed, each is computed again in the backward pass instead of being kept.
    """
    size = _per_chunk(model)
    if len(hidden) <= size:
        return _of_tokens(model, hidden, tokens, temperature, entropy_gradient)
    parts = []
    for start in range(0, len(hidden), size):
        inputs = model, hidden[start : start + size], tokens[start : start + size], temperature, entropy_gradient
        if torch.is_grad_enabled():
            parts.append(checkpoint(_of_tokens, *inputs, use_reentrant=False))
        else:
            parts.append(_of_tokens(*inputs))
    return torch.cat([x[0] for x in parts]), torch.cat([x[1] for x in parts])


def _of_tokens(
    model: PreTrainedModel, hidden: Tensor, tokens: Tensor, temperature: float, entropy_gradient: bool
) -> tuple[Tensor, Tensor]:
    distribution = torch.log_softmax(forward.logits(model, hidden) / temperature, -1)
    logprobs = distribution.gather(-1, tokens[:, None])[:, 0]
    if not entropy_gradient:
        distribution = distribution.detach()
    return logprobs, entropy_of(distribution)


def _per_chunk(model: PreTrainedModel) -> int:
    return max(1, _LOGITS // model.get_input_embeddings().weight.shape[0])


def kl_exact(
    policy: PreTrainedModel, hidden: Tensor, reference: PreTrainedModel, hidden_ref: Tensor, temperature: float
) -> Tensor:
    """KL(policy || reference) over the whole vocabulary in nats, [n, T], from hidden states [n, T, hidden size].

    Without gradient.
    """
    mine, theirs = hidden.flatten(0, 1), hidden_ref.flatten(0, 1)
    size = _per_chunk(policy)
    parts = []
    with torch.no_grad():
        for start in range(0, len(mine), size):
            p = torch.log_softmax(forward.logits(policy, mine[start : start + size]) / temperature, -1)
            q = torch.log_softmax(forward.logits(reference, theirs[start : start + size]) / temperature, -1)
            parts.append(kl_of(p, q))
    return torch.cat(parts).view(hidden.shape[:2])


def distributions(model: PreTrainedModel, sequences: Sequences, temperature: float) -> Tensor:
    """The log-probability of every token before each response token, whole: [B, T, V]. For small vocabularies."""
    states = sequences.states(model.base_model)
    logits = forward.logits(model, states.hidden[:, :-1])[states.which]
    return torch.log_softmax(logits / temperature, -1)


def values(model: ValueModel, sequences: Sequences) -> tuple[Tensor, Tensor]:
    """V before each response token [B, T], and V of the whole response [B]."""
    states = sequences.states(model.backbone)
    after = head.logits(model.head, states.hidden)[..., 0][states.which]  # in float32, as the logits are
    return after[:, :-1], after.gather(-1, lengths(sequences.mask)[:, None])[:, 0]
