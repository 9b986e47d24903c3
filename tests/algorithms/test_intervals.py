"""Confidence intervals against published numbers, exact coverage and textbook formulas."""

from __future__ import annotations

import math
import statistics

import pytest
import torch

from core.algorithms.intervals import difference, normal, wilson


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3 (the score method without correction)
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(right: int, of: int, low: float, high: float) -> None:
    interval = wilson(torch.tensor(right / of, dtype=torch.float64), of)
    assert [x.item() for x in interval] == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize("count", [8, 32])
def test_wilsons_coverage_computed_exactly_is_about_what_it_says(count: int) -> None:
    shares = torch.arange(count + 1, dtype=torch.float64) / count
    low, high = wilson(shares, count)
    covered = []
    for i in range(1, 200):
        p = i / 200
        chance = [math.comb(count, k) * p**k * (1 - p) ** (count - k) for k in range(count + 1)]
        covered.append(sum(c for c, a, b in zip(chance, low.tolist(), high.tolist(), strict=True) if a <= p <= b))
    assert statistics.mean(covered) == pytest.approx(0.95, abs=0.015)
    assert min(covered) > 0.82


def test_agreement_of_all_samples_is_no_certainty() -> None:
    low, high = wilson(torch.tensor([0.0, 1.0]), 32)
    assert (low[0], high[1]) == (0, 1)
    assert high[0] > 0.05
    assert low[1] < 0.95


def test_the_normal_interval_and_one_sample_that_says_nothing() -> None:
    low, high = normal(torch.tensor([2.0]), torch.tensor([3.0]), 9)
    assert (low.item(), high.item()) == (pytest.approx(2 - 1.959964, abs=1e-6), pytest.approx(2 + 1.959964, abs=1e-6))
    low, high = normal(torch.tensor([2.0]), torch.tensor([0.0]), 1)
    assert (low.item(), high.item()) == (-math.inf, math.inf)


def test_differences_of_symmetric_intervals_add_up_as_squares() -> None:
    one, two = (torch.tensor([x], dtype=torch.float64) for x in (1.0, 4.0))
    estimate = difference((one, one - 3, one + 3), (two, two - 4, two + 4))
    assert [x.item() for x in estimate] == [3, 3 - 5, 3 + 5]


def test_newcombes_example_of_a_difference_of_two_shares() -> None:
    """Newcombe 1998, Statistics in Medicine 17:873, table II: 56/70 - 48/80 by method 10 is 0.0524 to 0.3339."""
    shares = [(right / of, of) for right, of in ((48, 80), (56, 70))]
    sides = [
        (torch.tensor(p, dtype=torch.float64), *wilson(torch.tensor(p, dtype=torch.float64), n)) for p, n in shares
    ]
    estimate = difference(sides[0], sides[1])
    assert [x.item() for x in estimate] == pytest.approx([0.2, 0.0524, 0.3339], abs=5e-5)


def test_two_samples_already_have_an_interval() -> None:
    low, high = normal(torch.tensor([1.0]), torch.tensor([2.0]), 2)
    half = 1.959964 * 2 / math.sqrt(2)
    assert (low.item(), high.item()) == (pytest.approx(1 - half, abs=1e-5), pytest.approx(1 + half, abs=1e-5))
