"""How far a learner's models are from the start weights: measured at evaluations, from what is in memory anyway.

    distance = ‖w − w_start‖ / ‖w_start‖, over all numbers of a model together, in float64

0 is the start itself; 0.01 is one hundredth of the start weights' own length. The critic is measured from the start
model, too, whose copy it begins as, with a head of zeros: one that was fitted before the first step is away from it
already. The reference is the start, and frozen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from core.models import adapters, forward
from core.models.value import ValueModel
from core.training.trace import DISTANCES

#: A copy of a start model of at most so many numbers is kept where no reference is one already (200 MB in float32).
MOST = 50_000_000

#: Of a step without an evaluation.
UNMEASURED: dict[str, float | None] = dict.fromkeys(DISTANCES)


class StartWeights:
    """The weights that a learner's models started from; nothing random happens here, so a run trains as without."""

    def __init__(self, policy: PreTrainedModel, reference: PreTrainedModel | None, lora_rank: int) -> None:
        """Must be made before anything is trained, and before the policy has adapters.

        With adapters the start weights stay where they are. Without them the reference is their copy; where there is
        none a small model is copied, and of a larger one no distance is known.
        """
        self._norm = _norm(policy.parameters())
        self._norm_of_backbone = _norm(policy.base_model.parameters())
        self._frozen = lora_rank > 0
        self._start = None if self._frozen else reference
        if self._start is None and not self._frozen and sum(x.numel() for x in policy.parameters()) <= MOST:
            self._start = forward.frozen_copy(policy)

    def distances(self, policy: PreTrainedModel, critic: ValueModel | None) -> dict[str, float | None]:
        """The columns DISTANCES of STEPS: None where there is no such model, or where its start is not known."""
        if self._start is None and not self._frozen:
            return dict(UNMEASURED)
        moved = _norm(self._changes(policy, self._start))
        of_critic = None
        if critic is not None:
            backbone = None if self._start is None else self._start.base_model
            changes = self._changes(critic.backbone, backbone)
            of_critic = _norm(chain(changes, critic.head.parameters())) / self._norm_of_backbone
        return {"policy_distance": moved / self._norm, "value_distance": of_critic}

    def _changes(self, model: nn.Module, start: nn.Module | None) -> Iterator[Tensor]:
        """What became of the start's parameters less what they were, one after another; shared ones come once."""
        if start is None:
            yield from adapters.changes(model)
            return
        then = dict(start.named_parameters())
        for name, now in model.named_parameters():
            yield now.detach().double() - then[name].detach().double()


@torch.no_grad()
def _norm(tensors: Iterable[Tensor]) -> float:
    """The Euclidean length of all numbers of these tensors together."""
    return sum(float(x.detach().double().square().sum()) for x in tensors) ** 0.5
