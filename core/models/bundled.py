"""The start models that are shipped with the app: small Llamas over single characters, a folder each."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

    from core.models.start import StartModel

BUNDLED = Path(__file__).parent / "bundled"


def names() -> list[str]:
    """The bundled models' names."""
    return sorted(p.name for p in BUNDLED.iterdir() if (p / "model.safetensors").is_file())


def load(name: str, device: torch.device | str = "cpu") -> StartModel:
    """`core.models.start.load` in its plainest form."""
    from core.models import start

    return start.load(name, device)


def weights_hash(model: nn.Module) -> str:
    """SHA-256 over every parameter's name, shape and bytes, in the order of names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
