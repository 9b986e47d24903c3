"""How the true (gold) reward moves while a learnt (proxy) reward is pushed: Gao et al. 2022, arXiv:2210.10760.

With d = √KL(policy ‖ start policy): best-of-n R(d) = d (α − β d), reinforcement learning R(d) = d (α − β log d). Gold
rewards are counted from the start policy's, so that R(0) = 0. α says how fast it rises at first, β how it breaks.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import RequestError

Form = Literal["best-of-n", "rl"]


@dataclass(frozen=True)
class Fit:
    """A fitted curve."""

    form: Form
    alpha: float
    beta: float
    residual: float  # root of the mean squared difference to what was measured
    points: int

    def at(self, distance: float) -> float:
        """R at d = √KL."""
        return FORMS[self.form](distance, self.alpha, self.beta)

    @property
    def peak(self) -> float | None:
        """The d at which the gold reward is largest; None where it has no largest one there (β ≤ 0), and infinite where
        it is further off than any number."""
        if self.beta <= 0:
            return None
        if self.form == "best-of-n":
            return max(0.0, self.alpha / (2 * self.beta))
        exponent = self.alpha / self.beta - 1
        return math.exp(exponent) if exponent < math.log(sys.float_info.max) else math.inf


def best_of_n_gold(distance: float, alpha: float, beta: float) -> float:
    """R = d (α − β d)."""
    return distance * (alpha - beta * distance)


def rl_gold(distance: float, alpha: float, beta: float) -> float:
    """R = d (α − β log d), whose limit at d = 0 is 0."""
    return distance * (alpha - beta * math.log(distance)) if distance > 0 else 0.0


FORMS: dict[Form, Callable[[float, float, float], float]] = {"best-of-n": best_of_n_gold, "rl": rl_gold}


def fit(distance: Sequence[float], gold: Sequence[float], form: Form) -> Fit:
    """α and β by least squares, in which both forms are linear; `distance` √KL, `gold` above the start policy's.

    Raises RequestError where fewer than two different distances above 0 are given: they do not determine a curve.
    """
    d, r = np.asarray(distance, dtype=float), np.asarray(gold, dtype=float)
    if d.shape != r.shape or len({round(x, 12) for x in d.tolist() if x > 0}) < 2:
        raise RequestError("a curve of two coefficients needs at least two different distances above 0")
    safe = np.where(d > 0, d, 1.0)
    second = -d * d if form == "best-of-n" else -d * np.log(safe)
    (alpha, beta), *_ = np.linalg.lstsq(np.stack([d, second], 1), r, rcond=None)
    off = r - d * alpha - second * beta
    return Fit(form, float(alpha), float(beta), float(np.sqrt(np.mean(off**2))), len(d))


def best_of_n_kl(n: int) -> float:
    """KL of the best of n responses from the policy that wrote them, in nats: log n − (n − 1)/n, exact where no two
    responses score the same, else at most that (Stiennon et al. 2020, arXiv:2009.01325, appendix G.3)."""
    return math.log(n) - (n - 1) / n


def best_of_n(proxy: Sequence[float], value: Sequence[float], n: int) -> float:
    """The expected `value` of that one of n responses which has the largest `proxy`, over all ways to draw n of the N
    given ones to one prompt (Nakano et al. 2021, arXiv:2112.09332, appendix I): no draw is left to chance.

    Of responses with the same proxy each is as likely. Raises RequestError where n is not between 1 and N.
    """
    count = len(proxy)
    if not 1 <= n <= count or len(value) != count:
        raise RequestError("the best of {n} needs at least so many responses, but there are {given}", n=n, given=count)
    scores, values = np.asarray(proxy, dtype=float), np.asarray(value, dtype=float)
    levels, which = np.unique(scores, return_inverse=True)
    below, total = 0, math.comb(count, n)
    expected = 0.0
    for level in range(len(levels)):
        here = values[which == level]
        upto = below + len(here)
        expected += (math.comb(upto, n) - math.comb(below, n)) / total * float(here.mean())
        below = upto
    return expected
