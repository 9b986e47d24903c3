"""Before and after training: shares, intervals, pass@k and the two-part split, against closed forms and brute force."""

import itertools
import json
import math
import warnings

import numpy as np
import pytest
import torch

from core.algorithms.intervals import wilson
from core.errors import RequestError
from core.insight.before_after import AnswerRates, Estimate, before_after, between, clustered, from_counts, side, split
from core.insight.pass_at_k import chance, pass_at_k

RIGHT, WRONG, NONE, CUT = "right", "wrong", "none", "cut"


def answer(kind: str, length: int = 3) -> list:
    text = {RIGHT: "it is 7", WRONG: "it is 8", NONE: "hm", CUT: "it is 7 and"}[kind]
    return [text, {RIGHT: "7", WRONG: "8", NONE: None, CUT: "7"}[kind], kind == RIGHT, length, kind != CUT]


def event(greedy: list[str], sampled: list[list[str]] | None = None, when: str = "before") -> dict:
    rows = [[answer(x) for x in row] for row in sampled or []]
    return {
        "when": when,
        "samples": len(rows[0]) if rows else 0,
        "questions": [f"q{i}" for i in range(len(greedy))],
        "truths": ["7"] * len(greedy),
        "greedy": [answer(x) for x in greedy],
        "sampled": rows,
    }


def test_a_side_counts_format_arithmetic_and_cuts():
    counted = side(json.loads(json.dumps(event([RIGHT, RIGHT, WRONG, NONE, CUT], [[RIGHT, WRONG]] * 4 + [[CUT, CUT]]))))
    greedy = counted.greedy
    assert (greedy.success.value, greedy.readable, greedy.truncated, greedy.length) == (0.4, 0.6, 0.2, 3)
    assert greedy.right_among_readable == pytest.approx(2 / 3)
    assert counted.sampled is not None
    assert (counted.sampled.answers, counted.sampled.success.value, counted.sampled.readable) == (10, 0.4, 0.8)
    assert counted.sampled.right_among_readable == 0.5
    assert not counted.greedy_answers[4].readable  # it never said that it was done
    assert greedy.cut_right == 1  # though what it said so far is the truth
    assert counted.sampled.cut_right == 2


def test_the_greedy_share_has_wilsons_interval():
    estimate = side(event([RIGHT] * 9 + [WRONG] * 7)).greedy.success
    low, high = wilson(torch.tensor(9 / 16, dtype=torch.float64), 16)
    assert (estimate.low, estimate.high) == (pytest.approx(float(low)), pytest.approx(float(high)))


def test_nothing_readable_leaves_the_arithmetic_unknown():
    counted = side(event([NONE, CUT]))
    assert counted.greedy.right_among_readable is None
    assert counted.sampled is None
    assert counted.pass_at == ()


def test_one_answer_to_each_question_is_as_good_as_independent_and_copies_add_nothing():
    once = clustered(torch.tensor([1.0] * 5 + [0.0] * 11), 1)
    copied = clustered(torch.tensor([1.0] * 5 + [0.0] * 11), 64)
    low, high = wilson(torch.tensor(5 / 16, dtype=torch.float64), 16)
    assert once == copied == (5 / 16, pytest.approx(float(low)), pytest.approx(float(high)))


def test_questions_that_are_all_alike_make_every_answer_count():
    low, high = wilson(torch.tensor(0.5, dtype=torch.float64), 64)
    assert clustered(torch.full((16,), 0.5), 4) == (0.5, pytest.approx(float(low)), pytest.approx(float(high)))
    # All right: nothing shows that one question's answers can differ.
    low, _ = wilson(torch.tensor(1.0, dtype=torch.float64), 16)
    assert clustered(torch.ones(16), 4) == (1, pytest.approx(float(low)), 1)


