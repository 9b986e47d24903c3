"""What customers write, what is answered, and in which words: the small language of the task `reply`.

Each sentence is a pattern whose {item} is a thing that was bought. A reply's sentences each do one thing (`Act`), so
what a reply does is read off exactly, and what is no sentence of this language is known to be none.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

#: What a sentence of a reply does.
Act = Literal["greeting", "thanks", "apology", "sympathy", "fact", "offer", "question", "blunt", "closing"]

ITEMS = ("lamp", "phone", "coat", "chair", "clock", "bag", "radio", "tent")

GREETINGS = ("", "Hello.", "Hi.")
TROUBLES = {
    "late": ("My {item} is late.", "The {item} has not come."),
    "broken": ("My {item} is broken.", "The {item} came broken."),
    "wrong": ("You sent the wrong {item}.", "This is not my {item}."),
    "money": ("I paid for the {item} twice.", "You took too much money for the {item}."),
}
MOODS = ("", "I am angry.", "I am sad.", "I need it today.")
WISHES = ("Can you help me?", "What can I do?", "When will you help?", "I want my money.")

#: What a reply can say. The first of each are the usual ones.
SENTENCES: dict[Act, tuple[str, ...]] = {
    "greeting": ("Hello.", "Hi.", "Hello and thank you.", "Good day."),
    "thanks": ("Thank you for your message.", "Thank you for your help.", "Thank you for your time."),
    "apology": (
        "Sorry.",
        "We are sorry.",
        "I am very sorry.",
        "We are sorry about the {item}.",
        "I am very sorry about your {item}.",
    ),
    "sympathy": ("That is sad.", "You are right.", "We want to help you.", "I am sad about that."),
    "fact": (
        "It will come.",
        "Your {item} will come today.",
        "The {item} will come on Monday.",
        "We sent it on Monday.",
        "We have your {item}.",
    ),
    "offer": (
        "We will help.",
        "We will send a new {item} today.",
        "I will send a new {item} on Monday.",
        "You will have your money today.",
        "We will take the {item} and send your money.",
    ),
    "question": (
        "What is your name?",
        "Can you send a picture of the {item}?",
        "When did you pay for the {item}?",
        "Do you want a new {item} or your money?",
        "Is that right?",
    ),
    "blunt": ("No.", "You must wait.", "That is not our {item}.", "We can not help.", "Do not write again."),
    "closing": ("Have a good day.", "We are here to help.", "Thank you and good day!", "Good day to you!"),
}

#: Words that say when.
TIMES = ("today", "Monday")


@dataclass(frozen=True)
class Sentence:
    """One sentence of a reply."""

    act: Act
    item: str | None  # the thing that it names
    text: str


@dataclass(frozen=True)
class Reading:
    """A reply as it was read."""

    sentences: tuple[Sentence, ...]  # its sentences, each once, in their order
    unknown: int  # pieces that are no sentence of this language, and sentences that were said before
    words: int  # all that stand in it

    def has(self, *acts: Act) -> bool:
        """Whether some sentence does one of these."""
        return any(x.act in acts for x in self.sentences)

    @property
    def sound(self) -> float:
        """The share of its pieces that are sentences, said for the first time; 0 of nothing."""
        return len(self.sentences) / max(1, len(self.sentences) + self.unknown)


@functools.lru_cache(maxsize=20_000)
def read(reply: str) -> Reading:
    """A reply's sentences and what each does."""
    pieces = re.findall(r"[^.?!]*[.?!]|[^.?!]+$", reply)
    sentences, unknown = dict[str, Sentence](), 0
    for piece in (x.strip() for x in pieces):
        known = _known().get(piece)
        if known is None or piece in sentences:
            unknown += bool(piece)
        else:
            sentences[piece] = known
    return Reading(tuple(sentences.values()), unknown, len(re.findall(r"[A-Za-z]+", reply)))


def item_of(message: str) -> str | None:
    """The thing that a customer's message is about; None where it is none of this language's."""
    return next((x for x in re.findall(r"[a-z]+", message) if x in ITEMS), None)


@functools.cache
def _known() -> dict[str, Sentence]:
    known = {}
    for act, patterns in SENTENCES.items():
        for pattern, item in itertools.product(patterns, ITEMS):
            text = pattern.format(item=item)
            known[text] = Sentence(act, item if "{item}" in pattern else None, text)
    return known


@functools.cache
def messages() -> tuple[str, ...]:
    """Every message that a customer can write."""
    troubles = [x for each in TROUBLES.values() for x in each]
    parts = itertools.product(GREETINGS, troubles, MOODS, WISHES, ITEMS)
    return tuple(
        " ".join(x for x in (hello, trouble.format(item=item), mood, wish) if x)
        for hello, trouble, mood, wish, item in parts
    )


def _patterns() -> Iterable[str]:
    yield from (*GREETINGS, *MOODS, *WISHES)
    for each in (*TROUBLES.values(), *SENTENCES.values()):
        yield from each


#: Every word and sign of messages and replies, in alphabetical order.
WORDS = tuple(
    sorted({*ITEMS, *(x for text in _patterns() for x in re.findall(r"[A-Za-z]+|[.,?!]", text.replace("{item}", "")))})
)
