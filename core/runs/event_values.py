"""What an event's value may be, kind by kind: the one schema for what is imported and for what the store hands out.

A kind that nobody reads here (of a newer version, or of an integration) may hold any JSON that is small enough to show.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from core.config import RunConfig
from core.errors import ConfigError, Refusal
from core.given_config import change

#: JSON that is nested deeper, or has more values, is no event of any run: 4,096 questions with 64 answers fit in.
MOST_LEVELS, MOST_VALUES = 12, 2_000_000


#: The kind of event that says which reward model a learner left behind for other runs.
LEFT = "reward-model"


class EventError(Refusal, ValueError):
    """A value that an event of this kind cannot have. The message is a clause."""


def _wrong(kind: str) -> EventError:
    if kind == LEFT:
        return EventError("must name the reward model that was left, and say how many labels it learnt from")
    match kind:
        case "final":
            return EventError("must hold the held-out success as shares between 0 and 1")
        case "evaluation":
            return EventError("must hold questions, their right answers, and what was answered to each of them")
        case "drift":
            return EventError("must hold a difference of log-probabilities")
    return EventError("must hold settings and their values")


class _Exact(BaseModel):
    """No text is taken for a number; what a later version adds is left alone."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore")


_Proportion = Annotated[float, Field(ge=0, le=1)]


class _Final(_Exact):
    sampled: _Proportion | None = None
    greedy: _Proportion | None = None


class _Left(_Exact):
    name: str = Field(min_length=1, max_length=60)
    preferences: int = Field(ge=1, le=10**6)
    heldout_accuracy: _Proportion | None = None
    heldout_loss: float | None = Field(None, ge=0)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


#: core.training.answer.Answer: the text, what was read out of it, whether that is right, its tokens, whether it ended.
_StoredAnswer = Annotated[
    tuple[str, str | None, bool, Annotated[int, Field(ge=0, le=10**6)], bool], BeforeValidator(_as_tuple)
]


class _HeldOutAnswers(_Exact):
    when: Literal["before", "after"]
    samples: int = Field(ge=0, le=4096)
    questions: list[str] = Field(min_length=1)
    truths: list[str]
    greedy: list[_StoredAnswer]
    sampled: list[list[_StoredAnswer]]

    @model_validator(mode="after")
    def _one_of_each(self) -> _HeldOutAnswers:
        asked = len(self.questions)
        if {len(self.truths), len(self.greedy), len(self.sampled) or asked} != {asked}:
            raise ValueError("as many truths and answers as questions")
        if any(len(x) != self.samples for x in self.sampled):
            raise ValueError("as many sampled answers to each question as `samples` says")
        return self


_StoredDrift = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
_SCHEMAS: dict[str, TypeAdapter[Any]] = {
    "final": TypeAdapter(_Final),
    "evaluation": TypeAdapter(_HeldOutAnswers),
    LEFT: TypeAdapter(_Left),
    "drift": TypeAdapter(_StoredDrift, config=ConfigDict(strict=True)),
    "change": TypeAdapter(dict[str, Any]),
}


def check_event(kind: str, value: Any) -> None:
    """Raises EventError where no page could show the value, or where it is none that this kind of event has."""
    _check_plain(value)
    if kind in _SCHEMAS:
        try:
            _SCHEMAS[kind].validate_python(value)
        except (ValidationError, RecursionError):
            raise _wrong(kind) from None


def check_stored(kind: str, value: Any) -> None:
    """As `check_event`, but for an evaluation's parts: who shows them says what is wrong, of that learner alone.

    Raises EventError.
    """
    if kind != "evaluation":
        check_event(kind, value)
    elif not isinstance(value, dict):
        raise _wrong(kind)


def check_change(config: RunConfig, assignments: Any) -> None:
    """Raises EventError where nobody could say what a change does. One that is refused did nothing, and may stay."""
    try:
        change(config, assignments)
    except ConfigError:
        pass
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError):
        raise _wrong("change") from None


def is_evaluation(value: Any) -> bool:
    """Whether the value is an evaluation's."""
    return _fits("evaluation", value)


def _fits(kind: str, value: Any) -> bool:
    try:
        check_event(kind, value)
    except EventError:
        return False
    return True


def _check_plain(value: Any) -> None:
    """Raises EventError where a value is too deep, too large, or a number that JSON does not have."""
    left, waiting = MOST_VALUES, [(value, 0)]
    while waiting:
        here, level = waiting.pop()
        if isinstance(here, dict | list):
            left -= len(here)
            if level >= MOST_LEVELS or left < 0:
                raise EventError("holds more than an event can hold")
            waiting += [(x, level + 1) for x in here]
            waiting += [(x, level + 1) for x in here.values()] if isinstance(here, dict) else []
        elif isinstance(here, str) and not _is_text(here):
            raise EventError("holds half a character")
        elif isinstance(here, float) and not math.isfinite(here):
            raise EventError("holds a number that is not finite")
        elif isinstance(here, int) and abs(here) > 2**63:
            raise EventError("holds a number that is too large")


def _is_text(text: str) -> bool:
    """Whether every character is a whole one; JSON may hold halves of a pair, which no file takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
