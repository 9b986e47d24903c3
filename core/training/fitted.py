"""A critic that is fitted before the first step: it learns what the start policy's own answers score.

Value pre-training of VC-PPO and VAPO (Yue et al. 2025, arXiv:2503.01491 and arXiv:2504.05118): responses are sampled
from the start policy, which does not change meanwhile, and the critic is fitted to what they score, by the mean squared
error at every token. So the first step's credit comes from a critic that knows something; one that begins at zero
leaves it to the outcome alone.

The answers are to training questions of a stream of their own, which is the same for every seed of a run: the critic is
then a function of start model and settings. It is kept in the app's home folder, so that the next run that begins alike
finds it there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core import curation
from core.algorithms.advantages import gae
from core.algorithms.aggregation import token_weights
from core.algorithms.token_rewards import token_rewards
from core.algorithms.value_loss import clipped_value_loss
from core.config import RunConfig
from core.environment import environment
from core.errors import ConfigError, Message
from core.learners.registry import AnyLearner, critic_of, discount_of
from core.models import critics, precision
from core.models.fetching import Progress
from core.models.scratch import written
from core.models.value import ValueModel
from core.places import critics_folder as folder
from core.training import scoring
from core.training.gather import Asker
from core.training.optimizer import Optimizer
from core.training.scoring import Sequences
from core.training.state import trained_weights
from core.training.update import parts

_logger = logging.getLogger(__name__)

#: Raised where the same plan leads to another critic: what was kept before is then not taken.
VERSION = 1
#: No run's seed: the seeds of runs end below it.
_SEED = 2**31
#: Critics that are kept, and bytes of all of them; the oldest go first. Where a server's disk is limited, they take at
#: most a tenth of it: runs are what it is for, and of critics nobody can delete any.
_KEPT, _BYTES, _SHARE = 8, 2_000_000_000, 0.1
#: Share of the updates in which the learning rate rises, and by what it starts and ends below its largest: as torch's
#: OneCycleLR has them.
_RISES, _START, _END = 0.3, 25.0, 25.0 * 1e4


@dataclass(frozen=True)
class CriticFit:
    """All that the fitted critic depends on, beside the start model's weights and the task themselves."""

    updates: int
    learning_rate: float
    gamma: float
    responses: int  # in an update
    settings: AnyLearner
    about: str  # JSON of everything: equal texts lead to equal critics

    @property
    def rollouts(self) -> int:
        """Batches of answers that are sampled."""
        return math.ceil(self.updates / critics.PASSES)


def plan_of(
    config: RunConfig, settings: AnyLearner, start_hash: str, device: torch.device, dtype: precision.Dtype
) -> CriticFit:
    """What is to be fitted, and where. Raises ValueError where the learner has no critic."""
    critic, gamma = critic_of(settings), discount_of(settings).gamma
    if critic is None:
        raise ValueError(f"{settings.name} has no critic")
    responses = config.prompts_per_step * config.num_generations
    about = {
        "version": VERSION,
        "start": start_hash,
        "task": config.task.model_dump(mode="json"),
        **config.model_dump(
            mode="json", include={"system_prompt", "temperature", "max_completion_length", "lora_rank"}
        ),
        **settings.model_dump(
            mode="json", include={"reward", "reward_model", "weight_decay", "max_grad_norm"}, exclude_none=True
        ),
        "updates": critic.value_pretrain_updates,
        "learning_rate": critic.value_pretrain_learning_rate,
        "gamma": gamma,
        "responses": responses,
        "device": device.type,
        "dtype": dtype,
        "torch": torch.__version__,
    }
    if data := curation.about(config):
        about["data"] = data  # other questions, or other answers paid, make another critic
    return CriticFit(
        critic.value_pretrain_updates,
        critic.value_pretrain_learning_rate,
        gamma,
        responses,
        settings,
        json.dumps(about, sort_keys=True),
    )


def begin(model: ValueModel, asker: Asker, plan: CriticFit, start_hash: str, progress: Progress | None = None) -> int:
    """Gives a new critic what it knows before the first step, as its settings say: a critic's that comes with the app,
    what it learns now, or nothing. Returns how many answers were sampled and scored for it.

    Raises ConfigError where the named critic cannot be this one's start; `progress` as for `fit`.
    """
    critic = critic_of(plan.settings)
    if critic is not None and critic.value_model is not None:
        if problem := critics.refusal(critic.value_model, asker.config.model, asker.config.lora_rank):
            raise ConfigError(problem)
        known = critics.load(critic.value_model, start_hash)
        model.load_state_dict(known.weights)
        return known.responses
    return fit(model, asker, plan, progress) if plan.updates else 0


def fit(model: ValueModel, asker: Asker, plan: CriticFit, progress: Progress | None = None) -> int:
    """Fits the critic, or takes the one that is kept. Returns how many answers were sampled and scored for it.

    `progress` is called with (what is being done, share of it); what it raises ends the fitting.
    """
    if (weights := kept(plan)) is not None:
        model.load_state_dict(weights, strict=not asker.config.lora_rank)
    else:
        learn(model, asker, plan, progress)
        keep(plan, model)
    return plan.rollouts * plan.responses


