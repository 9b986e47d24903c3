"""What matrices are multiplied in. Weights, optimiser, residual stream and softmax are 32 bits wide in either case.

bfloat16 means: the inputs of matrix products may be rounded to bfloat16 and are summed in float32. On the CPU that is
oneDNN's own mode (the weights stay as they are), on CUDA it is autocast. On a CPU it is a permission that only AMX
makes use of; others take other kernels by it, which round nothing and are quicker (2 to 3 times on an AMD EPYC).
Whether products are rounded here is therefore measured (`rounds`), and said as a run starts (`about`).

The vocabulary is always projected to float32 numbers: bfloat16 logits of 20 are 0.06 apart, and that alone would move
every importance ratio by as much.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Literal

import torch

from core.errors import Message

Dtype = Literal["float32", "bfloat16"]


def resolve(asked: str, device: torch.device, *, small: bool) -> Dtype:
    """The number format for `asked` "auto", "float32" or "bfloat16"; small models gain nothing from bfloat16."""
    if asked != "auto":
        return "bfloat16" if asked == "bfloat16" else "float32"
    if small or device.type == "mps":
        return "float32"
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return "float32"
    return "bfloat16"


def rounds(dtype: Dtype, device: torch.device) -> bool:
    """Whether matrix products in this format are really rounded to bfloat16 on this device, measured on one.

    Rounding leaves some 1e-3 of the largest number of a product, another order of its sums some 1e-7.
    """
    random = torch.Generator().manual_seed(0)
    a, b = (torch.randn(64, 64, generator=random).to(device) for _ in range(2))
    with exact(device):
        expected = a @ b
    with matmuls(dtype, device):
        product = a @ b
    return float((product.float() - expected).abs().max() / expected.abs().max()) > 1e-4


def about(asked: str, dtype: Dtype, *, rounded: bool, small: bool) -> Message:
    """What matrices are multiplied in, as a run says it when it starts; `asked` is the setting."""
    if rounded:
        return Message("dtype={asked}: matrix products round their inputs to bfloat16 here.", asked=asked)
    if dtype == "bfloat16":
        return Message(
            "dtype={asked}: matrix products may round to bfloat16, but this processor does not: they are float32.",
            asked=asked,
        )
    if asked == "auto" and small:
        return Message("dtype=auto: matrix products are float32; so small a model gains nothing from bfloat16.")
    return Message("dtype={asked}: matrix products are float32.", asked=asked)


@contextlib.contextmanager
def matmuls(dtype: Dtype, device: torch.device) -> Iterator[None]:
    """Within it, matrix products use this format; forward and backward passes belong in the same one."""
    if dtype == "float32":
        yield
        return
    before = torch.get_float32_matmul_precision()
    # On CUDA "high" is TF32, for the products that autocast leaves in float32.
    torch.set_float32_matmul_precision("medium" if device.type == "cpu" else "high")
    try:
        with autocast(device) if device.type == "cuda" else contextlib.nullcontext():
            yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextlib.contextmanager
def exact(device: torch.device) -> Iterator[None]:
    """Within it, matrix products are float32 to the last digit, whatever format is in force around."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def autocast(device: torch.device) -> torch.autocast:
    """Autocast that rounds to bfloat16 anew each time: a cached weight would outlive the optimiser's step."""
    return torch.autocast(device.type, dtype=torch.bfloat16, cache_enabled=False)


@contextlib.contextmanager
def same_weights() -> Iterator[None]:
    """Within it no weight may change, so that autocast rounds each weight once and not once a token."""
    before = torch.is_autocast_cache_enabled()
    torch.set_autocast_cache_enabled(True)
    try:
        yield
    finally:
        torch.clear_autocast_cache()
        torch.set_autocast_cache_enabled(before)
