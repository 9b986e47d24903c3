"""Questions of one's own, each with its right answer: read from a file, a third of them kept apart."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from core.errors import ConfigError, Message, RequestError
from core.settings import Settings
from core.tasks.base import Verdict
from core.tasks.extraction import extract, numeral
from core.tasks.in_words import InWords
from core.tasks.kind import TaskKind
from core.tasks.matching import equal, same_text

#: Enough for a class's own sheet; what is more belongs into a data set.
MOST_QUESTIONS, MOST_QUESTION_CHARACTERS, MOST_ANSWER_CHARACTERS = 500, 2000, 500
#: All questions and answers together: they are kept with every run and read by every page of it.
MOST_BYTES = 256 * 1024
#: Questions that a run needs at least: as many to train on as to keep apart.
FEWEST = 16
#: Sentences on a file's problems that are worth reading at once.
_MOST_PROBLEMS = 5
#: Tokens: room for working where a box marks the answer, for some words where it is the last number.
_LENGTHS = {"boxed": 256, "last-number": 64}


class Question(Settings):
    """One question of one's own and its right answer."""

    question: str = Field(min_length=1, max_length=MOST_QUESTION_CHARACTERS)
    answer: str = Field(min_length=1, max_length=MOST_ANSWER_CHARACTERS)


def same_question(text: str) -> str:
    """Equal for questions that differ in upper case and white space only, of which one could give the other away."""
    return " ".join(text.split()).casefold()


