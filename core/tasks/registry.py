"""Every kind of task there is, found by importing core/tasks/kinds: a new kind is a new module there, and no more."""

from __future__ import annotations

import functools
import importlib
import operator
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from core.errors import ConfigError, Message
from core.refusals import either
from core.tasks import kinds
from core.tasks.base import Task
from core.tasks.kind import Recipe, TaskKind, TaskSettings


def discover() -> dict[str, TaskKind[Any]]:
    """The kinds by name, in their own order. Raises TypeError where a module in core/tasks/kinds declares none."""
    by_name = {}
    for module in sorted(x.name for x in pkgutil.iter_modules(kinds.__path__)):
        kind = getattr(importlib.import_module(f"{kinds.__name__}.{module}"), "KIND", None)
        if not isinstance(kind, TaskKind):
            raise TypeError(f"core/tasks/kinds/{module}.py declares no kind of task; give it a KIND = TaskKind(…)")
        by_name[kind.name] = kind
    return dict(sorted(by_name.items(), key=lambda x: (x[1].order, x[0])))


TASK_KINDS = discover()

if TYPE_CHECKING:
    AnyTask = TaskSettings
else:
    AnyTask = Annotated[
        functools.reduce(operator.or_, (x.settings for x in TASK_KINDS.values())), Field(discriminator="kind")
    ]


def task_kind(settings: TaskSettings) -> TaskKind[Any]:
    """What the settings' kind declares of itself."""
    return TASK_KINDS[settings.kind]


def task_for(settings: TaskSettings) -> Task:
    """The task; raises ConfigError with a sentence where it cannot be (no such data set, too few questions)."""
    return task_kind(settings).build(settings)


def longest_response(settings: TaskSettings) -> int:
    """Tokens that a response may have where the run's config names no limit. Raises ConfigError as task_for does."""
    longest = task_kind(settings).longest_response
    return task_for(settings).max_completion_length if longest is None else longest(settings)


def choosable() -> list[str]:
    """The kinds that a new run can be of."""
    return [name for name, kind in TASK_KINDS.items() if kind.choosable]


def chosen(name: Any, given: Mapping[str, Any], model: str) -> dict[str, Any]:
    """What a run takes over, as plain values, to be of the kind called `name`; `model` is its start model so far.

    The task has its defaults, as they go well with the settings given (those without a default are left out), and
    responses are as long as it needs. Only a start model that was made for another kind gives way to the kind's own.
    Raises ConfigError naming the kinds there are.
    """
    names = choosable()
    if name not in names:
        choices = either([repr(x) for x in names])
        raise ConfigError("task.kind: must be one of {choices}, but is {given}", choices=choices, given=repr(name))
    kind = TASK_KINDS[name]
    fields = kind.settings.model_fields.items()
    task = {x: field.get_default(call_default_factory=True) for x, field in fields if not field.is_required()}
    if model in recipes() and model not in kind.recipes:
        model = next(iter(kind.recipes), model)
    return {"task": task | dict(kind.suggested(given)), "model": model, "max_completion_length": None}


def start_model_for(task: TaskSettings, model: str) -> str:
    """The start model for a task in the place of `model`: another one that was made here for the kind, where that has
    met responses of so many turns and `model` has not; else `model`."""
    kind = task_kind(task)
    if model not in kind.recipes or kind.turns(kind.recipes[model].task) == kind.turns(task):
        return model
    return next((name for name, x in kind.recipes.items() if kind.turns(x.task) == kind.turns(task)), model)


def unmet_turns(task: TaskSettings, model: str) -> Message | None:
    """What is to be known where a start model that was made here has never met responses of so many turns."""
    better = start_model_for(task, model)
    if better == model:
        return None
    if task_kind(task).turns(task) == 1:
        return Message(
            "The start model {model} has never met responses of one turn; {better} has.",
            key="the-start-model-has-never-met-one-turn",
            model=model,
            better=better,
        )
    return Message(
        "The start model {model} has never met responses of {turns} turns; {better} has.",
        model=model,
        turns=task_kind(task).turns(task),
        better=better,
    )


def recipes() -> dict[str, Recipe]:
    """The recipe of every start model that is made here, by the model's name."""
    return {name: recipe for kind in TASK_KINDS.values() for name, recipe in kind.recipes.items()}
