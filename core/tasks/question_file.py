"""A file of questions of one's own: JSON lines, each a question and its right answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from pydantic import Field

from core.errors import ConfigError, Message
from core.refusals import text_of
from core.settings import Settings
from core.tasks.notation import number

#: Enough for a class's own sheet; what is more belongs into a data set.
MOST_QUESTIONS, MOST_QUESTION_CHARACTERS, MOST_ANSWER_CHARACTERS = 500, 2000, 500
#: All questions and answers together: they are kept with every run and read by every page of it.
MOST_BYTES = 256 * 1024
#: Questions that a run needs at least: as many to train on as to keep apart.
FEWEST = 16
#: Sentences on a file's problems that are worth reading at once.
_MOST_PROBLEMS = 5
#: GSM8K's own files: the working, and the right answer behind #### in its last line (some copies have but one line).
_BEHIND_HASHES = re.compile(r"(?<!#)####(?!#)((?:(?!####)[^\n])*)")


class Question(Settings):
    """One question of one's own and its right answer. It is the same question wherever it was read from."""

    question: str = Field(min_length=1, max_length=MOST_QUESTION_CHARACTERS)
    answer: str = Field(min_length=1, max_length=MOST_ANSWER_CHARACTERS)
    aside: dict[str, str] = Field({}, description="What else stood there: kept with the run, and used for nothing.")
    line: int | None = Field(None, ge=1, description="Where it stood in its file.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash((self.question, self.answer))

    def _content(self) -> tuple[str, str, dict[str, str]]:
        return self.question, self.answer, self.aside


def same_question(text: str) -> str:
    """Equal for questions that differ in upper case and white space only, of which one could give the other away."""
    return " ".join(text.split()).casefold()


def read_questions(data: bytes | str) -> tuple[Question, ...]:
    """Questions from JSON lines, `{"question": "…", "answer": "…"}` each; empty lines are left out.

    What else a line holds (`id`, `level` …) is kept aside. Where an answer is the working with the right answer behind
    `####`, as in GSM8K's files, only the latter counts, and the working is kept aside as `solution`: what stands there
    in the last line, whatever it is (`7 apples`, `$7`, `Paris`), without the period behind a number; with more text
    below, only a number, with its unit if any. Raises ConfigError with a sentence for each of the first problems:
    two different numbers behind `####` are one.
    """
    problems: list[Message] = []
    questions: list[Question] = []
    seen: dict[str, int] = {}
    for place, line in enumerate(text_of(data, MOST_BYTES).split("\n"), 1):
        if not line.strip():
            continue
        try:
            question = _question(line, place)
            first = seen.setdefault(same_question(question.question), place)
            if first != place:
                raise ConfigError("the same question as in line {line}", line=first)
            questions.append(question)
        except ConfigError as error:
            problems.append(Message("line {line}: {cause}", line=place, cause=error))
    problems = first_of(problems, lambda count: Message("{count} more lines cannot be read", count=count))
    if not problems and not FEWEST <= len(questions) <= MOST_QUESTIONS:
        problems.append(
            Message(
                "the file has {given} questions; {low} to {high} are possible",
                given=len(questions),
                low=FEWEST,
                high=MOST_QUESTIONS,
            )
        )
    if problems:
        raise ConfigError(*problems)
    return tuple(questions)


def _question(line: str, place: int) -> Question:
    try:
        values = json.loads(line, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ConfigError('not JSON; write an object with "question" and "answer" on a line of its own') from None
    if not isinstance(values, dict):
        raise ConfigError('not a JSON object; write one with "question" and "answer"')
    beside = {x: y for x, y in values.items() if x not in ("question", "answer")}
    if isinstance(beside.get("aside"), dict):  # a question as a run keeps it
        beside = beside["aside"]
    aside = {_text_of(x): _text_of(y) for x, y in beside.items() if y is not None}
    if isinstance(answer := values.get("answer"), str) and (split := _behind_hashes(answer)):
        values["answer"] = split[0]
        aside.setdefault("solution", _text_of(split[1]))
    for key, most in (("question", MOST_QUESTION_CHARACTERS), ("answer", MOST_ANSWER_CHARACTERS)):
        if key not in values:
            raise ConfigError("{name} is missing", name=key)
        values[key] = _words(key, values[key], most)
    aside = {x: y for x, y in aside.items() if y}
    return Question(question=values["question"], answer=values["answer"], aside=aside, line=place)


def _behind_hashes(answer: str) -> tuple[str, str] | None:
    """(the right answer, the working) of an answer as GSM8K has them; None where it is none of that kind."""
    places = list(_BEHIND_HASHES.finditer(answer))
    if not places:
        return None
    numbers = [x for x in places if number(x[1]) is not None]
    if len({one.value for x in numbers if (one := number(x[1]))}) > 1:
        raise ConfigError(
            'the answer has two different numbers behind "####", {first} and {last}; leave only the right one there',
            first=numbers[0][1].strip()[:40],
            last=numbers[-1][1].strip()[:40],
        )
    last = places[-1]
    if not answer[last.end() :].strip():
        right = last[1].strip()
        is_number = number(right) is not None
        return right.removesuffix(".") if is_number else right, answer[: last.start()].strip()
    if not numbers:
        return None  # a heading of a text
    return numbers[-1][1].strip().removesuffix("."), answer.strip()


def _text_of(value: Any) -> str:
    """What stands beside a question, as text that can be stored; lists and objects as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode(errors="replace").decode().replace("\0", "")


def _no_constant(name: str) -> str:
    raise ValueError(f"{name} is not JSON")


def _words(key: str, value: Any, most: int) -> str:
    """A value as text; numbers keep the digits that were written (1.50 stays 1.50)."""
    if not isinstance(value, str):
        raise ConfigError("{name} must be text or a number", name=key)
    value = value.strip()
    if not value:
        raise ConfigError("{name} is empty", name=key)
    if len(value) > most:
        raise ConfigError(
            "{name} has {given} characters; at most {bound} are possible", name=key, given=len(value), bound=most
        )
    if any(ord(x) < 32 and x not in "\t\n\r" for x in value):
        raise ConfigError("{name} has characters that are no text", name=key)
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a pair, written as \ud800
        raise ConfigError("{name} has characters that are no text", name=key) from None
    return value


def first_of(problems: list[Message], rest: Callable[[int], Message]) -> list[Message]:
    """As many as are worth reading at once; `rest` says that there are so many more."""
    if len(problems) <= _MOST_PROBLEMS:
        return problems
    left = len(problems) - _MOST_PROBLEMS + 1
    return [*problems[: _MOST_PROBLEMS - 1], rest(left)]
