"""The recorded sweeps over data, payments, learners and turns, worked out once more from their files by other means.

What a lesson calls told by the seeds is told by a paired t interval here, too, with the quantile of a printed table;
and each piece of advice or claim that stands in fixed text has a measured difference on its side.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.insight import curation_study, gaming_study, online_or_offline, task_outcomes, turns_study, unit_test_study
from core.insight.seed_results import LONG_SUMS
from lessons.data_that_teaches import results as data
from lessons.i18n import use_language
from lessons.online_or_offline import results as online
from lessons.verifiable_rewards import gaming, outcomes, turns_measured
from lessons.verifiable_rewards import results as paid

Row = dict[str, Any]
T4 = 2.776445


def rows(path: Any, **known: object) -> dict[int, Row]:
    """A file's rows with these values, by seed: five of them."""
    own = [x for x in json.loads(path.read_text(encoding="utf-8"))["rows"] if known.items() <= x.items()]
    assert sorted(x["seed"] for x in own) == list(range(5)), known
    return {x["seed"]: x for x in own}


def gap(first: dict[int, Row], second: dict[int, Row], value: Callable[[Row], float]) -> tuple[float, float, float]:
    each = np.array([value(first[i]) - value(second[i]) for i in range(5)])
    half = T4 * each.std(ddof=1) / 5**0.5
    return each.mean(), each.mean() - half, each.mean() + half


def same(known: Any, wanted: tuple[float, float, float]) -> tuple[float, float, float]:
    assert (known.mean, known.low, known.high) == pytest.approx(wanted, abs=1e-6)
    return wanted


# -- data that teach ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", data.TOPICS)
def test_each_topics_differences_are_those_of_its_rows(key: str) -> None:
    topic = data.TOPICS[key]
    file = unit_test_study.RECORDED if key in data.OF_TESTS else curation_study.RECORDED
    base = rows(file, condition=topic.base)
    for name in topic.conditions:
        own = rows(file, condition=name)
        same(data.gap(name, topic.base), gap(own, base, lambda x: x["heldout"]))
        assert data.mean(name, data.heldout) == pytest.approx(np.mean([x["heldout"] for x in own.values()]))


def test_each_piece_of_advice_has_a_measured_difference_on_its_side() -> None:
    """The check-list's first number of each line, and the sentences of the lesson's summary and teacher's notes."""
    sums, tests = curation_study.RECORDED, unit_test_study.RECORDED

    def is_worse(file: Any, worse: str, better: str) -> bool:
        return gap(*(rows(file, condition=x) for x in (worse, better)), lambda x: x["heldout"])[2] < 0

    assert is_worse(sums, "distinct-4", "clean")
    assert is_worse(sums, "distinct-64", "clean")
    assert is_worse(sums, "easy", "as-many-as-easy")  # the difficulty alone: as many questions at random teach more
    assert not is_worse(sums, "hard", "as-many-as-hard")
    assert is_worse(sums, "repeated-90", "clean")
    assert is_worse(sums, "wrong-40", "clean")
    assert not is_worse(sums, "wrong-10", "clean")  # “A few wrong truths ruin everything”: look at 10 %, then at 40 %
    assert is_worse(tests, "tests-1", "all-tests")
    assert is_worse(tests, "wrong-tests-40", "all-tests")
    leaked = rows(sums, condition="leaked")
    over = np.array([x["heldout"] - x["unseen"] for x in leaked.values()])
    assert over.min() > 0.4
    assert all(x["wrongly_paid"] > 0.3 for x in rows(tests, condition="tests-1").values())


def test_never_asked_are_as_many_questions_as_the_shares_are_of() -> None:
    """With four responses to each question a share is a whole number of fourths of so many, up to its rounding."""
    fewest = 256
    for condition in {*curation_study.CONDITIONS, *data.AS_MANY}:
        for row in rows(curation_study.RECORDED, condition=condition).values():
            count = curation_study.unseen_count(row["asked"])
            right = row["unseen"] * 4 * count
            assert abs(right - round(right)) < 6e-6 * 4 * count, (condition, row["seed"])
            fewest = min(fewest, count)
    assert fewest < 100
    with use_language("en"):
        assert data.never_asked(data.TOPICS["leaked"]) == "256"
        assert data.never_asked(data.TOPICS["wrong"]).endswith(" to 96")


