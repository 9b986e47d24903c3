"""Templates: English sentences with places that values fill, {name} or {name:.2g}. They are gettext message ids."""

from __future__ import annotations

import functools
import re
from typing import Any

# A place of a template: {name}, or {name:.2g} for a number. Nothing else of str.format: a stored template is data.
PLACE = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*)(?::(,?(?:\.\d)?[defg%]?))?\}")


def N_(template: str) -> str:
    """Marks a text for translation where it is written; pages translate it where it is shown."""
    return template


def places(template: str) -> set[str]:
    """The names of a template's places."""
    return {x[1] for x in PLACE.finditer(template) if x[1]}


@functools.cache
def key_of(template: str) -> str:
    """The first eight words of a template without its places; of one that has no words, the names of its places."""
    words = re.findall(r"\w+", PLACE.sub(" ", template).lower()) or sorted(places(template))
    return "-".join(words[:8])


def formatted(value: Any, form: str | None) -> str:
    try:
        return format(value, form or "")
    except (ValueError, OverflowError):  # such as a whole number's format on a fraction
        return str(value)
