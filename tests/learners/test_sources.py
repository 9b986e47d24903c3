"""The places in the code that terms, kinds and surrogates name: a page shows them, so they have to be there."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from core.algorithms.surrogates import SURROGATES
from core.learners.registry import LEARNER_KINDS, terms_of
from lessons.board.declared import forms

ROOT = Path(__file__).parents[2]


@functools.cache
def defined(path: str) -> frozenset[str]:
    """The functions and classes that a file of the repository defines at its top level."""
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    return frozenset(x.name for x in body if isinstance(x, ast.FunctionDef | ast.ClassDef))


def declared() -> Iterator[tuple[str, str, str]]:
    """(who names a place, the place, a term's expression or "") of all that is declared, whatever the settings."""
    for kind in LEARNER_KINDS.values():
        yield f"kind {kind.name}", kind.source, ""
        for settings in forms(kind):
            for term in terms_of(settings):
                yield f"term {term.name}", term.source, term.expression
    for form in SURROGATES.values():
        yield f"surrogate {form.name}", form.source, ""


def test_whatever_is_worked_out_names_its_place() -> None:
    """Only a term that is another number as it is may have none."""
    as_it_is = re.compile(r"\w+|per_token\(\w+\)")
    assert {who for who, place, expression in declared() if not place and not as_it_is.fullmatch(expression)} == set()


def test_each_place_is_there() -> None:
    """Declared anew by the test itself, so that whoever changes a declaration while tests run sees it fail."""
    places = {(who, place) for who, place, _ in declared() if place}
    assert len(places) > 20
    for who, place in sorted(places):
        path, _, name = place.partition(":")
        assert path.endswith(".py"), who
        assert (ROOT / path).is_file(), who
        assert name in defined(path), who
