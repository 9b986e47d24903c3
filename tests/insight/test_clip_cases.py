"""The four cases: checked against what the paper's min gives by hand, and by finite differences."""

from __future__ import annotations

import math

import pytest
import torch

from core.insight.clip_cases import CASES, Limits, curve, evaluate, evaluate_pass
from core.presets import preset
from tests.helpers import step_trace

LIMITS = Limits(0.2, 0.2)


def one(ratio: float, advantage: float, limits: Limits = LIMITS):
    return evaluate(
        torch.tensor([math.log(ratio)]).double(), torch.zeros(1).double(), torch.tensor([advantage]), limits
    )


@pytest.mark.parametrize(
    ("ratio", "advantage", "case", "gradient"),
    [
        (1.5, 2.0, "good-above", 0.0),
        (0.5, 2.0, "good-below", 1.0),
        (1.5, -2.0, "bad-above", -3.0),
        (0.5, -2.0, "bad-below", 0.0),
        (1.1, 2.0, None, 2.2),
        (0.9, -2.0, None, -1.8),
    ],
)
def test_each_case_has_the_gradient_of_the_branch_that_wins(ratio, advantage, case, gradient):
    outcome = one(ratio, advantage)
    assert int(outcome.case[0]) == (-1 if case is None else CASES.index(case))
    assert float(outcome.gradient[0]) == pytest.approx(gradient, abs=1e-6)
    assert bool(outcome.cut[0]) == (gradient == 0)


def test_the_gradient_is_that_of_finite_differences():
    generator = torch.Generator().manual_seed(1)
    logprob, old = -torch.rand(200, generator=generator).double(), -torch.rand(200, generator=generator).double()
    advantage = torch.randn(200, generator=generator).double()
    limits = Limits(0.1, 0.3, 1.5)
    step = 1e-6
    up, down = (evaluate(logprob + s, old, advantage, limits).objective for s in (step, -step))
    outcome = evaluate(logprob, old, advantage, limits)
    ratio = outcome.ratio
    corners = torch.stack([(ratio - edge).abs() for edge in (0.9, 1.3, 1.5)]).amin(0)
    smooth = corners > 1e-4
    assert int(smooth.sum()) > 190
    torch.testing.assert_close(((up - down) / (2 * step))[smooth], outcome.gradient[smooth], atol=1e-6, rtol=1e-6)


def test_a_dual_clip_cuts_what_the_clip_lets_through():
    assert float(one(1.6, -1.0).gradient[0]) == pytest.approx(-1.6)
    dual = one(1.6, -1.0, Limits(0.2, 0.2, 1.5))
    assert float(dual.gradient[0]) == 0
    assert int(dual.side[0]) == 1


def test_a_stored_pass_is_judged_as_it_was_trained():
    trace = step_trace(preset("chain-sum"), "ppo", 3)
    rows = trace.tokens.to_pandas().query("`pass` == 1").sort_values(["sample", "position"])
    outcome = evaluate_pass(trace.tokens, 1, LIMITS)
    assert outcome.side.tolist() == rows["clipped"].tolist()
    torch.testing.assert_close(outcome.objective, torch.tensor(rows["objective"].to_numpy()), atol=1e-5, rtol=1e-5)


def test_the_curve_has_its_corners():
    ratio, height = curve(1, LIMITS, 2.0)
    assert max(height) == pytest.approx(1.2)
    assert height[ratio.index(max(ratio))] == pytest.approx(1.2)
    ratio, height = curve(-1, Limits(0.2, 0.2, 1.5), 2.0)
    assert min(height) == pytest.approx(-1.5)
    assert max(height) == pytest.approx(-0.8)
