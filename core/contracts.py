"""What the learners of a run have alike, by which they may be compared: the run's fairness contract.

Every learner of a run trains on equally many responses a step. Where all have the same group size they are asked the
same questions, too, and can be compared token by token; else each shares its responses out over as many questions as
its own group size makes them.
"""

from __future__ import annotations

from typing import Literal

from core.config import RunConfig
from core.learners.registry import AnyLearner, learner_kind, needs_of
from core.tasks.kinds.imported import ImportedSettings

#: "same-questions": all are asked the same, equally often. "same-budget": equally many responses a step, but not to the
#: same questions.
Contract = Literal["same-questions", "same-budget"]


def contract_of(config: RunConfig) -> Contract | None:
    """The run's contract; None where there is nothing to compare, or where the run was made by another program."""
    if len(config.learners) < 2 or isinstance(config.task, ImportedSettings):
        return None
    sizes = {config.group_size(x) for x in config.learners}
    return "same-questions" if len(sizes) == 1 and not any(asks_others(x) for x in config.learners) else "same-budget"


def asks_others(settings: AnyLearner) -> bool:
    """Whether a learner may train on other questions than the step's: it replaces some, or learns from a data set."""
    return needs_of(settings).replacement_rounds > 0 or learner_kind(settings).offline


def shares(config: RunConfig) -> list[tuple[str, int, int]]:
    """How each learner spends a step's responses: (its name, questions, responses to each)."""
    return [(x.name, config.prompts_of(x), config.group_size(x)) for x in config.learners]
