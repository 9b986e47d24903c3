"""Which trainer a learner gets: by what its kind trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from core.config import RunConfig
from core.learners.registry import trains_policy
from core.models.fetching import Progress
from core.rewards.preferences import Preference
from core.stored_config import read_config
from core.training.learning import Learning
from core.training.reward_run import RewardModelTrainer
from core.training.terms import terms_for
from core.training.trainer import Trainer


def begin(
    config: RunConfig, learner: str, progress: Progress | None = None, labels: Sequence[Preference] = ()
) -> Learning:
    """A learner before its first step. `labels` are the run's, for a learner that trains a reward model.

    Raises ConfigError or RequestError if the config names something that isn't there, or the labels are no use, and
    TermError where the terms that its kind declares cannot be: no page could show such a run.
    """
    terms_for(config.learner(learner))
    if trains_policy(config.learner(learner)):
        return Trainer(config, learner, progress)
    return RewardModelTrainer(config, learner, progress, labels=labels)


def load(path: Path, progress: Progress | None = None) -> Learning:
    """Continues a saved learner exactly. Raises OSError or ConfigError if the file isn't a usable checkpoint."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    if trains_policy(read_config(state["config"]).learner(state["learner"])):
        return Trainer.from_state(state, progress)
    return RewardModelTrainer.from_state(state, progress)
