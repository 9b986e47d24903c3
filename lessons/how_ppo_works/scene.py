"""What the sub-steps of a training step work on, and how they show it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from lessons.kit.lesson import Frozen, Pick, Place, Reply, Row, equation, num, result, token_strips


@dataclass(frozen=True)
class Scene:
    """What a sub-step works on."""

    batch: Frozen
    reply: Reply
    place: Place

    @property
    def length(self) -> int:
        return len(self.reply.tokens)

    @property
    def last(self) -> int:
        """The number of the last pass."""
        return len(self.reply.passes) - 1


def strip_row(scene: Scene, name: str, label: str, values: Any, **more: Any) -> Row:
    return Row(name, label, scene.reply.tokens, tuple(values), **more)


def show(rows: list[Row], quantity: str, kind: Any = "signed", **options: Any) -> Pick | None:
    return token_strips(rows, key="ppo_sub_strips", quantity=quantity, kind=kind, link="token", **options)


def at(pick: Pick | None, default: int) -> int:
    return default if pick is None else pick.at


def filled(scene: Scene, t: int, name: str, symbol: str) -> None:
    """The learner's own term of this name, with the numbers of token t (from 0) in it; nothing where one is missing."""
    from core.terms import evaluate
    from core.terms.latex import Filled
    from core.training.terms import data_of, known_values, terms_for

    settings = scene.batch.settings
    terms = terms_for(settings)
    data = data_of(known_values(settings), scene.batch.samples, scene.batch.tokens, {})
    row = sorted(set(scene.batch.tokens["sample"].to_pylist())).index(scene.reply.sample)
    values = evaluate(terms, data)
    value = values[name].at(row, t)
    if value is not None:
        written = Filled(terms, data, values, row, t, lambda x: x == "value_next", num).term(name)
        equation(rf"{symbol.replace('_t', f'_{{{t + 1}}}')} = {written} \approx {result(value)}")


def numbers(scene: Scene, name: str, number: int = 0) -> list[float]:
    """A column that PPO always has."""
    return [math.nan if x is None else x for x in scene.reply.column(name, number)]


def known(values: Any) -> list[float]:
    return [x for x in values if x is not None]
