"""Preferences as data: which of two responses to a prompt somebody prefers, in files that people put together.

JSON is `{"version": 1, "preferences": [{"prompt", "a", "b", "preferred": "a" or "b", "weight": 1–20, "source"}, …]}`,
CSV the same as columns with a head line. Both are read with bounds; what cannot be read is refused with its place.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from core.errors import ConfigError, Message, RequestError
from core.refusals import message, text_of
from core.settings import Settings

VERSION = 1
MOST_PREFERENCES, MOST_BYTES = 5000, 4 << 20
#: Characters of a prompt and of a response.
MOST_PROMPT, MOST_RESPONSE = 2000, 4000
#: How often a label may count: somebody's own twenty weigh as much as a judge's four hundred.
MOST_WEIGHT = 20
#: Sentences on a file's problems that are worth reading at once.
_MOST_PROBLEMS = 5
#: A spreadsheet takes a text that begins so for a formula, and might run it: of a table that several people filled,
#: whoever opens it has written the least (OWASP, "CSV injection"). In front of such a text stands an apostrophe.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_COLUMNS = ("prompt", "a", "b", "preferred", "weight", "source")


class Preference(Settings):
    """One label: of two responses to a prompt, the preferred one."""

    prompt: str = Field(min_length=1, max_length=MOST_PROMPT)
    a: str = Field(max_length=MOST_RESPONSE)
    b: str = Field(max_length=MOST_RESPONSE)
    preferred: Literal["a", "b"]
    weight: int = Field(1, ge=1, le=MOST_WEIGHT, description="As how many labels it counts.")
    source: str = Field("", max_length=60, description="Whose label it is.")

    @model_validator(mode="after")
    def _two(self) -> Preference:
        if self.a == self.b:
            raise ConfigError("both responses are the same, of which none can be preferred")
        return self

    @property
    def chosen(self) -> str:
        """The preferred response."""
        return self.a if self.preferred == "a" else self.b

    @property
    def rejected(self) -> str:
        """The other one."""
        return self.b if self.preferred == "a" else self.a

    @property
    def pair(self) -> tuple[str, frozenset[str]]:
        """What was asked: equal for labels of the same two responses, whatever their order."""
        return self.prompt, frozenset((self.a, self.b))


def check_enough(preferences: Iterable[Preference], share: float) -> None:
    """Raises RequestError where no reward model can be made of these, `share` of whose pairs are held out: one pair is
    needed to learn from, and one to hold out."""
    pairs, least = len({x.pair for x in preferences}), 2 if share else 1
    if pairs < least:
        raise RequestError(
            "{given} labelled pairs are too few for a reward model; at least {least} are needed",
            given=pairs,
            least=least,
        )


class PreferencesError(RequestError):
    """A file of preferences that cannot be read; a message for each of the first problems."""


def read(data: bytes | str) -> tuple[Preference, ...]:
    """Preferences from a file's content, JSON or CSV, whichever it is. Raises PreferencesError."""
    try:
        text = text_of(data, MOST_BYTES)
    except ConfigError as error:
        raise PreferencesError(error.message) from None
    values = _from_json(text) if text.lstrip()[:1] in ("{", "[") else _from_csv(text)
    if len(values) > MOST_PREFERENCES:
        raise _too_many(len(values))
    preferences, problems = [], list[Message]()
    for place, each in enumerate(values, 1):
        try:
            preferences.append(Preference.model_validate(each))
        except ValidationError as error:
            for problem in error.errors():
                cause = message(problem, [])
                problems.append(Message("preference {place}: {cause}", place=place, cause=cause))
    if len(problems) > _MOST_PROBLEMS:
        more = len(problems) - _MOST_PROBLEMS + 1
        problems = [*problems[: _MOST_PROBLEMS - 1], Message("and {count} more problems", count=more)]
    if problems:
        raise PreferencesError(*problems)
    if not preferences:
        raise PreferencesError("the file has no preferences")
    return tuple(preferences)


def to_json(preferences: Iterable[Preference]) -> str:
    """The file that `read` reads, a preference a line."""
    lines = ",\n".join(json.dumps(x.model_dump(), ensure_ascii=False) for x in preferences)
    return f'{{"version": {VERSION}, "preferences": [\n{lines}\n]}}\n'


def to_csv(preferences: Iterable[Preference]) -> str:
    """The same as a table."""
    out = io.StringIO()
    # RFC 4180's line ends: of a text, Python's writer quotes only those characters that end its lines.
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({x: _quoted(y) for x, y in each.model_dump().items()} for each in preferences)
    return out.getvalue()


def put_together(files: Iterable[tuple[str, Sequence[Preference]]]) -> tuple[Preference, ...]:
    """Several people's preferences (a name, theirs) as one; who has no source gets the name.

    The same label of the same source, in several files, counts once; labels of different people all count, also where
    they disagree. Raises PreferencesError where these are more than may be.
    """
    known: dict[tuple[object, ...], Preference] = {}
    for name, preferences in files:
        for one in preferences:
            own = one if one.source else one.model_copy(update={"source": name[:60]})
            known.setdefault((own.pair, own.chosen, own.source), own)
    if len(known) > MOST_PREFERENCES:
        raise PreferencesError(
            "together these are {given} preferences; at most {bound} are possible",
            given=len(known),
            bound=MOST_PREFERENCES,
        )
    return tuple(known.values())


def _too_many(count: int) -> PreferencesError:
    return PreferencesError(
        "the file has {given} preferences; at most {bound} are possible", given=count, bound=MOST_PREFERENCES
    )


def _quoted(value: Any) -> Any:
    """A table's cell as no spreadsheet takes it for a formula."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _unquoted(value: Any) -> Any:
    """What stands in such a cell: `_quoted` undone."""
    return value[1:] if isinstance(value, str) and value.startswith("'") and _FORMULA.match(value) else value


def _from_json(text: str) -> list[Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise PreferencesError("the file begins like JSON, but is none") from None
    if not isinstance(values, dict) or not isinstance(values.get("preferences"), list):
        raise PreferencesError('the file holds no preferences; write an object with "version" and "preferences"')
    version = values.get("version")
    if version != VERSION:
        raise PreferencesError(
            "the file is of version {given}; this version of the app reads {known}",
            given=repr(version)[:20],
            known=VERSION,
        )
    return list(values["preferences"])


def _from_csv(text: str) -> list[dict[str, Any]]:
    try:
        table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        head = set(table.fieldnames or ())
        missing = [x for x in _COLUMNS[:4] if x not in head]
        if missing or not head <= set(_COLUMNS) or len(head) < len(table.fieldnames or ()):
            raise PreferencesError(
                "the first line must name the columns {names} (weight and source may be left out)", names=list(_COLUMNS)
            )
        # Four megabytes of short lines are millions of rows: those that are too many are counted, and not kept.
        some = itertools.islice(table, MOST_PREFERENCES + 1)
        rows = [{x or "more": _unquoted(y) for x, y in row.items() if y is not None} for row in some]
        if len(rows) > MOST_PREFERENCES:
            raise _too_many(len(rows) + sum(map(bool, table.reader)))
    except csv.Error:
        raise PreferencesError("the file is neither JSON nor a table with commas between its columns") from None
    return [{x: y for x, y in row.items() if not (x == "weight" and y == "")} for row in rows]
