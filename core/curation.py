"""The data of a run, chosen and spoiled: what a task asks in training, and what it is paid for.

A task gives fresh questions and true verdicts. What people do to the data of reinforcement learning is done here, to
any task, by settings of the run:

- few different questions (`distinct_questions`), taken in turn; questions of a step that repeat (`repeated_questions`);
- questions of a certain difficulty: those that the start model itself answers right at least and at most so often
  (`success_from`, `success_to`), measured before the first step;
- held-out questions among those trained on (`leaked_questions`);
- ground truths that are wrong (`wrong_truths`): of such a question another answer is paid, always the same one;
- thin unit tests (`tests_per_question`): so few of a question's visible tests decide what is paid, and no hidden one;
- unit tests that are wrong (`wrong_tests`): such a test expects another value, always the same one. The examples that
  the question shows stay right, and so does what is said between two answers.

What is paid and what is right are two things in every verdict (core/rewards/base.py), so the success of a learner that
is paid for wrong answers is still told by the truth. A task of a run that does none of this is the task itself.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from core.config import RunConfig
from core.errors import ConfigError
from core.rewards.unit_tests import UnitTest
from core.rewards.verdict import Verdict
from core.tasks.base import Task
from core.tasks.registry import task_for, task_kind
from core.tasks.tested import Tested

#: Questions are chosen among so many, and the start model answers each so often.
CANDIDATES, TRIES = 512, 8
#: Where in a seed's stream the chosen questions come from: no run has so many steps.
_POOL = 2**31 - 1
#: So many times the wanted number are drawn in search of different questions.
_DRAWN = 64

#: Of so many questions at most it is remembered what stands in the place of their right answers.
_REMEMBERED = 1 << 15
#: The settings of a run that choose or spoil its data.
_SETTINGS = (
    *("distinct_questions", "repeated_questions", "leaked_questions", "wrong_truths"),
    *("success_from", "success_to"),
    *("tests_per_question", "wrong_tests"),
)

#: Answers questions with the start model: each question's share of right answers.
Measure = Callable[[Sequence[str]], Sequence[float]]


def is_curated(config: RunConfig) -> bool:
    """Whether the run's data are other than what the task gives."""
    return any(getattr(config, x) != RunConfig.model_fields[x].default for x in _SETTINGS)


def asks_start_model(config: RunConfig) -> bool:
    """Whether the questions are chosen by how often the start model answers them right."""
    return config.success_from > 0 or config.success_to < 1


def about(config: RunConfig) -> dict[str, Any]:
    """All that a run's data follow from beside its task: what is known of one run's is known of another's with equal
    values. Empty where they are what the task gives."""
    if not is_curated(config):
        return {}
    values = config.model_dump(mode="json", include=set(_SETTINGS))
    return {**values, "seed": config.seed} if asks_start_model(config) else values


def task_of(config: RunConfig) -> Task:
    """The run's task, with its data as the run's settings say.

    Where they are chosen by the start model's success, `measured` has to be called before any is asked for. Raises
    ConfigError as `task_for`.
    """
    task = task_for(config.task)
    return Curated(task, config) if is_curated(config) else task


