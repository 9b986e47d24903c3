"""The numbers that terms stand for, in float64: the same behaviour as the browser's terms.js, which a test compares.

A missing number makes everything missing that uses it, also a sum or a mean over it. Truth values use only what decides
them: `a if c else b` needs c and the branch it takes, `and` and `or` need nothing more once one side settles them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.terms.checked import Terms
from core.terms.data import Bools, Data, Floats, Value
from core.terms.language import RESPONSE, SCALAR, TOKEN, Tree
from core.terms.reductions import over_batch, over_group, over_response
from core.terms.term import TermError

_TWO: dict[str, Callable[[Floats, Floats], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_ANY: dict[str, Callable[..., Any]] = {
    "neg": np.negative,
    "not": lambda x: x == 0,
    "min": lambda *xs: np.minimum.reduce(np.broadcast_arrays(*xs)),
    "max": lambda *xs: np.maximum.reduce(np.broadcast_arrays(*xs)),
    "clamp": lambda x, low, high: np.minimum(high, np.maximum(low, x)),
    **{name: getattr(np, name) for name in ("exp", "log", "expm1", "abs", "sign", "sqrt")},
    **_TWO,
}


def evaluate(terms: Terms, data: Data, *, recompute: bool = False) -> dict[str, Value]:
    """Every term's value, by name.

    A term that has a column's name takes the recorded numbers where any are there. With `recompute` all follow from
    their expressions instead. On data that is not the whole step, a term with one number for the step takes the number
    that `data.step` has for it. Raises TermError if a setting that an expression computes with is text.
    """
    values: dict[str, Value] = {}
    with np.errstate(all="ignore"):
        for term in terms.terms:
            level, tree = terms.levels[term.name], terms.trees[term.name]
            recorded = None if recompute else _recorded(term.name, level, data)
            in_step = data.step.get(term.name)
            if recorded is not None:
                values[term.name] = recorded
            elif not data.whole and level == SCALAR and in_step is not None:
                values[term.name] = Value(SCALAR, np.array(in_step, dtype=float), np.array(False))
            elif any(data.settings.get(x) is None for x in term.given):
                values[term.name] = _Evaluation(data, values).missing(level).public()
            else:
                values[term.name] = _Evaluation(data, values).run(tree).raised_to(level, data).public()
    return values


def evaluate_tree(tree: Tree, data: Data, values: Mapping[str, Value]) -> Value:
    """The value of one expression's tree (see `Terms.tree`), given the values of the terms."""
    with np.errstate(all="ignore"):
        return _Evaluation(data, values).run(tree).public()


def clip_sides(terms: Terms, data: Data, values: Mapping[str, Value]) -> Value:
    """Per token +1 or -1 where it is in one of the terms' regions, else 0.

    At the ratio at which a gradient was taken, that is what the column `clipped` records. Missing where the ratio, the
    advantage or a bound is.
    """
    with np.errstate(all="ignore"):
        evaluation = _Evaluation(data, values)
        ratio, advantage = (evaluation.run(terms.tree(x)).raised_to(TOKEN, data) for x in ("ratio", "advantage"))
        side, null = np.zeros(data.mask.shape), ratio.null | advantage.null
        for region in terms.regions:
            sign = {"positive": advantage.numbers > 0, "negative": advantage.numbers < 0}
            inside = sign.get(region.region.advantage, advantage.numbers != 0)
            if region.ratio_from is not None:
                bound = evaluation.run(region.ratio_from)
                inside, null = inside & (ratio.numbers > bound.numbers), null | bound.null
            if region.ratio_to is not None:
                bound = evaluation.run(region.ratio_to)
                inside, null = inside & (ratio.numbers < bound.numbers), null | bound.null
            side = np.where(inside, region.region.side, side)
        return _Wide(TOKEN, side, null).public()


@dataclass(frozen=True)
class _Wide:
    """A value whose arrays are [1, 1], [B, 1] or [B, T], so that levels broadcast by themselves."""

    level: int
    numbers: Floats
    null: Bools

    def public(self) -> Value:
        shape = {SCALAR: (), RESPONSE: self.numbers.shape[:1], TOKEN: self.numbers.shape}[self.level]
        numbers = np.where(self.null, np.nan, self.numbers)
        return Value(self.level, numbers.reshape(shape), self.null.reshape(shape))

    def raised_to(self, level: int, data: Data) -> _Wide:
        """The same numbers, repeated for every response or token; no token that the policy did not write has one."""
        if level <= self.level:
            return self
        if level == RESPONSE:
            shape = (len(data.mask), 1)
            return _Wide(level, np.broadcast_to(self.numbers, shape), np.broadcast_to(self.null, shape))
        numbers = np.broadcast_to(self.numbers, data.mask.shape)
        return _Wide(level, numbers, self.null | ~data.written)


