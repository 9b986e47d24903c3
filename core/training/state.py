"""What of a model goes into a checkpoint, and how the file is written."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def trained_weights(model: nn.Module) -> dict[str, Tensor]:
    """The weights that training changes, by name; all of them, unless some are frozen beside adapters."""
    if all(x.requires_grad for x in model.parameters()):
        return model.state_dict()
    return {name: x.detach() for name, x in model.named_parameters() if x.requires_grad}


def trained_bytes(model: nn.Module) -> int:
    """About how many bytes the trained weights take in a checkpoint, with Adam's two moments of each."""
    return sum(x.numel() * (x.element_size() + 8) for x in model.parameters() if x.requires_grad)


def write_whole(state: dict[str, Any], path: Path) -> None:
    """Writes the file so that it is complete or not there at all.

    Raises OSError, or RuntimeError where torch's own writer fails.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        torch.save(state, partial)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
