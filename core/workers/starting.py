"""Why a run cannot be started here: what is switched off, missing, limited or too small."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from core import environment
from core.config import RunConfig
from core.errors import ConfigError, Message, all_of
from core.extras import LORA
from core.learners.registry import critic_of
from core.models import critics, reward
from core.models.fit import free_memory
from core.runs.store import RunStore
from core.workers.limits import LimitError, RunLimits


def training_off() -> Message | None:
    """Why nothing can be trained here; None where it can."""
    if not environment.environment().training:
        return Message("Training is switched off here (CREDIT_LAB_TRAINING=off); recorded runs can be looked at.")
    if wrong := environment.problems():
        return Message(
            "Nothing is trained here until whoever keeps this server has mended a setting of it: {cause}",
            cause=all_of(wrong),
        )
    if not hasattr(os, "fork"):
        return Message(
            "Training needs Linux or macOS (on Windows: WSL), as workers are forked; recorded runs can be looked at."
        )
    return None


def refusal(
    config: RunConfig, limits: RunLimits, store: RunStore, *, alone: bool, begun: bool = False
) -> Message | None:
    """Why this run may not start: packages, where it has not `begun` an unfit critic, limits, and where it is `alone`
    here, memory; None where it may."""
    if missing := LORA.missing() if config.lora_rank else None:
        return missing
    if not begun and (unfit := _unfit_critic(config)):  # later its critic is in its checkpoints
        return unfit
    if unfit := _no_reward_model(config):
        return unfit
    try:
        limits.check(config, store)
    except LimitError as error:
        return error.message
    return _too_large(config) if alone else None


def _unfit_critic(config: RunConfig) -> Message | None:
    """Why a learner cannot begin with the critic that it names: its worker would find out while the others train."""
    asked = (x.value_model for x in map(critic_of, config.learners) if x is not None and x.value_model is not None)
    problems = (critics.refusal(name, config.model, config.lora_rank) for name in asked)
    return next((x for x in problems if x is not None), None)


def _no_reward_model(config: RunConfig) -> Message | None:
    """Why a learner cannot train on the reward model that it names."""
    asked = (x.reward_model for x in config.learners if x.reward_model is not None)
    problems = (reward.refusal(name, config.model) for name in asked)
    return next((x for x in problems if x is not None), None)


def _too_large(config: RunConfig) -> Message | None:
    """Why all learners side by side do not fit into this machine's memory, where that is known before they load.

    Not where it may be a GPU's memory: then each worker asks for itself.
    """
    if not on_cpu(config.device):
        return None
    try:
        free_memory.refuse_if_too_large(config)
    except ConfigError as error:
        return error.message
    return None


def on_cpu(device: str) -> bool:
    """Whether a run surely computes on the CPU; torch, which knows for certain, is not loaded in the app."""
    return device == "cpu" or (device == "auto" and sys.platform == "linux" and not Path("/dev/nvidiactl").exists())
