"""pass@k: the chance that at least one of k sampled answers is right."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from core.algorithms.intervals import wilson

#: Resamples of the questions; the bounds' own error is then far below what a chart shows.
_RESAMPLES = 2000


def chance(samples: int, right: int, k: int) -> float:
    """1 - C(n-c, k)/C(n, k), where k of a question's n answers, c of them right, are drawn without replacement.

    Unbiased for k independent answers (Chen et al. 2021, "Evaluating large language models trained on code"), unlike
    1 - (1 - c/n)^k, which is too low. Raises ValueError where there are fewer answers than k.
    """
    if not 1 <= k <= samples or not 0 <= right <= samples:
        raise ValueError(f"pass@{k} needs at least {k} answers a question, but there are {samples}")
    return 1 - math.comb(samples - right, k) / math.comb(samples, k)


def pass_at_k(right: Sequence[int], samples: int, level: float = 0.95) -> list[tuple[float, float, float]]:
    """(value, low, high) of pass@1 … pass@samples, from how many of each question's answers are right.

    The interval is the bootstrap's over questions (percentiles, always the same resamples): questions differ, and
    that is what limits what is known. Where every question gives the same value, resampling them shows nothing, and
    Wilson's interval of as many yes-or-no questions stands in.
    """
    each = np.array([[chance(samples, c, k) for k in range(1, samples + 1)] for c in right])  # [Q, k]
    questions = len(each)
    rng = np.random.default_rng(20_240_205)
    weights = rng.multinomial(questions, np.full(questions, 1 / questions), _RESAMPLES) / questions  # [resamples, Q]
    low, high = np.quantile(weights @ each, [(1 - level) / 2, (1 + level) / 2], axis=0)
    estimates = []
    for k in range(samples):
        value = float(each[:, k].mean())
        bottom, top = float(low[k]), float(high[k])
        if float(np.ptp(each[:, k])) == 0:
            bottom, top = (float(x) for x in wilson(torch.tensor(value, dtype=torch.float64), questions))
        estimates.append((value, min(bottom, value), max(top, value)))
    return estimates
