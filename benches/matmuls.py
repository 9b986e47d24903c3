"""What a piece of work's matrix products alone take on this machine: a floor that no better code can go below."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

Layout = tuple[tuple[int, ...], tuple[int, ...]]  # sizes and strides: a transposed factor costs what it costs
Product = tuple[str, tuple[Layout, ...]]

_PRODUCTS = {"mm": 0, "bmm": 0, "addmm": 1, "baddbmm": 1}  # the operation, and where its two factors begin


class _Recorder(TorchDispatchMode):
    """Notes the factors of every matrix product that runs, fused attention's included."""

    def __init__(self) -> None:
        super().__init__()
        self.products: Counter[Product] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name in _PRODUCTS:
            at = _PRODUCTS[name]
            kind = "bmm" if "bmm" in name else "mm"
            self._note(kind, args[at], args[at + 1])
        elif name.startswith("_scaled_dot_product") and not name.endswith("backward"):
            self._attention(*args[:3])
        elif name.startswith("_scaled_dot_product"):
            # dV = Pᵀ dO, dP = dO Vᵀ, dQ = dS K, dK = dSᵀ Q, and the scores once more
            for _ in range(2):
                self._attention(*args[1:4])
            self._attention(*args[1:4], halves=1)
        return func(*args, **(kwargs or {}))

    def _attention(self, query: Tensor, key: Tensor, value: Tensor, halves: int = 2) -> None:
        q, k, v = (x.flatten(0, 1) for x in (query, key, value))
        self._note("bmm", q, k.mT)
        if halves == 2:
            self._note("bmm", q.new_empty(q.shape[0], q.shape[1], k.shape[1]), v)

    def _note(self, kind: str, a: Tensor, b: Tensor) -> None:
        self.products[kind, tuple((tuple(x.shape), x.stride()) for x in (a, b))] += 1


def record(work: Callable[[], object]) -> Counter[Product]:
    """Does the work once and says which matrix products it made, and how often each."""
    with _Recorder() as recorder:
        work()
    return recorder.products


def flops(products: Counter[Product]) -> int:
    """Multiplications and additions of all of them."""
    total = 0
    for (_, (a, b)), count in products.items():
        batch = a[0][0] if len(a[0]) == 3 else 1
        total += 2 * batch * a[0][-2] * a[0][-1] * b[0][-1] * count
    return total


@torch.inference_mode()
def seconds(products: Counter[Product]) -> float:
    """Time of the same products on random numbers, one after the other, with nothing in between."""
    work = []
    for (kind, layouts), count in products.items():
        a, b = (_like(layout) for layout in layouts)
        work.append((torch.bmm if kind == "bmm" else torch.mm, a, b, count))
    started = time.perf_counter()
    for product, a, b, count in work:
        for _ in range(count):
            product(a, b)
    return time.perf_counter() - started


def _like(layout: Layout) -> Tensor:
    """Random numbers laid out like that; also where a factor is one vector seen many times (stride 0)."""
    size, stride = layout
    needed = 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    return torch.rand(needed).as_strided(size, stride)
