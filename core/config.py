"""A run's settings that go together: what each field allows by itself stands in core/run_settings.py.

What depends on more than the settings, such as how many questions a task has, is checked where they are given
(core/given_config.py) or in the run.
"""

from __future__ import annotations

from pydantic import model_validator

from core.errors import ConfigError, Message
from core.learners.registry import (
    AnyLearner,
    collected_of,
    learner_kind,
    needs_of,
    refused,
    refused_together,
    trains_policy,
)
from core.rewards import REWARDS
from core.run_settings import RunSettings


class RunConfig(RunSettings):
    """One run: learners that share task, start weights, prompts and number of responses."""

    @model_validator(mode="after")
    def _possible(self) -> RunConfig:
        names = [learner.name for learner in self.learners]
        if len(set(names)) != len(names):
            raise ConfigError("two learners are called the same ({names}); give each its own name", names=names)
        batch = self.prompts_per_step * self.num_generations
        for each in self.learners:
            if problem := self._impossible(each, batch) or refused(each):
                raise ConfigError("{learner}: {cause}", learner=each.name, cause=problem)
            if problem := self._group_too_small(each):
                raise ConfigError(problem)
        self._all_of_one_sort()
        if self.success_from > self.success_to:
            raise ConfigError(
                "success_from is {low} and success_to {high}: no question can be answered right at least as often as "
                "the one and at most as often as the other",
                low=self.success_from,
                high=self.success_to,
            )
        if batch > 8192:
            raise ConfigError(
                "prompts_per_step × num_generations is {batch}; at most {bound} responses per step are allowed",
                batch=batch,
                bound=8192,
            )
        return self

    def _all_of_one_sort(self) -> None:
        """Raises ConfigError where reward models are to be trained beside policies, or in a way that they cannot."""
        others = [x.name for x in self.learners if not trains_policy(x)]
        if not others:
            return
        if len(others) < len(self.learners):
            raise ConfigError(
                "{names} trains a reward model, the other learners train policies: they have nothing in common that "
                "could be compared; train the reward model in a run of its own, then name it in a second one",
                names=others,
            )
        if problem := refused_together(self.learners):
            raise ConfigError(problem)
        if self.lora_rank:
            raise ConfigError(
                "lora_rank is {given}, but a reward model is trained whole: a run that takes it as its reward knows no "
                "adapters of it",
                given=self.lora_rank,
            )

    def _impossible(self, settings: AnyLearner, batch: int) -> Message | None:
        """Why a learner cannot take its part in steps of `batch` responses."""
        if batch % self.group_size(settings):
            return Message(
                "num_generations={given} does not divide the {batch} responses of a step (prompts_per_step × "
                "num_generations of the run)",
                given=settings.num_generations,
                batch=batch,
            )
        if problem := self._impossible_data(settings, batch) or self._impossible_turns(settings):
            return problem
        if batch % settings.num_mini_batches:
            return Message(
                "num_mini_batches={given} does not divide the {batch} responses of a step (prompts_per_step × "
                "num_generations)",
                given=settings.num_mini_batches,
                batch=batch,
            )
        return None

    def _group_too_small(self, settings: AnyLearner) -> Message | None:
        """Why a learner's groups are too small for its credit."""
        size, least = self.group_size(settings), needs_of(settings).smallest_group
        if size >= least:
            return None
        return Message(
            "num_generations must be at least {least} for {kind}, but is {given} for {learner}: one response "
            "has no group to be compared with",
            least=least,
            kind=learner_kind(settings).title,
            given=size,
            learner=settings.name,
        )

    def _impossible_turns(self, settings: AnyLearner) -> Message | None:
        """Why a learner cannot learn from responses of several turns: whose they are is known while they are sampled
        alone, and nobody but the rollout asks the task for its part."""
        if self.turns == 1:
            return None
        if learner_kind(settings).offline:
            return Message("its responses are given, and in them nobody answers: task.turns must be 1 for it")
        if needs_of(settings).continuations:
            return Message("it finishes responses afresh, and in them nobody answers: task.turns must be 1 for it")
        if REWARDS[settings.reward].trained:
            return Message("a reward model has read responses of one turn only: task.turns must be 1 for it")
        return None

    def _impossible_data(self, settings: AnyLearner, batch: int) -> Message | None:
        """Why the data set that a learner asks for cannot be."""
        data = collected_of(settings)
        if data is None:
            return None
        size = self.data_group_size(data)
        if data.data_responses % size:
            return Message(
                "data_responses={given} is no multiple of the {size} responses to each question",
                given=data.data_responses,
                size=size,
            )
        if needs_of(settings).groups and size != self.group_size(settings):
            return Message(
                "its groups of {group} are those of its data set, which has {size} responses to each question; leave "
                "data_generations out, or set num_generations to it",
                group=self.group_size(settings),
                size=size,
            )
        if needs_of(settings).whole_groups and batch // settings.num_mini_batches % self.group_size(settings):
            return Message(
                "num_mini_batches={given} takes groups of {group} apart",
                given=settings.num_mini_batches,
                group=self.group_size(settings),
            )
        return None
