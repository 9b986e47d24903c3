"""Any data set of reasoning-gym as a task: its questions by seed and step, its own verifier as the reward."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from core.errors import ConfigError, Message, RequestError
from core.rewards.verdict import Verdict
from core.tasks.catalog import build
from core.tasks.deadline import within
from core.tasks.extraction import extract
from core.tasks.reasoning_settings import ReasoningGymSettings, completion_length
from core.tasks.reordered import in_order
from core.tasks.verifiers import DataSetVerifier

#: A question and what its verifier needs to know of it.
Entry = dict[str, Any]

#: So many questions at least are kept apart, and so many are left to train on.
FEWEST = 8
#: The share of all questions that is never trained on.
HELD_OUT = 1 / 3
#: A longer question leaves no room to answer.
MOST_CHARACTERS = 20_000
#: Questions drawn at once from one data set object: some plan all their questions when they are made.
_BLOCK = 32
#: Questions drawn in search of held-out ones, and how many of them in vain before there seem to be no others.
_MOST_DRAWS, _IN_VAIN = 8000, 300
#: Entries kept for the verifier: the latest steps'.
_KEPT = 20_000
#: Seconds for the first questions; a data set that needs longer cannot be trained on.
_PATIENCE = 30.0

_logger = logging.getLogger(__name__)


class Reasoning:
    """A data set with its options. A hash of the question's text alone decides what is held out; of a sum or a product,
    whatever the order of its terms (`reordered_apart`).

    So training and held-out questions cannot meet, whatever the seed, and nothing has to be enumerated.
    """

    def __init__(self, settings: ReasoningGymSettings) -> None:
        """Raises ConfigError with a sentence: no such data set, options it does not take, or too few questions."""
        self.settings = settings
        self._options = json.dumps(settings.options, sort_keys=True)
        self._reordered = settings.reordered_apart
        self._verifier = DataSetVerifier(settings.dataset, settings.options, _BLOCK)
        self._known: OrderedDict[str, Entry] = OrderedDict()
        _look_at(settings.dataset, self._options, self._reordered)

    @cached_property
    def heldout(self) -> list[str]:
        """The questions kept apart, the same for every seed; all that were found where that is fewer than wanted."""
        entries = _held_out(self.settings.dataset, self._options, self.settings.heldout, self._reordered)
        return [self._prompt(x) for x in entries]

    @property
    def note(self) -> Message | None:
        """What to say where fewer questions are kept apart than the settings ask for, else None."""
        kept, wanted = len(self.heldout), self.settings.heldout
        if kept == wanted:
            return None
        return Message(
            "{kept} questions are kept apart, not {wanted}: {data} has no more with these options.",
            kept=kept,
            wanted=wanted,
            data=self.settings.dataset,
        )

    @property
    def max_completion_length(self) -> int:
        """Tokens; what the data set's answers need in their usual form, see core/tasks/reasoning_settings.py."""
        return completion_length(self.settings.dataset)

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """The `count` training prompts of a step, none of them held out; one comes twice only where there are few."""
        prompts: list[str] = []
        seen: set[str] = set()
        in_vain = 0
        for entry in _draw(self.settings.dataset, self._options, f"{seed}/{step}"):
            if len(prompts) == count:
                break
            question = entry["question"]
            if is_held_out(question, self._reordered) or (question in seen and in_vain < _IN_VAIN):
                in_vain += 1
                continue
            in_vain = 0
            seen.add(question)
            prompts.append(self._prompt(entry))
            self._keep(prompts[-1], entry)
        return prompts

    def truth(self, prompt: str) -> str:
        """The right answer, or one of them; "" where the data set names none. RequestError for an unknown prompt."""
        entry = self._entry(prompt)
        # Where many answers are right, some data sets leave `answer` empty and name one elsewhere.
        also = ("example_answer", "example_correct_answer", "possible_answer")
        metadata = entry.get("metadata", {})
        candidates = [entry.get("answer"), *(metadata.get(x) for x in also)]
        return next((str(x) for x in candidates if x is not None), "")

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """Success is the verifier's full score, 1, for the answer read out of a response that ended by itself.

        Verifiers give part of it for what is nearly right or merely contains the answer: that is no success, and paid
        only with `partial_credit`. Raises RequestError for a prompt that is unknown here, see `core.tasks.base.recall`.
        """
        entry = self._entry(prompt)
        answer = extract(response, self.settings.extraction)
        if answer is None or not finished:
            return Verdict(0.0, False, answer)
        # Its verifiers know plain numerals only: a percentage is its number to them.
        plain = answer.removesuffix("%") if self.settings.extraction == "last-number" else answer
        scored = self._verifier.score(plain, entry)
        if scored.reason is not None:  # each cost seconds: whoever wonders where they went reads it in the log
            _logger.warning("%s: %s", self.settings.dataset, scored.reason)
        success = scored.value == 1.0
        paid = scored.value if self.settings.partial_credit else float(success)
        return Verdict(paid, success, answer, reason=scored.reason)

    def _prompt(self, entry: Entry) -> str:
        instruction = self.settings.instruction
        return f"{entry['question']}\n{instruction}" if instruction else str(entry["question"])

    def _keep(self, prompt: str, entry: Entry) -> None:
        self._known[prompt] = entry
        self._known.move_to_end(prompt)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def _entry(self, prompt: str) -> Entry:
        entry = self._known.get(prompt) or self._held_out_entries.get(prompt)
        if entry is None:
            raise RequestError(
                "{prompt} is no question that {data} was asked for here: ask for the prompts of its step first",
                prompt=repr(prompt[:80]),
                data=self.settings.dataset,
            )
        return entry

    @cached_property
    def _held_out_entries(self) -> dict[str, Entry]:
        entries = _held_out(self.settings.dataset, self._options, self.settings.heldout, self._reordered)
        return {self._prompt(x): x for x in entries}


