"""What a kind of task declares of itself, so that nothing else has to know it by name."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from core.errors import Message
from core.settings import Settings
from core.tasks.base import Task
from core.tasks.tested import UnitTests


class TaskSettings(Settings):
    """A kind's settings: each narrows `kind` to its own name, as `kind: Literal["chain-sum"] = "chain-sum"`."""

    kind: str


S = TypeVar("S", bound=TaskSettings)


class Worked(Task, Protocol):
    """A task that knows a right response in full, as a start model of its own has to be shown."""

    def solution(self, prompt: str) -> str:
        """The right response to one of its prompts. RequestError as for verify."""


@dataclass(frozen=True)
class Piece:
    """A part of a taught response: what the model writes, ended by its end token, or what its task says in between."""

    text: str
    written: bool = True


@dataclass(frozen=True)
class Recipe(ABC):
    """Everything that determines the weights of a start model that is made here (core/training/pretrain.py).

    A kind extends it by what its model is to get wrong, and how often: all of it is written into the model's card.
    """

    task: TaskSettings
    hidden_size: int = 96
    layers: int = 2
    heads: int = 4
    intermediate_size: int = 256
    judge: float = 0.3  # weight of the loss that teaches features which tell a right prefix from a wrong one
    updates: int = 2000
    batch: int = 128
    learning_rate: float = 3e-3
    seed: int = 20_240_205

    #: What the model does, and what it is taught on: they end the card's sentences "A Llama that …", "made on …".
    does: ClassVar[str]
    taught: ClassVar[str]

    @abstractmethod
    def example(self, prompt: str, draw: random.Random) -> str:
        """What the model is taught to answer, right or wrong; it ends with the end-of-sequence token by itself."""

    def pieces(self, prompt: str, draw: random.Random) -> list[Piece]:
        """A whole response, turn by turn; the model is taught what it writes itself."""
        return [Piece(self.example(prompt, draw))]

    def right_so_far(self, prompt: str, answer: str) -> list[bool] | None:
        """For the judge's loss: after each of an answer's tokens, and after its end, whether a right answer begins so.

        None: a right answer is `Worked.solution` and nothing else.
        """
        return None


@dataclass(frozen=True)
class TaskKind(Generic[S]):
    """A kind of task. Its module in core/tasks/kinds holds one as `KIND`."""

    settings: type[S]
    #: The task; raises ConfigError with a sentence where it cannot be. What is heavy is imported only in here.
    build: Callable[[S], Task]
    #: What it is called, and one sentence that says what is asked: English message ids, translated by pages.
    title: str
    summary: str
    #: Why a new run cannot be of these settings, though each of them is possible: nobody could ever be right, say. Runs
    #: that were stored are read all the same.
    refuses: Callable[[S], list[Message]] = lambda _: []
    #: (settings, a number) → how many different training questions there are, counted no further than just above the
    #: number; None where that is not known before they are drawn.
    training_questions: Callable[[S, int], int | None] = lambda _settings, _most: None
    #: Characters of the longest prompt; None where that is not known before questions are made.
    longest_prompt: Callable[[S], int | None] = lambda _: None
    #: Tokens that the longest right answer needs, end of sequence included; None: as the built task says.
    longest_response: Callable[[S], int] | None = None
    #: How many answers a response may have: between them the task says something (core/training/turns.py).
    turns: Callable[[S], int] = lambda _: 1
    #: What its verdicts say of their parts (PARTS of core/rewards/verdict.py); the trace's other ones are "none".
    parts: Callable[[S], tuple[str, ...]] = lambda _: ()
    #: Every character of its prompts and answers, where its start model reads single characters; "" for free text.
    alphabet: str = ""
    #: Every word and sign of its prompts and answers, where its start model reads whole words; () where it does not.
    words: tuple[str, ...] = ()
    #: Start models made here, by name, the usual one first; they read `alphabet` or `words`. The task is `Worked` where
    #: a recipe has a judge.
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    #: A regular expression for all responses that have the form of a right one, slips and all; None: it has no form.
    form: Callable[[S], str] | None = None
    #: (right answer, random numbers) → a wrong one that might stand in its place; None: it has no such one.
    misstate: Callable[[str, random.Random], str] | None = None
    #: What its unit tests are like, where such decide: the task is then `Tested`. None: no unit tests do.
    unit_tests: UnitTests | None = None
    #: Settings that go well with those which are given; what is given counts in any case.
    suggested: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _: {}
    #: Whether its questions are sentences, whatever its settings: no start model made here for another task reads them.
    sentences: bool = False
    #: Whether one can choose it for a new run.
    choosable: bool = True
    order: int = 100  # its place in lists: small numbers first

    @property
    def name(self) -> str:
        """What `task.kind` calls it."""
        return str(self.settings.model_fields["kind"].default)
