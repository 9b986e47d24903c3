"""What is wrong with a setting, as a message that says what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from core.errors import ConfigError, Message, Refusal, verbatim
from core.text import quoted


def either(choices: Sequence[str]) -> Message | str:
    """Several possibilities as a sentence names them, one or more: a, b or c."""
    *others, last = choices
    return Message("{names} or {last}", names=others, last=last) if others else last


def names_of(values: dict[str, Any]) -> list[str]:
    """What the learners of unvalidated values are called, so that a message can name one instead of counting it.

    One that has no name is called by its place.
    """
    learners = values.get("learners")
    if not isinstance(learners, list | tuple):
        return []
    return [_name_of(x) or f"learners[{place}]" for place, x in enumerate(learners)]


def _name_of(learner: Any) -> str | None:
    given = [learner.get("name"), learner.get("algorithm")] if isinstance(learner, dict) else []
    return next((x[:60] for x in given if isinstance(x, str) and x), None)


def text_of(data: bytes | str, most_bytes: int) -> str:
    """A file's text, without the mark of its encoding.

    Raises ConfigError where it is longer, or is not UTF-8 (which says in what line).
    """
    size = len(data if isinstance(data, bytes) else data.encode(errors="replace"))
    if size > most_bytes:
        raise ConfigError("the file has {given} bytes; at most {bound} are possible", given=size, bound=most_bytes)
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        broken = Message("the file is not UTF-8 text; save it as UTF-8")
        raise ConfigError("line {line}: {cause}", line=line, cause=broken) from None


def unknown(values: dict[str, Any], key: str) -> Message:
    """There is no setting called `key`; which are called nearly so."""
    known = [x for x in values if x not in ("learners", "task")]
    known += [f"task.{x}" for x in values["task"] if x != "kind"]
    for learner in values["learners"]:
        own = [x for x in learner if x not in ("name", "algorithm")]
        known += [*(f"{learner['name']}.{x}" for x in own), *own]  # without its name: of all learners that have it
    near = difflib.get_close_matches(key, list(dict.fromkeys(known)), n=3, cutoff=0.5)
    if near:
        return Message(
            "{setting}: there is no setting of this name; did you mean {names}?", setting=key, names=either(near)
        )
    return Message(
        "{setting}: there is no setting of this name; see `python -m core settings` for all of them", setting=key
    )


def message(problem: Any, learners: list[str]) -> Message:
    """One of pydantic's problems (an item of `ValidationError.errors()`). `learners`: their names, by position."""
    place = setting_name(problem["loc"], learners)
    kind, context, given = problem["type"], problem.get("ctx", {}), problem["input"]
    given = given[:100] if isinstance(given, str) else given
    if kind == "value_error":
        error = context["error"]  # what one of our own validators raised
        cause = error.message if isinstance(error, Refusal) else verbatim(str(error))
        return Message("{setting}: {cause}", setting=place, cause=cause) if place else cause
    if not place:  # all of what was given: no setting of it can be named
        return _whole(problem)
    known = _bound(kind, context, place, given) or _choice(kind, context, place, given)
    return known or _kind(kind, context, place, quoted(given)) or _other(problem, place)


def _whole(problem: Any) -> Message:
    """A problem of pydantic's with all of what was given: it is not even settings by name."""
    given = quoted(problem["input"])
    if problem["type"] in ("dict_type", "model_type", "model_attributes_type"):
        return Message("must be settings by name, but is {given}", key="must-be-settings", given=given)
    text = f"{problem['msg'][0].lower()}{problem['msg'][1:]}"
    return Message("{cause} (given: {given})", key="given-as-a-whole", cause=text, given=given)


def _bound(kind: str, context: dict[str, Any], place: str, given: Any) -> Message | None:
    """Problems where the value is of the right kind, or there is no such setting."""
    match kind:
        case "extra_forbidden":
            return Message("{setting}: there is no setting of this name", setting=place)
        case "greater_than":
            return Message(
                "{setting}: must be more than {bound}, but is {given}", setting=place, bound=context["gt"], given=given
            )
        case "greater_than_equal":
            return Message(
                "{setting}: must be at least {bound}, but is {given}", setting=place, bound=context["ge"], given=given
            )
        case "less_than":
            return Message(
                "{setting}: must be less than {bound}, but is {given}", setting=place, bound=context["lt"], given=given
            )
        case "less_than_equal":
            return Message(
                "{setting}: must be at most {bound}, but is {given}", setting=place, bound=context["le"], given=given
            )
    return None


