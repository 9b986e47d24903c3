"""What goes into an algorithm and what comes out. B responses, T response positions."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Experience:
    """One step's responses and all that was measured on them before the first update.

    `mask` is True for every sampled token including the end-of-sequence token, False after it.
    `values[b, t]` is V(s_t), the critic's value of the prefix *before* token t; `value_after[b]` is its value of the
    whole response, used only to bootstrap a truncated one.
    """

    mask: Tensor  # bool [B, T]
    logprobs_old: Tensor  # float [B, T], log pi_old(o_t | s_t), at the sampling temperature
    logprobs_ref: Tensor | None  # float [B, T]; None where the learner uses no reference
    rewards: Tensor  # float [B], the response's score
    group: Tensor  # long [B], which prompt of the step the response answers
    truncated: Tensor  # bool [B], cut off at max_completion_length without an end-of-sequence token
    values: Tensor | None = None  # float [B, T]
    value_after: Tensor | None = None  # float [B]


@dataclass(frozen=True)
class Credit:
    """What each token is credited with. A quantity that the learner does not have is None, never 0."""

    advantages: Tensor  # [B, T] as the loss uses it; 0 where the mask is False
    advantages_raw: Tensor  # [B, T] before whitening (PPO) or division by the standard deviation (GRPO)
    token_rewards: Tensor | None = None  # [B, T] KL penalty per token, plus the score at the last token
    deltas: Tensor | None = None  # [B, T] temporal-difference errors
    returns: Tensor | None = None  # [B, T] what the critic is fitted to, taken before whitening
