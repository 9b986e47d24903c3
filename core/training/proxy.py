"""The reward of a learner that trains on a reward model: a proxy for what is wanted. B responses, T positions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from core.errors import ConfigError
from core.learners.settings import LearnerSettings
from core.models import reward
from core.models.value import ValueModel
from core.rewards import REWARDS
from core.training import scoring
from core.training.rollout import Rollout
from core.training.scoring import Sequences

#: Taken off the reward of a response that was cut off: it has no end-of-sequence token, at which the model was trained
#: to be read, and a policy would find out that it need not end (TRL's `missing_eos_penalty`, 1 in its PPO examples).
MISSING_END = 1.0


@dataclass(frozen=True)
class Proxy:
    """A frozen reward model, and what makes its scores those of a run."""

    model: ValueModel
    shift: float
    scale: float

    @torch.no_grad()
    def score(self, rollout: Rollout) -> list[float]:
        """One reward a response: 0 for one that is as good as those which the model learnt from are on average."""
        _, whole = scoring.values(self.model, Sequences.of(rollout))
        rewards = (whole - self.shift) / self.scale - MISSING_END * rollout.truncated.float()
        return [float(x) for x in rewards]


def proxy_of(settings: LearnerSettings, start: PreTrainedModel, start_hash: str) -> Proxy | None:
    """The reward model that a learner trains on, before its policy is changed in any way; None for any other reward.

    Raises ConfigError where there is none of that name, or it was made of another start model.
    """
    if not REWARDS[settings.reward].trained:
        return None
    if settings.reward_model is None:  # the run's config refuses that; a stored one may have been made elsewhere
        raise ConfigError("reward_model: the reward {reward} needs the name of one", reward=settings.reward)
    model, card = reward.load(settings.reward_model, start, start_hash)
    return Proxy(model, card.shift, card.scale)
