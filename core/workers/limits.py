"""What a server allows a visitor's run, and how long it keeps runs. Nothing is limited unless its host says so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.config import RunConfig
from core.environment import environment
from core.errors import Message, Refusal
from core.given_config import change
from core.learners.registry import AnyLearner, collected_of, critic_of, labels_of
from core.runs.keeping import bytes_used, delete_old, sweep
from core.runs.store import RunStore
from core.tasks.registry import longest_response

_GB = 1e9


class LimitError(Refusal, ValueError):
    """A run asks for more than this server allows; a message for each limit, with both numbers."""


@dataclass(frozen=True)
class RunLimits:
    """None: no limit. The meanings are those of core/environment.py."""

    steps: int | None = None
    responses: int | None = None  # a step
    tokens: int | None = None  # a response
    continuations: int | None = None  # of prefixes, a step and learner
    passes: int | None = None  # over a step's responses
    value_updates: int | None = None  # before the first step; None: as many as `steps`
    disk_gb: float | None = None  # of all runs together
    keep_runs: int | None = None
    keep_days: float | None = None

    @classmethod
    def of_server(cls) -> RunLimits:
        """As the environment sets them: for runs that visitors start, and those that go into the server's store."""
        given = environment()
        return cls(
            steps=given.max_steps,
            responses=given.max_responses,
            tokens=given.max_tokens,
            continuations=given.max_continuations,
            passes=given.max_passes,
            value_updates=given.max_value_updates,
            disk_gb=given.max_disk_gb,
            keep_runs=given.keep_runs,
            keep_days=given.keep_days,
        )

    def check(self, config: RunConfig, store: RunStore) -> None:
        """Raises LimitError where a run with this config may not be started here.

        Old runs go first, so that the room they took counts as free.
        """
        problems = self._size(config)
        if not problems:
            self.tidy(store)
            problems = self._disk(store)
        if problems:
            raise LimitError(*problems)

    def check_steps(self, steps: int) -> None:
        """Raises LimitError where a run, also one that is under way, may not have so many steps."""
        if self.steps is not None and steps > self.steps:
            raise LimitError(self._too_many_steps(steps, self.steps))

    def check_change(self, config: RunConfig, assignments: dict[str, Any]) -> None:
        """Raises LimitError where a run that is under way with this config may not take the assignments over, and
        ConfigError where they cannot be."""
        known = self._size(config)  # it may be older than the limits
        if problems := [x for x in self._size(change(config, assignments)) if x not in known]:
            raise LimitError(*problems)

    def tidy(self, store: RunStore) -> None:
        """Deletes runs that are over and older than what is to be kept, and what was left half written."""
        sweep(store)
        if self.keep_runs is not None or self.keep_days is not None:
            delete_old(store, self.keep_runs, None if self.keep_days is None else time.time() - self.keep_days * 86_400)

    def _size(self, config: RunConfig) -> list[Message]:
        problems = []
        if self.steps is not None and config.steps > self.steps:
            problems.append(self._too_many_steps(config.steps, self.steps))
        updates = max((x.value_pretrain_updates for x in map(critic_of, config.learners) if x is not None), default=0)
        most = self.steps if self.value_updates is None else self.value_updates
        if most is not None and updates > most:
            problems.append(
                Message(
                    "value_pretrain_updates: {given} are more than this server allows, which is {bound}.",
                    given=updates,
                    bound=most,
                )
            )
        problems += [*self._data(config), *self._labels(config)]
        responses = config.prompts_per_step * config.num_generations
        if self.responses is not None and responses > self.responses:
            problems.append(
                Message(
                    "prompts_per_step × num_generations: {given} responses a step are more than this server allows, "
                    "which is {bound}.",
                    given=responses,
                    bound=self.responses,
                )
            )
        if self.tokens is None and self.continuations is None and self.passes is None:
            return problems
        tokens = config.max_completion_length or longest_response(config.task)
        if self.tokens is not None and tokens > self.tokens:
            problems.append(
                Message(
                    "max_completion_length: {given} tokens a response are more than this server allows, which is "
                    "{bound}.",
                    given=tokens,
                    bound=self.tokens,
                )
            )
        return [*problems, *(x for each in config.learners for x in self._work(config, each, tokens))]

    def _data(self, config: RunConfig) -> Iterator[Message]:
        """A data set may have as many responses as a run that writes its own may have in all."""
        if self.steps is None or self.responses is None:
            return
        for settings in filter(None, map(collected_of, config.learners)):
            if settings.data_responses > self.steps * self.responses:
                yield Message(
                    "{learner}: {given} responses in its data set (data_responses) are more than this server allows, "
                    "which is {bound}: its most steps times its most responses a step.",
                    learner=settings.name,
                    given=settings.data_responses,
                    bound=self.steps * self.responses,
                )

    def _labels(self, config: RunConfig) -> Iterator[Message]:
        """A judge may label as many pairs as a run's own responses may be in all, two to a pair."""
        if self.steps is None or self.responses is None:
            return
        for settings in config.learners:
            labels = labels_of(settings)
            pairs = 0 if labels is None else labels.judge_pairs
            if 2 * pairs > self.steps * self.responses:
                yield Message(
                    "{learner}: {given} pairs that a judge labels (judge_pairs) are more than this server allows, "
                    "which is {bound}: half of its most steps times its most responses a step.",
                    learner=settings.name,
                    given=pairs,
                    bound=self.steps * self.responses // 2,
                )

    def _work(self, config: RunConfig, settings: AnyLearner, tokens: int) -> Iterator[Message]:
        """What a step of one learner, of responses of up to so many tokens, may not take."""
        continuations = sum(responses * tokens * each for responses, each in config.continued(settings))
        if self.continuations is not None and continuations > self.continuations:
            yield Message(
                "{learner}: up to {given} continuations of prefixes a step (responses × tokens × continuations of "
                "each, for its credit and for the check of values) are more than this server allows, which is {bound}.",
                learner=settings.name,
                given=continuations,
                bound=self.continuations,
            )
        passes = passes_of(settings)
        if self.passes is not None and passes > self.passes:
            yield Message(
                "{learner}: {given} passes over a step's responses (num_iterations, value_num_iterations, "
                "value_replay_steps) are more than this server allows, which is {bound}.",
                learner=settings.name,
                given=passes,
                bound=self.passes,
            )

    @staticmethod
    def _too_many_steps(given: int, bound: int) -> Message:
        return Message("steps: {given} are more than this server allows, which is {bound}.", given=given, bound=bound)

    def _disk(self, store: RunStore) -> list[Message]:
        if self.disk_gb is None or (used := bytes_used(store) / _GB) < self.disk_gb:
            return []
        return [
            Message(
                "Runs, checkpoints, logs, reward models and fitted critics take {used:.2f} GB here, and no run is "
                "started beyond {bound:g} GB: delete runs that nobody needs, on the page Runs.",
                used=used,
                bound=self.disk_gb,
            )
        ]


def passes_of(settings: AnyLearner) -> int:
    """Passes over a step's responses that a learner makes in a step: the policy's, and the critic's over the step's own
    and over those that it replays."""
    critic, own = critic_of(settings), settings.num_iterations
    if critic is None:
        return own
    return own + (critic.value_num_iterations or own) * (1 + critic.value_replay_steps)
