"""Which questions of a file go to one side together, training or kept apart: those that ask the same thing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from core.tasks.question_file import same_question
from core.tasks.reordered import in_order

#: Other ways to write a sign between two numbers.
_TIMES = re.compile(r"[×·⋅∙]|\\(?:times|cdot)\b|(?<=\d)\s*x\s*(?=\d)")
_MINUS = re.compile(r"[−–]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
#: What a question can end in, or be set in, without asking anything else.
_AROUND = re.compile(r"[$=?]|(?<!\d)!|[:,;.](?!\d)")


def same_sum(question: str) -> str:
    """Equal for questions that ask the same: the same text but for upper case, white space and punctuation, or the same
    sum or product with its terms in another order (3 + 5 and 5 + 3, 4 × 2 and 2 * 4)."""
    text = _THOUSANDS.sub("", unicodedata.normalize("NFKC", same_question(question)))
    text = _MINUS.sub("-", _TIMES.sub(" * ", text))
    return " ".join(in_order(" ".join(_AROUND.sub(" ", text).split())).split())


def together(questions: Iterable[str]) -> list[list[str]]:
    """The questions in their order, those together that ask the same."""
    same: dict[str, list[str]] = {}
    for question in questions:
        same.setdefault(same_sum(question), []).append(question)
    return list(same.values())


def first_that_fit(groups: Sequence[list[str]], most: int) -> list[str]:
    """Whole groups, in their order, of `most` questions at most; a group that is too large for what is left is passed
    over, so that one after it may fit."""
    taken: list[str] = []
    for group in groups:
        if len(taken) + len(group) <= most:
            taken += group
    return taken
