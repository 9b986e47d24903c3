"""What learners' kinds and surrogates say of themselves, in the viewer's language; places ({name}) are not filled."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from core.algorithms.surrogates import SURROGATES
from core.learners.kind import LearnerKind
from core.learners.registry import LEARNER_KINDS, AnyLearner, learner, regions_of, terms_of
from core.learners.titles import known_titles
from core.learners.unrecorded import CREDIT_UNRECORDED, values_of
from core.learners.variants import VARIANTS
from core.rewards import REWARDS
from lessons.i18n import _


def templates() -> dict[str, str]:
    """Every English template that the server may send of a learner → the same in the viewer's language."""
    return {text: _(text) for text in english()}


def learner_titles() -> dict[str, str]:
    """The name of each kind and of each variant → its title in the viewer's language."""
    return {name: _(title) for name, title in known_titles().items()}


@functools.cache
def english() -> tuple[str, ...]:
    """Every template, in the order in which kinds and surrogates declare them.

    Which terms a learner has, its settings choose; so each setting is tried at each value that may choose another form.
    """
    texts: dict[str, None] = {CREDIT_UNRECORDED: None}
    for kind in LEARNER_KINDS.values():
        texts |= dict.fromkeys([kind.title, kind.summary, *(y for x in kind.columns for y in (x.title, x.help))])
        for settings in forms(kind):
            texts |= dict.fromkeys(_texts_of(kind, settings))
    texts |= dict.fromkeys(x.title for x in SURROGATES.values())
    texts |= dict.fromkeys(x.title for x in REWARDS.values())
    return tuple(x for x in texts if x)


def forms(kind: LearnerKind) -> Iterator[AnyLearner]:
    """Learners of a kind: its defaults and its variants, and each of these with one setting changed."""
    for start in (learner(kind.name), *(x.settings for x in VARIANTS.values() if x.kind == kind.name)):
        yield start
        for name, field in type(start).model_fields.items():
            for value in values_of(field.annotation):
                yield start.model_copy(update={name: value})


def _texts_of(kind: LearnerKind, settings: AnyLearner) -> Iterator[str]:
    yield kind.strip_title(settings)
    for term in terms_of(settings):
        yield from (term.title, term.help)
    for region in regions_of(settings):
        yield region.says
