"""The four cases: checked against what the paper's min gives by hand, and by finite differences."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
import torch

from core.algorithms.surrogates.clip import clipped_surrogate
from core.insight.clip_cases import CASES, Limits, evaluate, evaluate_pass
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


def curve(sign: int, limits: Limits, up_to: float, points: int = 121) -> tuple[list[float], list[float]]:
    """(ratio, objective / |A|) from 0 to `up_to`: the surrogate of an advantage of +1 or -1."""
    corners = torch.tensor([1 - limits.low, 1 + limits.high, *([limits.dual] if limits.dual else [])])
    ratio = torch.cat([torch.linspace(0, up_to, points), corners]).sort().values
    return ratio.tolist(), clipped_surrogate(
        ratio, torch.full_like(ratio, sign), limits.low, limits.high, limits.dual
    ).tolist()


def test_the_curve_has_its_corners():
    ratio, height = curve(1, LIMITS, 2.0)
    assert max(height) == pytest.approx(1.2)
    assert height[ratio.index(max(ratio))] == pytest.approx(1.2)
    ratio, height = curve(-1, Limits(0.2, 0.2, 1.5), 2.0)
    assert min(height) == pytest.approx(-1.5)
    assert max(height) == pytest.approx(-0.8)


def test_at_the_bounds_themselves_a_token_is_inside_and_has_its_gradient():
    outcome = evaluate(torch.tensor([1.5, 0.5]).log(), torch.zeros(2), torch.tensor([-1.0, 1.0]), Limits(0.5, 0.5))
    assert outcome.ratio.tolist() == [1.5, 0.5]
    assert outcome.case.tolist() == [-1, -1]


def test_every_number_of_an_outcome_by_hand():
    ratio, advantage = torch.tensor([1.5, 0.5, 1.0, 1.6, 3.0]), torch.tensor([2.0, -1.0, 1.0, 0.0, -1.0])
    outcome = evaluate(ratio.log() - 1, torch.full((5,), -1.0), advantage, Limits(0.2, 0.3, 2.0))
    torch.testing.assert_close(outcome.ratio, ratio)
    torch.testing.assert_close(outcome.plain, ratio * advantage)
    torch.testing.assert_close(outcome.bounded, torch.tensor([2.6, -0.8, 1.0, 0.0, -1.3]))
    torch.testing.assert_close(outcome.objective, torch.tensor([2.6, -0.8, 1.0, 0.0, -2.0]))
    assert outcome.advantage is advantage
    assert outcome.side.tolist() == [1, -1, 0, 0, 1]
    assert outcome.cut.tolist() == [True, True, False, False, True]
    assert [outcome.count(x) for x in CASES] == [1, 0, 1, 1]
    assert not any(x.requires_grad for x in (outcome.ratio, outcome.objective, outcome.gradient))


def test_a_stored_pass_is_judged_where_its_gradients_were_taken_unless_asked_otherwise():
    trace = step_trace(preset("chain-sum"), "ppo", 3)
    tokens = trace.tokens
    at = tokens["ratio_update"].to_pylist()
    moved = pa.array([None if x is None else 1.5 * x for x in at], type=tokens.schema.field("ratio_update").type)
    other = tokens.set_column(tokens.column_names.index("ratio_update"), "ratio_update", moved)
    rows = tokens.to_pandas().query("`pass` == 1").sort_values(["sample", "position"])
    state = torch.tensor(rows["ratio"].to_numpy(), dtype=torch.float32)
    torch.testing.assert_close(evaluate_pass(tokens, 1, LIMITS).ratio, state, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(evaluate_pass(other, 1, LIMITS).ratio, 1.5 * state, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(evaluate_pass(other, 1, LIMITS, taken=False).ratio, state, rtol=1e-4, atol=1e-5)
    older = tokens.drop_columns(["ratio_update"])  # of a trace without it
    torch.testing.assert_close(evaluate_pass(older, 1, LIMITS).ratio, state, rtol=1e-4, atol=1e-5)
    last = max(tokens["pass"].to_pylist())
    assert evaluate_pass(tokens, last, LIMITS).ratio.isfinite().all()
    advantage = torch.tensor(rows["advantage"].to_numpy(), dtype=torch.float32)
    assert torch.equal(evaluate_pass(tokens.take(list(range(tokens.num_rows))[::-1]), 1, LIMITS).advantage, advantage)


def test_the_curve_goes_from_0_as_far_as_asked_through_every_corner():
    ratio, height = curve(-1, Limits(0.25, 0.5, 1.75), 2.0, points=5)
    assert ratio == [0.0, 0.5, 0.75, 1.0, 1.5, 1.5, 1.75, 2.0]
    assert height == pytest.approx([-max(0.75, x) if x < 1.75 else -1.75 for x in ratio])
    assert len(curve(1, LIMITS, 2.0)[0]) == 121 + 2
