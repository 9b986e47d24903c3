"""Which device a run computes on."""

from __future__ import annotations

import torch

from core.errors import ConfigError


def device_of(name: str) -> torch.device:
    """The device for "cpu", "cuda", "mps" or "auto". Raises ConfigError where this machine has none of that name."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(x for x in ("cuda", "mps", "cpu") if available[x]))
    if not available[name]:
        raise ConfigError(
            "device: {given} is not available on this machine; available are {names}, or auto",
            given=name,
            names=[x for x, yes in available.items() if yes],
        )
    return torch.device(name)
