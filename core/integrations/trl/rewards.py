"""What the advantages in TRL's completions tell about the rewards: which columns they are of, how weighed, how scaled.

Reward columns stand first in TRL's files and others after them, and no file says where the former end, which weights
they had (`reward_weights`, 1 each unless set), or how advantages were scaled. But advantages are a known function of
all that, so it is looked for until the advantages come out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.algorithms.advantages import group_advantages

#: TRL's `scale_rewards`; and its `normalize_then_sum`, where each function is normalised by itself before the sum.
SUMS = ("group", "none", "batch")
FUNCTIONS = "functions"
#: Columns that are tried as rewards, and how far an advantage may be off.
_MOST_COLUMNS, _CLOSE = 12, 1e-3
_EPS = 1e-4  # TRL's


@dataclass(frozen=True)
class CompletionsBatch:
    """The responses that one file holds: TRL's last generation batch when it was written."""

    prompts: list[str]
    completions: list[str]
    numbers: dict[str, list[float]]  # columns that may be rewards, in the file's order; NaN where a function gave none
    advantages: list[float]
    group: list[int]


@dataclass(frozen=True)
class Explanation:
    """How the advantages come from columns of the file."""

    columns: list[str]
    weights: list[float]
    scale: str  # one of SUMS, or FUNCTIONS
    absolute: bool = True  # whether the weights are known themselves, and not only up to a common factor

    @property
    def weighed(self) -> bool:
        return any(x != 1 for x in self.weights)


def explanation(steps: Sequence[CompletionsBatch]) -> Explanation | None:
    """The simplest explanation of all advantages: the fewest columns, weights of 1 before others; None if none."""
    names = list(steps[0].numbers)
    names = [x for x in names if all(x in batch.numbers for batch in steps)][:_MOST_COLUMNS]
    plain = (Explanation(names[:n], [1.0] * n, scale) for n in range(1, len(names) + 1) for scale in (*SUMS, FUNCTIONS))
    for each in (*plain, *_weighed(steps, names)):
        if all(_comes_out(batch, each) for batch in steps):
            return each
    return None


def rewards_of(batch: CompletionsBatch, explained: Explanation | None) -> list[float]:
    """Each response's reward: the weighed sum of what its functions gave; NaN where none gave anything, or unknown."""
    if explained is None:
        return [math.nan] * len(batch.prompts)
    given = _columns(batch, explained.columns)
    rewards = given.nan_to_num(0) @ torch.tensor(explained.weights, dtype=torch.float64)
    return [float(x) for x in rewards.masked_fill(given.isnan().all(-1), math.nan)]


def _columns(batch: CompletionsBatch, names: Sequence[str]) -> Tensor:
    """[responses, columns]"""
    return torch.tensor([batch.numbers[x] for x in names], dtype=torch.float64).T


def _comes_out(batch: CompletionsBatch, explained: Explanation) -> bool:
    rewards = torch.tensor(rewards_of(batch, explained))
    scored = rewards.isfinite()  # an unscorable response has no part in its group, and TRL gives it 0
    if not scored.any():
        return True
    group, given = torch.tensor(batch.group)[scored], torch.tensor(batch.advantages, dtype=torch.float64)[scored]
    if explained.scale == FUNCTIONS:
        weights = torch.tensor(explained.weights, dtype=torch.float64)
        sums = _normalised(_columns(batch, explained.columns)[scored], group).nan_to_num(0) @ weights
        expected = (sums - sums.mean()) / ((sums.std() if len(sums) > 1 else sums.new_zeros(())) + _EPS)
    else:
        expected, _ = group_advantages(rewards[scored].float(), group, explained.scale)
    return bool(torch.allclose(expected.double(), given, rtol=_CLOSE, atol=_CLOSE))


