"""What holds of a learner some of whose settings nobody recorded: no more than what holds whatever they were."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from core.errors import N_
from core.learners.registry import learner_kind, without
from core.learners.settings import LearnerSettings

#: Over the strips of a learner of which it is not known how its credit was formed.
CREDIT_UNRECORDED = N_("{name}: how its credit was formed was not recorded")


def possible(settings: LearnerSettings, unrecorded: frozenset[str]) -> Iterator[LearnerSettings]:
    """The settings, and these with each unrecorded one at each value that may choose another form."""
    yield settings
    for name, field in type(settings).model_fields.items():
        if name in unrecorded:
            yield from (settings.model_copy(update={name: x}) for x in values_of(field.annotation))


def values_of(annotation: Any) -> list[Any]:
    """Values of a setting that may choose a form: every name, both truths, with and without a number."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if annotation is bool:
        return [False, True]
    if annotation is float:
        return [0.0, 0.5]
    return [None, 2] if type(None) in get_args(annotation) else []


@functools.lru_cache(maxsize=512)
def strip_title_of(settings: LearnerSettings, unrecorded: frozenset[str]) -> str:
    """The message template over the learner's strips."""
    titles = {learner_kind(x).strip_title(x) for x in possible(settings, unrecorded)}
    return titles.pop() if len(titles) == 1 else CREDIT_UNRECORDED


@functools.lru_cache(maxsize=512)
def surely_without(settings: LearnerSettings, unrecorded: frozenset[str]) -> frozenset[str]:
    """Columns of the trace that such a learner cannot have, and not only has not recorded."""
    return frozenset.intersection(*map(without, possible(settings, unrecorded)))
