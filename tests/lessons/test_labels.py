"""The words that Python hands to the browser are those that its modules are checked against (labels.d.ts)."""

from __future__ import annotations

import re

from lessons.board.assets import FOLDER
from lessons.board.labels import words

#: A value of the words, and what TypeScript calls it.
KINDS = ((str, ("string",)), (dict, ("Record<", "Forms")))


def test_the_browsers_labels_are_the_pages_words():
    declared = dict(re.findall(r"^  (\w+): ([^;]+);$", (FOLDER / "labels.d.ts").read_text(encoding="utf-8"), re.M))
    handed = words()
    assert declared.keys() == handed.keys()
    for kind, names in KINDS:
        own = {x for x, type_ in declared.items() if type_.startswith(names) and not type_.endswith("[]")}
        assert {x for x in handed if isinstance(handed[x], kind)} == own