def _of_groups(values: Tensor, group: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """(which rows, their values) of each group."""
    for number in group.unique():
        rows = group == number
        yield rows, values[rows]


def _normalised(values: Tensor, group: Tensor) -> Tensor:
    """Each column by itself, within each group, over what is there."""
    out = torch.full_like(values, math.nan)
    for rows, own in _of_groups(values, group):
        mean = own.nanmean(0)
        count = (~own.isnan()).sum(0)
        std = ((own - mean).square().nansum(0) / (count - 1).clamp(min=1)).sqrt()
        out[rows] = (own - mean) / (std + _EPS)
    return out


# -- weights -----------------------------------------------------------------------------------------------------------


def _weighed(steps: Sequence[CompletionsBatch], names: Sequence[str]) -> Iterator[Explanation]:
    """Explanations by other weights than 1, of the first columns, where there is enough to tell them from."""
    rows = sum(len(x.group) - len(set(x.group)) for x in steps)
    for count in range(2, len(names) + 1):
        if rows < 3 * count:
            return
        for scale in (*SUMS, FUNCTIONS):
            weights = _weights(steps, names[:count], scale)
            if weights is None:
                continue
            factor = 1.0 if scale == "none" else _factor(steps, names[:count], scale, weights)
            if factor is not None:
                yield Explanation(list(names[:count]), _short(factor * weights), scale)
            if scale != "none":
                yield Explanation(list(names[:count]), _short(weights), scale, absolute=False)


def _short(weights: Tensor) -> list[float]:
    """As people set weights: three digits."""
    return [float(f"{x:.3g}") for x in weights.tolist()]


def _weights(steps: Sequence[CompletionsBatch], names: Sequence[str], scale: str) -> Tensor | None:
    """The weights by which centred columns X give the advantages A, in the least-squares sense; None: not one solution.

    Unscaled advantages are A = Xw. Scaled ones are A = Xw / s with an unknown s per group or batch: then what X holds
    beside A's own direction has to vanish, (1 − aaᵀ)Xw = 0 with a = A/|A|. That is a null vector of the sum of squares,
    known but for a factor (see `_factor`): the largest weight is set to 1.
    """
    square = torch.zeros(len(names), len(names), dtype=torch.float64)
    along = torch.zeros(len(names), dtype=torch.float64)
    for batch in steps:
        for x, a, _ in _blocks(batch, names, scale):
            along += x.T @ a
            if scale != "none" and float(a.norm()) > _CLOSE:
                unit = a / a.norm()
                x = x - torch.outer(unit, unit @ x)
            square += x.T @ x
    if scale == "none":
        return torch.linalg.solve(square, along) if float(torch.linalg.cond(square)) < 1e8 else None
    values, vectors = torch.linalg.eigh(square)
    if not float(values[0]) < 1e-6 * float(values[1]):
        return None
    weights = vectors[:, 0] * (1.0 if float(vectors[:, 0] @ along) > 0 else -1.0)
    return weights / weights.abs().max()


def _factor(steps: Sequence[CompletionsBatch], names: Sequence[str], scale: str, weights: Tensor) -> float | None:
    """What `weights` have to be multiplied by; None where the advantages do not tell.

    TRL divides by s + 1e-4, which is not quite in proportion: |A| (cs + 1e-4) = c|Xw| tells c wherever the division is
    known well enough, and then every block tells the same.
    """
    factors = []
    for batch in steps:
        for x, a, scaled in _blocks(batch, names, scale):
            length, spread = float((x @ weights).norm()), float((scaled @ weights).std()) if len(scaled) > 1 else 0.0
            if float(a.norm()) > _CLOSE and (rest := length - float(a.norm()) * spread) > 0:
                factors.append(float(a.norm()) * _EPS / rest)
    return sum(factors) / len(factors) if factors and max(factors) < 1.1 * min(factors) else None


def _blocks(batch: CompletionsBatch, names: Sequence[str], scale: str) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(centred columns, advantages, the columns whose spread divides) of responses that were scaled by one number."""
    values = _columns(batch, names)
    scored = ~values.isnan().all(-1)
    values, group = values[scored], torch.tensor(batch.group)[scored]
    given = torch.tensor(batch.advantages, dtype=torch.float64)[scored]
    if scale == FUNCTIONS:
        sums = _normalised(values, group).nan_to_num(0)
        yield sums - sums.mean(0), given, sums
        return
    plain = values.nan_to_num(0)
    centred = plain.clone()
    for rows, own in _of_groups(plain, group):
        centred[rows] = own - own.mean(0)
    if scale == "group":
        yield from ((own, given[rows], own) for rows, own in _of_groups(centred, group))
    else:
        yield centred, given, plain
