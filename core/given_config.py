"""A run's config from what a person gives: plain values, or single settings to be replaced in one that is there."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import ValidationError

from core.config import RunConfig
from core.errors import ConfigError, Message
from core.refusals import message, names_of, unknown
from core.tasks.readable import unreadable
from core.tasks.registry import TASK_KINDS, chosen, start_model_for


def parse_config(values: dict[str, Any]) -> RunConfig:
    """A validated config from plain values. Raises ConfigError: a message for each unknown or impossible setting."""
    try:
        config = RunConfig.model_validate(values)
    except ValidationError as error:
        names = names_of(values)
        problems = error.errors()
        # Where every learner is refused, pydantic adds that there are too few of them: true, and no help.
        if names:
            problems = [x for x in problems if not (x["type"] == "too_short" and x["loc"] == ("learners",))]
        raise ConfigError(*(message(problem, names) for problem in problems)) from None
    if refused_task := TASK_KINDS[config.task.kind].refuses(config.task):
        raise ConfigError(*refused_task)
    if config.wrong_truths and TASK_KINDS[config.task.kind].misstate is None:
        able = [name for name, kind in TASK_KINDS.items() if kind.misstate is not None]
        raise ConfigError(
            "wrong_truths: a question of {kind} has no one right answer that could be put down wrong; of these it has: "
            "{names}",
            kind=config.task.kind,
            names=able,
        )
    if problem := (_too_many_questions(config) or _impossible_tests(config) or unreadable(config.task, config.model)):
        raise ConfigError(problem)
    return config


def _impossible_tests(config: RunConfig) -> Message | None:
    """Why a task cannot have so few unit tests, or wrong ones; None where it can."""
    named = [x for x in ("tests_per_question", "wrong_tests") if getattr(config, x)]
    tests = TASK_KINDS[config.task.kind].unit_tests
    if named and tests is None:
        return Message(
            "{setting}: no unit tests decide a question of {kind}; of these they do: {names}",
            setting=named[0],
            kind=config.task.kind,
            names=[name for name, kind in TASK_KINDS.items() if kind.unit_tests is not None],
        )
    if config.tests_per_question and tests and config.tests_per_question > tests.visible(config.task):
        return Message(
            "tests_per_question must be at most {bound}, but is {given}: no question shows more tests",
            bound=tests.visible(config.task),
            given=config.tests_per_question,
        )
    return None


def _too_many_questions(config: RunConfig) -> Message | None:
    """Why there are not so many different questions, where the task knows before any is drawn; None where there are.

    Those that the start model has to be asked about, and tasks that do not know, are refused in the run
    (core/curation.py).
    """
    wanted = config.distinct_questions
    if wanted is None:
        return None
    there = TASK_KINDS[config.task.kind].training_questions(config.task, wanted)
    if there is None or there >= wanted:
        return None
    return Message(
        "distinct_questions must be at most {bound}, but is {given}: there are no more different training questions",
        bound=max(0, there),
        given=wanted,
    )


def change(config: RunConfig, assignments: dict[str, Any]) -> RunConfig:
    """A new config with settings replaced.

    A key is a run setting (`steps`), a task setting (`task.terms`), a learner's (`ppo.lam`) or a bare learner setting
    (`epsilon`), which then holds for every learner that has it. `task.kind` comes first, wherever it stands: it puts
    that kind's task in the place of this one. Where responses get another number of turns, the start model is one that
    has met so many, unless `model` is among the assignments. Raises ConfigError with a message for each problem.
    """
    values, assignments = config.model_dump(), dict(assignments)
    problems: list[Message] = []
    if "task.kind" in assignments:
        given = {x.removeprefix("task."): value for x, value in assignments.items() if x.startswith("task.")}
        try:
            values |= chosen(assignments.pop("task.kind"), given, config.model)
        except ConfigError as error:  # which settings the task has is then not known either
            problems += error.messages
            assignments = {x: value for x, value in assignments.items() if not x.startswith("task.")}
    for key, value in assignments.items():
        targets = _targets(values, key)
        if not targets:
            problems.append(unknown(values, key))
        for target, field in targets:
            target[field] = value
    try:
        changed = parse_config(values)
        if "model" not in assignments and changed.turns != config.turns:
            changed = changed.model_copy(update={"model": start_model_for(changed.task, changed.model)})
    except ConfigError as error:
        problems += error.messages
    if problems:
        raise ConfigError(*problems)
    return changed


def takes_none(config: RunConfig, key: str) -> bool:
    """Whether the setting that `key` names, as `change` takes it, may be none."""
    owner, _, field = key.rpartition(".")
    models = [x for x in config.learners if owner in ("", x.name)] if owner != "task" else [config.task]
    having = [x for x in (*([] if owner else [config]), *models) if field in type(x).model_fields]
    return bool(having) and all(type(None) in get_args(type(x).model_fields[field].annotation) for x in having)


def assignments_for(config: RunConfig, learner: str, value: dict[str, Any]) -> dict[str, Any]:
    """The assignments that concern this learner: its own, the bare ones that it has, and the run's."""
    fields, others = type(config.learner(learner)).model_fields, {x.name for x in config.learners} - {learner}
    mine = {}
    for key, assigned in value.items():
        owner, _, field = key.rpartition(".")
        if owner not in others and (owner or field in fields or field in type(config).model_fields):
            mine[key] = assigned
    return mine


def _targets(values: dict[str, Any], key: str) -> list[tuple[dict[str, Any], str]]:
    owner, _, field = key.rpartition(".")
    if owner == "task":
        known = TASK_KINDS[values["task"]["kind"]].settings.model_fields
        return [(values["task"], field)] if field in known and field != "kind" else []
    fixed = {"name", "algorithm"}
    learners = [x for x in values["learners"] if field in x and field not in fixed and owner in ("", x["name"])]
    if not owner and field in values and field not in ("learners", "task"):
        return [(values, field)]
    return [(learner, field) for learner in learners]
