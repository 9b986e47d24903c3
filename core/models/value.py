"""The critic: its own copy of the start model's backbone with a scalar head that starts at zero."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM


class ValueModel(nn.Module):
    """V(s): the score that the critic expects for a response, given its prompt and its tokens so far."""

    def __init__(self, start: LlamaForCausalLM) -> None:
        super().__init__()
        self.backbone = copy.deepcopy(start.model)
        self.head = nn.Linear(start.config.hidden_size, 1, device=start.device, dtype=torch.float32)
        # Zero: before the first update the critic claims nothing, so the first advantages are the rewards alone.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.eval()

    def forward(self, sequence: Tensor, attention: Tensor | None, positions: Tensor | None) -> Tensor:
        """Values [B, L+T] of every prefix of `sequence` [B, L+T]; entry i is the value of tokens 0…i."""
        hidden = self.backbone(
            input_ids=sequence, attention_mask=attention, position_ids=positions, use_cache=False
        ).last_hidden_state
        return self.head(hidden.float())[..., 0]
