"""The models as they were at a step of a run: the start, a checkpoint that was kept, or training done over again.

A run's trace keeps numbers, not weights. But on the CPU the same config gives the same run bit for bit, so the models
of any step can be had again by training up to it; `drift` then says, on the trace's own tokens, whether that succeeded.

B responses, T positions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa
import torch
from torch import Tensor

from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.insight.panel import Panel
from core.learners.registry import trains_policy
from core.models import precision
from core.tasks.base import recall
from core.text import listed, named
from core.training import checkpoints, scoring
from core.training.scoring import Sequences
from core.training.trainer import Trainer

#: More responses than this are not written again: it would take minutes.
MOST_RESPONSES = 40_000

Origin = Literal["start", "checkpoint", "training again"]


class Run(Protocol):
    """What of a run is needed: its settings as it was started."""

    @property
    def config(self) -> RunConfig: ...


class Runs(Protocol):
    """Where runs are read from: the store."""

    @property
    def home(self) -> Path: ...
    def get(self, run_id: str, /) -> Run: ...
    def samples(self, run_id: str, learner: str, step: int, /) -> pa.Table: ...
    def tokens(self, run_id: str, learner: str, step: int, /) -> pa.Table: ...
    def events(self, run_id: str, /) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class ReplayedModels:
    """A learner just before it makes `step`: its policy is the one that wrote that step's responses."""

    trainer: Trainer
    step: int
    origin: Origin
    drift: float  # largest difference from the trace's log-probabilities (and values) of the step's panel


@dataclass(frozen=True)
class Scores:
    """What a learner's models say of given responses; all [B, T], meaningless where `mask` is False."""

    completion_ids: Tensor  # long
    mask: Tensor  # bool
    logprobs: Tensor  # of the policy
    logprobs_ref: Tensor | None  # of the start weights; None where the run keeps no reference
    values: Tensor | None  # of the critic; None where there is none


def models_at(
    store: Runs, run_id: str, learner: str, step: int, progress: Callable[[int, int], None] | None = None
) -> ReplayedModels:
    """The models that made `step`; `progress` is told (steps trained again, all that are needed).

    Settings that were changed while the run went on are changed at the same step again. Raises RunNotFound if the run
    has no such step, ConfigError if its start model is not there, RequestError if training again would take too long.
    """
    panel = Panel.of(store.samples(run_id, learner, step), store.tokens(run_id, learner, step))
    config = store.get(run_id).config
    if not trains_policy(config.learner(learner)):
        raise RequestError("{learner} trains a reward model: there is no policy that could be asked", learner=learner)
    trainer, origin = _nearest(store, run_id, learner, step, config)
    first, again = trainer.step, (step - trainer.step) * config.prompts_per_step * config.num_generations
    if again > MOST_RESPONSES:
        raise RequestError(
            "the models of step {step} are not kept, and training up to it again would take {again} responses; at most "
            "{bound} are allowed, so choose an earlier step",
            step=step + 1,
            again=again,
            bound=MOST_RESPONSES,
        )
    changes = [x for x in store.events(run_id) if x["kind"] == "change" and x["learner"] in (learner, None)]
    if trainer.step < step:
        origin = "training again"
    # A verifier may need what only the process that asked a question knows; pages verify what the panel holds.
    recall(trainer.task, config.seed, step, panel.prompts)
    _apply(trainer, changes)
    while trainer.step < step:
        if progress is not None:
            progress(trainer.step - first, step - first)
        next(trainer.steps())
        _apply(trainer, changes)
    return ReplayedModels(trainer, step, origin, _drift(trainer, panel))


def score_texts(trainer: Trainer, prompt: str, responses: list[str]) -> Scores:
    """Scores responses to one prompt, each taken as ended by itself: the end-of-sequence token is added.

    Raises RequestError if a response cannot be written by the model.
    """
    codec = trainer.codec
    rows = [[*_ids(trainer, text), codec.end_ids[0]] for text in responses]
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [codec.pad_id] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[t < len(row) for t in range(longest)] for row in rows])
    return score_ids(trainer, [prompt] * len(rows), ids, mask)


@torch.no_grad()
def score_ids(trainer: Trainer, prompts: list[str], completion_ids: Tensor, mask: Tensor) -> Scores:
    """Scores responses that are tokens already; completion_ids long and mask bool [B, T]."""
    encoded = trainer.codec.encode(prompts, trainer.device)
    ids = torch.cat([encoded.ids, completion_ids.to(trainer.device)], -1)
    attention = None
    if encoded.attention is not None:
        attention = torch.cat(
            [encoded.attention, torch.ones_like(completion_ids, dtype=torch.bool).to(trainer.device)], -1
        )
    sequences = Sequences(ids, attention, mask.to(trainer.device), encoded.ids.shape[1])
    temperature = trainer.config.temperature
    with precision.matmuls(trainer.dtype, trainer.device):
        policy = scoring.score(trainer.policy, sequences, temperature).logprobs
        with trainer.models.as_reference() as model:
            reference = None if model is None else scoring.score(model, sequences, temperature).logprobs.cpu()
        values = None if trainer.value_model is None else scoring.values(trainer.value_model, sequences)[0].cpu()
    return Scores(completion_ids, mask, policy.cpu(), reference, values)


def _ids(trainer: Trainer, text: str) -> list[int]:
    tokenizer = trainer.codec.tokenizer
    vocabulary, most = tokenizer.get_vocab(), trainer.max_length - 1
    known = sorted(x for x in vocabulary if len(x) == 1)
    if not text:
        raise RequestError("a response needs at least one character")
    if len(text) > most:
        raise RequestError(
            "a response may have at most {bound} characters, but this has {given}", bound=most, given=len(text)
        )
    strange = next((x for x in text if x not in known), None)
    if strange is not None:
        raise RequestError(
            "{given} is no character of this model; it knows {names}",
            given=named(strange),
            names=listed(known),
        )
    return [vocabulary[x] for x in text]


def _nearest(store: Runs, run_id: str, learner: str, step: int, config: RunConfig) -> tuple[Trainer, Origin]:
    """The furthest point at or before the step that can be had without training."""
    quick = {"device": "cpu", "eval_every": 0, "trace": "panel", "panel_size": config.num_generations}
    for path in checkpoints.saved(checkpoints.folder(store.home, run_id, learner)):
        if int(path.stem) <= step:
            try:
                trainer = Trainer.load(path)
            except (OSError, ConfigError, RuntimeError, KeyError):  # damaged: an earlier one, or the start, will do
                continue
            trainer.config = trainer.config.model_copy(update=quick)
            return trainer, "checkpoint"
    return Trainer(config.model_copy(update=quick), learner), "start"


def _apply(trainer: Trainer, changes: list[dict[str, Any]]) -> None:
    """What was changed before the step that comes next; if a checkpoint of that step has had it, once more."""
    for event in changes:
        if event["step"] == trainer.step:
            try:
                trainer.change(event["value"])
            except (ConfigError, TypeError, AttributeError):  # the worker refused it, too
                continue


def _drift(trainer: Trainer, panel: Panel) -> float:
    """The panel's tokens scored again, against what the trace says of them."""
    scores = score_ids(trainer, panel.prompts, panel.completion_ids, panel.mask)
    drift = (scores.logprobs - panel.column("logprob_old")).abs()[panel.mask].max()
    values = panel.column("value")
    if scores.values is not None and not bool(values[panel.mask].isnan().any()):
        drift = torch.maximum(drift, (scores.values - values).abs()[panel.mask].max())
    return float(drift)