# -- payments, tasks, turns --------------------------------------------------------------------------------------------


def test_hidden_tests_fall_while_the_visible_ones_that_pay_rise() -> None:
    """What the teacher's notes ask about, and each difference that the section says."""
    own = {x: rows(gaming_study.RECORDED, condition=x) for x in gaming_study.CONDITIONS}

    def end(name: str) -> Callable[[Row], float]:
        return lambda x: x[f"heldout_{name}"][-1]

    for rule in ("visible", "visible-share"):
        for name, sign in (("visible", 1), ("hidden", -1)):
            ends = np.array([x[f"heldout_{name}"][-1] - x[f"heldout_{name}"][0] for x in own[rule].values()])
            assert (np.sign(ends) == sign).all()
    change = gap(own["visible"], {i: {"x": x["heldout_hidden"][0]} for i, x in own["visible"].items()}, _hidden_or_x)
    same(paid.change("visible", gaming._hidden), change)
    for first, name in (("visible", "visible"), ("visible", "hidden"), ("all-share", "hidden")):
        same(paid.difference(first, "all", paid.NUMBERS[name]), gap(own[first], own["all"], end(name)))
    right = gap(own["all-share"], own["all"], end("success"))
    same(paid.difference("all-share", "all", paid.NUMBERS["right"]), right)


def _hidden_or_x(row: Row) -> float:
    return float(row["x"]) if "x" in row else float(row["heldout_hidden"][-1])


def test_what_each_task_comes_to_is_what_its_rows_say_and_the_placebo_raises_none() -> None:
    for task in outcomes.tasks():
        for learner in outcomes.learners():
            own = rows(task_outcomes.RECORDED, task=task, learner=learner)
            start = {i: {"heldout": x["start"]} for i, x in own.items()}
            known = same(outcomes.risen(task, learner), gap(own, start, lambda x: x["heldout"]))
            assert known[2] < 0 if learner == task_outcomes.PLACEBO else known[1] > 0


def test_two_turns_are_compared_with_one_by_responses_and_by_tokens() -> None:
    for learner in turns_study.LEARNERS:
        once, twice = (rows(turns_study.RECORDED, learner=learner, turns=x) for x in (1, 2))
        for name, value in (("first", turns_measured.first), ("last", turns_measured.last)):
            same(turns_measured.by_responses(learner, value), gap(twice, once, lambda x, of=name: x[of][-1]))
        for i in range(5):
            most = min(once[i]["tokens"][-1], twice[i]["tokens"][-1])
            for row in (once[i], twice[i]):
                row["at"] = row["last"][sum(x <= most for x in row["tokens"]) - 1]
        same(turns_measured.by_tokens(learner, turns_measured.last), gap(twice, once, lambda x: x["at"]))


# -- online and offline ------------------------------------------------------------------------------------------------


def test_online_learners_end_above_offline_ones_on_as_many_scored_responses() -> None:
    own = {x: rows(online_or_offline.RECORDED, learner=x) for x in online.LEARNERS}
    assert {row["scored"] for x in own.values() for row in x.values()} == {online.budget()}
    for first in online.LEARNERS:
        for second in online.LEARNERS:
            same(
                online.gap(first, second), gap(own[first], own[second], lambda x: x["final"])
            ) if first != second else 0
    assert gap(own["grpo"], own[online.best(online.offline())], lambda x: x["final"])[1] > 0
    for x in own.values():  # every policy leaves the start's responses behind, for ones that it finds likelier
        ends = [row["points"][-1] for row in x.values()]
        assert all(y["data_logprob"] < y["fresh_logprob"] for y in ends)


# -- six-term sums -----------------------------------------------------------------------------------------------------


def test_learners_of_long_sums_begin_with_about_a_third_right() -> None:
    """As the lesson on the critic says; of the first step's own responses, before any update."""
    first = [x["success"][0] for x in json.loads(LONG_SUMS.read_text(encoding="utf-8"))["rows"]]
    assert np.mean(first) == pytest.approx(1 / 3, abs=0.05)