def learn(model: ValueModel, asker: Asker, plan: CriticFit, progress: Progress | None = None) -> None:
    """Fits the critic anew, whatever is kept; `progress` as for `fit`."""
    say = progress if progress is not None else (lambda _message, _share: None)
    batches = _answers(asker, plan, say)
    optimizer = Optimizer(model, plan.learning_rate, plan.settings)
    draw, order = torch.Generator().manual_seed(_SEED), list[int]()
    for update in range(plan.updates):
        say(Message("Fitting the critic to what the start policy's responses score."), update / plan.updates)
        order = order or torch.randperm(len(batches), generator=draw).tolist()
        _learn(model, *batches[order.pop()], asker.config.micro_batch_size)
        optimizer.step(plan.learning_rate * one_cycle(update, plan.updates), plan.settings)


def _answers(asker: Asker, plan: CriticFit, say: Progress) -> list[tuple[Sequences, Tensor]]:
    """Batches of answers with what is to be said of their tokens: (sequences of B responses, targets [B, T])."""
    config = asker.config.model_copy(update={"seed": _SEED, "prompts_per_step": plan.responses, "num_generations": 1})
    alone = plan.settings.model_copy(update={"num_generations": None})
    own = Asker(asker.policy, asker.codec, asker.task, config, alone, asker.max_length, proxy=asker.proxy)
    batches = []
    for number in range(plan.rollouts):
        say(Message("Sampling responses of the start policy, to fit the critic to."), number / plan.rollouts)
        gathered = own.gather(number, lambda stream, n=number: _generator(n, stream))  # type: ignore[misc]
        mask = gathered.rollout.mask
        rewards = token_rewards(torch.tensor(gathered.answers.rewards, device=mask.device), mask)
        # At λ = 1 the return is the discounted outcome itself, whatever the critic says: its values may be 0 here.
        _, targets, _ = gae(rewards, torch.zeros_like(rewards), mask, plan.gamma, 1.0)
        batches.append((Sequences.of(gathered.rollout), targets))
    return batches


def _generator(number: int, stream: int) -> torch.Generator:
    return torch.Generator().manual_seed((_SEED * 1_000_003 + number) * 1_009 + stream)


def _learn(model: ValueModel, sequences: Sequences, targets: Tensor, size: int | None) -> None:
    """Leaves the gradient of half the mean squared error over all tokens of a batch; targets [B, T]."""
    weights = token_weights(sequences.mask, "token-mean", 1)
    for part in parts(len(targets), size):
        values = scoring.values(model, sequences.rows(part))[0]
        per_token = clipped_value_loss(values, values, targets[part])
        (weights[part] * torch.where(sequences.mask[part], per_token, 0)).sum().backward()


def one_cycle(update: int, updates: int) -> float:
    """The learning rate at an update (from 0), as a share of the largest: up, then down again, both by a cosine.

    Smith and Topin 2017 (arXiv:1708.07120), with the shape of torch's OneCycleLR.
    """
    peak = _RISES * updates - 1
    if update <= peak:
        return _cosine(1 / _START, 1.0, update / peak)
    return _cosine(1.0, 1 / _END, (update - peak) / (updates - 1 - peak))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


# -- the critics that are kept ---------------------------------------------------------------------------------------


def _path(plan: CriticFit) -> Path:
    return folder() / f"{hashlib.sha256(plan.about.encode()).hexdigest()[:32]}.pt"


def kept(plan: CriticFit) -> dict[str, Tensor] | None:
    """The weights of a critic that was fitted by this very plan; None where there is none, or it cannot be read."""
    path = _path(plan)
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if state["about"] != plan.about:
            return None
        os.utime(path)  # it is in use: others are older
        weights: dict[str, Tensor] = state["weights"]
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, EOFError, pickle.UnpicklingError):
        _logger.warning("the fitted critic %s cannot be read; it is fitted again", path)
        return None
    return weights


def keep(plan: CriticFit, model: ValueModel) -> None:
    """Keeps the critic for other runs; where the disk does not take it, the next run fits its own."""
    path = _path(plan)

    def write(scratch: Path) -> None:
        torch.save({"about": plan.about, "weights": trained_weights(model)}, scratch / path.name)
        os.replace(scratch / path.name, path)

    try:
        written(path.parent, write)  # two workers may fit the same
        _tidy()
    except (OSError, RuntimeError):  # torch's writer reports a full disk as a RuntimeError
        _logger.warning("the fitted critic could not be kept at %s", path)


def _tidy() -> None:
    """Lets the oldest go; the newest stays, whatever its size."""
    limit = environment().max_disk_gb
    most = _BYTES if limit is None else min(_BYTES, _SHARE * limit * 1e9)
    files = sorted(folder().glob("*.pt"), key=lambda x: x.stat().st_mtime, reverse=True)
    total = 0
    for number, file in enumerate(files):
        total += file.stat().st_size
        if number and (number >= _KEPT or total > most):
            file.unlink(missing_ok=True)
