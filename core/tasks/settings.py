"""The settings of every task, with their defaults, ranges and one sentence on what each does."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from core.errors import ConfigError
from core.settings import Settings

#: How the answer is read out of a response.
Extraction = Literal["last-number", "boxed", "whole"]

#: Enough for a class's own sheet; what is more belongs into a data set.
MOST_QUESTIONS, MOST_QUESTION_CHARACTERS, MOST_ANSWER_CHARACTERS = 500, 2000, 500
#: All questions and answers together: they are kept with every run and read by every page of it.
MOST_BYTES = 256 * 1024
#: Options of a data set, as JSON.
MOST_OPTIONS_BYTES = 4096


class ChainSumSettings(Settings):
    """Sums worked out step by step: `8+1+7=` is answered by `8+1=9;9+7=16`."""

    kind: Literal["chain-sum"] = "chain-sum"
    terms: int = Field(3, ge=2, le=6, description="How many numbers are added.")
    digits: int = Field(1, ge=1, le=3, description="How many digits each number may have.")
    heldout: int = Field(256, ge=16, le=2048, description="How many questions are kept apart and never trained on.")


class InWords(Settings):
    """What tasks have in common whose questions and answers are free text."""

    instruction: str = Field(
        "", max_length=1000, description="Added below every question: how the answer is to be written."
    )
    extraction: Extraction = Field(
        "last-number", description="What of a response counts as its answer: its last number, \\boxed{…}, or all of it."
    )
    heldout: int = Field(64, ge=8, le=2048, description="How many questions are kept apart and never trained on.")


class ReasoningGymSettings(InWords):
    """Questions and verifiers of reasoning-gym, by a data set's name."""

    kind: Literal["reasoning-gym"] = "reasoning-gym"
    dataset: str = Field(
        "chain_sum", pattern=r"^[a-z][a-z0-9_]{0,59}$", description="The data set's name in reasoning-gym."
    )
    options: dict[str, Any] = Field(
        default_factory=lambda: {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1},
        description="The data set's own settings, as JSON.",
    )
    partial_credit: bool = Field(
        False, description="Pay what the verifier gives for answers that are nearly right; otherwise only 1 or 0."
    )

    @field_validator("options")
    @classmethod
    def _small(cls, options: dict[str, Any]) -> dict[str, Any]:
        try:
            size = len(json.dumps(options, allow_nan=False))
        except (TypeError, ValueError, RecursionError):
            raise ConfigError("must be JSON: text, numbers, true, false, null, and lists and objects of them") from None
        if size > MOST_OPTIONS_BYTES:
            raise ConfigError(
                "may have at most {bound} characters as JSON, but have {given}", bound=MOST_OPTIONS_BYTES, given=size
            )
        return options


class Question(Settings):
    """One question of one's own and its right answer."""

    question: str = Field(min_length=1, max_length=MOST_QUESTION_CHARACTERS)
    answer: str = Field(min_length=1, max_length=MOST_ANSWER_CHARACTERS)


def same_question(text: str) -> str:
    """Equal for questions that differ in upper case and white space only, of which one could give the other away."""
    return " ".join(text.split()).casefold()


class QuestionsSettings(InWords):
    """Questions of one's own, each with its right answer; kept in the run's config, so that a run repeats by itself."""

    kind: Literal["questions"] = "questions"
    questions: tuple[Question, ...] = Field(
        min_length=16, max_length=MOST_QUESTIONS, description="The questions and their right answers."
    )
    matching: Literal["exact", "math"] = Field(
        "math", description="When an answer is right: the same text, or mathematically equal (math-verify)."
    )

    @field_validator("questions")
    @classmethod
    def _distinct_and_small(cls, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        size = sum(len(x.question.encode()) + len(x.answer.encode()) for x in questions)
        if size > MOST_BYTES:
            raise ConfigError("may have at most {bound} bytes in all, but have {given}", bound=MOST_BYTES, given=size)
        seen: dict[str, int] = {}
        for number, question in enumerate(questions, 1):
            first = seen.setdefault(same_question(question.question), number)
            if first != number:
                raise ConfigError("question {number} is the same as question {first}", number=number, first=first)
        return questions


class ImportedSettings(Settings):
    """What was asked elsewhere: this run was read from files and cannot be trained on."""

    kind: Literal["imported"] = "imported"
    source: str = Field(min_length=1, max_length=60, description="What wrote the files, e.g. TRL 1.16.0.")
    unrecorded: tuple[str, ...] = Field(
        (),
        max_length=400,
        description="Settings that the files do not tell, as `temperature` or `grpo.epsilon`: what stands there is a "
        "default and says nothing of the run.",
    )


AnyTask = ChainSumSettings | ReasoningGymSettings | QuestionsSettings | ImportedSettings
TaskSettings = Annotated[AnyTask, Field(discriminator="kind")]