def _choice(kind: str, context: dict[str, Any], place: str, given: Any) -> Message | None:
    """Problems where there are only so many possibilities, or where the settings of something are none at all."""
    names_it = f"{place}.{str(context.get('discriminator', '')).strip(chr(39))}"  # pydantic quotes it: 'algorithm'
    match kind:
        case "literal_error":
            return _one_of(place, context["expected"], given)
        case "union_tag_invalid":
            return _one_of(names_it, context["expected_tags"], context["tag"])
        case "union_tag_not_found":
            return Message("{setting}: field required (given: {given})", setting=names_it, given=quoted(given))
        case "dict_type" | "model_type" | "model_attributes_type":
            return Message("{setting}: must be settings by name, but is {given}", setting=place, given=quoted(given))
    return None


def _one_of(place: str, choices: str, given: Any) -> Message:
    """`choices` as pydantic writes them: 'a', 'b' or 'c'."""
    return Message(
        "{setting}: must be one of {choices}, but is {given}",
        setting=place,
        choices=either(re.split(", | or ", choices)),
        given=quoted(given),
    )


def _kind(kind: str, context: dict[str, Any], place: str, given: str) -> Message | None:
    """Problems where the value is of the wrong kind, size or form: pydantic's own words, as templates."""
    about = {"setting": place, "given": given}
    match kind:
        case "float_parsing":
            return Message(
                "{setting}: input should be a valid number, unable to parse string as a number (given: {given})",
                **about,
            )
        case "float_type":
            return Message("{setting}: input should be a valid number (given: {given})", **about)
        case "finite_number":
            return Message("{setting}: input should be a finite number (given: {given})", **about)
        case "int_parsing":
            return Message(
                "{setting}: input should be a valid integer, unable to parse string as an integer (given: {given})",
                **about,
            )
        case "int_from_float":
            return Message(
                "{setting}: input should be a valid integer, got a number with a fractional part (given: {given})",
                **about,
            )
        case "int_type":
            return Message("{setting}: input should be a valid integer (given: {given})", **about)
        case "bool_parsing":
            return Message(
                "{setting}: input should be a valid boolean, unable to interpret input (given: {given})", **about
            )
        case "string_type":
            return Message("{setting}: input should be a valid string (given: {given})", **about)
        case "string_pattern_mismatch":
            return Message(
                "{setting}: string should match pattern '{pattern}' (given: {given})",
                pattern=context["pattern"],
                **about,
            )
        case "string_too_long" if context["max_length"] > 1:
            return Message(
                "{setting}: string should have at most {bound} characters (given: {given})",
                bound=context["max_length"],
                **about,
            )
        case "string_too_short" if context["min_length"] == 1:
            return Message("{setting}: string should have at least 1 character (given: {given})", **about)
        case "too_short" if context["field_type"] == "Tuple" and context["min_length"] > 1:
            return Message(
                "{setting}: tuple should have at least {bound} items after validation, not {count} (given: {given})",
                bound=context["min_length"],
                count=context["actual_length"],
                **about,
            )
        case "missing":
            return Message("{setting}: field required (given: {given})", **about)
    return None


def _other(problem: Any, place: str) -> Message:
    """A problem of pydantic's that has no template here: its words stay English."""
    text = f"{problem['msg'][0].lower()}{problem['msg'][1:]}"
    return Message("{setting}: {cause} (given: {given})", setting=place, cause=text, given=quoted(problem["input"]))


def setting_name(location: tuple[int | str, ...], learners: list[str]) -> str:
    """The place of a pydantic problem as a person writes it: `ppo.lam`, `task.terms`, `steps`."""
    parts = [str(x)[:60] for x in location]  # whoever named them
    if len(location) >= 2 and location[0] == "learners" and isinstance(location[1], int):
        # learners · index · discriminator · field: said as `ppo.lam`, as it is written on the command line
        called = learners[location[1]] if location[1] < len(learners) else f"learners[{location[1]}]"
        return ".".join([called, *parts[3:]])
    if len(location) >= 2 and location[0] == "task":  # task · kind · field
        return ".".join(["task", *parts[2:]])
    return ".".join(parts)
