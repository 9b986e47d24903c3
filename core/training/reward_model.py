"""Trains a reward model on preferences: a generator of steps, each with what a page shows of it.

The start policy's backbone gets a scalar head, read at the end-of-sequence token of both responses of a pair, and
−log σ(r_j − r_k) is made small (core/algorithms/preferences.py). Which pairs are held out, and every batch, follow from
the seed; the same seed and preferences give the same model, also where training was interrupted and goes on.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from core.algorithms.preferences import bradley_terry_loss, pair_accuracy
from core.errors import DivergedError, RequestError
from core.models import forward, positions, reward
from core.models.codec import Codec
from core.models.device import device_of
from core.models.fetching import Progress
from core.models.reward import Card
from core.models.start import load
from core.models.value import ValueModel
from core.rewards.preferences import Preference, check_enough, read, to_json
from core.settings import Settings
from core.training import scoring
from core.training.judged import Judged, RewardStep, RewardUpdate, ScoredPrefixes, judged
from core.training.scoring import Sequences
from core.training.state import write_whole

#: Responses that are scored at a time where nothing is learnt from them.
AT_ONCE = 256


class RewardModelSettings(Settings):
    """How a reward model is trained."""

    model: str = Field(
        "chain-sum-3x1", min_length=1, max_length=200, description="The start model whose backbone it is."
    )
    task: dict[str, Any] = Field(
        default_factory=dict, description="What was asked, for its card; nothing depends on it."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="What is held out, and the batches, follow from this number.")
    epochs: int = Field(6, ge=1, le=100, description="How often every pair is learnt from.")
    batch_size: int = Field(16, ge=1, le=4096, description="Pairs per update.")
    learning_rate: float = Field(3e-4, gt=0, le=1, description="Step size of the Adam optimiser.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="AdamW weight decay.")
    max_grad_norm: float = Field(1.0, gt=0, le=1000, description="Gradients longer than this are scaled down to it.")
    heldout: float = Field(0.2, ge=0, lt=1, description="Share of the pairs that are held out to be measured by.")
    eval_every: int = Field(5, ge=1, le=10_000, description="Held-out pairs are judged every so many updates.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute.")


class RewardTrainer:
    """Trains a reward model; `steps()` goes on from where it stands."""

    def __init__(
        self,
        settings: RewardModelSettings,
        preferences: Sequence[Preference],
        examples: Sequence[tuple[str, str]] = (),
        *,
        system_prompt: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        """`examples` are (prompt, response) whose prefixes are scored at every evaluation; `progress` is called while
        the start model is fetched.

        Raises RequestError where there are too few pairs or a text is none that the model reads, ConfigError where
        there is no such start model.
        """
        self.settings, self.preferences, self.examples = settings, tuple(preferences), tuple(examples)
        self.device = device_of(settings.device)
        start = load(settings.model, self.device, system_prompt=system_prompt, progress=progress)
        self.start_hash, self.codec = start.hash, start.codec
        forward.prepare(start.model)
        self.model = ValueModel(start.model)
        self.learnt, self.held = split(self.preferences, settings.heldout, settings.seed)
        texts = [(x.prompt, y) for x in self.preferences for y in (x.chosen, x.rejected)]
        self._check(texts + list(self.examples), start.model)
        self._adam = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self.step, self._wall_time = 0, 0.0

    @property
    def pairs_seen(self) -> int:
        """Pairs that were learnt from so far, each as often as that was."""
        epoch, place = divmod(self.step, self.per_epoch)
        return epoch * len(self.learnt) + min(place * self.settings.batch_size, len(self.learnt))

    @property
    def per_epoch(self) -> int:
        """Updates in which every pair is learnt from once."""
        return math.ceil(len(self.learnt) / self.settings.batch_size)

    @property
    def total(self) -> int:
        """Updates until the end."""
        return self.per_epoch * self.settings.epochs

    def steps(self) -> Iterator[RewardStep]:
        """Every update that is still to be made, and before the first of all what an untrained model says."""
        if self.step == 0:
            yield self._item(None, None, time.monotonic())
        while self.step < self.total:
            begun = time.monotonic()
            made = self.advance()
            yield self._item(made.loss, made.accuracy, begun)

    def upcoming(self) -> list[Preference]:
        """The pairs of the next update: a fresh order in every epoch."""
        epoch, place = divmod(self.step, self.per_epoch)
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.learnt), generator=generator).tolist()
        size = self.settings.batch_size
        return [self.learnt[i] for i in order[place * size : (place + 1) * size]]

    def advance(self) -> RewardUpdate:
        """The next update. Raises DivergedError where the gradient is no number."""
        pairs = self.upcoming()
        chosen, rejected, weight = self._scored(pairs)
        loss = bradley_terry_loss(chosen, rejected, weight)
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.max_grad_norm)
        if not bool(torch.isfinite(norm)):
            raise DivergedError("the reward model's loss has left the range of numbers; lower its learning rate")
        self._adam.step()
        self.step += 1
        right = pair_accuracy(chosen.detach(), rejected.detach(), weight)
        return RewardUpdate(tuple(pairs), chosen.detach(), rejected.detach(), float(loss.detach()), right, float(norm))

    def adjust(self, **changes: float) -> None:
        """Other settings of the optimiser from the next update on: learning_rate, weight_decay, max_grad_norm."""
        self.settings = self.settings.model_copy(update=changes)
        for group in self._adam.param_groups:
            group["lr"], group["weight_decay"] = self.settings.learning_rate, self.settings.weight_decay

    def judge(self, preferences: Sequence[Preference]) -> Judged:
        """What the model says of labelled pairs."""
        return judged(*self.rewards_of(preferences))

    @torch.no_grad()
    def scores(self, texts: Sequence[tuple[str, str]]) -> list[float]:
        """The raw score of each (prompt, response), as if each had ended."""
        parts = [texts[i : i + AT_ONCE] for i in range(0, len(texts), AT_ONCE)]
        return [
            float(x) for part in parts for x in scoring.values(self.model, sequences(self.codec, part, self.device))[1]
        ]

    @torch.no_grad()
    def prefixes(self, prompt: str, response: str) -> ScoredPrefixes:
        """The score of every prefix of a response."""
        row = sequences(self.codec, [(prompt, response)], self.device)
        before, whole = scoring.values(self.model, row)
        tokens = tuple(self.codec.names[x] for x in row.completion_ids[0].tolist())
        return ScoredPrefixes(prompt, response, tokens, (*(float(x) for x in before[0]), float(whole[0])))

    def keep(self, name: str = "reward-model") -> Card:
        """Keeps the model as it is, for runs to train on. Raises ConfigError where the name cannot be one.

        A run's reward is (score − mean)/standard deviation over all responses of the labels: of scores only differences
        mean anything, and a policy's step size should not depend on how far training has pulled them apart.
        """
        texts = list(dict.fromkeys((x.prompt, y) for x in self.preferences for y in (x.chosen, x.rejected)))
        scores = torch.tensor(self.scores(texts), dtype=torch.float64)
        known = {
            "model": self.settings.model,
            "start_sha256": self.start_hash,
            "task": self.settings.task,
            "shift": float(scores.mean()),
            "scale": max(float(scores.std()), 1e-6),
            "preferences": len(self.preferences),
            "heldout_accuracy": self.judge(self.held).accuracy if self.held else None,
            # How often each pair was learnt from, which a run's steps decide and not the setting.
            "settings": self.settings.model_dump(exclude={"task"}) | {"epochs": self.pairs_seen / len(self.learnt)},
        }
        return reward.save(self.model, known, name)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _scored(self, pairs: Sequence[Preference]) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of the preferred and of the other responses, and the labels' weights, each [N]."""
        texts = [(x.prompt, x.chosen) for x in pairs] + [(x.prompt, x.rejected) for x in pairs]
        _, whole = scoring.values(self.model, sequences(self.codec, texts, self.device))
        weight = torch.tensor([float(x.weight) for x in pairs], device=self.device)
        return whole[: len(pairs)], whole[len(pairs) :], weight

    @torch.no_grad()
    def rewards_of(self, pairs: Sequence[Preference]) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of the preferred and of the other responses, and the labels' weights, each [N]; nothing is learnt.

        Raises RequestError where there are no pairs.
        """
        if not pairs:
            raise RequestError("there is no pair to be judged")
        size = AT_ONCE // 2
        parts = [self._scored(pairs[i : i + size]) for i in range(0, len(pairs), size)]
        chosen, rejected, weight = (torch.cat(x) for x in zip(*parts, strict=True))
        return chosen, rejected, weight

    def _item(self, loss: float | None, accuracy: float | None, begun: float) -> RewardStep:
        due = self.step % self.settings.eval_every == 0 or self.step == self.total
        held = self.judge(self.held) if due and self.held else None
        shown = tuple(self.prefixes(*x) for x in self.examples) if due else ()
        self._wall_time += time.monotonic() - begun
        return RewardStep(self.step, self.pairs_seen, loss, accuracy, held, shown, self._wall_time)

    def _check(self, texts: Sequence[tuple[str, str]], start: Any) -> None:
        for prompt, response in dict.fromkeys(texts):
            tokens = len(self.codec.ids(prompt)), len(self.codec.response_ids(response))
            positions.check(start, self.settings.model, *tokens)

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Weights, moments and step counts."""
        return {"weights": self.model.state_dict(), "optimizer": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Puts them back."""
        self.model.load_state_dict(state["weights"])
        self._adam.load_state_dict(state["optimizer"])

    def save(self, path: Path) -> None:
        """Everything that the next update depends on, in one file that is complete or not there at all."""
        state = {
            "version": reward.VERSION,
            "settings": self.settings.model_dump_json(),
            "preferences": to_json(self.preferences),
            "examples": json.dumps(self.examples),
            "step": self.step,
            "wall_time": self._wall_time,
            **self.state_dict(),
        }
        write_whole(state, path)

    @classmethod
    def load(cls, path: Path) -> RewardTrainer:
        """Continues a saved training exactly. Raises OSError or RequestError if the file is no usable checkpoint."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state.get("version") != reward.VERSION:
            raise RequestError("this checkpoint of a reward model is of another version of the app")
        settings = RewardModelSettings.model_validate_json(state["settings"])
        examples = [(str(x), str(y)) for x, y in json.loads(state["examples"])]
        trainer = cls(settings, read(state["preferences"]), examples)
        trainer.step, trainer._wall_time = state["step"], state["wall_time"]
        trainer.load_state_dict(state)
        return trainer


def split(
    preferences: Sequence[Preference], share: float, seed: int
) -> tuple[tuple[Preference, ...], tuple[Preference, ...]]:
    """(pairs to learn from, pairs held out): all labels of one pair are on the same side, whoever gave them.

    At least one pair is learnt from, and where a share is held out at all, at least one is held out. Raises
    RequestError where there are too few pairs.
    """
    check_enough(preferences, share)
    pairs = list(dict.fromkeys(x.pair for x in preferences))
    count = min(len(pairs) - 1, max(1, round(share * len(pairs)))) if share else 0
    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(seed)).tolist()
    held = {pairs[i] for i in order[:count]}
    return tuple(x for x in preferences if x.pair not in held), tuple(x for x in preferences if x.pair in held)


def sequences(codec: Codec, texts: Sequence[tuple[str, str]], device: torch.device) -> Sequences:
    """(prompt, response) pairs as tokens, each response ended by its end-of-sequence token."""
    prompts = codec.encode([x for x, _ in texts], device)
    rows = [codec.response_ids(y) for _, y in texts]
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [codec.pad_id] * (longest - len(row)) for row in rows], device=device)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    mask = torch.arange(longest, device=device) < lengths[:, None]
    attention = None if prompts.attention is None else torch.cat([prompts.attention, torch.ones_like(mask)], -1)
    return Sequences(torch.cat([prompts.ids, ids], -1), attention, mask, prompts.ids.shape[1])