class QuestionsSettings(InWords):
    """The questions themselves are kept in the run's config, so that a run repeats by itself."""

    kind: Literal["questions"] = "questions"
    questions: tuple[Question, ...] = Field(
        min_length=16, max_length=MOST_QUESTIONS, description="The questions and their right answers."
    )
    matching: Literal["exact", "math"] = Field(
        "math", description="When an answer is right: the same text, or mathematically equal (math-verify)."
    )

    @field_validator("questions")
    @classmethod
    def _distinct_and_small(cls, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        size = sum(len(x.question.encode()) + len(x.answer.encode()) for x in questions)
        if size > MOST_BYTES:
            raise ConfigError("may have at most {bound} bytes in all, but have {given}", bound=MOST_BYTES, given=size)
        seen: dict[str, int] = {}
        for number, question in enumerate(questions, 1):
            first = seen.setdefault(same_question(question.question), number)
            if first != number:
                raise ConfigError("question {number} is the same as question {first}", number=number, first=first)
        return questions


class Questions:
    """The task: a third of the questions, at most as many as asked for, is kept apart by a hash of their text."""

    def __init__(self, settings: QuestionsSettings) -> None:
        self.settings = settings
        self._questions = {self._prompt(x): x for x in settings.questions}

    @cached_property
    def heldout(self) -> list[str]:
        """The questions kept apart: at least 8, and never more than a third where there are more than 24."""
        wanted = min(self.settings.heldout, max(FEWEST // 2, len(self._questions) // 3))
        # By the question alone, so that another instruction keeps the same ones apart.
        order = sorted(self._questions, key=lambda x: _hash(self._questions[x].question))
        return order[:wanted]

    @property
    def note(self) -> Message | None:
        """What to say where fewer questions are kept apart than the settings ask for, else None."""
        kept, wanted, total = len(self.heldout), self.settings.heldout, len(self._questions)
        if kept == wanted:
            return None
        return Message(
            "{found} questions are kept apart, not {wanted}: {left} of {total} are left to train on.",
            found=kept,
            wanted=wanted,
            left=total - kept,
            total=total,
        )

    @property
    def max_completion_length(self) -> int:
        """Tokens; where the whole response is the answer, a token per character of the longest one is enough."""
        return _longest_response(self.settings)

    @cached_property
    def _training(self) -> list[str]:
        return sorted(set(self._questions) - set(self.heldout), key=lambda x: _hash(self._questions[x].question))

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """The `count` training prompts of a step; none comes twice before all have come."""
        rng, prompts = np.random.default_rng([seed, step, 0x5EED]), list[str]()
        while len(prompts) < count:
            prompts += [self._training[i] for i in rng.permutation(len(self._training))]
        return prompts[:count]

    def truth(self, prompt: str) -> str:
        """The right answer as it was written; RequestError for a prompt that is none of the questions."""
        return self._question(prompt).answer

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """1 for the right answer in a response that ended by itself, else 0; RequestError for an unknown prompt."""
        question = self._question(prompt)
        answer = extract(response, self.settings.extraction)
        if answer is None or not finished:
            return Verdict(0.0, False, answer)
        truth = question.answer
        if self.settings.matching == "math":
            success = equal(truth, answer, question.question)
        else:
            # A last number is read as a plain numeral, so a truth that is a number is taken as one, too.
            plain = numeral(truth) if self.settings.extraction == "last-number" else None
            success = same_text(plain or truth, answer)
        return Verdict(float(success), success, answer)

    def _prompt(self, question: Question) -> str:
        instruction = self.settings.instruction
        return f"{question.question}\n{instruction}" if instruction else question.question

    def _question(self, prompt: str) -> Question:
        if prompt not in self._questions:
            raise RequestError("{prompt} is none of this task's questions", prompt=repr(prompt[:80]))
        return self._questions[prompt]


def read_questions(data: bytes | str) -> tuple[Question, ...]:
    """Questions from JSON lines, `{"question": "…", "answer": "…"}` each; empty lines are left out.

    Raises ConfigError with a sentence for each of the first problems.
    """
    problems: list[Message] = []
    questions: list[Question] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(_text(data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            question = _question(line)
            first = seen.setdefault(same_question(question.question), number)
            if first != number:
                raise ConfigError("the same question as in line {line}", line=first)
            questions.append(question)
        except ConfigError as error:
            problems.append(Message("line {line}: {cause}", line=number, cause=error))
    if len(problems) > _MOST_PROBLEMS:
        left = len(problems) - _MOST_PROBLEMS + 1
        problems[_MOST_PROBLEMS - 1 :] = [Message("{count} more lines cannot be read", count=left)]
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


def _text(data: bytes | str) -> str:
    size = len(data if isinstance(data, bytes) else data.encode(errors="replace"))
    if size > MOST_BYTES:
        raise ConfigError("the file has {given} bytes; at most {bound} are possible", given=size, bound=MOST_BYTES)
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        broken = Message("the file is not UTF-8 text; save it as UTF-8")
        raise ConfigError("line {line}: {cause}", line=line, cause=broken) from None


def _question(line: str) -> Question:
    try:
        values = json.loads(line, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ConfigError('not JSON; write an object with "question" and "answer" on a line of its own') from None
    if not isinstance(values, dict):
        raise ConfigError('not a JSON object; write one with "question" and "answer"')
    if extra := sorted(set(values) - {"question", "answer"}):
        raise ConfigError(
            "there is no place for {name}; only question and answer are possible", name=repr(extra[0][:40])
        )
    for key, most in (("question", MOST_QUESTION_CHARACTERS), ("answer", MOST_ANSWER_CHARACTERS)):
        if key not in values:
            raise ConfigError("{name} is missing", name=key)
        values[key] = _words(key, values[key], most)
    return Question(**values)


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


def _hash(question: str) -> bytes:
    return hashlib.sha256(f"held out/{question}".encode()).digest()


def _longest_response(settings: QuestionsSettings) -> int:
    longest = max(len(x.answer) for x in settings.questions)
    return _LENGTHS.get(settings.extraction, max(32, longest + 8))


KIND = TaskKind(
    settings=QuestionsSettings,
    build=Questions,
    title="Questions of your own",
    summary="Questions of your own, each with its right answer.",
    longest_prompt=lambda settings: max(len(x.question) for x in settings.questions),
    longest_response=_longest_response,
    order=30,
)
