"""The numpy evaluator against plain Python loops on random steps, and against answers that are known in advance."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from core.terms import Data, Names, Region, Term, TermError, Terms, Value, clip_sides, evaluate, evaluate_tree
from tests.terms import random_terms
from tests.terms.plain import Plain, same, to_json

NAMES = Names(
    ("gamma", "lam", "eps", "dual", "kind"), ("group", "reward"), ("value", "delta", "ratio", "advantage", "x")
)
#: Two responses of three and two tokens and one of one, in two groups. In the first, the middle token is a hole.
STEP: dict[str, Any] = {
    "settings": {"gamma": 0.5, "eps": 0.2, "dual": None, "kind": "clip"},
    "step": {},
    "whole": True,
    "lengths": [3, 2, 1],
    "responses": {"group": [7, 7, 3], "reward": [1, 0, 4]},
    "tokens": {"x": [[1, None, 3], [4, 5], [6]]},
    "holes": [[0, 1, 0], [0, 0], [0]],
}


def values(*expressions: str, recompute: bool = False, **changes: Any) -> list[Any]:
    """The expressions' values on STEP with changes; a name and its expression may be written "name: expression"."""
    given = [x.split(": ") if ": " in x else [f"e{i}", x] for i, x in enumerate(expressions)]
    data = Data.from_json({**STEP, **changes})
    evaluated = evaluate(Terms([Term(*x) for x in given], NAMES), data, recompute=recompute)
    return [to_json(evaluated[name], data.mask) for name, _ in given]


def value(expression: str, **changes: Any) -> Any:
    return values(expression, **changes)[0]


def per_token(made: Value, data: Data) -> list[Any]:
    return [made.at(b, t) for b, t in zip(*np.nonzero(data.written), strict=True)]


@pytest.mark.parametrize("seed", range(300))
def test_every_number_is_what_plain_loops_give(seed: int) -> None:
    rng = random.Random(seed)
    terms, given = random_terms.terms(rng), random_terms.step(rng)
    data, recompute = Data.from_json(given), seed % 2 == 1
    evaluated = evaluate(terms, data, recompute=recompute)
    listed = {name: to_json(x, data.mask) for name, x in evaluated.items()}
    for term in terms.terms:
        level, plain = terms.levels[term.name], Plain(given, listed)
        recorded = [x for row in given["tokens"].get(term.name, []) for x in row]
        if not recompute and any(x is not None for x in per_token(_column(data, term.name), data)):
            assert recorded
            wanted = per_token(_column(data, term.name), data)
        elif level == 0 and not given["whole"] and given["step"].get(term.name) is not None:
            wanted = [given["step"][term.name]]
        elif any(given["settings"][x] is None for x in term.given):
            wanted = [None] * len(_places(level, data))
        else:
            wanted = [plain.number(terms.trees[term.name], b, t) for b, t in _places(level, data)]
        got = [evaluated[term.name].at(b, t) for b, t in _places(level, data)]
        assert same(got, wanted), (term, got, wanted, given)
        assert evaluated[term.name].level == level


def _column(data: Data, name: str) -> Value:
    numbers = data.tokens.get(name, np.full(data.mask.shape, np.nan))
    return Value(2, numbers, np.isnan(numbers))


def _places(level: int, data: Data) -> list[tuple[int, int]]:
    """(response, token) for every number of a level."""
    if level == 0:
        return [(0, 0)]
    if level == 1:
        return [(b, -1) for b in range(len(data.mask))]
    return [(int(b), int(t)) for b, t in zip(*np.nonzero(data.written), strict=True)]


def test_random_terms_are_seldom_missing_altogether() -> None:
    """Else the comparison above would compare nothing with nothing."""
    known = []
    for seed in range(300):
        rng = random.Random(seed)
        terms, data = random_terms.terms(rng), Data.from_json(random_terms.step(rng))
        known += [bool((~x.null).any()) for x in evaluate(terms, data, recompute=True).values()]
    assert np.mean(known) > 0.5


def test_names_without_a_record() -> None:
    assert values("last", "position", "length", "group_size", "batch_size") == [
        [[0, None, 1], [0, 1], [1]],
        [[0, None, 2], [0, 1], [0]],
        [2, 2, 1],
        [2, 2, 1],
        3,
    ]


def test_following_and_scan_skip_what_the_policy_did_not_write() -> None:
    assert value("following(x, -1)") == [[3, None, -1], [5, -1], [-1]]
    assert value("following(x, 10 * x)") == [[3, None, 30], [5, 50], [60]]
    assert value("scan(x, gamma)") == [[2.5, None, 3], [6.5, 5], [6]]
    assert value("scan(1, 1)") == [[2, None, 1], [2, 1], [1]]


