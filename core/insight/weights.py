"""How large a learner's models are, and how far each has moved from where it started."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from core.models.start import load
from core.models.value import ValueModel
from core.training.trainer import Trainer


@dataclass(frozen=True)
class Weights:
    """A model's number of parameters, and the Euclidean distance of all of them from their start values."""

    parameters: int
    distance: float


def weights_of(trainer: Trainer) -> dict[str, Weights]:
    """The learner's models as they are now: "policy", "reference", and "value" where there is a critic."""
    start = load(trainer.config.model, trainer.device)
    found = {"policy": weights(trainer.policy, start.model)}
    if trainer.reference is not None:
        found["reference"] = weights(trainer.reference, start.model)
    if trainer.value_model is not None:
        found["value"] = weights(trainer.value_model, ValueModel(start.model))
    return found


@torch.no_grad()
def weights(model: nn.Module, start: nn.Module) -> Weights:
    """sqrt(sum (w - w_start)^2) over every parameter, in float64; shared parameters count once."""
    pairs = list(zip(model.parameters(), start.parameters(), strict=True))
    squares = sum(float((now.double() - then.double()).square().sum()) for now, then in pairs)
    return Weights(sum(now.numel() for now, _then in pairs), squares**0.5)
