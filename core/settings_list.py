"""Every setting as text, for the command line."""

from __future__ import annotations

import json

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
        print(f"  {prefix + name:32} {default:12} {field.description}")
