"""Default examples show what is said of them: their selectors on made-up responses, and on the run of the app's own."""

from __future__ import annotations

import itertools

import pytest

from core.runs.store import RunStore
from core.tasks.registry import task_for
from lessons.home.example import example as home_example
from lessons.kit.history import RECORDED
from lessons.kit.lesson.frozen import Frozen, _frozen, _telling_step
from lessons.kit.lesson.replies import (
    SEEN,
    Group,
    Reply,
    alike,
    clearest,
    first_unshared,
    most_missed,
    shows,
    slip_of,
    slips,
    spans,
)
from lessons.same_answers.signs import CLEAR, against, opposed
from tests.lessons.real import commit, strips


def reply(text: str, success: bool, values: list[float] | None = None, sample: int = 0, cut: bool = False) -> Reply:
    columns = {"advantage": (0.0,) * len(text), **({} if values is None else {"value": tuple(values)})}
    return Reply(sample, 0, text, tuple(text), float(success), success, cut, (columns,))


def group(*replies: Reply) -> Group:
    return Group(0, "?", "12", replies)


def test_the_slip_is_the_first_token_up_to_which_no_right_response_agrees() -> None:
    assert first_unshared("1254", ["1234", "1199"]) == 2
    assert first_unshared("9", ["1234"]) == 0
    assert first_unshared("12", ["1234"]) is None
    assert first_unshared("12345", ["1234"]) == 4
    assert first_unshared("1254", []) is None
    # Each token may stand in some right response, but not all of them up to it in the same one.
    assert first_unshared("13", ["12", "33"]) == 1


def test_a_slip_is_seen_where_the_value_falls_most_and_missed_where_it_does_not() -> None:
    right = reply("1234", True, [0.5] * 4)
    cases = {
        "seen": [0.7, 0.7, 0.7, 0.2],
        "missed": [0.7, 0.7, 0.2, 0.9],
        "neither: less than elsewhere": [0.9, 0.2, 0.5, 0.3],
        "neither: a little": [0.7, 0.7, 0.7, 0.7 - SEEN / 2],
    }
    for name, values in cases.items():
        own = group(right, reply("1254", False, values))
        (slip,) = slips([own])
        assert (slip.at, slip.seen, slip.missed) == (2, name == "seen", name == "missed"), name
        assert slip.fall == pytest.approx(values[2] - values[3])


def test_where_a_slip_cannot_be_told_there_is_none() -> None:
    right = reply("1234", True, [0.5] * 4)
    assert slip_of(right, group(right)) is None
    alone = reply("1254", False, [0.5] * 4)
    assert slip_of(alone, group(alone)) is None
    for wrong in (
        reply("1254", False),  # no critic
        reply("1235", False, [0.5] * 4),  # no value after it
        reply("12", False, [0.5] * 2),  # as far as it goes, a right one agrees
        reply("1254", False, [0.5] * 4, cut=True),
    ):
        assert slip_of(wrong, group(right, wrong)) is None


def test_the_step_with_most_to_show_has_both_and_lies_furthest_apart() -> None:
    right = reply("1234", True, [0.5] * 4)
    seen, more = reply("1254", False, [0.7, 0.7, 0.7, 0.2]), reply("1254", False, [0.7, 0.7, 0.9, 0.2])
    missed = reply("1254", False, [0.7, 0.7, 0.2, 0.3])
    both, only, worst = slips([group(right, seen, missed)]), slips([group(right, more)]), slips([group(right, missed)])
    assert shows(both) > shows(only) > shows(worst) >= shows([])
    assert clearest(slips([group(right, seen, more)])).reply is more
    assert most_missed(both).reply is missed
    assert clearest(worst) is None
    assert most_missed(only) is None


# -- the run that comes with the app ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def default(shipped: RunStore) -> Frozen:
    """What pages with a critic show where the link names nothing."""
    run = shipped.get(RECORDED)
    ppo = next(x for x in run.learners if x.algorithm == "ppo")
    step = _telling_step(run.id, ppo.name, ppo.step, ppo.updated, shipped)
    return _frozen(run.id, ppo.name, step, ppo.updated, shipped)


def test_in_the_default_response_the_value_falls_at_the_wrong_digit(default: Frozen) -> None:
    example = default.telling.telling
    slip = slip_of(example, default.telling)
    assert slip is not None
    assert not example.success
    values = example.column("value")
    falls = [a - b for a, b in itertools.pairwise(values)]
    assert falls.index(max(falls)) == slip.at
    assert falls[slip.at] > 0.5
    # The first token that no right response shares is the first that differs from the sum as it should be worked out.
    right = [*task_for(default.run.config.task).solution(default.telling.prompt), "<eos>"]
    assert example.tokens[: slip.at] == tuple(right[: slip.at])
    assert example.tokens[slip.at] != right[slip.at]
    assert example.tokens[slip.at].isdecimal()


def test_of_its_credit_there_most_is_the_critics(default: Frozen) -> None:
    example, at = default.telling.telling, slip_of(default.telling.telling, default.telling).at
    penalty = example.column("token_reward")[at]
    assert example.column("delta")[at] - penalty < -0.5
    assert abs(penalty) < 0.1


def test_the_same_step_has_a_slip_that_the_critic_misses(default: Frozen) -> None:
    missed = most_missed(default.slips)
    assert missed is not None
    assert missed.after >= missed.before
    assert missed.reply.sample != default.telling.telling.sample
    assert any(not x.seen for x in default.slips)


