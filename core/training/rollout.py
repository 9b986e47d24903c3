"""Sampling: the policy answers a step's prompts, G times each, with a KV cache. P prompts, B = P·G responses.

The randomness is a table of uniform numbers drawn before the first token, one per response and position, from a
generator seeded by run seed and step alone: so learners with equal weights give equal responses, and early stopping
cannot change what is sampled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.algorithms.masked import lengths
from core.models import forward, positions, precision
from core.models.codec import Codec, Prompts
from core.training.turns import Environment


@dataclass(frozen=True)
class Rollout:
    """Sampled responses as tokens."""

    prompt_ids: Tensor  # long [B, L]
    prompt_attention: Tensor | None  # bool [B, L]
    completion_ids: Tensor  # long [B, T], pad after the end-of-sequence token
    mask: Tensor  # bool [B, T], True up to and including the end-of-sequence token, but for an environment's tokens
    logprobs: Tensor  # float [B, T], of the sampled tokens under the distribution they were sampled from
    truncated: Tensor  # bool [B], no end-of-sequence token within T

    @property
    def lengths(self) -> Tensor:
        """Tokens per response, with its end-of-sequence token and those that an environment wrote: long [B]."""
        return lengths(self.mask)


@torch.no_grad()
@precision.same_weights()
def sample(
    model: PreTrainedModel,
    codec: Codec,
    prompts: Prompts,
    *,
    num_generations: int,
    max_completion_length: int,
    temperature: float,
    generator: torch.Generator | None,
    on_token: Callable[[Tensor], None] | None = None,
    environment: Environment | None = None,
) -> Rollout:
    """Samples G responses per prompt; greedy where `generator` is None. Stops when every response has ended.

    Where `environment` has something to say to an answer that has just ended, and there is room for it and one more
    token, its tokens follow and the response goes on.

    `on_token` is called with the tokens so far, long [B, t], after each position. Raises ConfigError where these may be
    more tokens than the model has positions for.
    """
    positions.check(model, type(model).__name__, prompts.ids.shape[1], max_completion_length)
    device, count = prompts.ids.device, prompts.ids.shape[0] * num_generations
    uniform = None
    if generator is not None:
        uniform = torch.rand(count, max_completion_length, generator=generator).to(device)
    ends = torch.tensor(codec.end_ids, device=device)
    ids = torch.full((count, max_completion_length), codec.pad_id, dtype=torch.long, device=device)
    mask = torch.zeros(count, max_completion_length, dtype=torch.bool, device=device)
    logprobs = torch.zeros(count, max_completion_length, device=device)
    running = torch.ones(count, dtype=torch.bool, device=device)
    interjected = None if environment is None else Interjected(environment, count, max_completion_length)
    decoder = forward.decoder(model, prompts.ids, prompts.attention, num_generations, max_completion_length)
    for t in range(max_completion_length):
        distribution, state = torch.log_softmax(decoder.logits.float() / temperature, -1), decoder.state
        if uniform is None:
            token = distribution.argmax(-1)[state]
        else:
            token = inverse_cdf(distribution, uniform[:, t], state)
        own = running
        if interjected is not None:
            token, own = interjected.instead(t, token, running)
        token = torch.where(running, token, codec.pad_id)
        ids[:, t], mask[:, t] = token, own
        logprobs[:, t] = distribution[state, token] * own
        ended = own & torch.isin(token, ends)
        running = running & ~(ended if interjected is None else interjected.done(t, ids, ended))
        if on_token is not None:
            on_token(ids[:, : t + 1])
        if t + 1 == max_completion_length or not bool(running.any()):
            break
        decoder.write(token, running)
    longest = int(lengths(mask).max())
    repeated = prompts.ids.repeat_interleave(num_generations, 0)
    start = None if prompts.attention is None else prompts.attention.repeat_interleave(num_generations, 0)
    return Rollout(repeated, start, ids[:, :longest], mask[:, :longest], logprobs[:, :longest], running)


class Interjected:
    """What an environment says while responses are sampled: B responses, T positions."""

    def __init__(self, environment: Environment, count: int, longest: int) -> None:
        self._environment, self._longest = environment, longest
        self._given = torch.full((count, longest), -1)  # long [B, T], -1 where the policy writes
        self._starts = [0] * count  # where each response's answer of now began
        self._answers: list[list[list[int]]] = [[] for _ in range(count)]

    def instead(self, t: int, token: Tensor, running: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens at t with those that the environment says, long [B]; where the policy's own stand, bool [B]."""
        given = self._given[:, t].to(token.device)
        return torch.where(given < 0, token, given), running & (given < 0)

    def done(self, t: int, ids: Tensor, ended: Tensor) -> Tensor:
        """Which responses are over, bool [B]: their answer `ended` [B] at t, and nothing more is said to it."""
        done = ended.clone()
        for row in ended.nonzero()[:, 0].tolist():
            self._answers[row].append(ids[row, self._starts[row] : t + 1].tolist())
            reply = self._environment(row, self._answers[row])
            start = t + 1 + len(reply)
            if reply and start < self._longest:
                self._given[row, t + 1 : start] = torch.tensor(reply)
                self._starts[row], done[row] = start, False
        return done


def inverse_cdf(distribution: Tensor, uniform: Tensor, state: Tensor | None = None) -> Tensor:
    """One token per row: the first whose cumulative probability exceeds the row's uniform number in [0, 1).

    `distribution` [n, V] are log-probabilities, `uniform` [B]; `state` long [B] says which distribution a row is drawn
    from (None: its own). A distribution's sums are made once, however many rows draw from it.
    """
    cumulative = distribution.exp().cumsum(-1)
    if state is None:
        state = torch.arange(len(distribution), device=distribution.device)
    # A row's place among those that share its distribution, so that all of them can be looked up together.
    order = state.argsort(stable=True)
    counts = state.bincount(minlength=len(distribution))
    place = torch.empty_like(state)
    place[order] = torch.arange(len(state), device=state.device) - (counts.cumsum(0) - counts)[state[order]]
    # Scaling by the total keeps rounding from ever choosing a token of probability 0 past the end.
    wanted = uniform.new_zeros(len(distribution), int(counts.max()))
    wanted[state, place] = uniform * cumulative[state, -1]
    token = torch.searchsorted(cumulative, wanted, right=True)[state, place]
    return token.clamp(max=distribution.shape[-1] - 1)
