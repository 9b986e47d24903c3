"""What is measured of a learner's models before some of its steps, as columns of the steps table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.learners.collected import Collected
from core.models.value import ValueModel
from core.training import coverage, evaluation
from core.training.answer import Answer, mean_parts, share
from core.training.continuations import Sampler
from core.training.coverage import Coverage
from core.training.distances import UNMEASURED, StartWeights


class Evaluable(coverage.Policy, Sampler, Protocol):
    """Whose models are evaluated between two steps; the trainer is one."""

    step: int  # the next one
    data: Collected | None
    start_weights: StartWeights
    value_model: ValueModel | None


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


def evaluate(learner: Evaluable) -> Evaluated:
    """What a learner's models are like before its next step, where they are to be evaluated."""
    config, data = learner.config, learner.data
    if not config.eval_every or learner.step % config.eval_every:
        return Evaluated()
    heldout = evaluation.heldout(learner)
    moved = learner.start_weights.distances(learner.policy, learner.value_model)
    return Evaluated(heldout, moved, None if data is None else coverage.measure(learner, data))
