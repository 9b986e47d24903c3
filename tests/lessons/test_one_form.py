"""One form of each sign in English: apostrophes, quotation marks, dashes, in every message and every page's prose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "lessons" / "i18n" / "zh-TW" / "messages.po"
#: What is written as it is typed: code, formulas, names in quotation marks of JSON.
AS_TYPED = re.compile(r"`[^`]*`|\$[^$]*\$|\"[\w#]+\"|<[^>]+>|\]\([^)]*\)|^\|?[\s:|-]+$", re.MULTILINE)
#: What is not written, and what in its place.
OTHER = {
    "[’‘]": "'",
    '"|„|«|»': "“ ”",
    r"(?<=\w)\s+-\s+(?=\w)|(?<=\w)--(?=\w)": "–",
    "—": "– between spaces, or a colon",
    r"\.\.\.": "…",
}


def texts() -> list[tuple[str, str]]:
    """Where, and the English text of every message and of every page's prose and notes."""
    with CATALOGUE.open("rb") as file:
        ids = [x.id if isinstance(x.id, tuple) else (x.id,) for x in read_po(file)]
    messages = [(f"message {x[:40]!r}", x) for own in ids for x in own if x]
    prose = [*ROOT.glob("lessons/*/*en.md"), *ROOT.glob("lessons/kit/**/*en.md")]
    return messages + [(x.relative_to(ROOT).as_posix(), x.read_text(encoding="utf-8")) for x in sorted(prose)]


@pytest.mark.parametrize("wrong", OTHER)
def test_a_sign_has_one_form(wrong: str) -> None:
    all_texts = texts()
    assert len(all_texts) > 3000
    seen = [(where, x.group()) for where, text in all_texts for x in re.finditer(wrong, AS_TYPED.sub("", text))]
    assert seen == [], f"write {OTHER[wrong]}"