@dataclass(frozen=True)
class _Evaluation:
    data: Data
    values: Mapping[str, Value]

    def run(self, tree: Tree) -> _Wide:
        if not isinstance(tree, list):
            return self._scalar(float(tree))
        kind, *parts = tree
        if kind in ("setting", "response", "token", "term", "builtin"):
            return getattr(self, f"_{kind}")(parts[0])
        if kind in ("==", "!=") and isinstance(parts[1], list) and parts[1][0] == "text":
            return self._compared_with_text(kind, parts[0][1], parts[1][1])
        arguments = [self.run(x) for x in parts]
        if kind == "if":
            return self._if(*arguments)
        if kind in ("and", "or"):
            return self._settled(kind == "or", arguments)
        if kind == "per_token":
            return arguments[0].raised_to(TOKEN, self.data)
        if kind == "following":
            return self._following(*arguments)
        if kind == "scan":
            return self._scan(*arguments)
        name, _, over = kind.rpartition("_")
        if over in ("response", "group", "batch"):
            return self._reduced(name, over, *arguments)
        numbers = np.asarray(_ANY[kind](*(x.numbers for x in arguments)), dtype=float)
        null = np.logical_or.reduce(np.broadcast_arrays(*(x.null for x in arguments)))
        return self._wide(max(x.level for x in arguments), numbers, null)

    def missing(self, level: int) -> _Wide:
        return _Wide(SCALAR, np.full((1, 1), np.nan), np.ones((1, 1), dtype=bool)).raised_to(level, self.data)

    def _scalar(self, number: float) -> _Wide:
        return _Wide(SCALAR, np.full((1, 1), number), np.zeros((1, 1), dtype=bool))

    def _wide(self, level: int, numbers: Floats, null: Bools) -> _Wide:
        return _Wide(level, numbers, null | ~self.data.written if level == TOKEN else null)

    # names

    def _setting(self, name: str) -> _Wide:
        setting = self.data.settings.get(name)
        if setting is None:
            return self.missing(SCALAR)
        if not isinstance(setting, (bool, int, float)):
            raise TermError(f"an expression computes with the setting {name}, but it is {setting!r}")
        return self._scalar(float(setting))

    def _response(self, name: str) -> _Wide:
        x = _column(self.data, name, RESPONSE)
        return self.missing(RESPONSE) if x is None else _Wide(RESPONSE, x.numbers[:, None], x.null[:, None])

    def _token(self, name: str) -> _Wide:
        x = _column(self.data, name, TOKEN)
        return self.missing(TOKEN) if x is None else _Wide(TOKEN, x.numbers, x.null)

    def _term(self, name: str) -> _Wide:
        x = self.values[name]
        shape = {SCALAR: (1, 1), RESPONSE: (-1, 1), TOKEN: x.numbers.shape}[x.level]
        return _Wide(x.level, np.reshape(x.numbers, shape), np.reshape(x.null, shape))

    def _builtin(self, name: str) -> _Wide:
        written = self.data.written
        if name == "position":
            place = np.broadcast_to(np.arange(written.shape[1], dtype=float), written.shape)
            return self._wide(TOKEN, place, ~written)
        if name == "last":
            return self._wide(TOKEN, (written & (self._next() < 0)).astype(float), ~written)
        if name == "length":
            return self._wide(RESPONSE, written.sum(1, keepdims=True).astype(float), np.zeros((len(written), 1), bool))
        if name == "batch_size":
            return self._scalar(float(len(written))) if self.data.whole else self.missing(SCALAR)
        one = self._scalar(1.0).raised_to(RESPONSE, self.data)
        return self._reduced("sum", "group", one)

    # conditions

    def _compared_with_text(self, sign: str, name: str, text: str) -> _Wide:
        setting = self.data.settings.get(name)
        if setting is None:
            return self.missing(SCALAR)
        return self._scalar(float((setting == text) == (sign == "==")))

    def _if(self, condition: _Wide, then: _Wide, otherwise: _Wide) -> _Wide:
        taken = condition.numbers != 0
        null = condition.null | np.where(taken, then.null, otherwise.null)
        level = max(condition.level, then.level, otherwise.level)
        return self._wide(level, np.where(taken, then.numbers, otherwise.numbers), null)

    def _settled(self, by: bool, arguments: list[_Wide]) -> _Wide:
        """`or` is settled by one side that is known to be true, `and` by one that is known to be false."""
        settled = [~x.null & ((x.numbers != 0) == by) for x in arguments]
        any_settled = np.logical_or.reduce(np.broadcast_arrays(*settled))
        any_null = np.logical_or.reduce(np.broadcast_arrays(*(x.null for x in arguments)))
        truth = np.where(any_settled, float(by), float(not by))
        return self._wide(max(x.level for x in arguments), truth, ~any_settled & any_null)

    # along the response

    def _next(self) -> np.ndarray:
        """The index of the next written token, -1 where there is none; [B, T]."""
        written = self.data.written
        n, length = written.shape
        following = np.full((n, length), -1)
        after = np.full(n, -1)
        for t in reversed(range(length)):
            following[:, t] = after
            after = np.where(written[:, t], t, after)
        return following

    def _following(self, x: _Wide, end: _Wide) -> _Wide:
        x, end, after = x.raised_to(TOKEN, self.data), end.raised_to(TOKEN, self.data), self._next()
        index = np.maximum(after, 0)
        numbers = np.where(after < 0, end.numbers, np.take_along_axis(x.numbers, index, axis=1))
        null = np.where(after < 0, end.null, np.take_along_axis(x.null, index, axis=1))
        return self._wide(TOKEN, numbers, null)

    def _scan(self, x: _Wide, decay: _Wide) -> _Wide:
        x, decay, written = x.raised_to(TOKEN, self.data), decay.raised_to(TOKEN, self.data), self.data.written
        numbers, null = np.zeros(written.shape), np.ones(written.shape, dtype=bool)
        y, y_null, any_after = np.zeros(len(written)), np.zeros(len(written), bool), np.zeros(len(written), bool)
        for t in reversed(range(written.shape[1])):
            own = written[:, t]
            y = np.where(own, np.where(any_after, x.numbers[:, t] + decay.numbers[:, t] * y, x.numbers[:, t]), y)
            y_null = np.where(own, x.null[:, t] | decay.null[:, t] | y_null, y_null)
            any_after = any_after | own
            numbers[:, t], null[:, t] = y, y_null
        return self._wide(TOKEN, numbers, null)

    # over responses and groups

    def _reduced(self, name: str, over: str, x: _Wide, ddof: _Wide | None = None) -> _Wide:
        less = 0.0 if ddof is None else float(ddof.numbers[0, 0])
        if ddof is not None and ddof.null[0, 0]:
            return self.missing(SCALAR if over == "batch" else RESPONSE)
        if over == "response":
            numbers, null = over_response(name, x.numbers, x.null, self.data.written)
            return _Wide(RESPONSE, numbers[:, None], null[:, None])
        if over == "group":
            group = _column(self.data, "group", RESPONSE)
            if group is None:
                return self.missing(RESPONSE)
            x = x.raised_to(RESPONSE, self.data)
            numbers, null = over_group(name, x.numbers[:, 0], x.null[:, 0], group.numbers, less)
            return _Wide(RESPONSE, numbers[:, None], (null | group.null)[:, None])
        kept = self.data.written if x.level == TOKEN else np.ones(x.numbers.shape, dtype=bool)
        if not self.data.whole or x.null[kept].any():
            return self.missing(SCALAR)
        return self._scalar(over_batch(name, x.numbers[kept], less))


def _column(data: Data, name: str, level: int) -> Value | None:
    numbers = (data.responses if level == RESPONSE else data.tokens).get(name)
    if numbers is None:
        return None
    null = np.isnan(numbers)
    if name in data.computed:
        null &= ~data.computed[name]
    return Value(level, numbers, null if level == RESPONSE else null | ~data.written)


def _recorded(name: str, level: int, data: Data) -> Value | None:
    """The column of a term's name, if any number is in it."""
    column = None if level == SCALAR else _column(data, name, level)
    return None if column is None or column.null.all() else column
