"""What learners' kinds and surrogates say of themselves, in the viewer's language; places ({name}) are not filled."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from core.algorithms.surrogates import SURROGATES
from core.learners.kind import LearnerKind
from core.learners.registry import LEARNER_KINDS, AnyLearner, learner, regions_of, terms_of
from core.learners.variants import VARIANTS
from lessons.i18n import _


def templates() -> dict[str, str]:
    """Every English template that the server may send of a learner → the same in the viewer's language."""
    return {text: _(text) for text in english()}


@functools.cache
def english() -> tuple[str, ...]:
    """Every template, in the order in which kinds and surrogates declare them.

    Which terms a learner has, its settings choose; so each setting is tried at each value that may choose another form.
    """
    texts: dict[str, None] = {}
    for kind in LEARNER_KINDS.values():
        texts |= dict.fromkeys([kind.title, kind.summary, *(y for x in kind.columns for y in (x.title, x.help))])
        for settings in forms(kind):
            texts |= dict.fromkeys(_texts_of(kind, settings))
    texts |= dict.fromkeys(x.title for x in SURROGATES.values())
    return tuple(x for x in texts if x)


def forms(kind: LearnerKind) -> Iterator[AnyLearner]:
    """Learners of a kind: its defaults and its variants, and each of these with one setting changed."""
    for start in (learner(kind.name), *(x.settings for x in VARIANTS.values() if x.kind == kind.name)):
        yield start
        for name, field in type(start).model_fields.items():
            for value in _values(field.annotation):
                yield start.model_copy(update={name: value})


def _values(annotation: Any) -> list[Any]:
    """Values of a setting that may choose a form: every name, both truths, with and without a number."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if annotation is bool:
        return [False, True]
    if annotation is float:
        return [0.0, 0.5]
    return [None, 2] if type(None) in get_args(annotation) else []


def _texts_of(kind: LearnerKind, settings: AnyLearner) -> Iterator[str]:
    yield kind.strip_title(settings)
    for term in terms_of(settings):
        yield from (term.title, term.help)
    for region in regions_of(settings):
        yield region.says
