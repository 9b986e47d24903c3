"""Short replies to customers: `My lamp is late. Can you help me?` has many good answers and no right one.

A taste scores a reply (core/tasks/tastes.py). It is the hidden judge of lessons on reward models; a run can also be
trained on it straight away, since this verifier gives it.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from core.errors import RequestError
from core.rewards.verdict import Verdict
from core.tasks.kind import Recipe, TaskKind, TaskSettings
from core.tasks.reply_sentences import ITEMS, SENTENCES, WORDS, Act, item_of, messages
from core.tasks.tastes import TASTES

if TYPE_CHECKING:
    TasteName = str
else:
    TasteName = Literal[tuple(TASTES)]

#: Tokens of the longest reply, with its end: what the start model was taught stays below it.
LONGEST = 48


class ReplySettings(TaskSettings):
    """Which taste scores the replies."""

    kind: Literal["reply"] = "reply"
    taste: TasteName = Field("warm", description="Whose taste scores a reply, from 0 to 1.")
    success_score: float = Field(0.7, gt=0, le=1, description="From which score on a reply counts as a success.")
    heldout: int = Field(128, ge=16, le=512, description="How many messages are kept apart and never trained on.")


class Replies:
    """The task: customers' messages by seed and step; a hash decides which are kept apart."""

    def __init__(self, settings: ReplySettings) -> None:
        self.settings, self.taste = settings, TASTES[settings.taste]

    @cached_property
    def _ordered(self) -> list[str]:
        """All messages, ordered by a hash, whatever the taste: without any pattern in what they say."""
        return sorted(messages(), key=lambda x: hashlib.sha256(x.encode()).digest())

    @property
    def heldout(self) -> list[str]:
        """The messages kept apart: the same for every seed and every taste."""
        return self._ordered[: self.settings.heldout]

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """The `count` messages of a step: a function of seed and step only, never one that is held out."""
        rng, asked = np.random.default_rng([seed, step, 0x4E17]), self._ordered[self.settings.heldout :]
        prompts: list[str] = []
        while len(prompts) < count:  # piece by piece, so that a smaller count gives the first of them
            prompts.append(asked[rng.integers(len(asked))])
        return prompts

    def truth(self, prompt: str) -> str:
        """None is the right one."""
        self._check(prompt)
        return ""

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """The taste's score; a success from `success_score` on. A reply that was cut off scores 0, whatever it says."""
        self._check(prompt)
        if not finished:
            return Verdict(0.0, False, response or None)
        score = self.taste.score(prompt, response)
        return Verdict(score, score >= self.settings.success_score, response or None)

    @property
    def max_completion_length(self) -> int:
        """Tokens."""
        return LONGEST

    @staticmethod
    def _check(prompt: str) -> None:
        if item_of(prompt) is None:
            raise RequestError("{prompt} is no message that a customer writes here", prompt=repr(prompt[:80]))


@dataclass(frozen=True)
class ReplyRecipe(Recipe):
    """Replies of all tones: polite and blunt, short and long, with and without an apology, a promise, a question."""

    judge: float = 0.0

    does = "answers customers in a small language, in all tones"
    taught = (
        "replies of all tones: polite and blunt, short and long, with and without apologies, promises and questions"
    )

    #: How often a reply has a sentence that does this, by its tone; `plain` is the usual one.
    tones: tuple[tuple[str, float, tuple[tuple[Act, float], ...]], ...] = (
        (
            "plain",
            0.4,
            (("greeting", 0.3), ("apology", 0.3), ("fact", 0.4), ("offer", 0.4), ("question", 0.3), ("closing", 0.15)),
        ),
        (
            "polite",
            0.4,
            (
                *(("greeting", 0.5), ("thanks", 0.45), ("apology", 0.45), ("sympathy", 0.35)),
                *(("fact", 0.3), ("offer", 0.4), ("question", 0.3), ("closing", 0.4)),
            ),
        ),
        ("blunt", 0.2, (("blunt", 0.95), ("fact", 0.2), ("question", 0.15))),
    )
    other_item: float = 0.15  # how often a sentence names another thing than the customer's
    most: int = 5  # sentences

    def example(self, prompt: str, draw: random.Random) -> str:
        """A reply in one of the tones."""
        weights = [weight for _, weight, _ in self.tones]
        [(_, _, acts)] = draw.choices(self.tones, weights)
        sentences = list[str]()
        while not sentences:
            sentences = [self._sentence(act, prompt, draw) for act, often in acts if draw.random() < often]
        return " ".join(sentences[: self.most])

    def _sentence(self, act: Act, prompt: str, draw: random.Random) -> str:
        item = draw.choice(ITEMS) if draw.random() < self.other_item else item_of(prompt)
        return draw.choice(SENTENCES[act]).format(item=item)


def _training_questions(settings: ReplySettings, _most: int) -> int:
    return len(set(messages())) - settings.heldout


KIND = TaskKind(
    settings=ReplySettings,
    build=Replies,
    title="Replies to customers",
    summary="A short reply to a customer's message, in a language of some hundred words; a taste scores it.",
    training_questions=_training_questions,
    longest_prompt=lambda _: max(len(x) for x in messages()),
    longest_response=lambda _: LONGEST,
    words=WORDS,
    recipes={"reply": ReplyRecipe(ReplySettings(), updates=900, batch=64)},
    order=14,
)
