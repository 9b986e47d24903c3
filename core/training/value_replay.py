"""Responses of earlier steps that the critic goes on learning from, beside the newest.

Cobbe et al. 2020, Phasic Policy Gradient (arXiv:2009.04416): a critic bears more reuse of samples than a policy does,
and it may learn from responses that the policy of today would no longer write. As there,

- a replayed response keeps the targets that it had when it was new; they are not made again with today's critic. With
  λ below 1 they hold what the critic of then believed, faded by λ for every token up to the end; at `lam_critic=1` they
  are the outcome itself, which no critic had a part in. Either way they are of the policy of then, and so grow old with
  it: that is the price of the larger sample.
- its loss is the plain squared error. The clip of a value is about the rollout that the old value is of.

Unlike there, no phase of its own is set apart for this: each of the critic's optimiser steps takes the newest step's
mini-batch and the same places of every replayed step, every token alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.training.scoring import Sequences


@dataclass(frozen=True)
class Replayed:
    """Responses of one earlier step, and what the critic was fitted to on them."""

    sequences: Sequences  # of B responses
    returns: Tensor  # [B, T]

    def rows(self, index: Tensor | slice) -> Replayed:
        """Some of the responses, by their numbers [n] or a slice."""
        return Replayed(self.sequences.rows(index), self.returns[index])

    def to(self, device: torch.device | str) -> Replayed:
        """The same, on another device."""
        return Replayed(self.sequences.to(device), self.returns.to(device))


class ValueReplay:
    """The last steps' responses, the oldest first, in the CPU's memory; empty where none are asked for."""

    def __init__(self) -> None:
        self._kept: list[Replayed] = []

    def latest(self, steps: int) -> Sequence[Replayed]:
        """Those of at most so many last steps."""
        return self._kept[max(0, len(self._kept) - steps) :]

    def add(self, sequences: Sequences, returns: Tensor, steps: int) -> None:
        """A step is over: its responses become the newest of at most `steps`, with targets [B, T]."""
        self._kept = [*self.latest(steps - 1), Replayed(sequences, returns).to("cpu")] if steps else []

    @property
    def size(self) -> int:
        """Bytes that a checkpoint takes for them."""
        held = [(x.returns, x.sequences.ids, x.sequences.attention, x.sequences.mask) for x in self._kept]
        return sum(x.numel() * x.element_size() for tensors in held for x in tensors if x is not None)

    def state_dict(self) -> list[dict[str, Any]]:
        """All that is kept, as plain tensors and numbers."""
        return [{"sequences": vars(x.sequences), "returns": x.returns} for x in self._kept]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Puts back what was kept."""
        self._kept = [Replayed(Sequences(**x["sequences"]), x["returns"]) for x in state]