def draws(rng: np.random.Generator, runs: int, questions: int, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of right answers before and after [runs, questions], of questions as different as real ones."""
    before = rng.beta(0.4, 0.8, (runs, questions))
    after = before + (1 - before) * 0.3
    return rng.binomial(each, before) / each, rng.binomial(each, after) / each


def test_the_clustered_interval_holds_the_truth_where_the_naive_one_is_too_narrow():
    before, _ = draws(np.random.default_rng(1), 600, 40, 8)
    naive = held = 0
    for shares in torch.from_numpy(before):
        _, low, high = clustered(shares, 8)
        held += low <= 1 / 3 <= high
        low_naive, high_naive = wilson(shares.mean(), 40 * 8)
        naive += bool(low_naive <= 1 / 3 <= high_naive)
    # 95 % of 600, within four standard errors of such a count.
    assert held / 600 == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 600))
    assert naive / 600 < 0.8


def test_the_paired_interval_holds_the_true_change_and_is_narrower_than_the_unpaired():
    before, after = draws(np.random.default_rng(2), 150, 40, 4)
    truth, held, narrower = 0.2, 0, 0
    for a, b in zip(before, after, strict=True):
        events = [
            event([WRONG] * 40, [[RIGHT] * round(4 * x) + [WRONG] * (4 - round(4 * x)) for x in row]) for row in (a, b)
        ]
        comparison = before_after(*events)
        change = comparison.sampled_change
        assert change is not None
        assert change.value == pytest.approx(b.mean() - a.mean())
        held += change.low <= truth <= change.high
        one, two = comparison.before.sampled, comparison.after.sampled
        assert one is not None
        assert two is not None
        unpaired = math.hypot(two.success.value - two.success.low, one.success.high - one.success.value)
        narrower += change.value - change.low < unpaired
    assert held / 150 > 0.95 - 4 * math.sqrt(0.95 * 0.05 / 150)
    assert narrower > 145


def test_answers_that_do_not_change_have_no_change():
    comparison = before_after(event([RIGHT] * 5 + [WRONG] * 5), event([RIGHT] * 5 + [WRONG] * 5, when="after"))
    assert comparison.greedy_change.value == 0
    assert comparison.greedy_change.low <= 0 <= comparison.greedy_change.high
    assert comparison.greedy_change.high - comparison.greedy_change.low < 0.4


@pytest.mark.parametrize("samples", [1, 2, 5, 7])
def test_pass_at_k_is_the_share_of_all_draws_with_a_right_answer(samples):
    for right, k in itertools.product(range(samples + 1), range(1, samples + 1)):
        answers = [i < right for i in range(samples)]
        every = [any(x) for x in itertools.combinations(answers, k)]
        assert chance(samples, right, k) == pytest.approx(sum(every) / len(every))


@pytest.mark.parametrize("p", [0.0, 0.05, 0.3, 0.9, 1.0])
def test_pass_at_k_is_unbiased(p):
    samples = 6
    for k in range(1, samples + 1):
        expected = sum(
            math.comb(samples, c) * p**c * (1 - p) ** (samples - c) * chance(samples, c, k) for c in range(samples + 1)
        )
        assert expected == pytest.approx(1 - (1 - p) ** k)


def test_pass_at_k_rises_holds_its_value_and_is_the_same_every_time():
    right = [0, 0, 1, 2, 4, 4, 3, 0, 1, 0] * 3
    estimates = pass_at_k(right, 4)
    assert estimates == pass_at_k(right, 4)
    values = [x[0] for x in estimates]
    assert values == sorted(values)
    assert values[0] == pytest.approx(sum(right) / 120)
    assert values[-1] == pytest.approx(0.6)
    assert all(low < value < high for value, low, high in estimates)
    # The bootstrap's width is that of a mean of as many questions.
    each = np.array([chance(4, c, 2) for c in right])
    assert estimates[1][2] - estimates[1][1] == pytest.approx(2 * 1.96 * each.std() / math.sqrt(30), rel=0.1)


def test_where_all_questions_agree_the_interval_still_has_a_width():
    for count, value in ((0, 0.0), (4, 1.0)):
        for got, low, high in pass_at_k([count] * 16, 4):
            assert got == value
            assert high - low == pytest.approx(1.96**2 / (16 + 1.96**2), rel=0.01)
    with pytest.raises(ValueError, match="needs at least 5 answers a question, but there are 4"):
        chance(4, 1, 5)


def test_pass_at_1_is_the_sampled_success():
    counted = side(event([RIGHT] * 8, [[RIGHT, WRONG, WRONG, NONE]] * 6 + [[RIGHT] * 4] * 2))
    assert counted.sampled is not None
    assert counted.pass_at[0] == counted.sampled.success
    assert len(counted.pass_at) == 4
    assert counted.pass_at[3].value == 1


def measured(readable: float, right: float | None) -> AnswerRates:
    success = readable * (right or 0)
    return AnswerRates(100, Estimate(success, 0, 1), readable, right, 0, 3, 0)


def test_the_split_adds_up_and_is_the_mean_of_both_orders():
    for f0, a0, f1, a1 in itertools.product((0.0, 0.1, 0.5, 1.0), repeat=4):
        parts = split(measured(f0, a0), measured(f1, a1))
        assert parts.total == pytest.approx(f1 * a1 - f0 * a0)
        assert parts.format + parts.arithmetic == pytest.approx(parts.total)
        format_first = (f1 * a0 - f0 * a0, f1 * a1 - f1 * a0)
        arithmetic_first = (f1 * a1 - f0 * a1, f0 * a1 - f0 * a0)
        assert parts.format == pytest.approx((format_first[0] + arithmetic_first[0]) / 2)
        assert parts.arithmetic == pytest.approx((format_first[1] + arithmetic_first[1]) / 2)


def test_a_change_of_one_factor_is_all_its_own():
    assert split(measured(0.5, 0.6), measured(1.0, 0.6)).arithmetic == 0
    assert split(measured(0.5, 0.6), measured(0.5, 0.9)).format == 0


def test_arithmetic_that_was_never_seen_has_not_changed():
    learned = split(measured(0, None), measured(0.8, 0.5))
    assert (learned.total, learned.format, learned.arithmetic) == (pytest.approx(0.4), pytest.approx(0.4), 0)
    lost = split(measured(0.8, 0.5), measured(0, None))
    assert (lost.total, lost.format, lost.arithmetic) == (pytest.approx(-0.4), pytest.approx(-0.4), 0)
    never = split(measured(0, None), measured(0, None))
    assert (never.total, never.format, never.arithmetic) == (0, 0, 0)


def test_pairs_say_question_by_question_what_changed():
    before = event([RIGHT, RIGHT, WRONG, NONE], [[RIGHT, WRONG]] * 4)
    after = event([RIGHT, CUT, RIGHT, WRONG], [[RIGHT, RIGHT]] * 4, "after")
    comparison = before_after(before, after)
    assert [x.change for x in comparison.pairs] == ["both right", "broken", "fixed", "both wrong"]
    assert [comparison.count(x) for x in ("fixed", "broken", "both right", "both wrong")] == [1, 1, 1, 1]
    assert comparison.pairs[2].question == "q2"
    assert comparison.pairs[2].after.text == "it is 7"
    assert (comparison.pairs[2].before.text, comparison.pairs[2].truth) == ("it is 8", "7")
    assert comparison.pairs[0].sampled_right == (1, 2)
    assert comparison.greedy_change.value == 0
    assert comparison.greedy_split.total == pytest.approx(0)
    assert comparison.sampled_split is not None
    assert comparison.sampled_split.total == comparison.sampled_split.arithmetic == pytest.approx(0.5)


def test_greedy_answers_alone_can_be_compared_too():
    comparison = before_after(event([WRONG] * 9), event([RIGHT] * 9, when="after"))
    assert comparison.sampled_change is None
    assert comparison.sampled_split is None
    assert comparison.pairs[0].sampled_right == (0, 0)
    assert comparison.greedy_change.low > 0


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ({"questions": ["q0"]}, "incomplete"),
        ({"truths": []}, "incomplete"),
        ({"sampled": [[answer(RIGHT)]]}, "incomplete"),
        ({"sampled": [[answer(RIGHT)], []]}, "incomplete"),
        ({"questions": [], "truths": [], "greedy": [], "sampled": []}, "incomplete"),
        ({"greedy": [["x"], ["y"]]}, "cannot be read"),
        ({"greedy": None}, "cannot be read"),
        ({"questions": 7}, "cannot be read"),
    ],
)
def test_a_damaged_event_is_answered_with_a_sentence(damage, sentence):
    with pytest.raises(ValueError, match=f"the evaluation of the held-out questions.* {sentence}"):
        side(event([RIGHT, WRONG]) | damage)
    with pytest.raises(ValueError, match="cannot be read"):
        side({})


def test_other_questions_cannot_be_compared():
    other = event([RIGHT, WRONG]) | {"questions": ["a", "b"]}
    with pytest.raises(ValueError, match="different questions were asked"):
        before_after(event([RIGHT, WRONG]), other)


def test_two_learners_are_compared_question_by_question():
    first, second = side(event([RIGHT] * 40 + [WRONG] * 24)), side(event([RIGHT] * 44 + [WRONG] * 20))
    difference = between(first, second, sampled=False)
    assert difference == from_counts(both=40, first=0, second=4, neither=20)
    # By hand: Newcombe's square-and-add of Wilson's bounds, less what the two share by their correlation.
    (p, low, high), (q, lower, higher) = (
        (x, *(float(b) for b in wilson(torch.tensor(x, dtype=torch.float64), 64))) for x in (40 / 64, 44 / 64)
    )
    phi = (40 * 20 - 0 * 4) / math.sqrt(40 * 24 * 44 * 20)
    assert difference.value == pytest.approx(q - p)
    below = math.sqrt((q - lower) ** 2 + (high - p) ** 2 - 2 * phi * (q - lower) * (high - p))
    above = math.sqrt((higher - q) ** 2 + (p - low) ** 2 - 2 * phi * (higher - q) * (p - low))
    assert (difference.low, difference.high) == (pytest.approx(q - p - below), pytest.approx(q - p + above))
    assert difference.low > 0
    assert low < q < high  # each share lies in the other's interval: that says nothing of the difference
    assert from_counts(30, 10, 14, 10).low < 0


def test_the_same_questions_have_to_be_asked():
    with pytest.raises(RequestError, match="different questions"):
        between(side(event([RIGHT] * 3)), side(event([RIGHT] * 4)), sampled=False)
    with pytest.raises(RequestError, match="nothing was sampled"):
        between(side(event([RIGHT] * 3)), side(event([RIGHT] * 3)), sampled=True)


def test_pairs_tell_what_overlapping_intervals_hide_and_rarely_more_than_is_there():
    """Policies of which one is better on every question: the paired interval sees it far more often than two shares'.

    Of policies that are equally good, about one in twenty is said to differ.
    """
    rng = np.random.default_rng(3)
    seen = {"paired": 0, "apart": 0, "alike": 0}
    for _ in range(200):
        base = rng.beta(0.4, 0.8, 64)
        better = base + (1 - base) * 0.12
        a, b, c = (rng.binomial(4, x) for x in (base, better, base))
        first, second, same = (
            side(event([WRONG] * 64, [[RIGHT] * int(n) + [WRONG] * (4 - int(n)) for n in x])) for x in (a, b, c)
        )
        difference, none = between(first, second, sampled=True), between(first, same, sampled=True)
        seen["paired"] += difference.low > 0
        seen["alike"] += none.low > 0 or none.high < 0
        seen["apart"] += second.sampled.success.low > first.sampled.success.high
    assert seen["paired"] > 120
    assert seen["apart"] < 20
    assert seen["alike"] < 20


def test_both_bounds_of_pass_at_k_leave_out_as_much():
    value, low, high = pass_at_k([0, 4] * 40, 4)[0]
    half = 1.96 * 0.5 / math.sqrt(80)
    assert (value - low, high - value) == (pytest.approx(half, rel=0.06), pytest.approx(half, rel=0.06))
    narrow = pass_at_k([0, 4] * 40, 4, level=0.5)[0]
    assert narrow[2] - narrow[1] == pytest.approx(2 * 0.6745 * 0.5 / math.sqrt(80), rel=0.15)


def newcombe(before: list[float], after: list[float], each: int) -> tuple[float, float, float]:
    """after - before and its interval, in numpy, from each question's share of `each` answers."""
    a, b = np.array(before), np.array(after)
    bounds = []
    for shares in (a, b):
        mean, spread, count = shares.mean(), shares.var(), float(len(shares))
        if 0 < mean < 1:
            count = count * each if spread == 0 else min(count * each, count * mean * (1 - mean) / spread)
        bounds.append([float(x) for x in wilson(torch.tensor(mean, dtype=torch.float64), count)])
    phi = 0.0 if 0 in (a.std(), b.std()) else float(np.corrcoef(a, b)[0, 1])
    (low, high), (lower, higher) = bounds
    below, above = (b.mean() - lower, high - a.mean()), (higher - b.mean(), a.mean() - low)
    ways = [math.sqrt(max(x * x + y * y - 2 * phi * x * y, 0)) for x, y in (below, above)]
    value = float(b.mean() - a.mean())
    return value, value - ways[0], value + ways[1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([0, 1, 2, 4, 0, 3], [1, 1, 4, 4, 0, 1]),
        ([0, 4], [1, 2]),  # two questions: they move together
        ([4, 0], [1, 2]),
        ([2, 2, 2], [1, 3, 4]),  # questions that were all alike: nothing is shared
        ([0, 0, 0], [4, 4, 4]),
        ([1], [3]),
    ],
)
def test_the_change_of_sampled_answers_is_newcombes_of_the_questions_shares(before, after) -> None:
    events = [event([WRONG] * len(x), [[RIGHT] * n + [WRONG] * (4 - n) for n in x]) for x in (before, after)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # torch warns of a spread of one number
        compared = before_after(*events)
    change = compared.sampled_change
    assert change is not None
    expected = newcombe([x / 4 for x in before], [x / 4 for x in after], 4)
    assert (change.value, change.low, change.high) == pytest.approx(expected, abs=1e-9)
    assert compared.greedy_change.value == 0
    assert (compared.before, compared.after) == (side(events[0]), side(events[1]))
    assert compared.sampled_change == between(compared.before, compared.after, sampled=True)


def test_from_counts_is_the_comparison_of_such_answers() -> None:
    both, first, second, neither = 3, 2, 6, 4
    before = [RIGHT] * both + [RIGHT] * first + [WRONG] * second + [WRONG] * neither
    after = [RIGHT] * both + [WRONG] * first + [RIGHT] * second + [WRONG] * neither
    counted = from_counts(both, first, second, neither)
    assert counted == between(side(event(before)), side(event(after)), sampled=False)
    rights = [[float(x == RIGHT) for x in row] for row in (before, after)]
    assert (counted.value, counted.low, counted.high) == pytest.approx(newcombe(*rights, each=1), abs=1e-9)


def test_all_wrong_counts_each_question_once() -> None:
    """Nothing shows that one question's answers can differ, here as little as where all are right."""
    _, high = wilson(torch.tensor(0.0, dtype=torch.float64), 16)
    assert clustered(torch.zeros(16), 4) == (0, 0, pytest.approx(float(high)))


def test_greedy_answers_alone_have_no_samples() -> None:
    counted = side(event([RIGHT, WRONG]))
    assert (counted.samples, counted.sampled_answers) == (0, ())
    with pytest.raises(RequestError, match="nothing was sampled"):
        between(side(event([RIGHT, WRONG], [[RIGHT], [WRONG]])), counted, sampled=True)
    with pytest.raises(RequestError, match="nothing was sampled"):
        between(counted, side(event([RIGHT, WRONG], [[RIGHT], [WRONG]])), sampled=True)
