"""Values that may be hostile as text: visible, and of bounded length."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

#: A whole number with more bits is no float, and from 4300 digits on Python refuses to write or read it.
MOST_BITS = 1024

# Control characters, and what turns or hides the text around it: bidi controls, zero-width and line separators.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    """The text with each character that would be unseen, or would reorder its neighbours, written out as ⟨U+202E⟩."""
    return _UNSEEN.sub(lambda match: _name(match.group()), text)


def _name(character: str) -> str:
    code = ord(character)
    return chr(0x2400 + code) if code < 32 else "␡" if code == 127 else f"⟨U+{code:04X}⟩"


#: Control characters that people know by a name; Unicode gives them none.
_CONTROLS = {"\t": "tab", "\n": "line break", "\r": "carriage return", "\0": "null character"}
#: So many characters are listed; of more, some are named and the others counted.
MOST_LISTED, _EXAMPLES = 24, 12


def named(character: str) -> str:
    """One character as a reader can tell it from others: `'x'`, `'é' (latin small letter e with acute)`, `space`."""
    name = _CONTROLS.get(character) or unicodedata.name(character, "").lower() or f"character U+{ord(character):04X}"
    if not character.isprintable() or character.isspace() or _UNSEEN.match(character):
        return name
    plain = character.isascii() or name.startswith("cjk unified ideograph")
    return repr(character) if plain else f"{character!r} ({name})"


def listed(characters: Iterable[str]) -> str:
    """Characters side by side, all of them or some examples; those that one would not see, by their names."""
    all_ = sorted(set(characters))
    if len(all_) > MOST_LISTED:
        all_ = sorted(all_, key=lambda x: (not x.isalnum(), x))[:_EXAMPLES]
    return " ".join(x if repr(x) in named(x) else f"({named(x)})" for x in all_)


def quoted(value: Any, most: int = 100) -> str:
    """A value as a sentence quotes it: as Python writes it, visible, cut after `most` characters. Never raises."""
    try:
        text = visible(size_of(value) if is_huge(value) else repr(value))
    except (ValueError, RecursionError):  # a huge number or too many levels inside
        text = f"<{type(value).__name__}>"
    return text if len(text) <= most else f"{text[: most - 1]}…"


def is_huge(value: Any) -> bool:
    """Whether this is a whole number that is too long to be written out."""
    return isinstance(value, int) and value.bit_length() > MOST_BITS


def size_of(value: int) -> str:
    """What stands for such a number: its order of magnitude."""
    return f"{'-' * (value < 0)}10^{math.floor(value.bit_length() * math.log10(2))}"
