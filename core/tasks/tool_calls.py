"""A call of a function as JSON, compared with the right one: `{"name": "weather", "arguments": {"city": "Rome"}}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Message, RequestError, cause_of

_LONGEST = 20_000  # characters
_MOST_FAULTS = 20


@dataclass(frozen=True)
class CallVerdict:
    """What is said of a call."""

    right: bool
    faults: tuple[Message, ...]  # what is wrong, one thing each; none where it is right


def compare_calls(response: str, right: Mapping[str, Any]) -> CallVerdict:
    """Whether `response` is JSON of the same call: the same name, and every argument with an equal value.

    Keys come in any order, at every depth; a list's items do not. Numbers are equal by value (1 is 1.0), and nothing
    else is converted: "1" is not 1, true is not 1. An argument too many is as wrong as one too few.
    """
    call, fault = read_call(response)
    if call is None:
        return CallVerdict(False, (fault,) if fault else ())
    faults: list[Message] = []
    if call["name"] != right["name"]:
        faults.append(Message("it calls {given}, not {expected}", given=call["name"], expected=right["name"]))
    faults += _differences("", call["arguments"], right.get("arguments", {}))
    return CallVerdict(not faults, tuple(faults[:_MOST_FAULTS]))


def read_call(response: str) -> tuple[dict[str, Any] | None, Message | None]:
    """The call that a response is, or why it is none."""
    if len(response) > _LONGEST:
        return None, Message("it is longer than {bound} characters", bound=_LONGEST)
    try:
        value = json.loads(response, object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return None, Message("it is not JSON: {cause}", cause=cause_of(error))
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None, Message("it has no “name” of a function")
    if extra := sorted(set(value) - {"name", "arguments"}):
        return None, Message("it has {names} beside “name” and “arguments”", names=extra)
    if not isinstance(value.setdefault("arguments", {}), dict):
        return None, Message("its “arguments” are no object")
    return value, None


def _differences(path: str, given: Any, expected: Any) -> list[Message]:
    """What differs, each with its place, such as `filter.price[0]`."""
    if isinstance(given, dict) and isinstance(expected, Mapping):
        return _of_objects(path, given, expected)
    if isinstance(given, list) and isinstance(expected, list | tuple):
        if len(given) != len(expected):
            count, wanted = len(given), len(expected)
            return [Message("{place} has {count} items, not {expected}", place=path, count=count, expected=wanted)]
        pairs = enumerate(zip(given, expected, strict=True))
        return [x for i, (mine, theirs) in pairs for x in _differences(f"{path}[{i}]", mine, theirs)]
    if _equal(given, expected):
        return []
    return [Message("{place} is {given}, not {expected}", place=path, given=_text(given), expected=_text(expected))]


def _of_objects(path: str, given: dict[str, Any], expected: Mapping[str, Any]) -> list[Message]:
    def place(key: str) -> str:
        return f"{path}.{key}" if path else key

    missing = [Message("{name} is missing", name=place(x)) for x in expected if x not in given]
    extra = [Message("{place} is not asked for", place=place(x)) for x in given if x not in expected]
    both = [x for x in expected if x in given]
    return [*missing, *extra, *(y for x in both for y in _differences(place(x), given[x], expected[x]))]


def _equal(given: Any, expected: Any) -> bool:
    if isinstance(given, bool) or isinstance(expected, bool):
        return given is expected
    if isinstance(given, int | float) and isinstance(expected, int | float):
        return given == expected
    return type(given) is type(expected) and given == expected


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:200]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that comes twice has no one value."""
    keys = [x for x, _ in pairs]
    if len(set(keys)) < len(keys):
        twice = next(x for x in keys if keys.count(x) > 1)
        raise RequestError("the key {name} stands there twice", name=repr(twice))
    return dict(pairs)


def _no_number(name: str) -> float:
    raise RequestError("{name} is no number of JSON", name=name)
