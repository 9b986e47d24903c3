"""What is paid for unit tests: each rule against what it says in words."""

from __future__ import annotations

import pytest

from core.rewards.unit_tests import Payment, ProgramResult, UnitResult, UnitTest

TESTS = tuple(UnitTest((x,), x, hidden=x >= 4) for x in range(10))


def came(passed: set[int], tests: tuple[UnitTest, ...] = TESTS) -> ProgramResult:
    right, wrong = UnitResult("right", None, None), UnitResult("wrong", None, None)
    return ProgramResult(tests, tuple(right if x.arguments[0] in passed else wrong for x in tests), 0.0)


@pytest.mark.parametrize(
    ("payment", "visible_and_one", "all_but_one_visible", "every"),
    [
        (Payment("all"), 0, 0, 1),
        (Payment("visible"), 1, 0, 1),
        (Payment("all", by_share=True), 0.5, 0.9, 1),
        (Payment("visible", by_share=True), 1, 0.75, 1),
    ],
)
def test_each_rule_pays_what_it_says_and_only_all_tests_are_a_success(
    payment: Payment, visible_and_one: float, all_but_one_visible: float, every: float
) -> None:
    verdicts = [payment.verdict(came(x), "x") for x in ({0, 1, 2, 3, 9}, set(range(1, 10)), set(range(10)))]
    assert [x.reward for x in verdicts] == [visible_and_one, all_but_one_visible, every]
    assert [x.success for x in verdicts] == [False, False, True]
    assert [dict(x.parts) for x in verdicts] == [
        {"visible_tests": 1, "hidden_tests": 1 / 6},
        {"visible_tests": 0.75, "hidden_tests": 1},
        {"visible_tests": 1, "hidden_tests": 1},
    ]


def test_what_is_no_answer_is_paid_nothing_and_has_the_parts_that_there_are() -> None:
    verdict = Payment("visible", by_share=True).nothing(TESTS, None)
    assert (verdict.reward, verdict.success, verdict.answer) == (0, False, None)
    assert dict(verdict.parts) == {"visible_tests": 0, "hidden_tests": 0}
    assert dict(Payment().nothing(TESTS[:4], "x").parts) == {"visible_tests": 0}


def test_some_tests_may_decide_alone() -> None:
    assert Payment().among(came({0, 5}), {(0,), (5,)}) == 1
    assert Payment().among(came({0, 5}), {(0,), (6,)}) == 0
    assert Payment("all", by_share=True).among(came({0, 5}), {(0,), (6,)}) == 0.5