class Curated:
    """A task whose training questions were chosen, and whose ground truths or unit tests may be wrong."""

    def __init__(self, task: Task, config: RunConfig) -> None:
        self.task, self.config = task, config
        self._misstate = task_kind(config.task).misstate
        self._unit_tests = task_kind(config.task).unit_tests
        self._known: dict[str, str | None] = {}
        self._pools: dict[int, list[str]] = {}
        self._apart = frozenset(task.heldout)

    # -- as the task -----------------------------------------------------------------------------------------------

    @property
    def heldout(self) -> list[str]:
        return self.task.heldout

    @property
    def max_completion_length(self) -> int:
        return self.task.max_completion_length

    @property
    def turns(self) -> int:
        """How many answers a response may have, and what is said between them (core/training/turns.py)."""
        return int(getattr(self.task, "turns", 1))

    def reply(self, prompt: str, answers: Sequence[str]) -> str | None:
        reply: str | None = self.task.reply(prompt, answers)  # type: ignore[attr-defined]
        return reply

    @property
    def every_prompt(self) -> list[str] | None:
        """All prompts that the task may ask, where it can name them (core/training/gather.py): the longest tells
        whether the model can read them."""
        return getattr(self.task, "every_prompt", None)

    def truth(self, prompt: str) -> str:
        """The right answer, also where another one is paid."""
        return self.task.truth(prompt)

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """As Task.prompts. Raises ConfigError where there are no such questions, or not so many different ones."""
        draw, fresh = random.Random(f"curated {seed} {step}"), self._fresh(seed, step, count)
        asked: list[str] = []
        while len(asked) < count:
            repeats, leaks, which = draw.random(), draw.random(), draw.random()
            if asked and repeats < self.config.repeated_questions:
                asked.append(asked[int(which * len(asked))])
            elif leaks < self.config.leaked_questions:
                asked.append(self.heldout[int(which * len(self.heldout))])
            else:
                asked.append(next(fresh))
        return asked

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """The task's verdict; where the ground truth is wrong, its reward is for the answer that stands there, and
        where unit tests are few or wrong, for passing those."""
        verdict, wrong = self.task.verify(prompt, response, finished=finished), self.wrong_truth(prompt)
        if wrong is not None:
            return dataclasses.replace(verdict, reward=float(finished and verdict.answer == wrong))
        tests = self.paid_tests(prompt)
        if tests is None or not finished or verdict.answer is None:
            return verdict
        reward = cast(Tested, self.task).paid_by(prompt, response, tests)
        return dataclasses.replace(verdict, reward=reward)

    # -- what was done to the data ---------------------------------------------------------------------------------

    def wrong_truth(self, prompt: str) -> str | None:
        """What stands in the place of a training question's right answer; None where the right one does."""
        if not self.config.wrong_truths or prompt in self._apart or self._misstate is None:
            return None
        if prompt not in self._known:
            if len(self._known) >= _REMEMBERED:  # a long run asks millions of questions
                self._known.clear()
            draw = random.Random(f"misstated {prompt}")
            is_wrong = draw.random() < self.config.wrong_truths  # the wrong ones of a small share are so of a large one
            self._known[prompt] = self._misstate(self.task.truth(prompt), draw) if is_wrong else None
        return self._known[prompt]

    def paid_tests(self, prompt: str) -> list[UnitTest] | None:
        """The unit tests that a training question is paid by, where they are few or some may be wrong; None where the
        task itself says which count.

        Fewer tests are some of the more, and what is wrong at a small share is so at a large one. RequestError as for
        verify.
        """
        few, share = self.config.tests_per_question, self.config.wrong_tests
        if self._unit_tests is None or prompt in self._apart or not (few or share):
            return None
        tests = cast(Tested, self.task).counted_tests(prompt)
        if few:
            visible = [x for x in tests if not x.hidden]
            chosen = random.Random(f"tests {prompt}").sample(visible, len(visible))[:few]
            tests = [x for x in visible if x in chosen]
        return [self._stated(prompt, x) for x in tests]

    def _stated(self, prompt: str, test: UnitTest) -> UnitTest:
        """The test as the data have it: right, or, by its share, wrong."""
        assert self._unit_tests is not None
        draw = random.Random(f"misstated {prompt} {test.arguments}")
        return self._unit_tests.misstate(test, draw) if draw.random() < self.config.wrong_tests else test

    def measured(self, measure: Measure) -> None:
        """Chooses the questions by the start model's success, which `measure` gives.

        Raises ConfigError where none is as wanted.
        """
        candidates = self._different(self.config.seed, CANDIDATES)
        success = measure(candidates)
        low, high = self.config.success_from, self.config.success_to
        chosen = [x for x, rate in zip(candidates, success, strict=True) if low <= rate <= high]
        if not chosen:
            raise ConfigError(
                "success_from, success_to: of {all} questions the start model answers none right between {low} and "
                "{high} of the time; it answers them right {least} to {most} of the time",
                all=len(candidates),
                low=low,
                high=high,
                least=round(min(success), 3),
                most=round(max(success), 3),
            )
        self._pools[self.config.seed] = self._enough(chosen)

    def _fresh(self, seed: int, step: int, count: int) -> Iterator[str]:
        """The step's questions before some are repeated or leaked; without end where they are taken in turn."""
        if not self.config.distinct_questions and not asks_start_model(self.config):
            yield from self.task.prompts(seed, step, count)
            return
        pool, draw = list(self._pool(seed)), random.Random(f"pool {seed} {step}")
        while True:
            draw.shuffle(pool)
            yield from pool

    def _pool(self, seed: int) -> list[str]:
        """The questions of a seed. Those that the start model chose are the run's, whatever stream asks for them: the
        answers that a critic is fitted to, or a data set of a seed of its own."""
        if asks_start_model(self.config):
            seed = self.config.seed
        if seed not in self._pools:
            if asks_start_model(self.config):
                raise ValueError("the start model has not been asked yet which questions it answers")
            self._pools[seed] = self._enough(self._different(seed, self.config.distinct_questions or 1))
        return self._pools[seed]

    def _enough(self, questions: list[str]) -> list[str]:
        wanted = self.config.distinct_questions
        if wanted and len(questions) < wanted:
            raise ConfigError(
                "distinct_questions: {given} different training questions are wanted, but only {count} were there",
                given=wanted,
                count=len(questions),
            )
        return questions[:wanted]

    def _different(self, seed: int, wanted: int) -> list[str]:
        """Up to so many different training questions, in the order of a stream of their own.

        Where the task knows that there are so many, all of them are found, however rare some are.
        """
        there = task_kind(self.config.task).training_questions(self.config.task, wanted) or 0
        count = wanted
        while True:
            different = list(dict.fromkeys(self.task.prompts(seed, _POOL, count)))
            if len(different) >= wanted or (there < wanted and count >= _DRAWN * wanted):
                return different[:wanted]
            count *= 4
