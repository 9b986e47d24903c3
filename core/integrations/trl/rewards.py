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


@dataclass(frozen=True)
class _ScoredBatch:
    """A batch's responses that have a reward at all; the others have no part in it, and TRL gives them 0."""

    values: Tensor  # [n, columns]
    advantages: Tensor  # [n]
    group: Tensor  # [n]


def explanation(steps: Sequence[CompletionsBatch]) -> Explanation | None:
    """The simplest explanation of all advantages: the fewest columns, weights of 1 before others; None if none."""
    names = [x for x in steps[0].numbers if all(x in batch.numbers for batch in steps)][:_MOST_COLUMNS]
    batches = [_tensors(x, names) for x in steps] if names else []
    plain = (Explanation(names[:n], [1.0] * n, scale) for n in range(1, len(names) + 1) for scale in (*SUMS, FUNCTIONS))
    for each in (*plain, *_weighed(batches, names)):
        if all(_comes_out(batch, each) for batch in batches):
            return each
    return None


def rewards_of(batch: CompletionsBatch, explained: Explanation | None) -> list[float]:
    """Each response's reward: the weighed sum of what its functions gave; NaN where none gave anything, or unknown."""
    if explained is None:
        return [math.nan] * len(batch.prompts)
    rewards: list[float] = _weighed_sum(_tensors(batch, explained.columns).values, explained).tolist()
    return rewards


def _tensors(batch: CompletionsBatch, names: Sequence[str]) -> _ScoredBatch:
    values = torch.tensor([batch.numbers[x] for x in names], dtype=torch.float64).T
    return _ScoredBatch(values, torch.tensor(batch.advantages, dtype=torch.float64), torch.tensor(batch.group))


def _first(batch: _ScoredBatch, count: int) -> _ScoredBatch:
    """The batch with its first `count` columns only, and without responses that these do not score."""
    values = batch.values[:, :count]
    scored = ~values.isnan().all(-1)
    return _ScoredBatch(values[scored], batch.advantages[scored], batch.group[scored])


def _weighed_sum(values: Tensor, explained: Explanation) -> Tensor:
    sums = values.nan_to_num(0) @ torch.tensor(explained.weights, dtype=torch.float64)
    return sums.masked_fill(values.isnan().all(-1), math.nan)


def _comes_out(batch: _ScoredBatch, explained: Explanation) -> bool:
    batch = _first(batch, len(explained.columns))
    if not len(batch.group):
        return True
    if explained.scale == FUNCTIONS:
        sums = _weighed_sum(_normalised(batch.values, batch.group), explained)
        expected = (sums - sums.mean()) / ((sums.std() if len(sums) > 1 else sums.new_zeros(())) + _EPS)
    else:
        rewards = _weighed_sum(batch.values, explained)
        expected, _ = group_advantages(rewards.float(), batch.group, explained.scale)
    return bool(torch.allclose(expected.double(), batch.advantages, rtol=_CLOSE, atol=_CLOSE))


def _sums(values: Tensor, block: Tensor) -> Tensor:
    """[n, k] → [blocks, k]; `block` [n] numbers the rows' blocks from 0."""
    return values.new_zeros(int(block.max()) + 1, values.shape[1]).index_add(0, block, values)


def _normalised(values: Tensor, group: Tensor) -> Tensor:
    """Each column by itself, within each group, over what is there; [n, k] → [n, k]."""
    _, block = group.unique(return_inverse=True)
    there = (~values.isnan()).double()
    count = _sums(there, block)
    centred = values - (_sums(values.nan_to_num(0), block) / count.clamp(min=1))[block]
    std = (_sums(centred.square().nan_to_num(0), block) / (count - 1).clamp(min=1)).sqrt()
    return centred / (std[block] + _EPS)


# -- weights -----------------------------------------------------------------------------------------------------------


