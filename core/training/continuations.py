"""What every prefix of a response is truly worth, measured: the mean reward of K fresh continuations by the policy.

    V*(s_t) = E[reward | prefix s_t, the policy goes on]        A*_t = V*(s_{t+1}) - V*(s_t)

Kazemnejad et al. 2024, VinePPO (arXiv:2410.01679). V* of a finished response is its reward. Everything is relative to
one policy, the one that is given, at the temperature of the run.

All continuations of all prefixes of a prompt are written side by side, each first spelling out its prefix: the decoder
computes what they share once, so a prompt is read once and equal prefixes are one state.

B responses, T positions, N distinct prefixes, K continuations of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.algorithms import intervals
from core.config import RunConfig
from core.errors import Message, RequestError
from core.learners.registry import AnyLearner
from core.models import forward, precision
from core.models.codec import Codec
from core.models.limits import REMEMBERED, continued_at_once, states_at_once
from core.rewards import REWARDS
from core.rewards.base import Asked, Occasion
from core.tasks.base import Task
from core.training.rollout import inverse_cdf
from core.training.turns import turns_of

#: Why there is nothing to measure.
NO_TRUE_VALUE = Message(
    "what this learner is paid does not follow from what it writes, so no prefix of a response has a true value"
)

SEVERAL_TURNS = Message(
    "responses have several turns, and a continuation would have to be answered as they were: no true value is measured"
)


class Sampler(Protocol):
    """Whose policy is measured, by the reward that it learns from: a trainer."""

    @property
    def policy(self) -> PreTrainedModel: ...
    @property
    def codec(self) -> Codec: ...
    @property
    def task(self) -> Task: ...
    @property
    def config(self) -> RunConfig: ...
    @property
    def settings(self) -> AnyLearner: ...
    @property
    def max_length(self) -> int: ...
    @property
    def dtype(self) -> precision.Dtype: ...


@dataclass(frozen=True)
class Responses:
    """Responses by any policy, and their rewards."""

    prompts: list[str]  # B
    completion_ids: Tensor  # long [B, T]
    mask: Tensor  # bool [B, T], True up to and including the end-of-sequence token
    rewards: Tensor  # float [B]


@dataclass(frozen=True)
class TrueValues:
    """Estimates with their confidence intervals; all [B, T], 0 where the mask is False."""

    values: Tensor  # V*(s_t), of the prefix before token t
    low: Tensor
    high: Tensor
    advantages: Tensor  # A*_t; after the last token stands the response's reward, which is exact
    advantages_low: Tensor
    advantages_high: Tensor
    noise: Tensor  # s² / K, the variance of each value's error, estimated from its rewards; NaN where K is 1
    which: Tensor  # long: equal numbers are equal prefixes, measured once
    continuations: int  # K
    prefixes: int  # N
    rollouts: int  # N · K, continuations written and scored


class Oracle:
    """Measures values under one policy. On the CPU, the same seed gives the same numbers, bit for bit."""

    def __init__(
        self,
        policy: PreTrainedModel,
        codec: Codec,
        task: Task,
        *,
        temperature: float,
        max_completion_length: int,
        dtype: precision.Dtype = "float32",
        reward: str = "verifier",
    ) -> None:
        """`reward` names what scores the continuations (core/rewards)."""
        self.policy, self.codec, self.task, self.dtype = policy, codec, task, dtype
        self.reward = REWARDS[reward]
        self.temperature, self.max_length = temperature, max_completion_length

    @classmethod
    def of(cls, trainer: Sampler) -> Oracle:
        """The oracle of a trainer's policy as it is now, as long as it is not trained further."""
        return cls(
            trainer.policy,
            trainer.codec,
            trainer.task,
            temperature=trainer.config.temperature,
            max_completion_length=trainer.max_length,
            dtype=trainer.dtype,
            reward=trainer.settings.reward,
        )

    @torch.no_grad()
    def estimate(
        self,
        responses: Responses,
        *,
        continuations: int = 32,
        seed: int | torch.Generator = 0,
        level: float = 0.95,
        progress: Callable[[int, int], None] | None = None,
    ) -> TrueValues:
        """V* of every prefix and A* of every token. `progress` is called with (continuations written, all of them).

        Intervals are Wilson's where every reward is 0 or 1, else normal; each is of one number, not of all at once.
        Raises RequestError if a response is longer than what the policy may write or has several turns, or the reward
        does not follow from what is written.
        """
        if not self.reward.of_content:
            raise RequestError(NO_TRUE_VALUE)
        if turns_of(self.task) > 1:
            raise RequestError(SEVERAL_TURNS)
        if responses.mask.shape[1] > self.max_length:
            raise RequestError(
                "responses of up to {bound} tokens are allowed, not {given}",
                bound=self.max_length,
                given=responses.mask.shape[1],
            )
        generator = torch.Generator().manual_seed(seed) if isinstance(seed, int) else seed
        prefixes, which = distinct_prefixes(responses)
        prompts = list(dict.fromkeys(responses.prompts))
        scores = torch.empty(len(prefixes), continuations)
        known: dict[bytes, float] = {}
        longest = max(len(self.codec.ids(prompt)) for prompt in prompts) + self.max_length
        lean, done = forward.is_lean(self.policy), 0
        step, most_states = max(1, continued_at_once(longest, lean=lean) // continuations), None
        device = next(self.policy.parameters()).device
        while done < len(prefixes):
            some, before = prefixes.rows(slice(done, done + step)), generator.get_state()
            # Piece by piece the same numbers as all at once, which would be N · K · T of them.
            uniform = torch.rand(len(some), continuations, self.max_length, generator=generator)
            if lean:  # what others keep does not depend on how many states there are
                most_states = states_at_once(longest, continuations) if len(some) > 1 else None
            with precision.matmuls(self.dtype, device):
                written = self._continue(prompts, some, uniform, known, most_states)
            if written is None:
                generator.set_state(before)
                step = len(some) // 2
                continue
            scores[done : done + len(some)] = written
            done += len(some)
            if len(known) * self.max_length > REMEMBERED:
                known.clear()
            if progress is not None:
                progress(done * continuations, len(prefixes) * continuations)
        return _spread(responses, scores, which, level)

    @precision.same_weights()
    def _continue(
        self,
        prompts: list[str],
        prefixes: Tensor,
        uniform: Tensor,
        known: dict[bytes, float],
        most_states: int | None,
    ) -> Tensor | None:
        """The rewards of K continuations of each prefix, [n, K]; `known` are the verdicts that were asked before.

        None where they would be in more states at a time than `most_states`, which bounds the memory.
        """
        device, (count, each, length) = next(self.policy.parameters()).device, uniform.shape
        some, per_prompt = prefixes[:, 0].unique(return_counts=True)
        encoded = self.codec.encode([prompts[i] for i in some.tolist()], device)
        many = (per_prompt * each).to(device)
        decoder = forward.decoder(self.policy, encoded.ids, encoded.attention, many, length)
        ends = torch.tensor(self.codec.end_ids, device=device)
        given = torch.full((count, length), -1).index_copy_(1, torch.arange(prefixes.shape[1] - 1), prefixes[:, 1:])
        given, uniform = given.repeat_interleave(each, 0).to(device), uniform.flatten(0, 1).to(device)
        ids = torch.full_like(given, self.codec.pad_id)
        running = torch.ones(len(given), dtype=torch.bool, device=device)
        for t in range(length):
            token = given[:, t].clone()
            free = (running & (token < 0)).nonzero()[:, 0]
            distribution = torch.log_softmax(decoder.logits.float() / self.temperature, -1)
            token[free] = inverse_cdf(distribution, uniform[free, t], decoder.state[free])
            ids[:, t] = torch.where(running, token, self.codec.pad_id)
            running = running & ~torch.isin(ids[:, t], ends)
            if t + 1 == length or not bool(running.any()):
                break
            if not decoder.write(token, running, most_states):
                return None
        owner = prefixes[:, 0].repeat_interleave(each)
        return self._scores(prompts, owner, ids.cpu(), running.cpu(), known).view(count, each)

    def _scores(self, prompts: list[str], owner: Tensor, ids: Tensor, cut: Tensor, known: dict[bytes, float]) -> Tensor:
        """The reward of each row; equal rows are asked once."""
        rows = torch.cat([owner[:, None], cut[:, None].long(), ids], 1).int().numpy()
        keys = [row.tobytes() for row in rows]
        unknown = {key: i for i, key in enumerate(keys) if key not in known}
        asked = self.codec.texts(ids[list(unknown.values())])
        responses = [
            Asked(prompts[owner[i]], text, not cut[i]) for i, text in zip(unknown.values(), asked, strict=True)
        ]
        verdicts = self.reward.score(self.task, responses, Occasion(0, 0))
        known |= {key: verdict.reward for key, verdict in zip(unknown, verdicts, strict=True)}
        return torch.tensor([known[key] for key in keys])


@dataclass(frozen=True)
class Prefixes:
    """N distinct prefixes, each as the beginning of one of the responses: their tokens are N · T numbers, which are
    written out only for those that are continued just now."""

    ids: Tensor  # long [D, 1 + T], the distinct responses: the prompt's number, then the tokens
    response: Tensor  # long [N], in ascending order
    length: Tensor  # long [N], tokens of the response that are of the prefix

    def __len__(self) -> int:
        return len(self.length)

    def rows(self, part: slice) -> Tensor:
        """Some of them, long [n, 1 + T]: the prompt's number (in order of first appearance), then the tokens, then
        -1."""
        place = torch.arange(self.ids.shape[1])
        return torch.where(place <= self.length[part, None], self.ids[self.response[part]], -1)


def distinct_prefixes(responses: Responses) -> tuple[Prefixes, Tensor]:
    """What was written before each token, once each in lexicographic order, and which of them each token has.

    The second is long [B, T], meaningless where the mask is False.

    Responses in lexicographic order share the most with their neighbours, so the first response that has a prefix is
    the last one, up to there, that differs from its neighbour within it.
    """
    numbers = {prompt: i for i, prompt in enumerate(dict.fromkeys(responses.prompts))}
    owner = torch.tensor([numbers[prompt] for prompt in responses.prompts])
    mask, place = responses.mask.cpu(), torch.arange(responses.mask.shape[1])
    ids, same = torch.cat([owner[:, None], responses.completion_ids.cpu()], 1).unique(dim=0, return_inverse=True)
    shared = (ids[1:] == ids[:-1]).long().cumprod(1).sum(1) - 1  # tokens alike; -1 where not even the prompt is
    new = torch.cat([torch.ones(1, len(place), dtype=torch.bool), place > shared[:, None]])
    first = torch.where(new, torch.arange(len(ids))[:, None], 0).cummax(0).values  # [D, T]
    distinct, inverse = (first * len(place) + place)[same][mask].unique(return_inverse=True)
    which = torch.zeros(mask.shape, dtype=torch.long).masked_scatter(mask, inverse)
    return Prefixes(ids, distinct // len(place), distinct % len(place)), which


def _spread(responses: Responses, scores: Tensor, which: Tensor, level: float) -> TrueValues:
    """From the prefixes' scores [N, K] to the tokens of the responses."""
    count, mean = scores.shape[1], scores.mean(1)
    noise = scores.var(1) / count if count > 1 else torch.full_like(mean, torch.nan)
    if bool(((scores == 0) | (scores == 1)).all()):
        low, high = intervals.wilson(mean, count, level)
    else:
        low, high = intervals.normal(mean, scores.std(1) if count > 1 else torch.zeros_like(mean), count, level)
    device, mask = responses.mask.device, responses.mask
    last, rewards = mask.sum(1, keepdim=True) - 1, responses.rewards[:, None].float()
    here = [torch.where(mask, x[which].to(device), 0) for x in (mean, low, high, noise)]
    after = [x.roll(-1, 1).scatter(1, last, rewards) for x in here[:3]]
    change = intervals.difference((here[0], here[1], here[2]), (after[0], after[1], after[2]))
    advantages, advantages_low, advantages_high = (torch.where(mask, x, 0) for x in change)
    return TrueValues(
        here[0],
        here[1],
        here[2],
        advantages,
        advantages_low,
        advantages_high,
        noise=here[3],
        which=which.to(device),
        continuations=count,
        prefixes=len(scores),
        rollouts=scores.numel(),
    )
