"""What tests ask of the kinds that are registered."""

from __future__ import annotations

from typing import get_args

from core.learners.kind import LearnerKind


def surrogates_of(kind: LearnerKind) -> tuple[str, ...]:
    """The surrogates that a learner of this kind may choose from."""
    return get_args(kind.settings.model_fields["surrogate"].annotation)
