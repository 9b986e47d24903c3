"""Attention in plain products against torch's fused one, and when which of them is used."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from core.models import attention
from tests.tiny import chat_model

ROWS, HEADS, OWN, SIZE = 3, 6, 2, 8
MODULE = SimpleNamespace(num_key_value_groups=HEADS // OWN, is_causal=True, training=False)


def inputs(length: int, seen: int, own: int = OWN) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(length)
    shapes = (ROWS, HEADS, length, SIZE), (ROWS, own, seen, SIZE), (ROWS, own, seen, SIZE)
    query, key, value = (torch.randn(x, generator=random).mul_(2).requires_grad_() for x in shapes)
    return query, key, value


def some(length: int, seen: int) -> Tensor:
    """Who may be seen, at random; every token sees at least one."""
    mask = torch.rand(ROWS, 1, length, seen, generator=torch.Generator().manual_seed(9)) < 0.5
    mask[..., 0] = True
    return mask


@pytest.mark.parametrize("own", [OWN, HEADS, 1], ids=["grouped", "a key head each", "one key head"])
@pytest.mark.parametrize("scaling", [None, 0.2])
@pytest.mark.parametrize(("length", "seen"), [(7, 7), (1, 9), (4, 9)])
def test_numbers_and_gradients_are_the_fused_ones(length: int, seen: int, scaling, own: int) -> None:
    module = SimpleNamespace(num_key_value_groups=HEADS // own, is_causal=True, training=False)
    results = []
    for function in (attention.attention, sdpa_attention_forward):
        tensors = inputs(length, seen, own)
        out, weights = function(module, *tensors, some(length, seen), scaling=scaling)
        assert weights is None
        assert out.shape == (ROWS, length, HEADS, SIZE)
        weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
        results.append((out, *torch.autograd.grad((out * weight).sum(), tensors)))
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_a_mask_of_numbers_says_the_same_as_one_of_truths() -> None:
    tensors, mask = inputs(5, 5), some(5, 5)
    added = torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(torch.float32).min)
    by_truth, by_number = (attention.attention(MODULE, *tensors, x)[0] for x in (mask, added))
    assert torch.equal(by_truth, by_number)


def test_one_new_token_needs_no_mask() -> None:
    tensors = inputs(1, 9)
    mine, _ = attention.attention(MODULE, *tensors, None)
    theirs, _ = sdpa_attention_forward(MODULE, *tensors, None)
    torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("mask", "length", "more", "fused"),
    [
        (True, 7, {}, False),
        (False, 7, {}, True),  # without a mask the fused one makes the causal one itself
        (True, 7, {"dropout": 0.1}, True),
        (True, 7, {"softcap": 5.0}, True),
        (True, 7, {"position_bias": None}, True),
        (True, 513, {}, True),
        (True, 512, {}, False),
    ],
)
def test_the_plain_way_is_for_short_rows_without_anything_unusual(monkeypatch, mask, length, more, fused) -> None:
    calls = []

    def watched(*given: Any, **more: Any) -> tuple[Tensor, None]:
        calls.append(more)
        return torch.zeros(1), None

    monkeypatch.setattr(attention, "sdpa_attention_forward", watched)
    query, key, value = inputs(1, length) if length > 100 else inputs(length, length)
    seen = torch.ones(ROWS, 1, query.shape[2], length, dtype=torch.bool) if mask else None
    attention.attention(MODULE, query, key, value, seen, **more)
    assert len(calls) == fused


def test_only_models_that_could_use_the_fused_way_attend_this_way() -> None:
    model, eager = chat_model(), chat_model(attn_implementation="eager")
    ids = torch.arange(5, 15)[None]
    with torch.no_grad():
        before = model(input_ids=ids).logits
    attention.use(model)
    attention.use(eager)
    assert model.config._attn_implementation == attention.NAME
    assert eager.config._attn_implementation == "eager"
    with torch.no_grad():
        torch.testing.assert_close(model(input_ids=ids).logits, before, rtol=1e-4, atol=1e-4)
