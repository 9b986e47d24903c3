"""What is measured of a learner's models before some of its steps, as columns of the steps table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.training import coverage, evaluation
from core.training.answer import Answer, mean_parts, share
from core.training.coverage import Coverage
from core.training.distances import UNMEASURED

if TYPE_CHECKING:
    from core.training.trainer import Trainer


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


def evaluate(trainer: Trainer) -> Evaluated:
    """What the trainer's models are like before its next step, where they are to be evaluated."""
    config, data = trainer.config, trainer.data
    if not config.eval_every or trainer.step % config.eval_every:
        return Evaluated()
    heldout = evaluation.heldout(trainer)
    moved = trainer.start_weights.distances(trainer.policy, trainer.value_model)
    return Evaluated(heldout, moved, None if data is None else coverage.measure(trainer, data))
