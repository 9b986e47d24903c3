"""How large a learner's models are, and how far each has moved from where it started."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from core.models import adapters
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
    samples = {"policy": weights(trainer.policy, start.model)}
    if trainer.reference is not None:
        samples["reference"] = weights(trainer.reference, start.model)
    if trainer.value_model is not None:
        samples["value"] = weights(trainer.value_model, ValueModel(start.model))
    return samples


@torch.no_grad()
def weights(model: nn.Module, start: nn.Module) -> Weights:
    """sqrt(sum (w - w_start)^2) over every parameter, in float64; shared parameters count once.

    Adapters count as what they add to the weights that they stand beside.
    """
    then = dict(start.named_parameters())
    squares = sum(
        float((now.double() - then[name].double()).square().sum())
        for name, now in model.named_parameters()
        if name in then
    )
    squares += sum(float(x.double().square().sum()) for x in adapters.changes(model))
    return Weights(sum(now.numel() for now in model.parameters()), squares**0.5)
