"""How far a run's models were from the start weights, as its trace has it: at the evaluation after a step."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.learners.registry import learner_kind
from core.runs.errors import DataUnreadable, RunNotFound
from core.runs.store import RunStore
from core.training.trace import DISTANCES
from lessons import shared
from lessons.i18n import _
from lessons.kit.lesson import Frozen
from lessons.kit.pipeline.both import Mode

#: Boxes with weights in them, and the columns of the trace's steps that speak of them.
COLUMNS = {"policy": "policy_distance", "value": "value_distance"}
assert set(COLUMNS.values()) == set(DISTANCES)

#: Per cent; what is less is not told apart.
LEAST = 0.001


@dataclass(frozen=True)
class Distances:
    """By box, as a share of the start weights' own length; 0 is the start. Nothing where it was not recorded."""

    step: int | None = None  # from 0: they are of the weights before this step
    of: dict[str, float] = field(default_factory=dict)

    def short(self, box: str) -> str | None:
        """What stands in the box; None where nothing is known."""
        if box not in self.of or self.step is None:
            return None
        if box == "reference":
            return _("moved 0")
        return _("moved {share} by step {step}").format(share=percent(self.of[box]), step=self.step + 1)

    def sentence(self, box: str) -> str:
        """The same as a sentence."""
        if box not in self.of or self.step is None:
            return _("How far its weights were from the start is not recorded here.")
        if box == "reference":
            return _("Its weights are the start model's own: it is frozen, and stays at a distance of 0.")
        return _(
            "At the evaluation before step {step} its weights were away from the start model's by {share} of their "
            "length."
        ).format(step=self.step + 1, share=percent(self.of[box]))


def percent(share: float) -> str:
    """A share of a length, in two significant digits, never as a power of ten."""
    shown = float(f"{100 * share:.2g}")
    return f"< {LEAST:g} %" if 0 < shown < LEAST else f"{shown:.12g} %"


def distances(batch: Frozen, mode: Mode, runs: RunStore | None = None) -> Distances:
    """Those of the batch's run: of the learner that wrote the batch, or of the run's learner of the other kind.

    They are of the first evaluation after the batch's step, or, where there is none, of the run's last one. `runs` is
    the run's store, where it is not this process's.
    """
    config, name = batch.run.config, batch.learner
    if learner_kind(batch.settings).name != mode:
        other = next((x for x in batch.run.learners if x.algorithm == mode and x.step >= batch.step), None)
        if other is None:
            return Distances()
        name = other.name
    if not config.eval_every:
        return Distances()
    last = next(x.step for x in batch.run.learners if x.name == name)
    step = -(-(batch.step + 1) // config.eval_every) * config.eval_every
    if step > last:
        step = last - last % config.eval_every
    try:
        row = (runs or shared.store()).scalars(batch.run.id, name, step)
    except (DataUnreadable, RunNotFound):
        return Distances()
    known = {box: float(x) for box, column in COLUMNS.items() if (x := row.get(column)) is not None}
    if known and _has_reference(batch):
        known["reference"] = 0.0
    return Distances(step, known)


def _has_reference(batch: Frozen) -> bool:
    """Whether the run kept the start model beside the policy."""
    return any(x is not None for group in batch.groups for r in group.replies for x in r.column("logprob_ref"))
