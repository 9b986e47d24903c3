"""Attention as plain matrix products where that is quicker: short rows on a CPU.

torch's fused attention works without the scores in memory, which pays on long rows and on a GPU. For a row of 150
tokens with a mask its CPU kernel took 3.7 ms forward and 11.5 backward, two products and a softmax 2.1 and 1.9 (9 heads
of 64, two rows, one thread). So rows up to `SHORT` tokens are computed plainly, all others by transformers' own way.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from core.models import masks
from core.models.limits import SHORT

NAME = masks.NAME


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **kwargs: object,
) -> tuple[Tensor, None]:
    """query [R, H, T, D], key and value [R, K, S, D], mask bool [R, 1, T, S] -> [R, T, H, D], as transformers asks."""
    rows, heads, length, size = query.shape
    plain = query.device.type == "cpu" and key.shape[2] <= SHORT and not dropout and not kwargs.get("softcap")
    if not plain or (attention_mask is None and length > 1) or "position_bias" in kwargs:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal=is_causal, **kwargs
        )
    # Query heads that share a key head stand under one another, so that keys need not be repeated.
    shared = key.shape[1]
    folded = query.reshape(rows, shared, heads // shared * length, size)
    scores = folded @ key.transpose(2, 3) * (size**-0.5 if scaling is None else scaling)
    if attention_mask is not None:
        hidden = ~attention_mask if attention_mask.dtype == torch.bool else attention_mask < 0
        scores = scores.view(rows, shared, -1, length, key.shape[2]).masked_fill(
            hidden[:, :, None], torch.finfo(scores.dtype).min
        )
        scores = scores.view(rows, shared, -1, key.shape[2])
    seen = torch.softmax(scores, -1) @ value
    return seen.view(rows, heads, length, size).transpose(1, 2).contiguous(), None


def use(model: PreTrainedModel) -> None:
    """Lets a model attend this way, if it could use torch's fused attention; others keep their own.

    In either case its masks are made by masks.py.
    """
    masks.use()
    if model.config._attn_implementation == "sdpa":
        AttentionInterface.register(NAME, attention)
        model.set_attn_implementation(NAME)
