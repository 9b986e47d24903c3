"""Who sees whom in a packed row: a model's own pattern of attention, asked of positions instead of columns.

transformers' models ask one function for their masks, once for every pattern that their layers have (all of the past,
or a sliding window), and hand it that pattern as a function of two columns (transformers.masking_utils). In a
packed row (packed.py) a token's column is not its position in its text: the second response stands behind the first.
So while a row is packed the pattern is asked of positions, and only tokens of the same text see one another. Which
windows there are, how wide they are and which layer has which is thereby what the model's own code says it is.

R packed rows of W tokens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import eager_mask, sdpa_mask

#: The attention of attention.py, which takes masks as torch's fused one does.
NAME = "credit_lab"
#: Which owner the tokens of a prompt have; responses count on from it, padding is below it.
PROMPT, PADDING = 0, -1

#: (row, head, query, key) → whether the query's token looks at the key's, all long tensors that broadcast.
_Pattern = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass
class Packing:
    """Where the tokens of packed rows stand in their texts."""

    positions: Tensor  # long [R, W]
    owners: Tensor  # long [R, W]: PROMPT, then a number per response, PADDING
    asked: int = 0  # how many masks the model has asked for


_now: ContextVar[Packing | None] = ContextVar("packing", default=None)


@contextlib.contextmanager
def packing(positions: Tensor, owners: Tensor, *, used: bool = True) -> Iterator[Packing]:
    """Within it, masks are of these packed rows, both long [R, W]; without `used` they are transformers' own."""
    use()
    here = Packing(positions, owners)
    token = _now.set(here if used else None)
    try:
        yield here
    finally:
        _now.reset(token)


def use() -> None:
    """Has the masks of every kind of attention made here; where nothing is packed they stay transformers' own."""
    AttentionMaskInterface.register(NAME, _mask)
    AttentionMaskInterface.register("sdpa", _mask)
    AttentionMaskInterface.register("eager", _added)


def _mask(*given: Any, **about: Any) -> Tensor | None:
    """bool [R, 1, W, W], True where a token looks at another; takes what transformers' `sdpa_mask` does."""
    here = _now.get()
    return sdpa_mask(*given, **about) if here is None else _packed(here, about["mask_function"])


def _added(*given: Any, **about: Any) -> Tensor | None:
    """The same as numbers that plain attention adds to its scores; takes what transformers' `eager_mask` does."""
    here = _now.get()
    if here is None:
        return eager_mask(*given, **about)
    mask, dtype = _packed(here, about["mask_function"]), about["dtype"]
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, torch.finfo(dtype).min)


def _packed(here: Packing, pattern: _Pattern) -> Tensor:
    """Who sees whom: a token sees the prompt's and its own response's, as far as the pattern has it; padding itself."""
    here.asked += 1
    positions, owners = here.positions, here.owners
    rows = torch.arange(len(positions), device=positions.device)[:, None, None, None]
    seen = pattern(rows, torch.zeros_like(rows), positions[:, None, :, None], positions[:, None, None, :])
    sees, owner = owners[:, None, :, None], owners[:, None, None, :]
    text = (owner == sees) | ((owner == PROMPT) & (sees > PROMPT))
    alone = torch.eye(positions.shape[1], dtype=torch.bool, device=positions.device)
    return (seen & text & (sees >= PROMPT)) | alone


@contextlib.contextmanager
def narrowed(model: PreTrainedModel, window: int) -> Iterator[None]:
    """Within it, the model's sliding windows are this many tokens wide, so that a short text shows them."""
    configs = {id(x.config): x.config for x in model.modules() if isinstance(x, PreTrainedModel)}
    before = [(x, x.sliding_window) for x in configs.values() if isinstance(getattr(x, "sliding_window", None), int)]
    try:
        for config, _ in before:
            config.sliding_window = window
        yield
    finally:
        for config, width in before:
            config.sliding_window = width
