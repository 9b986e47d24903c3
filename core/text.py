"""Text that may be hostile, made visible."""

from __future__ import annotations

import re

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
