"""One door to a model's forward pass: lean.py for the small bundled Llamas, packed.py for any other causal model.

Both compute what responses share once and give the same numbers as the model's own forward pass; lean.py folds weights,
which pays only where they are few.
"""

from __future__ import annotations

import copy

from torch import Tensor, nn
from transformers import LlamaForCausalLM, LlamaModel, PreTrainedModel

from core.models import attention, head, lean, packed
from core.models.lean import Decoder
from core.models.limits import NARROW
from core.models.packed import States
from core.models.packed_decoder import PackedDecoder


def is_lean(backbone: nn.Module) -> bool:
    """Whether the lean pass takes this model: a narrow Llama without adapters that keeps its activations."""
    if isinstance(backbone, LlamaForCausalLM):
        backbone = backbone.model
    if not isinstance(backbone, LlamaModel) or backbone.config.hidden_size > NARROW:
        return False
    first = backbone.layers[0]
    return type(first.self_attn.q_proj) is nn.Linear and not first.gradient_checkpointing


def prepare(model: PreTrainedModel) -> None:
    """Gets a start model ready for this module; raises ConfigError if its architecture cannot be run here."""
    if not is_lean(model):
        attention.use(model)
        packed.check(model)


def states(
    backbone: PreTrainedModel, ids: Tensor, prompt: int, attention: Tensor | None = None, lengths: Tensor | None = None
) -> States:
    """Hidden states of distinct responses; see packed.states for shapes. What stands past a response's end differs."""
    if is_lean(backbone):
        return lean.states(backbone, ids, prompt, attention)
    return packed.states(backbone, ids, prompt, attention, lengths)


def logits(model: PreTrainedModel, hidden: Tensor) -> Tensor:
    """Hidden states [..., hidden size] to logits [..., V] in float32."""
    return head.logits(head.output_head(model), hidden)


def decoder(
    model: PreTrainedModel, prompts: Tensor, attention: Tensor | None, num_generations: int | Tensor, most_tokens: int
) -> Decoder | PackedDecoder:
    """Writes responses to prompts, token by token, at most `most_tokens` each. `logits` [n, V], `state` long [B]."""
    if is_lean(model):
        return Decoder(model, prompts, attention, num_generations, most_tokens)
    return PackedDecoder(model, prompts, attention, num_generations)


def frozen_copy(model: PreTrainedModel) -> PreTrainedModel:
    """The model as it is now, never to be trained."""
    return copy.deepcopy(model).requires_grad_(False)


def checkpointed(model: PreTrainedModel) -> None:
    """Makes a model keep only each layer's input and compute the rest again in the backward pass.

    Its layers are then in training mode while they are scored (see packed.py), so every dropout is set to 0 first:
    scores must not depend on chance.
    """
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in ("attention_dropout", "attn_dropout", "dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    model.gradient_checkpointing_enable({"use_reentrant": False})