def test_reductions_leave_out_holes() -> None:
    assert values("sum_response(x)", "mean_response(x)", "mean_batch(x)", "max_batch(x)", "min_batch(x)") == [
        [4, 9, 6],
        [2, 4.5, 6],
        19 / 5,
        6,
        1,
    ]
    assert values("mean_batch(reward)", "mean_batch(per_token(reward))") == [5 / 3, (2 * 1 + 2 * 0 + 1 * 4) / 5]
    assert value("std_batch(x, 1)") == pytest.approx(np.std([1, 3, 4, 5, 6], ddof=1))
    assert value("std_batch(reward, 0)") == pytest.approx(np.std([1, 0, 4]))


def test_group_reductions() -> None:
    assert values("sum_group(reward)", "mean_group(reward)", "min_group(reward)", "max_group(reward)") == [
        [1, 1, 4],
        [0.5, 0.5, 4],
        [0, 0, 4],
        [1, 1, 4],
    ]
    assert value("std_group(reward, 1)") == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 0])
    assert value("std_group(reward, 2)") == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 0]), "divides by 1 at least"


def test_gae_with_gamma_and_lambda_1_is_reward_less_value() -> None:
    """The sum of all deltas telescopes."""
    rng = np.random.default_rng(0)
    mask = np.arange(7)[None, :] < np.array([7, 4, 1])[:, None]
    columns = {"value": rng.normal(size=mask.shape)}
    reward = rng.normal(size=3)
    data = Data({"gamma": 1, "lam": 1}, mask, {"reward": reward, "group": np.zeros(3)}, columns)
    delta = Term("delta", "(reward if last else 0) + gamma * following(value, 0) - value")
    made = evaluate(Terms([delta, Term("gae", "scan(delta, gamma * lam)")], NAMES), data)["gae"]
    np.testing.assert_allclose(made.numbers[mask], (reward[:, None] - columns["value"])[mask], atol=1e-12)
    assert made.null[~mask].all()


def test_whitened_numbers_have_mean_0_and_variance_1() -> None:
    rng = np.random.default_rng(1)
    mask = np.arange(5)[None, :] < rng.integers(1, 6, size=20)[:, None]
    data = Data({}, mask, tokens={"x": rng.normal(3, 2, size=mask.shape)})
    made = evaluate(Terms([Term("white", "(x - mean_batch(x)) / std_batch(x, 1)")], NAMES), data)["white"]
    assert made.numbers[mask].mean() == pytest.approx(0, abs=1e-12)
    assert made.numbers[mask].std(ddof=1) == pytest.approx(1)


def test_a_missing_number_makes_missing_what_uses_it() -> None:
    x = [[1, None, None], [4, 5], [6]]
    assert values("x + 1", "following(x, 0)", "scan(x, 0)", "sum_response(x)", "mean_batch(x)", tokens={"x": x}) == [
        [[2, None, None], [5, 6], [7]],
        [[None, None, 0], [5, 0], [0]],
        [[None, None, None], [4, 5], [6]],
        [None, 9, 6],
        None,
    ]
    rewards = {"group": [7, 7, 3], "reward": [1, None, 4]}
    assert values("mean_group(reward)", "std_batch(reward, 1)", responses=rewards) == [[None, None, 4], None]
    assert values("reward", "mean_group(reward)", responses={"reward": [1, 2, 3]}) == [[1, 2, 3], [None] * 3]
    assert values("value", "lam", "std_group(reward, lam)") == [[[None] * 3, [None] * 2, [None]], None, [None] * 3]


def test_conditions_need_only_what_decides_them() -> None:
    assert values("1 if gamma else lam", "lam if gamma else 1", "1 if lam else 2") == [1, None, None]
    assert values("lam and 0", "0 and lam", "lam or 1", "lam and 1", "lam or 0") == [0, 0, 1, None, None]
    assert values("not lam", "not 0", "3 and 2") == [None, 1, 1]
    assert values("x if last else 0") == [[[0, None, 3], [0, 5], [6]]]


def test_a_setting_that_is_text_can_be_compared_and_nothing_else() -> None:
    assert values("kind == 'clip'", "kind != 'clip'", "'x' == kind", "dual == 'clip'") == [1, 0, 0, None]
    assert value("gamma == 'clip'") == 0
    with pytest.raises(TermError, match="computes with the setting kind, but it is 'clip'"):
        value("kind + 1")


def test_a_computed_nan_or_infinity_is_a_number() -> None:
    assert values("1 / 0", "0 / 0", "log(0)", "sqrt(-1)", "0 / 0 == 0 / 0", "(0 / 0) != 1") == [
        "inf",
        "nan",
        "-inf",
        "nan",
        0,
        1,
    ]
    assert value("min(x, 0 / 0)") == [["nan", None, "nan"], ["nan", "nan"], ["nan"]]
    assert value("x + 1", tokens={"x": [["nan", None, 3], ["inf", "-inf"], [None]]}) == [
        ["nan", None, 4],
        ["inf", "-inf"],
        [None],
    ]
    data = Data({}, np.ones((1, 2), dtype=bool), tokens={"x": np.array([[np.nan, np.inf]])})
    assert evaluate_tree(["token", "x"], data, {}).null.tolist() == [[True, False]], "in an array, NaN means missing"