def is_held_out(question: str, reordered: bool = True) -> bool:
    """Whether a question is kept apart: a third of them, by a hash that is the same everywhere.

    With `reordered`, it goes with all that ask the same sum or product with its terms in another order.
    """
    if reordered:
        question = in_order(question)
    return int.from_bytes(hashlib.sha256(f"held out/{question}".encode()).digest()[:8]) < HELD_OUT * 2**64


def _draw(dataset: str, options: str, label: str) -> Iterator[Entry]:
    """Questions without end, the same for the same label in every process."""
    block = 0
    while True:
        seed = int.from_bytes(hashlib.sha256(f"{dataset}/{label}/{block}".encode()).digest()[:4]) >> 1
        source = build(dataset, json.loads(options), seed, _BLOCK)
        for i in range(_BLOCK):
            try:
                entry = source[i]
            except Exception as error:  # options of a kind that only fail when a question is made
                raise _refused(dataset, error) from None
            if not isinstance(entry["question"], str) or len(entry["question"]) > MOST_CHARACTERS:
                raise ConfigError(
                    "task.options: {data} asks questions of more than {bound} characters with these options; choose "
                    "smaller ones",
                    data=dataset,
                    bound=MOST_CHARACTERS,
                )
            yield entry
        block += 1


@functools.lru_cache(maxsize=16)
def _look_at(dataset: str, options: str, reordered: bool) -> None:
    """Draws until there are enough questions on either side; raises ConfigError where there are not."""
    sides: dict[bool, set[str]] = {True: set(), False: set()}

    def draw() -> None:
        for count, entry in enumerate(_draw(dataset, options, "held out")):
            sides[is_held_out(entry["question"], reordered)].add(entry["question"])
            if min(len(x) for x in sides.values()) >= FEWEST or _no_more(count, sum(len(x) for x in sides.values())):
                return

    try:
        within(_PATIENCE, draw)
    except TimeoutError:
        raise ConfigError(
            "task.options: {data} needs more than {seconds:.0f} seconds for its first questions with these options; "
            "choose easier ones",
            data=dataset,
            seconds=_PATIENCE,
        ) from None
    if min(len(x) for x in sides.values()) < FEWEST:
        raise ConfigError(
            "task.options: {data} has too few questions with these options: {apart} to keep apart and {trained} to "
            "train on were found, and {bound} of each are needed",
            data=dataset,
            apart=len(sides[True]),
            trained=len(sides[False]),
            bound=FEWEST,
        )


@functools.lru_cache(maxsize=16)
def _held_out(dataset: str, options: str, wanted: int, reordered: bool) -> tuple[Entry, ...]:
    by_question: dict[str, Entry] = {}
    seen: set[str] = set()
    for count, entry in enumerate(_draw(dataset, options, "held out")):
        seen.add(entry["question"])
        if is_held_out(entry["question"], reordered):
            by_question.setdefault(entry["question"], entry)
        if len(by_question) == wanted or _no_more(count, len(seen)):
            break
    return tuple(by_question.values())


def _no_more(draws: int, distinct: int) -> bool:
    """Whether all questions there are have very likely been seen: of n, after 10·n draws, all but e⁻¹⁰ of them."""
    return draws > _MOST_DRAWS or draws > _IN_VAIN + 10 * distinct


def _refused(dataset: str, error: Exception) -> ConfigError:
    cause = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ConfigError(
        "task.options: {data} cannot make questions with these options ({cause})", data=dataset, cause=cause[:200]
    )
