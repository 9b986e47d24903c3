"""Which algorithm gives a learner its credit, and how to take some responses out of a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import TypeVar

from torch import Tensor

from core.algorithms.types import Credit, Experience
from core.config import AnyLearner, GRPOSettings, PPOSettings, VineSettings
from core.learners import grpo, ppo, vine

Rows = TypeVar("Rows", Experience, Credit)


def credit_for(settings: AnyLearner) -> Callable[[Experience], Credit]:
    """The learner's credit function: `credit_for(settings)(experience)`."""
    match settings:
        case PPOSettings():
            return partial(ppo.credit, settings=settings)
        case GRPOSettings():
            return partial(grpo.credit, settings=settings)
        case VineSettings():
            return partial(vine.credit, settings=settings)


def take(rows: Rows, index: Tensor) -> Rows:
    """The experience or credit of some responses only; index long [n] -> tensors [n, ...]. None stays None."""
    values = {field.name: getattr(rows, field.name) for field in fields(rows)}
    return replace(rows, **{name: x[index] for name, x in values.items() if x is not None})
