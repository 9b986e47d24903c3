"""The fixed data set of an offline learner: the start model's own responses, scored once, and spoiled where wanted.

Questions are those that every learner of the run is asked, step by step (the prompt stream of its seed), so that an
online learner with the same budget answers the same ones. All follows from start model, task and settings: the same
config gives the same set. What a set is made of is in core/learners/collected.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa
import torch
from transformers import PreTrainedModel

from core.config import RunConfig
from core.errors import ConfigError, Message
from core.learners.collected import Collected, CollectedResponse, CollectedSettings
from core.learners.registry import collected_of, learner_kind
from core.learners.settings import LearnerSettings
from core.models.codec import Codec
from core.models.fetching import Progress
from core.models.limits import GATHERED as _AT_ONCE
from core.rewards import REWARDS
from core.rewards.base import Asked, Occasion
from core.rewards.verdict import Verdict
from core.tasks.base import Task
from core.training import scoring
from core.training.rollout import Rollout, sample
from core.training.scoring import Sequences
from core.training.trace import COLLECTED

#: What a set in a checkpoint is like; raised where that changes.
VERSION = 1
#: Of a set in a checkpoint, about: names and texts of a response; number and log-probability of a token.
_BYTES_OF_RESPONSE, _BYTES_OF_TOKEN = 300, 16
#: Scored on an occasion of their own: responses of random tokens (core/rewards/base.py).
_AT_RANDOM = 2**20
#: Their random numbers are of streams from here on, apart from those of steps (Trainer._generator).
_STREAM = 400


@dataclass(frozen=True)
class Collector:
    """Who is asked, and how its responses are sampled and scored."""

    policy: PreTrainedModel
    codec: Codec
    task: Task
    config: RunConfig
    settings: CollectedSettings
    max_length: int  # of a response, in tokens

    @property
    def seed(self) -> int:
        """Questions and responses follow from it."""
        return self.config.seed if self.settings.data_seed is None else self.settings.data_seed

    @property
    def temperature(self) -> float:
        """The temperature of collection."""
        return self.settings.data_temperature or self.config.temperature

    def collect(self, progress: Progress | None = None) -> Collected:
        """The data set. `progress` is called with (what is being done, share of it). Raises what `sample` raises."""
        rows: list[CollectedResponse] = []
        for prompts, generator, occasion in self._questions():
            if progress is not None:
                share = len(rows) / self.settings.data_responses
                progress(Message("collecting the data set from the start model"), share)
            rows += self._answered(prompts, generator, occasion, len(rows))
        return Collected(tuple(self._spoiled(rows)), self.temperature)

    def _questions(self) -> Iterator[tuple[list[str], torch.Generator, Occasion]]:
        """The set's questions in pieces, each with the random numbers of its responses, and when they are scored."""
        each = self.config.data_group_size(self.settings)
        missing, size = self.settings.data_responses // each, max(1, _AT_ONCE // each)
        step = 0
        while missing:
            prompts = self.task.prompts(self.seed, step, self.config.prompts_per_step)[:missing]
            for start in range(0, len(prompts), size):
                number = (self.seed * 1_000_003 + step) * 1_009 + _STREAM + start // size
                occasion = Occasion(self.seed, step, start // size)
                yield prompts[start : start + size], torch.Generator().manual_seed(number), occasion
            missing, step = missing - len(prompts), step + 1

    def _answered(
        self, prompts: list[str], generator: torch.Generator, occasion: Occasion, before: int
    ) -> list[CollectedResponse]:
        """The scored responses to some questions; `before` is how many responses there were before them."""
        each = self.config.data_group_size(self.settings)
        rollout = sample(
            self.policy,
            self.codec,
            self.codec.encode(prompts, next(self.policy.parameters()).device),
            num_generations=each,
            max_completion_length=self.max_length,
            temperature=self.temperature,
            generator=generator,
        )
        asked = [x for x in prompts for _ in range(each)]
        texts, cut = self.codec.texts(rollout.completion_ids), rollout.truncated.tolist()
        verdicts = self._scored([Asked(p, x, not c) for p, x, c in zip(asked, texts, cut, strict=True)], occasion)
        ids, logprobs, lengths = rollout.completion_ids.tolist(), rollout.logprobs.tolist(), rollout.lengths.tolist()
        return [
            CollectedResponse(
                group=(before + i) // each,
                prompt=asked[i],
                response=texts[i],
                answer=self.task.truth(asked[i]),
                reward=verdict.reward,
                success=verdict.success,
                truncated=cut[i],
                tokens=tuple(ids[i][: lengths[i]]),
                logprobs=tuple(logprobs[i][: lengths[i]]),
            )
            for i, verdict in enumerate(verdicts)
        ]

    def _scored(self, asked: Sequence[Asked], occasion: Occasion) -> list[Verdict]:
        return REWARDS[self.settings.reward].score(self.task, asked, occasion)

    def _spoiled(self, rows: list[CollectedResponse]) -> list[CollectedResponse]:
        """The responses, some replaced by random tokens, and some (of either kind) with the reward flipped.

        Which ones follows from the seed. A reward r is flipped to 1 − r where rewards lie between 0 and 1, else to the
        highest plus the lowest less r.
        """
        rows = list(rows)
        chosen = self._some("random", len(rows), self.settings.data_random)
        for start in range(0, len(chosen), _AT_ONCE):
            numbers = chosen[start : start + _AT_ONCE]
            for i, row in zip(numbers, self._at_random([rows[i] for i in numbers], start), strict=True):
                rows[i] = row
        rewards = [x.reward for x in rows]
        ends = max(1.0, *rewards) + min(0.0, *rewards)
        for i in self._some("flipped", len(rows), self.settings.data_flipped):
            rows[i] = replace(rows[i], reward=ends - rows[i].reward, flipped=True)
        return rows

    def _some(self, name: str, count: int, share: float) -> list[int]:
        return random.Random(f"{self.seed} {name}").sample(range(count), round(share * count))

    def _at_random(self, rows: Sequence[CollectedResponse], number: int) -> list[CollectedResponse]:
        """The responses with random tokens in the place of theirs: as many, and with the same end.

        They are scored like any other. Their log-probabilities are what the start model says of them.
        """
        end, ends, pad = self.codec.end_ids[0], set(self.codec.end_ids), self.codec.pad_id
        words = [x for x in range(len(self.codec.names)) if x not in ends and x != pad]
        draw = random.Random(f"{self.seed} {number} tokens")
        ids = [
            [*draw.choices(words, k=len(x.tokens) - (not x.truncated)), *([] if x.truncated else [end])] for x in rows
        ]
        prompts, answers = [x.prompt for x in rows], [x.answer for x in rows]
        rollout = rollout_of(self.policy, self.codec, prompts, ids)
        texts = self.codec.texts(rollout.completion_ids)
        asked = [Asked(p, text, not x.truncated) for p, text, x in zip(prompts, texts, rows, strict=True)]
        verdicts = self._scored(asked, Occasion(self.seed, number, _AT_RANDOM))
        with torch.no_grad():
            logprobs = scoring.score(self.policy, Sequences.of(rollout), self.temperature).logprobs.tolist()
        return [
            replace(
                row,
                response=texts[i],
                answer=answers[i],
                reward=verdict.reward,
                success=verdict.success,
                random=True,
                tokens=tuple(ids[i]),
                logprobs=tuple(logprobs[i][: len(ids[i])]),
            )
            for i, (row, verdict) in enumerate(zip(rows, verdicts, strict=True))
        ]


def collect(
    policy: PreTrainedModel,
    codec: Codec,
    task: Task,
    config: RunConfig,
    settings: LearnerSettings,
    max_length: int,
    progress: Progress | None = None,
) -> Collected | None:
    """The data set of a learner that learns from one, None for any other. Raises RequestError where it has nothing to
    learn from."""
    asked, draws = collected_of(settings), learner_kind(settings).draws
    if asked is None or draws is None:
        return None
    data = Collector(policy, codec, task, config, asked, max_length).collect(progress)
    draws(asked, data, config.seed, 0, config.responses_per_step)
    return data


def rollout_of(
    policy: PreTrainedModel,
    codec: Codec,
    prompts: list[str],
    ids: Sequence[Sequence[int]],
    logprobs: Sequence[Sequence[float]] | None = None,
) -> Rollout:
    """Given responses as if they had been sampled: a prompt, its tokens and their log-probabilities (None: 0) a row."""
    device = next(policy.parameters()).device
    encoded, longest = codec.encode(prompts, device), max(map(len, ids))
    tokens = torch.tensor([[*row, *[codec.pad_id] * (longest - len(row))] for row in ids], device=device)
    length = torch.tensor([len(row) for row in ids], device=device)
    mask = torch.arange(longest, device=device) < length[:, None]
    scored = torch.zeros(mask.shape, device=device)
    if logprobs is not None:
        scored = torch.tensor([[*row, *[0.0] * (longest - len(row))] for row in logprobs], device=device)
    cut = torch.tensor([row[-1] not in codec.end_ids for row in ids], device=device)
    return Rollout(encoded.ids, encoded.attention, tokens, mask, scored, cut)


def table_of(data: Collected, learner: str) -> pa.Table:
    """The set as a table of COLLECTED, for the store, exports and pages."""
    rows: dict[str, list[Any]] = {name: [getattr(x, name, None) for x in data.responses] for name in COLLECTED.names}
    rows["learner"] = [learner] * len(data)
    rows["sample"] = list(range(len(data)))
    rows["length"] = [len(x.tokens) for x in data.responses]
    rows["logprob"] = [sum(x.logprobs) for x in data.responses]
    return pa.table({x.name: pa.array(rows[x.name], x.type) for x in COLLECTED}, schema=COLLECTED)


def state_of(data: Collected) -> dict[str, Any]:
    """The set as plain values, for a checkpoint."""
    return {"version": VERSION, "temperature": data.temperature, "responses": [asdict(x) for x in data.responses]}


def bytes_of(data: Collected) -> int:
    """About how many bytes a set takes in a checkpoint."""
    return sum(_BYTES_OF_RESPONSE + _BYTES_OF_TOKEN * len(x.tokens) for x in data.responses)


def from_state(state: dict[str, Any]) -> Collected:
    """The set of a checkpoint. Raises ConfigError where a newer version wrote it."""
    if state["version"] > VERSION:
        raise ConfigError(
            "the checkpoint's data set is of version {given}; this version of the app reads them up to {known}",
            given=state["version"],
            known=VERSION,
        )
    rows = [{**x, "tokens": tuple(x["tokens"]), "logprobs": tuple(x["logprobs"])} for x in state["responses"]]
    return Collected(tuple(CollectedResponse(**x) for x in rows), state["temperature"])