def test_home_plays_a_slip_that_the_critic_blames_most(default: Frozen) -> None:
    shown = home_example(default)
    assert shown is not None
    assert not shown.success
    assert shown.seen
    assert shown.ppo.index(min(shown.ppo)) == shown.slip
    # PPO's colour differs between tokens, so that one sees it; GRPO has one, and both are credit of the same response.
    assert min(shown.ppo) < 2 * shown.grpo < 0
    assert max(shown.ppo) > shown.grpo / 3
    assert len(shown.tokens) == len(shown.ppo) > 10


def test_the_pages_say_so_and_label_the_failure(open_page, on_shipped, default: Frozen) -> None:
    at = commit(open_page("same-answers"), 2)
    example = [x.value for x in at.markdown]
    assert any("the critic sees the slip" in x for x in example)
    assert any("The critic misses the slip" in x for x in example)
    shown = strips(at, "same_beside")["rows"]
    assert [x["label"].partition(":")[0] for x in shown] == ["seen", "missed"]
    for row, slip in zip(shown, (clearest(default.slips), most_missed(default.slips)), strict=True):
        assert row["values"] == list(slip.values)
        assert row["marks"].index("frame") == slip.at
    assert any("whose slip can be told" in x.value for x in at.caption)
    assert any("has it easy here" in x.value for x in at.info)


def test_the_delta_of_the_lesson_on_ppo_is_the_slips(open_page, on_shipped, default: Frozen) -> None:
    at = commit(open_page("how-ppo-works", sub="delta"))
    slip = clearest(default.slips)
    asked = clearest(slips([x for x in default.groups if x.number != slip.reply.group]))  # of another question
    assert any(f"The surprise δ of token {asked.at + 1} itself is −" in x.value for x in [*at.markdown, *at.info])
    sent = strips(at, "ppo_steps")
    assert (sent["start"], sent["spot"]) == ("delta", slip.at)
    assert sent["tokens"] == [list(slip.reply.tokens)]


def test_the_response_that_same_answers_starts_with_is_the_one_credited_most_against_the_groups_sign() -> None:
    def credited(text: str, success: bool, credit: list[float], values: list[float], sample: int) -> Reply:
        columns = {"advantage_raw": tuple(credit), "advantage": tuple(credit), "value": tuple(values)}
        return Reply(sample, 0, text, tuple(text), float(success), success, False, (columns,))

    right = credited("12", True, [0.2, -0.3], [0.5, 0.5], 0)
    wrong = credited("34", False, [0.15, -0.6], [0.5, 0.1], 1)  # its slip is seen: V falls from 0.5 to 0.1
    small = credited("56", False, [0.05, -0.6], [0.5, 0.1], 2)
    mixed = group(right, wrong, small)
    assert [against(x, mixed) for x in mixed.replies] == pytest.approx([0.3, 0.15, 0.05])
    assert opposed([mixed]) is wrong  # a seen slip goes before a larger credit
    assert opposed([group(right, small)]) is right
    assert opposed([group(small, credited("78", True, [0.2, 0.1], [0.5, 0.5], 3))]) is None
    alike = group(credited("34", False, [0.4, -0.6], [0.5, 0.1], 1))
    assert opposed([alike]) is None  # GRPO gives no sign where all are rewarded alike


def test_same_answers_starts_where_the_signs_differ(open_page, on_shipped) -> None:
    """On the run of the app's own, opened without a link: GRPO blames every token, PPO praises some and blames some."""
    at = open_page("same-answers")
    question = next(x for x in at.radio if "_try" in (x.key or ""))
    assert "GRPO gives each of its tokens −" in question.label
    at = commit(at, 2)
    assert at.success, "some positive and some negative is what happened"
    picture = strips(at, "same_one")
    ppo, grpo = picture["rows"]
    assert len(set(grpo["values"])) == 1
    assert grpo["values"][0] < 0
    assert max(ppo["values"]) >= CLEAR
    assert min(ppo["values"]) < -CLEAR
    named = ppo["values"].index(max(ppo["values"]))
    token = picture["tokens"][named]
    assert any(f"“{token}” at position {named + 1}" in x.value.replace("\\", "") for x in at.markdown)


def test_responses_that_read_the_same_are_shown_once() -> None:
    several = [
        reply("12", True, [0.5, 0.5]),
        reply("13", False, [0.5, 0.5]),
        reply("12", True, [0.5, 0.5 + 1e-7]),
        reply("12", True, [0.5, 0.6]),
    ]
    shown = alike(several, lambda x: x.column("value"))
    assert [which for _first, which in shown] == [(1, 3), (2,), (4,)]
    assert [which for _first, which in alike(several, lambda _x: ())] == [(1, 3, 4), (2,)]
    assert (spans([1, 3, 4, 5, 6, 8, 9]), spans([2])) == ("1, 3–6, 8, 9", "2")


@pytest.mark.parametrize("key", ["how-ppo-works", "algorithms"])
def test_the_pages_of_the_recorded_run_repeat_no_response(open_page, on_shipped, key: str) -> None:
    name = {"how-ppo-works": "ppo_out_logprob_old", "algorithms": "alg_strips"}[key]
    rows = strips(open_page(key), name)["rows"]
    words = [(x["name"].split("-")[0][:2] * (key == "algorithms"), x["tokens"]) for x in rows]
    assert all(a != b for a, b in itertools.combinations(words, 2))
