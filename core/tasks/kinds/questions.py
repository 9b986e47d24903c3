"""Questions of one's own, each with its right answer: read from a file, a third of them kept apart."""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from core.errors import ConfigError, Message, RequestError, all_of
from core.rewards.verdict import Verdict
from core.tasks.apart import first_that_fit, same_sum, together
from core.tasks.extraction import extract
from core.tasks.in_words import Extraction, InWords
from core.tasks.kind import TaskKind
from core.tasks.matching import equal, same_answer
from core.tasks.notation import number
from core.tasks.question_file import (
    FEWEST,
    MOST_BYTES,
    MOST_QUESTIONS,
    Question,
    first_of,
    read_questions,
    same_question,
)

__all__ = ["KIND", "MOST_BYTES", "Question", "Questions", "QuestionsSettings", "cannot_be_given", "read_questions"]

#: When an answer is right.
Matching = Literal["exact", "math"]
#: Tokens: room for working where a box marks the answer, for some words where it is the last number.
_LENGTHS = {"boxed": 256, "last-number": 64}


class QuestionsSettings(InWords):
    """The questions themselves are kept in the run's config, so that a run repeats by itself."""

    kind: Literal["questions"] = "questions"
    questions: tuple[Question, ...] = Field(
        min_length=FEWEST, max_length=MOST_QUESTIONS, description="The questions and their right answers."
    )
    matching: Matching = Field(
        "math", description="When an answer is right: the same text, or mathematically equal (math-verify)."
    )
    reordered_apart: bool = Field(
        True,
        description="Keep sums and products with the same terms in another order on one side: where 3 + 5 is kept "
        "apart, 5 + 3 is never trained on.",
    )

    @model_validator(mode="before")
    @classmethod
    def _given(cls, values: Any) -> Any:
        if isinstance(values, dict) and "questions" not in values:
            raise ConfigError(
                "there are no questions yet: set task.questions to a list of at least {least}, each with a question "
                "and an answer, or upload a file with them in the settings of the lab",
                least=FEWEST,
            )
        return values

    @field_validator("questions")
    @classmethod
    def _distinct_and_small(cls, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        texts = [text for x in questions for text in (x.question, x.answer, *x.aside, *x.aside.values())]
        size = sum(len(x.encode(errors="replace")) for x in texts)
        if size > MOST_BYTES:
            raise ConfigError("may have at most {bound} bytes in all, but have {given}", bound=MOST_BYTES, given=size)
        seen: dict[str, int] = {}
        for place, question in enumerate(questions, 1):
            first = seen.setdefault(same_question(question.question), place)
            if first != place:
                raise ConfigError("question {number} is the same as question {first}", number=place, first=first)
        return questions


class Questions:
    """The task: a third of the questions, at most as many as asked for, is kept apart by a hash of their text.

    Questions that ask the same sum or product with its terms in another order go to one side together
    (`reordered_apart`).
    """

    def __init__(self, settings: QuestionsSettings) -> None:
        self.settings = settings
        self._questions = {self._prompt(x): x for x in settings.questions}
        self._prompts = {x.question: prompt for prompt, x in self._questions.items()}

    @cached_property
    def heldout(self) -> list[str]:
        """The questions kept apart: at least 8, and never more than a third where there are more than 24."""
        wanted = min(self.settings.heldout, max(FEWEST // 2, len(self._questions) // 3))
        return [self._prompts[x] for x in first_that_fit(self._together, wanted)]

    @cached_property
    def _together(self) -> list[list[str]]:
        """The questions in the order in which they are kept apart; those together that go to one side."""
        order = sorted(self._prompts, key=_hash)  # without the instruction: another one keeps the same ones apart
        return together(order) if self.settings.reordered_apart else [[x] for x in order]

    @property
    def every_prompt(self) -> list[str]:
        """All that is ever asked, held-out questions included."""
        return list(self._questions)

    @property
    def note(self) -> Message | None:
        """What to say where fewer questions are kept apart than the settings ask for, or where some ask the same; else
        None."""
        notes = [x for x in (self._fewer(), self._same()) if x is not None]
        return all_of(notes) if notes else None

    def _same(self) -> Message | None:
        """How many questions ask what another one asks, with an example, and what becomes of them."""
        if self.settings.reordered_apart:
            same = [x for x in self._together if len(x) > 1]
            return _kept_together(same) if same else None
        trained = {same_sum(self._questions[x].question): self._questions[x].question for x in self._training}
        heldout = [self._questions[x].question for x in self.heldout]
        met = [(x, trained[key]) for x in heldout if (key := same_sum(x)) in trained]
        if not met:
            return None
        return Message(
            "{count} of the questions that are kept apart stand among those to train on, with their terms in another "
            "order or written another way, such as {first} and {second}; task.reordered_apart keeps them on one side.",
            count=len(met),
            first=repr(_brief(met[0][0])),
            second=repr(_brief(met[0][1])),
        )

    def _fewer(self) -> Message | None:
        kept, wanted, total = len(self.heldout), self.settings.heldout, len(self._questions)
        if kept == wanted:
            return None
        return Message(
            "{kept} questions are kept apart, not {wanted}: {left} of {total} are left to train on.",
            kept=kept,
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
        success = is_right(question.answer, answer, self.settings, question.question)
        return Verdict(float(success), success, answer)

    def _prompt(self, question: Question) -> str:
        instruction = self.settings.instruction
        return f"{question.question}\n{instruction}" if instruction else question.question

    def _question(self, prompt: str) -> Question:
        if prompt not in self._questions:
            raise RequestError("{prompt} is none of this task's questions", prompt=repr(prompt[:80]))
        return self._questions[prompt]


def _kept_together(same: list[list[str]]) -> Message:
    return Message(
        "{count} questions ask the same as another one, with their terms in another order or written another way, such "
        "as {first} and {second}: they are kept on one side.",
        count=sum(len(x) for x in same),
        first=repr(_brief(same[0][0])),
        second=repr(_brief(same[0][1])),
    )


def cannot_be_used(settings: QuestionsSettings) -> list[Message]:
    """Why no new run can have these questions: too many ask the same, or no response can give some answers."""
    task = Questions(settings)
    if len(task.heldout) >= FEWEST // 2:
        return cannot_be_given(settings)
    same = max(task._together, key=len)
    return [
        Message(
            "task.questions: too many ask the same in another order or written another way, such as {first} and "
            "{second}: only {apart} can be kept apart from all that ask the same, and {bound} are needed; give others, "
            "or set task.reordered_apart=false",
            first=repr(_brief(same[0])),
            second=repr(_brief(same[1])),
            apart=len(task.heldout),
            bound=FEWEST // 2,
        ),
        *cannot_be_given(settings),
    ]


def is_right(truth: str, answer: str, settings: QuestionsSettings, question: str = "") -> bool:
    """Whether an answer that was read out of a response is the truth, by the settings' extraction and matching."""
    if settings.matching == "math":
        return equal(truth, answer, question)
    if settings.extraction != "last-number":
        return same_answer(truth, answer)
    right, given = number(truth), number(answer)
    if right is None or given is None:
        return same_answer(truth, answer)  # an expression is read as it stands
    # A number is read as a plain numeral, so its value counts; every other notation as it stands.
    return answer == extract(truth, "last-number") or (right.numeral is not None and right.numeral == given.numeral)


def cannot_be_given(settings: QuestionsSettings) -> list[Message]:
    """A sentence for each of the first answers that no response can give by the settings' extraction.

    They are those that are not right where they are written in a response just as they stand in the file.
    """
    problems = []
    for place, question in enumerate(settings.questions, 1):
        given, right = _read_back(question.answer, settings.extraction, settings.matching)
        if right:
            continue
        problems.append(
            Message(
                "task.questions: {place}: no response can give the answer {answer} by task.extraction={extraction}, "
                "which reads {given} out of it; choose another extraction, or write the answer another way",
                place=Message("question {number}", key="question-number", number=place)
                if question.line is None
                else Message("line {line}", key="line-number", line=question.line),
                answer=repr(_brief(question.answer)),
                extraction=settings.extraction,
                given=Message("nothing", key="reads-nothing") if given is None else repr(_brief(given)),
            )
        )
    return first_of(problems, lambda count: Message("{count} more answers cannot be given", count=count))


@lru_cache(maxsize=4096)
def _read_back(truth: str, extraction: Extraction, matching: Matching) -> tuple[str | None, bool]:
    """(what is read out of a response in which the truth stands as it was written, whether that is right)."""
    given = extract(f"\\boxed{{{truth}}}" if extraction == "boxed" else truth, extraction)
    settings = QuestionsSettings.model_construct(questions=(), extraction=extraction, matching=matching)
    return given, given is not None and is_right(truth, given, settings)


def _brief(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


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
    training_questions=lambda settings, _most: len(Questions(settings)._training),
    longest_prompt=lambda settings: max(len(x.question) for x in settings.questions),
    longest_response=_longest_response,
    refuses=cannot_be_used,
    order=30,
)