def test_recorded_numbers_are_the_truth_unless_recomputed() -> None:
    recorded = {"x": STEP["tokens"]["x"], "ratio": [[9, None, None], [8, 7], [6]]}
    both = ("ratio: x * 2", "twice: ratio * 2")
    assert values(*both, tokens=recorded) == [
        [[9, None, None], [8, 7], [6]],
        [[18, None, None], [16, 14], [12]],
    ]
    assert values(*both, tokens=recorded, recompute=True)[0] == [[2, None, 6], [8, 10], [12]]
    nothing = {"x": STEP["tokens"]["x"], "ratio": [[None, 5, None], [None, None], [None]]}
    assert values(*both, tokens=nothing)[0] == [[2, None, 6], [8, 10], [12]], "what stands at a hole is no record"


def test_a_response_term_with_a_token_column_has_a_number_per_token() -> None:
    assert value("advantage: reward * 2") == [[2, None, 2], [0, 0], [8]]


@pytest.mark.parametrize("recompute", [False, True])
def test_what_needs_the_whole_step_comes_from_the_record_where_the_rest_is_not_here(recompute: bool) -> None:
    terms = ("mean: mean_batch(x)", "std: std_batch(x, 1)", "less: x - mean", "n: batch_size")
    step = {"mean": 2.0, "std": None, "less": 5.0, "n": 99.0}
    assert values(*terms, whole=False, step=step, recompute=recompute) == [
        2,
        None,
        [[-1, None, 1], [2, 3], [4]],
        99,
    ]
    assert values(*terms, step=step, recompute=recompute)[0] == 19 / 5
    assert values("mean_batch(x)", "batch_size", "mean_group(reward)", whole=False) == [None, None, [0.5, 0.5, 4]]


def test_a_term_whose_form_is_unknown_has_only_recorded_numbers() -> None:
    terms = Terms([Term("ratio", "x", given=("lam",)), Term("known", "x", given=("gamma",))], NAMES)
    data = Data.from_json(STEP)
    evaluated = evaluate(terms, data)
    assert evaluated["ratio"].null.all()
    assert evaluated["known"].at(1, 1) == 5
    recorded = Data.from_json({**STEP, "tokens": {**STEP["tokens"], "ratio": [[9, 0, 9], [9, 9], [9]]}})
    assert evaluate(terms, recorded)["ratio"].at(0, 0) == 9
    assert evaluate(terms, recorded, recompute=True)["ratio"].null.all()


def test_a_shape_that_does_not_fit_is_refused() -> None:
    mask = np.ones((2, 3), dtype=bool)
    with pytest.raises(ValueError, match="x must have the shape"):
        Data({}, mask, tokens={"x": np.zeros((2, 2))})
    with pytest.raises(ValueError, match=r"x must have \[3, 2, 1\] numbers"):
        Data.from_json({**STEP, "tokens": {"x": [[1, 2], [3], [4]]}})


def by_definition(ratio: float, advantage: float, dual: float | None) -> int:
    if advantage > 0:
        return int(ratio > 1.2)
    if advantage < 0 and ratio < 0.8:
        return -1
    return int(advantage < 0 and dual is not None and ratio > dual)


@pytest.mark.parametrize("dual", [None, 3.0])
def test_regions_say_what_is_clipped(dual: float | None) -> None:
    ratios, advantages = (0.5, 0.8, 1.0, 1.2, 2.0, 5.0, np.nan), (-1.0, 0.0, 2.0)
    ratio, advantage = np.meshgrid(ratios, advantages)
    regions = [
        Region(1, "1 + eps", None, "positive", True, ""),
        Region(-1, None, "1 - eps", "negative", True, ""),
        *([Region(1, "dual", None, "negative", True, "")] if dual else []),
    ]
    terms = Terms([], NAMES, regions)
    columns = {"ratio": ratio, "advantage": advantage}
    data = Data({"eps": 0.2, "dual": dual}, np.ones(ratio.shape, dtype=bool), tokens=columns)
    made = clip_sides(terms, data, {})
    for index in np.ndindex(*ratio.shape):
        known = not math.isnan(ratio[index])
        assert made.at(*index) == (by_definition(ratio[index], advantage[index], dual) if known else None)
    unknown = Data({"dual": dual}, data.mask, tokens=columns)
    assert clip_sides(terms, unknown, {}).null.all()


def test_a_bound_on_any_advantage_leaves_0_out() -> None:
    terms = Terms([], NAMES, [Region(1, "1 + eps", None, "any", False, "")])
    columns = {"ratio": np.full((1, 3), 2.0), "advantage": np.array([[-1.0, 0.0, 1.0]])}
    data = Data({"eps": 0.2}, np.ones((1, 3), dtype=bool), tokens=columns)
    assert clip_sides(terms, data, {}).numbers.tolist() == [[1, 0, 1]]
