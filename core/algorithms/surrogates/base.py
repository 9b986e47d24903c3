"""What a surrogate declares: everything that the trainer and the pages need to know of it stands in its own file.

A surrogate is what is maximised for a token, made of its ratio and its advantage. A new one is a module in this folder
that defines `SURROGATE`; nothing else has to know of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from core.errors import Message
from core.lazy import lazy
from core.settings import Settings
from core.terms import Region, Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")


class ClipRange(Settings):
    """The range that surrogates hold the ratio in, or bound it by."""

    epsilon: float = Field(
        0.2, gt=0, lt=1, description="Clip range of the ratio on the low side (and high, unless set)."
    )
    epsilon_high: float | None = Field(None, gt=0, le=10, description="Clip range on the high side; none: same as ε.")

    @property
    def clip_high(self) -> float:
        """ε on the high side."""
        return self.epsilon if self.epsilon_high is None else self.epsilon_high

    @property
    def upper_symbol(self) -> str:
        """How a formula writes the upper bound of the ratio."""
        return "1 + ε" if self.epsilon_high is None else "1 + ε_high"


@dataclass(frozen=True)
class Update:
    """What a surrogate is made of; all [B, T] but the group. What stands where the mask is False is never read."""

    ratio: Tensor
    logprob: Tensor  # log pi_theta(o_t | s_t), with gradient
    advantages: Tensor  # 0 where the mask is False
    mask: Tensor  # bool
    logprob_ref: Tensor | None = None  # of the reference; None where the learner uses none
    group: Tensor | None = None  # long [B]: which responses belong together


def in_no_region(update: Update, _settings: object) -> Tensor:
    """Of a surrogate without a clip range: 0 for each token, int8 [B, T]."""
    return torch.zeros_like(update.mask, dtype=torch.int8)


def no_dual_clip(settings: Any) -> Message | None:
    """Why `dual_clip`, which only the clipped surrogate reads, is refused with another."""
    if settings.dual_clip is None:
        return None
    return Message("dual_clip has no meaning with surrogate={surrogate}; set it to none", surrogate=settings.surrogate)


@dataclass(frozen=True)
class Surrogate:
    """One surrogate, as its module declares it."""

    name: str  # what the setting `surrogate` calls it
    title: str  # as pages call it; a message template
    settings: type[Settings]  # the settings that it reads; every learner has them
    objective: Callable[[Update, Any], Tensor]  # what is maximised, per token [B, T]; Any: its own settings
    terms: Callable[[Any], tuple[Term, ...]]  # from ratio, advantage and logprob to a term called `surrogate_value`
    line: Callable[[Any], str]  # its formula with the settings' numbers, as LaTeX
    source: str  # "core/algorithms/surrogates/clip.py:clipped_surrogate"
    # In which region a token is, int8 [B, T]: +1 or -1; 0: in none.
    side: Callable[[Update, Any], Tensor] = in_no_region
    # Where `side` is not 0, as a picture and in words.
    regions: Callable[[Any], tuple[Region, ...]] = lambda _settings: ()
    paper: str = ""
    whole: bool = False  # whether a token's term moves its whole response, also where the ratio is the token's own
    fixed_ratio: bool = False  # whether the ratio only weighs the gradient, and none flows through it
    has_ratio: bool = True  # whether it has a ratio at all; of one without, the trace has none
    general: bool = True  # whether any learner may choose it, and not only a kind that is made for it
    refuses: Callable[[Any], Message | None] = lambda _settings: None  # why its settings do not go together
