"""What goes into an algorithm and what comes out. B responses, T response positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Experience:
    """One step's responses and all that was measured on them before the first update.

    `mask` is True for every token that the policy wrote, including the end-of-sequence token, and False after it. It
    may have holes: tokens inside a response that an environment wrote. `values[b, t]` is V(s_t), the value of the
    prefix *before* token t; `value_after[b]` is the critic's value of the whole response, used only to bootstrap a
    truncated one. `extra` holds what a learner's kind declares beyond that, per token or per response.
    """

    mask: Tensor  # bool [B, T]
    logprobs_old: Tensor  # float [B, T], log pi_old(o_t | s_t), at the sampling temperature
    logprobs_ref: Tensor | None  # float [B, T]; None where the learner uses no reference
    rewards: Tensor  # float [B], the response's score
    group: Tensor  # long [B], which prompt of the step the response answers
    truncated: Tensor  # bool [B], cut off at max_completion_length without an end-of-sequence token
    values: Tensor | None = None  # float [B, T]
    value_after: Tensor | None = None  # float [B]
    extra: Mapping[str, Tensor] = field(default_factory=dict)  # float [B, T] or [B]


@dataclass(frozen=True)
class Credit:
    """What each token is credited with. A quantity that the learner does not have is None, never 0."""

    advantages: Tensor  # [B, T] as the loss uses it; 0 where the mask is False
    advantages_raw: Tensor  # [B, T] before whitening (PPO) or division by the standard deviation (GRPO)
    token_rewards: Tensor | None = None  # [B, T] KL penalty per token, plus the score at the last token
    deltas: Tensor | None = None  # [B, T] temporal-difference errors
    returns: Tensor | None = None  # [B, T] what the critic is fitted to, taken before whitening
    scores: Tensor | None = None  # [B] what a response was compared by: its reward, less its KL penalty if charged
    extra: Mapping[str, Tensor] = field(default_factory=dict)  # [B, T]: columns that the kind declares
    step: Mapping[str, Tensor] = field(default_factory=dict)  # one number each: what the whole step was normalised by


Rows = TypeVar("Rows", Experience, Credit)


def take(rows: Rows, index: Tensor) -> Rows:
    """The experience or credit of some responses only; index long [n] -> tensors [n, ...]. None stays None.

    What belongs to the whole step stays as it is.
    """
    changed: dict[str, Any] = {}
    for name in (x.name for x in fields(rows)):
        value = getattr(rows, name)
        if name == "extra":
            changed[name] = {key: x[index] for key, x in value.items()}
        elif name != "step" and value is not None:
            changed[name] = value[index]
    return replace(rows, **changed)
