"""Every setting as a form field, read from the config models: name, explanation, kind, bounds.

Nothing about a setting is written down a second time here: what core/run_settings.py says is what the form shows.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.algorithms.surrogates import SURROGATES
from core.config import RunConfig
from core.learners.registry import fixed_of, unused
from core.models import critics, start
from core.rewards import REWARDS
from core.tasks.tastes import TASTES
from lessons.i18n import _, listed

FieldKind = Literal["integer", "number", "choice", "switch", "text", "json"]
Typed = str | int | bool | None

#: What a learner may change while it trains; the rest belongs to the start of a run.
_OWN = frozenset({"learners", "task", "preset"})
_FIXED = frozenset({"name", "algorithm", "kind"})
#: Which questions are asked is chosen in one place above all fields (lessons/kit/chooser.py).
_CHOSEN = frozenset({"kind", "dataset", "questions"})
#: What the choices of a setting are called, where those declare a title.
_TITLES: dict[str, dict[str, str]] = {
    "surrogate": {name: x.title for name, x in SURROGATES.items()},
    "reward": {name: x.title for name, x in REWARDS.items()},
    "taste": {name: x.title for name, x in TASTES.items()},
}
#: Settings that name what the app has, and what there is now.
_NAMED: dict[str, Callable[[], list[str]]] = {"model": start.names, "value_model": critics.names}
#: Where a model names no limit of its own: what is longer than this is no setting.
_LONGEST = 100
_LONGEST_JSON = 1000
_ALL_USED: Mapping[str, str] = {}


@dataclass(frozen=True)
class Field:
    """One setting. `key` is what core.given_config.change takes: `seed`, `task.terms`, `ppo.lam`."""

    key: str
    group: str  # "run", "task" or the learner's name
    kind: FieldKind
    default: Any
    description: str  # message id
    choices: tuple[Any, ...]
    bounds: tuple[tuple[str, float], ...]  # (">", 0), ("≤", 1)
    optional: bool
    longest: int  # characters that can be typed
    unused: str = ""  # message id: why it means nothing here, where it does not

    def text(self, value: Any) -> str:
        """The value as one would type it."""
        if value is None:
            return "none"
        if self.kind == "json":
            return json.dumps(value, ensure_ascii=False)
        return f"{value:g}" if isinstance(value, float) else str(value)

    def choice(self, value: str) -> str:
        """What a value to choose is called, in the viewer's language."""
        title = _TITLES.get(self.key.rpartition(".")[2], {}).get(value)
        return value if title is None else _(title)

    def parse(self, typed: Typed) -> Any:
        """The value that was typed, as plain data; what cannot be read is left as text for the validation to name."""
        if not isinstance(typed, str):
            return typed
        word = typed.strip()
        if self.optional and (word.lower() in ("none", "無") or (not word and self.kind != "text")):
            return None
        if self.kind == "text":
            return typed  # an empty text is a text: not the same as none
        if self.kind == "json":
            return _json(typed)
        if self.kind == "choice":
            return next((x for x in self.choices if str(x) == word), word)
        if self.kind == "switch":
            return {"true": True, "false": False}.get(word.lower(), word)
        return _number(word, whole=self.kind == "integer")

    def typed_default(self) -> Typed:
        """The preset's value in the form that the setting's widget holds it."""
        return self.default if self.kind == "switch" else self.text(self.default)

    def typed(self, text: str) -> Typed:
        """A link's text in the form that the setting's widget holds it."""
        return {"true": True, "false": False}.get(text.lower(), text) if self.kind == "switch" else text

    def help(self) -> str:
        """What it does, what is allowed, what it is unless changed; in the viewer's language."""
        parts = [_(self.unused), _(self.description)] if self.unused else [_(self.description)]
        allowed = listed(f"{sign} {bound:g}" for sign, bound in self.bounds)
        if self.kind == "text" and self.optional:
            parts.append(_("An empty field is an empty text; write none for none."))
        if allowed:
            parts.append(_("Allowed: {range}.").format(range=allowed + (_(", or none") if self.optional else "")))
        shown = self.text(self.default)
        parts.append(_("Preset: {value}.").format(value=f"`{shown}`" if shown else _("(empty)")))
        return " ".join(parts)


def _json(typed: str) -> Any:
    try:
        return json.loads(typed, parse_constant=lambda word: word)  # no NaN: it stays a word, which is no number
    except ValueError:
        return typed


def _number(word: str, whole: bool) -> Any:
    try:
        number = float(word.replace("−", "-"))
    except ValueError:
        return word
    return int(number) if whole and number.is_integer() and abs(number) < 2**53 else number


def fields(config: RunConfig) -> tuple[Field, ...]:
    """All settings of a config, in the models' order: the run's, the task's, each learner's."""
    return (
        *_of(config, "run", "", skip=_OWN),
        *_of(config.task, "task", "task.", skip=_CHOSEN),
        *(f for x in config.learners for f in _of(x, x.name, f"{x.name}.", skip=_FIXED, unused=unused(x))),
    )


def _of(
    model: BaseModel, group: str, prefix: str, skip: frozenset[str], unused: Mapping[str, str] = _ALL_USED
) -> Iterator[Field]:
    for name, info in type(model).model_fields.items():
        if name not in skip:
            kind, choices, optional = _kind(info)
            if name in _NAMED:
                # A page is open to others: no path of this machine can be typed into it, only what it offers.
                kind, choices = "choice", tuple(_NAMED[name]())
            yield Field(
                key=prefix + name,
                group=group,
                kind=kind,
                default=getattr(model, name, None),  # what has no default is missing while nothing is typed
                description=info.description or "",
                choices=choices,
                bounds=tuple(_bounds(info)),
                optional=optional,
                longest=_longest(info, kind),
                unused=unused.get(name, ""),
            )


def _kind(info: FieldInfo) -> tuple[FieldKind, tuple[Any, ...], bool]:
    annotation: Any = info.annotation
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    optional = type(None) in members
    (inner,) = (x for x in members if x is not type(None))
    if get_origin(inner) is Literal:
        return "choice", get_args(inner), optional
    kinds: dict[type, FieldKind] = {bool: "switch", int: "integer", float: "number", str: "text", dict: "json"}
    return kinds.get(get_origin(inner) or inner, "json"), (), optional


def _longest(info: FieldInfo, kind: FieldKind) -> int:
    named = [x.max_length for x in info.metadata if isinstance(x, MaxLen)]
    return named[0] if named else _LONGEST_JSON if kind == "json" else _LONGEST


def _bounds(info: FieldInfo) -> Iterator[tuple[str, float]]:
    for rule in info.metadata:
        match rule:
            case Gt(gt=bound):
                yield ">", float(bound)  # type: ignore[arg-type]
            case Ge(ge=bound):
                yield "≥", float(bound)  # type: ignore[arg-type]
            case Lt(lt=bound):
                yield "<", float(bound)  # type: ignore[arg-type]
            case Le(le=bound):
                yield "≤", float(bound)  # type: ignore[arg-type]


def changeable(field: Field, config: RunConfig) -> bool:
    """Whether a running run takes the change: how many steps to make, and what a learner did not begin with."""
    fixed = {x.name: fixed_of(x) for x in config.learners}
    if field.group not in fixed:
        return field.key == "steps"
    return field.key.rpartition(".")[2] not in fixed[field.group]
