"""The start models that are shipped with the app: small Llamas over single characters or words, a folder each."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

BUNDLED = Path(__file__).parent / "bundled"


def names() -> list[str]:
    """The bundled models' names."""
    return sorted(p.name for p in BUNDLED.iterdir() if (p / "model.safetensors").is_file())


def weights_hash(model: nn.Module) -> str:
    """SHA-256 over every parameter's name, shape and bytes, in the order of names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
