"""Curves of over-optimisation: known coefficients are found again, and best-of-n is the mean over every subset."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from core.algorithms.over_optimisation import best_of_n, best_of_n_kl, fit
from core.errors import RequestError

D = [0.0, 0.3, 0.8, 1.5, 2.5, 4.0]


def test_known_coefficients_of_best_of_n_are_found_again() -> None:
    curve = fit(D, [d * (0.9 - 0.15 * d) for d in D], "best-of-n")
    assert (curve.alpha, curve.beta, curve.residual) == pytest.approx((0.9, 0.15, 0), abs=1e-9)
    assert curve.peak == pytest.approx(3)
    assert curve.at(2) == pytest.approx(2 * (0.9 - 0.3))


def test_known_coefficients_of_reinforcement_learning_are_found_again() -> None:
    curve = fit(D, [d * (0.9 - 0.4 * math.log(d)) if d else 0.0 for d in D], "rl")
    assert (curve.alpha, curve.beta, curve.residual) == pytest.approx((0.9, 0.4, 0), abs=1e-9)
    assert curve.peak is not None
    near = [curve.at(curve.peak + x) for x in (-1e-3, 0, 1e-3)]
    assert max(near) == near[1]
    assert curve.at(0) == 0


@pytest.mark.parametrize("form", ["best-of-n", "rl"])
def test_no_other_coefficients_are_nearer(form) -> None:  # type: ignore[no-untyped-def]
    gold = [0.0, 0.25, 0.5, 0.9, 0.8, 0.1]
    curve = fit(D, gold, form)

    def off(alpha: float, beta: float) -> float:
        other = type(curve)(form, alpha, beta, 0, 0)
        return math.sqrt(float(np.mean([(other.at(d) - g) ** 2 for d, g in zip(D, gold, strict=True)])))

    assert curve.residual == pytest.approx(off(curve.alpha, curve.beta))
    for da, db in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
        assert off(curve.alpha + da, curve.beta + db) > curve.residual


def test_what_never_breaks_has_no_peak() -> None:
    assert fit(D, D, "rl").peak is None


def test_a_curve_that_hardly_bends_is_highest_further_off_than_any_number() -> None:
    curve = fit(D, [d * (0.9 - 1e-4 * math.log(d)) if d else 0.0 for d in D], "rl")
    assert curve.beta == pytest.approx(1e-4)
    assert curve.peak == math.inf


@pytest.mark.parametrize("distances", [[], [0.0], [0.0, 1.0], [1.0, 1.0]])
def test_one_distance_is_no_curve(distances: list[float]) -> None:
    with pytest.raises(RequestError, match="two different distances"):
        fit(distances, distances, "rl")


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_best_of_n_is_the_mean_over_every_way_to_draw_them(n: int) -> None:
    proxy, gold = [0.1, 0.9, 0.4, 0.9, -2.0, 0.4], [1.0, 0.0, 3.0, 0.5, 7.0, 2.0]
    means = []
    for drawn in combinations(range(6), n):
        most = max(proxy[i] for i in drawn)
        means.append(np.mean([gold[i] for i in drawn if proxy[i] == most]))
    assert best_of_n(proxy, gold, n) == pytest.approx(float(np.mean(means)))


def test_more_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(RequestError, match="the best of 3 needs at least so many responses, but there are 2"):
        best_of_n([1, 2], [1, 2], 3)


@pytest.mark.parametrize("n", [1, 2, 4, 16])
def test_the_kl_of_best_of_n_is_that_of_the_largest_of_n_uniform_numbers(n: int) -> None:
    """The largest of n has density n·x^(n−1) on (0, 1): KL = ∫ n x^(n−1) log(n x^(n−1)) dx."""
    x = (np.arange(400_000) + 0.5) / 400_000
    density = n * x ** (n - 1)
    assert best_of_n_kl(n) == pytest.approx(float(np.mean(density * np.log(density))), abs=1e-4)
