"""The data sets of reasoning-gym by name, made with options that were checked."""

from __future__ import annotations

import dataclasses
import difflib
from enum import Enum
from typing import Any

from reasoning_gym.factory import DATASETS

from core.errors import ConfigError, Message
from core.refusals import either

#: Data sets whose questions follow not from their seed alone but from the order of sets, other in every process.
UNREPEATABLE = frozenset({"codeio", "isomorphic_strings", "knight_swap", "polynomial_multiplication", "ransom_note"})
#: Options that name files: a hosted app would read its own machine's to a visitor.
_FILES = frozenset({"data_file", "static_font"})
#: No option may be larger than this, or than ten times its default: 10**digits has to stay a number.
_LARGEST = 1_000_000


def names() -> list[str]:
    """Every data set that can be a task, in alphabetical order."""
    return sorted(set(DATASETS) - UNREPEATABLE - {"composite"})


def build(name: str, options: dict[str, Any], seed: int, size: int) -> Any:
    """The data set; raises ConfigError with one sentence where there is none or it does not take the options."""
    _check_name(name)
    dataset, config = DATASETS[name]
    fields = {x.name: x for x in dataclasses.fields(config)}
    try:
        values = {key: _value(name, fields, key, value) for key, value in options.items()}
        return dataset(config=config(**values, seed=seed, size=size))
    except ConfigError:
        raise
    except Exception as error:  # asserts, and whatever a value of another type leads to
        cause = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ConfigError(
            "task.options: {name} does not accept these options ({cause})", name=name, cause=cause
        ) from None


def _check_name(name: str) -> None:
    if name in UNREPEATABLE:
        raise ConfigError(
            "task.dataset: {name} cannot be used: its questions are others in every process, so that no run could be "
            "repeated",
            name=name,
        )
    if name == "composite":
        raise ConfigError("task.dataset: composite cannot be used, as it is made of other data sets; name one of them")
    if name not in DATASETS:
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.5)
        if near:
            raise ConfigError(
                "task.dataset: reasoning-gym has no data set called {name}; did you mean {names}?",
                key="data-set-unknown-others-near",
                name=repr(name),
                names=either(near),
            )
        raise ConfigError(
            "task.dataset: reasoning-gym has no data set called {name}; for example chain_sum, gsm_symbolic or "
            "countdown",
            name=repr(name),
        )


def _value(name: str, fields: dict[str, Any], key: str, value: Any) -> Any:
    """An option's value as the data set's config wants it."""
    free = sorted(set(fields) - {"seed", "size"} - _FILES)
    if key in ("seed", "size"):
        raise ConfigError("task.options: {name} cannot be set, as questions follow from the run's own seed", name=key)
    if key in _FILES:
        raise ConfigError("task.options: {name} cannot be set, as it names a file", name=key)
    if key not in free:
        near = difflib.get_close_matches(key, free, n=3, cutoff=0.5)
        if near:
            raise ConfigError(
                "task.options: {data} has no option called {name}; did you mean {names}?",
                data=name,
                name=repr(key),
                names=either(near),
            )
        raise ConfigError(
            "task.options: {data} has no option called {name}; it has {names}",
            data=name,
            name=repr(key),
            names=free or Message("none"),
        )
    field = fields[key]
    default = field.default if field.default is not dataclasses.MISSING else None
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    largest = max(_LARGEST, 10 * abs(default)) if isinstance(default, int | float) else _LARGEST
    for number in value if isinstance(value, list) else [value]:
        if isinstance(number, int | float) and abs(number) > largest:
            raise ConfigError(
                "task.options: {name} must be between {low} and {high}, but is {given}",
                name=key,
                low=-largest,
                high=largest,
                given=number,
            )
    if is_number and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ConfigError("task.options: {name} must be a number, but is {given}", name=key, given=repr(value))
    if isinstance(default, int) and is_number and isinstance(value, float):
        raise ConfigError("task.options: {name} must be a whole number, but is {given}", name=key, given=repr(value))
    if isinstance(default, Enum):
        return type(default)(value)
    return tuple(value) if isinstance(default, tuple) and isinstance(value, list) else value
