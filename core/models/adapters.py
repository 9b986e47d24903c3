"""LoRA (Hu et al. 2021, arXiv:2106.09685) through peft: the model's own weights stay frozen and can be shared."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from core import extras
from core.errors import ConfigError


def add(model: PreTrainedModel, rank: int) -> None:
    """Puts adapters of this rank beside every linear layer but the output; only they are trained from now on.

    They start as no change at all. The scale is alpha / rank = 2, as is common. Raises ConfigError where peft, which
    makes them, is not installed.
    """
    if missing := extras.LORA.missing():
        raise ConfigError(missing)
    from peft import LoraConfig

    names = {
        name.rpartition(".")[2]
        for name, module in model.base_model.named_modules()
        if type(module).__name__ in ("Linear", "Conv1D")
    }
    model.add_adapter(LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=sorted(names)))
    # As peft draws them, but the same ones every time and on every device.
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("lora_" in name)
        if "lora_A" in name:
            drawn = nn.init.kaiming_uniform_(torch.empty(parameter.shape), a=math.sqrt(5), generator=generator)
            parameter.data.copy_(drawn)


def changes(model: nn.Module) -> Iterator[Tensor]:
    """What adapters add to the weights that they stand beside, one matrix after another; nothing without adapters."""
    if not extras.LORA.installed():  # then no model here can have adapters
        return
    from peft.tuners.lora import Linear

    for module in model.modules():
        if isinstance(module, Linear):
            for name in module.active_adapters:
                yield module.get_delta_weight(name)


@contextlib.contextmanager
def switched_off(model: PreTrainedModel) -> Iterator[None]:
    """Within it, the model is what it was before it had adapters."""
    model.disable_adapters()
    try:
        yield
    finally:
        model.enable_adapters()
