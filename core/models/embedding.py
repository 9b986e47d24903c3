"""Looking up tokens in a large table without a table-sized gradient for each lookup.

The gradient goes straight into the table's `.grad`: it is there after `backward()`, and torch.autograd.grad gives none.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def embedded(embedding: nn.Module, ids: Tensor) -> Tensor:
    """ids long [...] -> [..., hidden size], as the embedding itself gives them."""
    if type(embedding) is nn.Embedding and embedding.weight.requires_grad and torch.is_grad_enabled():
        return _RowsOfEmbedding.apply(embedding.weight, ids)
    return embedding(ids)


class _RowsOfEmbedding(torch.autograd.Function):
    """Rows of a table whose gradient is added where it belongs: in the rows that were read.

    torch's own makes a table of zeros for it, and where input and output share the table a third one for the sum; on a
    vocabulary of 49,152 these were a tenth of a step.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, ids: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.weight = weight
        return weight[ids]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, None]:
        (ids,) = ctx.saved_tensors
        weight = ctx.weight
        if weight.grad is None:
            weight.grad = torch.zeros_like(weight)
        weight.grad.index_add_(0, ids.flatten(), grad.flatten(0, -2).to(weight.dtype))
        return None, None