def _weighed(batches: Sequence[_ScoredBatch], names: Sequence[str]) -> Iterator[Explanation]:
    """Explanations by other weights than 1, of the first columns, where there is enough to tell them from."""
    rows = sum(len(x.group) - len(x.group.unique()) for x in batches)
    for count in range(2, len(names) + 1):
        if rows < 3 * count:
            return
        for scale in (*SUMS, FUNCTIONS):
            weights = _weights(batches, count, scale)
            if weights is None:
                continue
            factor = 1.0 if scale == "none" else _factor(batches, scale, weights)
            if factor is not None:
                yield Explanation(list(names[:count]), _short(factor * weights), scale)
            if scale != "none":
                yield Explanation(list(names[:count]), _short(weights), scale, absolute=False)


def _short(weights: Tensor) -> list[float]:
    """As people set weights: three digits."""
    return [float(f"{x:.3g}") for x in weights.tolist()]


def _weights(batches: Sequence[_ScoredBatch], columns: int, scale: str) -> Tensor | None:
    """The weights by which centred columns X give the advantages A, in the least-squares sense; None: not one solution.

    Unscaled advantages are A = Xw. Scaled ones are A = Xw / s with an unknown s per group or batch: then what X holds
    beside A's own direction has to vanish, (1 − aaᵀ)Xw = 0 with a = A/|A|. That is a null vector of the sum of squares,
    known but for a factor (see `_factor`): the largest weight is set to 1.
    """
    square = torch.zeros(columns, columns, dtype=torch.float64)
    along = torch.zeros(columns, dtype=torch.float64)
    for batch in batches:
        x, a, _, block = _blocks(_first(batch, columns), scale)
        if not len(a):
            continue
        along += x.T @ a
        if scale != "none":
            own = _sums(a[:, None].square(), block).clamp(min=_CLOSE**2)
            x = x - a[:, None] * (_sums(a[:, None] * x, block) / own)[block]
        square += x.T @ x
    if scale == "none":
        return torch.linalg.solve(square, along) if float(torch.linalg.cond(square)) < 1e8 else None
    values, vectors = torch.linalg.eigh(square)
    if not float(values[0]) < 1e-6 * float(values[1]):
        return None
    weights = vectors[:, 0] * (1.0 if float(vectors[:, 0] @ along) > 0 else -1.0)
    return weights / weights.abs().max()


def _factor(batches: Sequence[_ScoredBatch], scale: str, weights: Tensor) -> float | None:
    """What `weights` have to be multiplied by; None where the advantages do not tell.

    TRL divides by s + 1e-4, which is not quite in proportion: |A| (cs + 1e-4) = c|Xw| tells c wherever the division is
    known well enough, and then every block tells the same.
    """
    factors = []
    for batch in batches:
        x, a, scaled, block = _blocks(_first(batch, len(weights)), scale)
        if not len(a):
            continue
        count = _sums(torch.ones_like(a)[:, None], block)
        divided = (scaled @ weights)[:, None]
        divided = divided - (_sums(divided, block) / count)[block]
        spread = (_sums(divided.square(), block) / (count - 1).clamp(min=1)).sqrt()
        size, length = (_sums(y.square()[:, None], block).sqrt() for y in (a, x @ weights))
        rest = length - size * spread
        factors += (size * _EPS / rest)[(size > _CLOSE) & (rest > 0)].tolist()
    return sum(factors) / len(factors) if factors and max(factors) < 1.1 * min(factors) else None


def _blocks(batch: _ScoredBatch, scale: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(centred columns, advantages, columns whose spread divides, block): a block's rows were scaled by one number."""
    values, given, group = batch.values, batch.advantages, batch.group
    whole = torch.zeros(len(group), dtype=torch.long)
    if not len(group):
        return values, given, values, whole
    if scale == FUNCTIONS:
        sums = _normalised(values, group).nan_to_num(0)
        return sums - sums.mean(0), given, sums, whole
    _, block = group.unique(return_inverse=True)
    plain = values.nan_to_num(0)
    centred = plain - (_sums(plain, block) / _sums(torch.ones_like(plain), block))[block]
    return (centred, given, centred, block) if scale == "group" else (centred, given, plain, whole)
