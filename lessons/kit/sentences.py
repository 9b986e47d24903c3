"""Sentences that come out of core, in the viewer's language.

core speaks English, one sentence a problem, and knows no viewer. Each kind of sentence is listed as a template in
lessons/kit/core_says; a sentence that fits one is shown in translation, any other as it is.
"""

from __future__ import annotations

import functools
import re

from lessons.i18n import _
from lessons.kit.core_says import TEMPLATES


def translate(text: str) -> str:
    """`text`, a sentence a line, in the viewer's language where its kind is known."""
    return "\n".join(_line(line) for line in text.splitlines())


def matches(sentence: str) -> str | None:
    """The template that the sentence was made from, if it is a known one."""
    found = _match(sentence)
    return found[0] if found else None


def _line(sentence: str) -> str:
    found = _match(sentence)
    if found is None:
        return sentence
    # What is behind a cause may be a sentence of core's, too.
    values = {name: _line(value) if name == "cause" else value for name, value in found[1].items()}
    return _(found[0]).format(**values)


def _match(sentence: str) -> tuple[str, dict[str, str]] | None:
    for template in TEMPLATES:
        match = _pattern(template).fullmatch(sentence.strip())
        if match:
            return template, match.groupdict()
    return None


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(f"(?P<{x}>.+?)" if i % 2 else re.escape(_unbraced(x)) for i, x in enumerate(pieces)), re.DOTALL
    )


def _unbraced(text: str) -> str:
    """As str.format leaves it."""
    return text.replace("{{", "{").replace("}}", "}")
