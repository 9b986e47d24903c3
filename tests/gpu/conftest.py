"""A GPU to test on, or none: then these tests are skipped.

`GPU_TESTS_DEVICE=cpu` runs them on the CPU instead, which says nothing of a GPU, only that the tests are sound.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
import torch

from tests.tiny import saved


@pytest.fixture(scope="session")
def device() -> str:
    name = os.environ.get("GPU_TESTS_DEVICE", "cuda")
    if name == "cuda" and not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA")
    return name


@pytest.fixture(scope="session")
def chat_model(device: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A made-up chat model, by its folder's name."""
    return saved(tmp_path_factory.mktemp("chat-model"))


@pytest.fixture(autouse=True)
def emptied() -> Iterator[None]:
    """No test finds what another has left in the device's memory."""
    yield
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
