"""What a step's responses were compared with, as far as its trace tells: the numbers behind a printed advantage.

The trace keeps advantages, not the means and spreads that made them. They are recovered here so that a page can print
the whole equation; what the trace does not settle stays None.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_NEEDED = ("baseline", "scale_rewards", "scale_ddof", "scale_eps", "kl_coef", "whiten_advantages")
_ROUNDING = 1e-6  # as in core/algorithms/advantages.py, which needs torch


@dataclass(frozen=True)
class Comparison:
    """How a learner's responses of one step were set against each other."""

    scores: dict[int, float]  # by sample: its reward, less its KL penalties where the response's reward pays them
    credits: dict[int, float]  # by sample: what the whole response is credited with, where that follows from the scores
    spread: float | None  # the standard deviation of all the step's scores, if it can be known
    whitening: dict[str, float] | None  # mean and std of the step's tokens before whitening


def compare(settings: dict[str, Any], samples: list[dict[str, Any]], tokens: pa.Table) -> Comparison:
    """From a step's settings (a learner's, as a dict), its rows of SAMPLES and its panel's TOKENS."""
    first = tokens.filter(pc.equal(tokens["pass"], pc.min(tokens["pass"])))
    own = first["sample"].to_pylist()
    # An imported run may not tell how its responses were compared: then nothing is.
    if settings["algorithm"] == "grpo" and any(settings[x] is None for x in _NEEDED):
        return Comparison({}, {}, None, None)
    per_response = settings["algorithm"] == "grpo"
    scores = {row["sample"]: float(row["reward"]) for row in samples if row["reward"] is not None}
    if per_response and settings["kl_coef"] > 0:
        sums: dict[int, list[float]] = defaultdict(list)
        for sample, reward in zip(own, first["token_reward"].to_pylist(), strict=True):
            sums[sample].append(math.nan if reward is None else reward)
        scores = {sample: sum(rewards) for sample, rewards in sums.items()}
    spread = None
    if per_response and samples and len(scores) == len(samples):
        spread = _std(list(scores.values()), settings["scale_ddof"])
    whitening = None
    if settings["whiten_advantages"]:
        factors = _factors(settings, samples, scores, spread) if per_response else dict.fromkeys(own, 1.0)
        before = [
            None if raw is None or sample not in factors else raw * factors[sample]
            for sample, raw in zip(own, first["advantage_raw"].to_pylist(), strict=True)
        ]
        whitening = _whitening(before, first["advantage"].to_pylist())
    credits: dict[int, float] = {}
    if per_response and settings["baseline"] == "group-mean" and not settings["whiten_advantages"]:
        factors, means = _factors(settings, samples, scores, spread), _means(samples, scores)
        credits = {x: (scores[x] - means[x]) * factors[x] for x in scores if x in factors}
    return Comparison(scores, credits, spread, whitening)


def _means(samples: list[dict[str, Any]], scores: dict[int, float]) -> dict[int, float]:
    """By sample, the mean score of its group."""
    groups: dict[int, list[int]] = defaultdict(list)
    for row in samples:
        if row["sample"] in scores:
            groups[row["group"]].append(row["sample"])
    return {x: sum(scores[y] for y in own) / len(own) for own in groups.values() for x in own}


def _factors(
    settings: dict[str, Any], samples: list[dict[str, Any]], scores: dict[int, float], spread: float | None
) -> dict[int, float]:
    """By sample, what its raw advantage was multiplied by before whitening."""
    if settings["scale_rewards"] == "none":
        return dict.fromkeys(scores, 1.0)
    if settings["scale_rewards"] == "batch":
        return {} if spread is None else dict.fromkeys(scores, 1 / (spread + settings["scale_eps"]))
    groups: dict[int, list[int]] = defaultdict(list)
    for row in samples:
        groups[row["group"]].append(row["sample"])
    found = {}
    for members in groups.values():
        if all(sample in scores for sample in members):
            own = [scores[sample] for sample in members]
            tied = max(own) - min(own) <= _ROUNDING * max(map(abs, own))
            factor = 0.0 if tied else 1 / (_std(own, settings["scale_ddof"]) + settings["scale_eps"])
            found.update(dict.fromkeys(members, factor))
    return found


def _std(numbers: list[float], ddof: int) -> float:
    mean = sum(numbers) / len(numbers)
    return math.sqrt(sum((x - mean) ** 2 for x in numbers) / max(1, len(numbers) - ddof))


def _whitening(before: list[float | None], after: list[float | None]) -> dict[str, float] | None:
    """Whitening is one straight line for the whole step, so the two tokens farthest apart give its mean and std."""
    pairs = [(x, y) for x, y in zip(before, after, strict=True) if x is not None and y is not None]
    pairs = [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]
    if not pairs:
        return None
    (x0, y0), (x1, y1) = min(pairs), max(pairs)
    if y1 - y0 < _ROUNDING:
        return None
    std = (x1 - x0) / (y1 - y0)
    return {"mean": x0 - std * y0, "std": std}
