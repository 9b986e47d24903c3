"""Questions of one's own that ask the same: none is trained on while another is kept apart."""

from __future__ import annotations

import itertools
import json

import pytest

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import parse_config
from core.stored_config import dump_config, load_config
from core.tasks.apart import first_that_fit, same_sum, together
from core.tasks.kinds.questions import Question, Questions, QuestionsSettings
from core.tasks.readable import READS_TEXT
from core.tasks.registry import task_for


def sums(pairs, **more) -> QuestionsSettings:
    questions = tuple(Question(question=f"What is {a} + {b}?", answer=str(a + b)) for a, b in pairs)
    return QuestionsSettings(questions=questions, **more)


#: Every sum of two numbers up to 9, in both orders.
TABLE = list(itertools.product(range(10), repeat=2))


def terms(prompt: str) -> frozenset[int]:
    return frozenset(int(x) for x in prompt.removeprefix("What is ").removesuffix("?").split(" + "))


@pytest.mark.parametrize("heldout", [8, 9, 20, 64])
def test_no_sum_is_trained_on_whose_mirror_image_is_kept_apart(heldout) -> None:
    task = Questions(sums(TABLE, heldout=heldout))
    assert len(task.heldout) == min(heldout, 33)
    trained = set(task.prompts(0, 0, 100 - len(task.heldout)))
    assert len(trained) + len(task.heldout) == 100  # and none is lost
    assert not {terms(x) for x in trained} & {terms(x) for x in task.heldout}


def test_what_asks_the_same_is_said_with_its_number_and_an_example() -> None:
    others = [(i, i) for i in range(10, 30)]
    assert Questions(sums(others, heldout=8)).note is None
    task = Questions(sums([*others, (3, 5), (5, 3), (7, 2)], heldout=8))
    assert task.note is not None
    assert str(task.note) in {
        "2 questions ask the same as another one, with their terms in another order or written another way, such as "
        f"{a!r} and {b!r}: they are kept on one side."
        for a, b in itertools.permutations(["What is 3 + 5?", "What is 5 + 3?"])
    }


def test_a_file_whose_questions_all_differ_is_divided_as_before() -> None:
    pairs = [(i, i + 1) for i in range(60)]
    apart, before = (Questions(sums(pairs, heldout=12, reordered_apart=x)) for x in (True, False))
    assert apart.heldout == before.heldout
    assert apart.prompts(1, 2, 16) == before.prompts(1, 2, 16)


def test_where_they_are_not_kept_on_one_side_what_stands_on_both_is_said() -> None:
    task = Questions(sums(TABLE, heldout=20, reordered_apart=False))
    trained = set(task.prompts(0, 0, 100 - len(task.heldout)))
    met = [x for x in task.heldout if terms(x) in {terms(y) for y in trained}]
    assert len(met) > 3
    assert str(task.note).startswith(
        f"{len(met)} of the questions that are kept apart stand among those to train on, with their terms in another "
        f"order or written another way, such as {met[0]!r} and "
    )
    a, b = sorted(terms(met[0]))
    assert repr(f"What is {a} + {b}?") in str(task.note)
    assert repr(f"What is {b} + {a}?") in str(task.note)


def test_a_file_of_hardly_more_than_one_sum_is_refused() -> None:
    same = ["1 + 2 + 3 + 4", *(" + ".join(x) for x in itertools.permutations("1234"))][1:]
    questions = [{"question": f"What is {x}?", "answer": "10"} for x in same]
    values = {"model": READS_TEXT, "task": {"kind": "questions", "questions": questions}}
    with pytest.raises(ConfigError) as refused:
        parse_config(values)
    assert str(refused.value).startswith("task.questions: too many ask the same in another order or written another")
    assert "only 0 can be kept apart from all that ask the same, and 8 are needed" in str(refused.value)
    assert "set task.reordered_apart=false" in str(refused.value)
    config = parse_config({**values, "task": {**values["task"], "reordered_apart": False}})
    assert len(task_for(config.task).heldout) == 8


def test_a_run_that_was_stored_before_trains_on_what_it_trained_on() -> None:
    values = dump_config(RunConfig(task=sums(TABLE, heldout=20)))
    new = load_config(json.loads(json.dumps(values)))
    assert new.task.reordered_apart is True  # type: ignore[attr-defined]
    del values["task"]["reordered_apart"]
    for version in ({"config_version": 3}, {"config_version": 2}, {}):
        own = {k: v for k, v in values.items() if k != "config_version"} | version
        old = load_config(json.loads(json.dumps(own)))
        assert old.task.reordered_apart is False  # type: ignore[attr-defined]
        was, now = task_for(old.task), task_for(new.task)
        assert was.heldout != now.heldout
        assert was.heldout == Questions(sums(TABLE, heldout=20, reordered_apart=False)).heldout
        assert load_config(json.loads(json.dumps(dump_config(old)))) == old


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 3 + 5?", "what is 5+3"),
        ("3 + 5 =", "$5 + 3 = ?$"),
        ("3 × 5", "5 * 3"),
        ("3 x 5 =", r"5 \times 3 ="),
        (r"Give $4 \cdot 2$.", "Give 2·4."),
        ("9 − 4", "-4 + 9"),
        ("1,234 + 5", "5 + 1234"),
        ("３＋５", "5+3"),
        ("Where is Paris?", "Where is  paris"),
        ("1.5 + 2", "2 + 1.5"),
    ],
)
def test_questions_that_ask_the_same(one, other) -> None:
    assert same_sum(one) == same_sum(other)
    assert together([one, "else", other]) == [[one, other], ["else"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 - 5", "5 - 3"),
        ("3 + 5", "3 + 6"),
        ("3 * 5 + 2", "3 * 2 + 5"),
        ("What is 3 + 5?", "Is 5 + 3 prime?"),
        ("What is 5!?", "What is 5?"),
        ("1.5 + 2", "15 + 2"),
        ("6:3", "6 3"),
        ("(3 + 5) * 2", "(2 + 5) * 3"),
    ],
)
def test_questions_that_ask_something_else(one, other) -> None:
    assert same_sum(one) != same_sum(other)


def test_groups_are_taken_whole_and_those_that_are_too_large_are_passed_over() -> None:
    groups = [["a"], ["b", "c", "d"], ["e", "f"], ["g"]]
    assert first_that_fit(groups, 3) == ["a", "e", "f"]
    assert first_that_fit(groups, 2) == ["a", "g"]
    assert first_that_fit(groups, 4) == ["a", "b", "c", "d"]
    assert first_that_fit(groups, 0) == []
