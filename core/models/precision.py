"""What matrices are multiplied in. Weights, optimiser, residual stream and softmax are 32 bits wide in either case.

bfloat16 means: the inputs of matrix products are rounded to bfloat16 and summed in float32. On the CPU that is oneDNN's
own mode (the weights stay as they are), on CUDA it is autocast. The vocabulary is always projected to float32 numbers:
bfloat16 logits of 20 are 0.06 apart, and that alone would move every importance ratio by as much.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Literal

import torch

Dtype = Literal["float32", "bfloat16"]


def resolve(asked: str, device: torch.device, *, small: bool) -> Dtype:
    """The number format for `asked` "auto", "float32" or "bfloat16"; small models gain nothing from bfloat16."""
    if asked != "auto":
        return "bfloat16" if asked == "bfloat16" else "float32"
    if small or device.type == "mps":
        return "float32"
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return "float32"
    # A CPU without AMX takes no notice of it and multiplies in float32, also one that has AVX-512-BF16.
    return "bfloat16"


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
