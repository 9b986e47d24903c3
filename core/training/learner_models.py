"""The models of a learner beside its policy: the reference, the critic, adapters. All begin as the start model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from transformers import PreTrainedModel

from core.config import RunConfig
from core.learners.registry import AnyLearner, needs_of
from core.models import adapters, forward
from core.models.value import ValueModel


@dataclass(frozen=True)
class Models:
    """A learner's models. With adapters the reference is the policy without them."""

    policy: PreTrainedModel
    value_model: ValueModel | None
    frozen: PreTrainedModel | None
    adapters_off: bool

    @contextlib.contextmanager
    def as_reference(self) -> Iterator[PreTrainedModel | None]:
        """The start model, to score with; None where this learner keeps none."""
        if self.frozen is not None or not self.adapters_off:
            yield self.frozen
        else:
            with adapters.switched_off(self.policy):
                yield self.policy


def reference_of(config: RunConfig, settings: AnyLearner, policy: PreTrainedModel) -> PreTrainedModel | None:
    """A frozen copy of the start model where one is asked for and adapters do not leave it as it is."""
    return forward.frozen_copy(policy) if _compared(config, settings) and not config.lora_rank else None


def prepare(
    config: RunConfig, settings: AnyLearner, policy: PreTrainedModel, reference: PreTrainedModel | None
) -> Models:
    """Makes the critic that the learner needs, and gives both models what the run asks of them: adapters, fewer kept
    activations. `policy` is the start model and is changed in place."""
    critic = ValueModel(policy, config.lora_rank) if needs_of(settings).critic else None
    if config.lora_rank:
        adapters.add(policy, config.lora_rank)
    if config.gradient_checkpointing:
        for model in (policy, critic.backbone if critic else None):
            if model is not None:
                forward.checkpointed(model)
    return Models(policy, critic, reference, _compared(config, settings) and config.lora_rank > 0)


def _compared(config: RunConfig, settings: AnyLearner) -> bool:
    return config.measure_kl or settings.needs_reference
