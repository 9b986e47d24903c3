"""Where several tokens have the lowest credit, no sentence names one of them as the lowest."""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import lessons
from core.insight.clip_cases import CASES
from lessons.how_grpo_works.scales import _strongest
from lessons.kit.critic import parts_words, slip_words
from lessons.kit.lesson.replies import Group, Reply, slips
from lessons.kit.ties import highest, lowest
from lessons.ratio_and_clip.batch import furthest
from lessons.same_answers.why import Signs, choices


def reply(tokens: str, success: bool = False, values: list[float] | None = None) -> Reply:
    columns: dict[str, tuple[float | None, ...]] = {"advantage": tuple(0.0 for _ in tokens)}
    if values is not None:
        columns["value"] = tuple(values)
    return Reply(0, 0, tokens, tuple(tokens), float(success), success, False, (columns,))


def test_all_places_of_the_lowest_number_are_named() -> None:
    assert lowest([0.3, -1.0, 0.2]) == [1]
    assert lowest([-1.0, 0.3, -1.0 + 1e-8]) == [0, 2]
    assert lowest([0.5, 0.5]) == [0, 1]
    assert lowest([]) == []
    assert highest([0.3, -1.0, 0.3]) == [0, 2]


def test_the_lowest_credit_of_several_tokens_is_that_of_all_of_them() -> None:
    own = reply("abc")
    one = parts_words(own, [0.1, -0.5, 0.2], [0.1, -0.4, 0.2], [0.0, -0.1, 0.0])
    assert one.startswith("PPO's lowest credit is that of “b” at position 2: −0.500, of it −0.400")
    assert one.endswith("Without the penalty it would be the lowest, too.")
    two = parts_words(own, [-0.5, -0.5, 0.2], [-0.5, -0.4, 0.2], [0.0, -0.1, 0.0])
    assert two == (
        "PPO's lowest credit, −0.500, is that of 2 tokens alike: “a” at position 1, “b” at position 2. "
        "Without the penalty the lowest would be that of “a” at position 1."
    )
    same = parts_words(own, [-0.5, -0.5, 0.2], [-0.4, -0.4, 0.2], [-0.1, -0.1, 0.0])
    assert same.endswith("Without the penalty they would be the lowest, too.")
    all_ = parts_words(own, [-0.5] * 3, [-0.5] * 3, [0.0] * 3)
    assert all_ == "PPO gives every token of this response the same credit, −0.500: it singles out none."
    penalty = parts_words(own, [-0.5, -0.6, -0.5], [-0.5] * 3, [0.0, -0.1, 0.0])
    assert penalty.endswith("Without the penalty all tokens would have the same credit.")
    critics = parts_words(own, [-0.5, -0.5, -0.6], [-0.5, -0.5, 0.0], [0.0, 0.0, -0.6])
    assert critics.endswith("the lowest would be those of “a” at position 1, “b” at position 2, alike.")
    many = parts_words(reply("abcdefg"), [-1.0] * 6 + [0.0], [-1.0] * 6 + [0.0], [0.0] * 7)
    assert (
        "6 tokens alike: “a” at position 1, “b” at position 2, “c” at position 3, “d” at position 4 and 2 more." in many
    )


def test_a_value_that_falls_as_far_elsewhere_does_not_single_the_slip_out() -> None:
    right = reply("1234", True, [0.5] * 4)
    (tied,) = slips([Group(0, "?", "!", (right, reply("1254", False, [0.9, 0.9, 0.5, 0.1])))])
    assert tied.at == 2
    assert not tied.seen
    assert "or no further than at another token. **The critic does not single it out.**" in slip_words(tied)
    (single,) = slips([Group(0, "?", "!", (right, reply("1254", False, [0.9, 0.8, 0.8, 0.1])))])
    assert single.seen


def test_surprises_against_the_outcome_that_tie_are_all_named() -> None:
    tied = choices(Signs(reply("abc"), [-0.3, -0.2, -0.5], [0.1, 0.1, -0.5], 0.95))
    assert "most of all at “a” at position 1, “b” at position 2, alike (δ = +0.10)" in str(tied[1].reason)
    one = choices(Signs(reply("abc"), [-0.3, -0.2, -0.5], [0.1, 0.2, -0.5], 0.95))
    assert "most of all at “b” at position 2 (δ = +0.20)" in str(one[1].reason)


def test_groups_that_push_alike_share_the_first_place() -> None:
    right = {7: (1.0, 4), 8: (3.0, 4), 9: (4.0, 4)}

    def step(*push: float) -> Any:
        return SimpleNamespace(push=list(push), numbers=[7, 8, 9])

    assert _strongest(step(2.0, 2.0, 0.0), right) == "The strongest groups, 2 alike, have 50 % of all the push each."
    assert _strongest(step(1.0, 3.0, 0.0), right) == "The strongest group has 75 % of all the push: 3 of 4 right."
    assert _strongest(step(0.0, 0.0, 0.0), right) == ""


def test_tokens_as_far_out_are_counted() -> None:
    result: Any = SimpleNamespace(case=torch.tensor([0, 0, 1, 0]), ratio=torch.tensor([1.4, 0.6, 1.9, 1.2]))
    assert [furthest(result, x) for x in CASES[:2]] == [[0, 1], [2]]
    assert furthest(result, CASES[2]) == []


def calls(tree: ast.AST) -> list[int]:
    """Lines where the place of an extreme is taken by hand: `x.index(min(x))`, `min(range(…), key=…)`."""
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        inner = node.args[0] if node.args else None
        called = inner.func if isinstance(inner, ast.Call) else None
        name = called.id if isinstance(called, ast.Name) else ""
        own = node.func.id if isinstance(node.func, ast.Name) else ""
        index = isinstance(node.func, ast.Attribute) and node.func.attr == "index" and name in ("min", "max")
        if index or (own in ("min", "max") and name == "range" and any(x.arg == "key" for x in node.keywords)):
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("source", ["x.index(min(x))", "max(range(3), key=f)"])
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert calls(ast.parse(source)) == [1]


#: An example is chosen there, and nothing is said of it that another would not be.
EXAMPLES = {"a_real_instruct_model/begin.py"}


def test_no_page_takes_the_place_of_an_extreme_by_hand() -> None:
    folder = Path(lessons.__file__).parent
    by_hand = {
        str(path.relative_to(folder)): lines
        for path in sorted(folder.rglob("*.py"))
        if (lines := calls(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert set(by_hand) == EXAMPLES
