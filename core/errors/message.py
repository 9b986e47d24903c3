"""A message: one English sentence with values, as data that is shown in any language and stored as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from core.errors.template import PLACE, formatted, key_of
from core.text import is_huge, quoted, size_of

MessageValue: TypeAlias = "str | int | float | bool | Message | tuple[MessageValue, ...] | None"

# The folders of an absolute path, up to its last part; of an address (http://…) nothing.
_FOLDERS = re.compile(r"(?<![\w:/.])/(?:[^\s/'\"]+/)+(?=[^\s/])")

# Bounds on what is read back: whoever wrote it, showing it must not cost much. What is made here keeps to them.
MOST_CHARACTERS = 20_000  # of a template, and of what is written to the store
MOST_READ = 500_000  # of a stored text: older versions wrote longer ones
MOST_PLACES = 20
MOST_LEVELS = 8  # a message within a message, or within a tuple
MOST_FILLED_IN = 10_000


@dataclass(frozen=True, init=False)
class Message:
    """One sentence: `Message("There is no run {given}.", given="a1")`.

    `template` is English and is the gettext message id; `values` fill its places: text, numbers, messages (translated
    themselves), or tuples of those (messages a line each, all else joined by commas). `key` names the sentence whatever
    its wording: translations are looked up by it, so a message that was stored before its English was reworded is still
    translated, and a test can ask for it. It follows from the template's first words; who rewords a template that the
    store may hold hands over the old one as `key=`. A number may have a format (`{given:.2g}`).
    """

    key: str
    template: str
    values: Mapping[str, MessageValue]

    def __init__(self, template: str, /, *, key: str = "", **values: Any) -> None:
        """Values that are none of the above become text; an exception that carries messages becomes those.

        A text is cut after MOST_FILLED_IN characters, a huge whole number is told by its size, and what is nested more
        than MOST_LEVELS deep becomes English text, which no page translates.
        """
        object.__setattr__(self, "key", key or key_of(template))
        object.__setattr__(self, "template", template)
        bounded = {name: _value(value) for name, value in values.items()}
        flat = {name: x if _levels(x) < MOST_LEVELS else _shown(x, str) for name, x in bounded.items()}
        object.__setattr__(self, "values", flat)

    def __str__(self) -> str:
        return fill(self.template, self.values)

    def __hash__(self) -> int:
        return hash(self.template)

    def to_dict(self) -> dict[str, Any]:
        """The message as plain values for JSON; `from_dict` reads it."""
        return {"key": self.key, "template": self.template, "values": {x: _plain(y) for x, y in self.values.items()}}

    def to_json(self) -> str:
        """The message for the store, which `from_json` reads: where it is too long for that, its texts are cut."""
        for most in (MOST_FILLED_IN, 1000, 100, 10):
            text = json.dumps(_cut(self, most).to_dict(), ensure_ascii=False)
            if len(text) <= MOST_CHARACTERS:
                return text
        return json.dumps(verbatim(str(self)[: MOST_CHARACTERS // 10]).to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, given: Any) -> Message | None:
        """The message that `to_dict` wrote; None where this is something else, or too much to be one."""
        try:
            return _read(given, MOST_LEVELS)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    @classmethod
    def from_json(cls, text: str) -> Message:
        """The message that `to_json` wrote; any other text (an older version's sentence) is shown as it is."""
        if text.startswith("{") and len(text) <= MOST_READ:
            try:
                message = cls.from_dict(json.loads(text))
            except (ValueError, RecursionError):
                message = None
            if message is not None:
                return message
        return verbatim(text)

    def replaced(self, old: str, new: str) -> Message:
        """The same with `new` for `old` in every text that fills a place: a folder's name for its path."""
        return self._with(lambda text: text.replace(old, new))

    def without_folders(self) -> Message:
        """The same with every absolute path cut to its last part: for whom it does not concern where things lie."""
        return self._with(lambda text: _FOLDERS.sub("", text))

    def _with(self, change: Callable[[str], str]) -> Message:
        """The same with every text that fills a place changed."""

        def other(value: MessageValue) -> MessageValue:
            if isinstance(value, Message):
                return value._with(change)
            if isinstance(value, tuple):
                return tuple(other(x) for x in value)
            return change(value) if isinstance(value, str) else value

        return Message(self.template, key=self.key, **{name: other(value) for name, value in self.values.items()})

    def view(self) -> dict[str, Any] | str:
        """For a browser, which only puts text into places: numbers are formatted, text without a template is bare."""
        if self.key == VERBATIM:
            return str(self)
        formats = {x[1]: x[2] for x in PLACE.finditer(self.template) if x[1]}
        values = {name: _viewed(value, formats.get(name)) for name, value in self.values.items()}
        return {"key": self.key, "template": self.template, "values": values}


VERBATIM = "verbatim"


def verbatim(text: str) -> Message:
    """Text that no template stands behind, such as another program's words: shown as it is in every language."""
    return Message("{text}", key=VERBATIM, text=text)


def all_of(messages: Iterable[Message]) -> Message:
    """Several messages as one, a line each."""
    lines = tuple(messages)
    return lines[0] if len(lines) == 1 else Message("{lines}", key="lines", lines=lines)


def fill(template: str, values: Mapping[str, MessageValue], show: Callable[[Message], str] = str) -> str:
    """The template with its places filled in; a place without a value stays as it is written. Never raises.

    `show` says how a message among the values reads: in English, or translated.
    """
    texts = {name: _shown(value, show) for name, value in values.items() if not _is_number(value)}

    def one(place: re.Match[str]) -> str:
        name, form = place[1], place[2]
        if name is None:
            return place[0][0]  # a brace, written twice
        if name in texts:
            return texts[name]
        return formatted(values[name], form) if name in values else place[0]

    return PLACE.sub(one, template)


def _value(value: Any, levels: int = MOST_LEVELS) -> MessageValue:
    if isinstance(value, str):
        return value[:MOST_FILLED_IN]
    if is_huge(value):
        return size_of(value)
    if value is None or isinstance(value, (int, float, Message)):
        return value
    if isinstance(value, Exception) and isinstance(own := getattr(value, "message", None), Message):
        return own  # a refusal's
    if isinstance(value, (list, tuple)):
        return tuple(_value(x, levels - 1) for x in value) if levels else quoted(value)
    return str(value)[:MOST_FILLED_IN]


def _levels(value: MessageValue) -> int:
    """How deep a value is nested, as `_read` counts it: 0 for text and numbers."""
    if isinstance(value, Message):
        return 1 + max(map(_levels, value.values.values()), default=0)
    return 1 + max(map(_levels, value), default=0) if isinstance(value, tuple) else 0


def _cut(message: Message, most: int) -> Message:
    """The same with its texts cut after `most` characters and its tuples after as many parts."""

    def cut(value: MessageValue) -> MessageValue:
        if isinstance(value, Message):
            return _cut(value, most)
        if isinstance(value, tuple):
            return tuple(cut(x) for x in value[:most])
        return value[:most] if isinstance(value, str) else value

    return Message(message.template, key=message.key, **{name: cut(value) for name, value in message.values.items()})


def _plain(value: MessageValue) -> Any:
    if isinstance(value, Message):
        return value.to_dict()
    return [_plain(x) for x in value] if isinstance(value, tuple) else value


def _read(given: Any, levels: int) -> Message:
    """Raises ValueError, TypeError, KeyError or AttributeError where `given` is no message."""
    key, template, values = given["key"], given["template"], given["values"]
    if not levels or not isinstance(key, str) or not isinstance(template, str) or set(given) != _FIELDS:
        raise ValueError
    if len(key) > 200 or len(template) > MOST_CHARACTERS or len(PLACE.findall(template)) > MOST_PLACES:
        raise ValueError
    message = Message(template, key=key)
    object.__setattr__(message, "values", {str(name): _read_value(x, levels - 1) for name, x in values.items()})
    return message


_FIELDS = {"key", "template", "values"}


def _read_value(given: Any, levels: int) -> MessageValue:
    if isinstance(given, dict):
        return _read(given, levels)
    if isinstance(given, list):
        if not levels:
            raise ValueError
        return tuple(_read_value(x, levels - 1) for x in given)
    return _value(given)


def _is_number(value: MessageValue) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: MessageValue, show: Callable[[Message], str]) -> str:
    if isinstance(value, Message):
        text = show(value)
    elif isinstance(value, tuple):
        text = ("\n" if any(isinstance(x, Message) for x in value) else ", ").join(_shown(x, show) for x in value)
    else:
        text = str(value)
    return text[:MOST_FILLED_IN]


def _viewed(value: MessageValue, form: str | None) -> Any:
    if isinstance(value, Message):
        return value.view()
    if isinstance(value, tuple):
        return [_viewed(x, None) for x in value]
    return formatted(value, form) if _is_number(value) else str(value)
