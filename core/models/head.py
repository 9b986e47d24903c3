"""From hidden states to logits: a model's output projection as the model itself applies it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


def output_head(model: PreTrainedModel) -> nn.Module:
    """Hidden states to logits, as the model itself does it: with its scale or soft cap where it has one."""
    linear, config = model.get_output_embeddings(), model.config.get_text_config()
    scale = getattr(config, "logit_scale", None) or 1.0
    divide = getattr(config, "logits_scaling", None) or 1.0
    cap = getattr(config, "final_logit_softcapping", None)
    if scale == divide == 1.0 and cap is None:
        return linear
    return _Scaled(linear, scale / divide, cap)


def logits(head: nn.Module, hidden: Tensor) -> Tensor:
    """The head's logits in float32, also where everything around is in bfloat16 (see precision.py)."""
    with torch.autocast(hidden.device.type, enabled=False):
        return head(hidden.to(next(head.parameters()).dtype)).float()


class _Scaled(nn.Module):
    def __init__(self, linear: nn.Module, scale: float, cap: float | None) -> None:
        super().__init__()
        self.linear, self.scale, self.cap = linear, scale, cap

    def forward(self, hidden: Tensor) -> Tensor:
        logits = self.linear(hidden) * self.scale
        return logits if self.cap is None else torch.tanh(logits / self.cap) * self.cap
