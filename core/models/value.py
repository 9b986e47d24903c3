"""The critic: its own copy of the start model's backbone with a scalar head that starts at zero.

`core.training.scoring.values` runs it over a step's responses.
"""

from __future__ import annotations

import copy

import torch
from torch import nn
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
