"""Every setting as text, for the command line."""

from __future__ import annotations

import json
import types
from typing import Any, Literal, Union, get_args, get_origin

from core.config import RunConfig
from core.learners.registry import LEARNER_KINDS
from core.settings import Settings
from core.tasks.registry import TASK_KINDS, choosable


def list_settings() -> None:
    """Prints every setting of a run, of each kind of task and of each kind of learner, with default and meaning."""
    _list(_about(RunConfig), "", RunConfig)
    default, kinds = json.dumps(RunConfig().task.kind), choosable()
    print(
        f"  {'task.kind':32} {default:12} What is asked: {' or '.join(kinds)}. Puts that task in the place of another."
    )
    for name in kinds:
        _list(f"task.kind={name}: {TASK_KINDS[name].summary}", "task.", TASK_KINDS[name].settings)
    for kind in LEARNER_KINDS.values():
        _list(_about(kind.settings), f"{kind.name}.", kind.settings)


def _about(model: type[Settings]) -> str:
    return (model.__doc__ or "").splitlines()[0]


def _list(title: str, prefix: str, model: type[Settings]) -> None:
    """One line per setting, but for those that are chosen in another way (who learns, which task)."""
    print(f"\n{title}")
    for name, field in model.model_fields.items():
        if name in ("task", "learners", "kind", "name", "algorithm"):
            continue
        default = "(required)" if field.is_required() else json.dumps(field.get_default(call_default_factory=True))
        print(f"  {prefix + name:32} {default:12} {field.description}{_choices(field.annotation)}")


def _choices(annotation: Any) -> str:
    """The values of a setting that is one of a few, as a sentence; "" where it is a number, a text or a switch."""
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    names = [str(name) for member in members if get_origin(member) is Literal for name in get_args(member)]
    if names and type(None) in members:
        names.append("none")
    return f" One of: {', '.join(names)}." if names else ""
