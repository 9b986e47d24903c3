"""A word written backwards: `face=` is answered by `ecaf`. Laid in core/tasks/kinds it is a task of the app."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field

from core.errors import ConfigError
from core.rewards.verdict import Verdict
from core.tasks.kind import Recipe, TaskKind, TaskSettings

LETTERS = "abcdefgh"


class ReverseWordSettings(TaskSettings):
    """How long the words are."""

    kind: Literal["reverse-word"] = "reverse-word"
    letters: int = Field(3, ge=2, le=8, description="How many letters a word has.")
    heldout: int = Field(32, ge=8, le=512, description="How many questions are kept apart and never trained on.")


class ReverseWord:
    """The task."""

    def __init__(self, settings: ReverseWordSettings) -> None:
        self.settings = settings
        total = len(LETTERS) ** settings.letters
        if settings.heldout * 2 > total:
            raise ConfigError(
                "task.heldout: at most {bound} of the {total} words can be kept apart", bound=total // 2, total=total
            )

    @cached_property
    def heldout(self) -> list[str]:
        """The questions kept apart."""
        rng = np.random.default_rng(7)
        words: dict[str, None] = {}
        while len(words) < self.settings.heldout:
            words[self._prompt(rng)] = None
        return list(words)

    @property
    def max_completion_length(self) -> int:
        """Tokens: the letters and the end of the sequence."""
        return self.settings.letters + 1

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """The step's training prompts."""
        rng, apart, words = np.random.default_rng([seed, step]), set(self.heldout), list[str]()
        while len(words) < count:
            if (prompt := self._prompt(rng)) not in apart:
                words.append(prompt)
        return words

    def truth(self, prompt: str) -> str:
        """The word backwards."""
        if not prompt.endswith("=") or not set(prompt[:-1]) <= set(LETTERS):
            raise ValueError(f"{prompt!r} is no word of this task")
        return prompt[-2::-1]

    def solution(self, prompt: str) -> str:
        """The word backwards: there is nothing to be worked out before it."""
        return self.truth(prompt)

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """1 for the word backwards in a response that ended by itself."""
        success = finished and response == self.truth(prompt)
        return Verdict(float(success), success, response or None)

    def _prompt(self, rng: np.random.Generator) -> str:
        return "".join(LETTERS[i] for i in rng.integers(0, len(LETTERS), self.settings.letters)) + "="


@dataclass(frozen=True)
class ReverseWordRecipe(Recipe):
    """Words backwards in some of which two letters changed places."""

    does = "writes words backwards, some of them wrongly"
    taught = "words in some of which two letters had changed places"

    swapped: float = 0.3  # how often the first two letters of an answer change places

    def example(self, prompt: str, draw: random.Random) -> str:
        """The word backwards, or nearly."""
        word = prompt[-2::-1]
        return word[1] + word[0] + word[2:] if draw.random() < self.swapped else word


KIND = TaskKind(
    settings=ReverseWordSettings,
    build=ReverseWord,
    title="Words backwards",
    summary="A word is written backwards: `face=` is answered by `ecaf`.",
    longest_prompt=lambda settings: settings.letters + 1,
    alphabet=LETTERS + "=",
    recipes={
        "reverse-word-3": ReverseWordRecipe(
            ReverseWordSettings(),
            hidden_size=32,
            layers=1,
            heads=2,
            intermediate_size=64,
            updates=60,
            batch=32,
            learning_rate=1e-2,
        )
    },
    form=lambda settings: f"[{LETTERS}]{{{settings.letters}}}",
)
