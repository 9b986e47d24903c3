"""The critic: its own copy of the start model's backbone with a scalar head that starts at zero.

`core.training.scoring.values` runs it over a step's responses.
"""

from __future__ import annotations

import copy

import torch
from torch import nn
from transformers import PreTrainedModel

from core.models import adapters


class ValueModel(nn.Module):
    """V(s): the score that the critic expects for a response, given its prompt and its tokens so far."""

    def __init__(self, start: PreTrainedModel, lora_rank: int = 0) -> None:
        """With `lora_rank` the backbone's weights are the start model's own, frozen, and only adapters are its own."""
        super().__init__()
        backbone = start.base_model
        if lora_rank:
            self.backbone = copy.deepcopy(backbone, {id(x): x for x in backbone.parameters()})
            adapters.add(self.backbone, lora_rank)
        else:
            self.backbone = copy.deepcopy(backbone)
        size = start.config.get_text_config().hidden_size
        self.head = nn.Linear(size, 1, device=start.device, dtype=torch.float32)
        # Zero: before the first update the critic claims nothing, so the first advantages are the rewards alone.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.eval()
