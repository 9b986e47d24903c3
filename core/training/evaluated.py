"""What is measured of a learner's models before some of its steps, as columns of the steps table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.training import coverage
from core.training.answer import Answer, mean_parts, share
from core.training.coverage import Coverage
from core.training.distances import UNMEASURED


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation came to. Of a step without one nothing is known, and all columns are None."""

    heldout: Sequence[Sequence[Answer]] | None = None  # per held-out question the policy's answers to it
    moved: dict[str, float | None] = field(default_factory=lambda: dict(UNMEASURED))  # the columns DISTANCES
    covered: Coverage | None = None  # how a fixed data set lies under the policy

    @property
    def columns(self) -> dict[str, float | None]:
        """Its columns of STEPS."""
        return {
            "heldout_success": None if self.heldout is None else share(self.heldout),
            **mean_parts([x.parts for each in self.heldout or [] for x in each], "heldout_"),
            **self.moved,
            **(coverage.UNMEASURED if self.covered is None else self.covered.columns),
        }
