"""What the language of terms has, what tree it makes of it, and what it refuses and says then."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from core.terms import RESPONSE, SCALAR, TOKEN, Data, Names, Region, Term, TermError, Terms, evaluate

NAMES = Names(
    settings=("gamma", "lam", "scale", "both", "mode"),
    responses=("group", "reward"),
    tokens=("logprob", "value", "advantage", "ratio", "both", "return"),
    texts=("mode",),
)


def tree(expression: str) -> object:
    return Terms([], NAMES).tree(expression)


def level(expression: str) -> int:
    return Terms([Term("x", expression)], NAMES).levels["x"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1.5", 1.5),
        ("-value", ["neg", ["token", "value"]]),
        ("1 - gamma * lam", ["-", 1, ["*", ["setting", "gamma"], ["setting", "lam"]]]),
        ("reward ** 2 / length", ["/", ["**", ["response", "reward"], 2], ["builtin", "length"]]),
        ("min(1, value, 3)", ["min", 1, ["token", "value"], 3]),
        ("value if last else 0", ["if", ["builtin", "last"], ["token", "value"], 0]),
        ("0 < value <= 1", ["and", ["<", 0, ["token", "value"]], ["<=", ["token", "value"], 1]]),
        ("not (last or 0)", ["not", ["or", ["builtin", "last"], 0]]),
        ("scale != 'group'", ["!=", ["setting", "scale"], ["text", "group"]]),
        ("'group' == scale", ["==", ["setting", "scale"], ["text", "group"]]),
        ("mode == 'group'", ["==", ["setting", "mode"], ["text", "group"]]),
        ("scan(value, gamma)", ["scan", ["token", "value"], ["setting", "gamma"]]),
    ],
)
def test_an_expression_becomes_this_tree(expression: str, expected: object) -> None:
    assert tree(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("gamma", SCALAR),
        ("reward - gamma", RESPONSE),
        ("reward * value", TOKEN),
        ("reward if last else 0", TOKEN),
        ("following(1, 0)", TOKEN),
        ("scan(reward, gamma)", TOKEN),
        ("per_token(reward)", TOKEN),
        ("sum_response(value)", RESPONSE),
        ("mean_group(reward)", RESPONSE),
        ("std_group(mean_response(value), 1)", RESPONSE),
        ("group_size", RESPONSE),
        ("std_batch(value, 1)", SCALAR),
        ("mean_batch(reward)", SCALAR),
        ("batch_size", SCALAR),
    ],
)
def test_an_expression_has_this_level(expression: str, expected: int) -> None:
    assert level(expression) == expected


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("value +", "is not an expression"),
        ("value; 1", "is not an expression"),
        ("mean_batch(return)", "the column return can be computed, but not read: it is a word of Python"),
        ("nothing + 1", "'nothing' is no column, no setting, no earlier term"),
        ("both + 1", "'both' has several meanings: setting and token"),
        ("sin(value)", "there is no function 'sin'; there are min, max, clamp"),
        ("exp(value, 1)", "exp takes 1 argument, but was given 2"),
        ("min(value)", "min takes 2 or more arguments, but was given 1"),
        ("std_group(reward)", "std_group takes 2 arguments, but was given 1"),
        ("std_group(reward, ddof=1)", "std_group takes plain arguments only"),
        ("min(*value)", "min takes plain arguments only"),
        ("mean_group(value)", "mean_group compares responses, but 'value' is a number per token"),
        ("sum_response(reward)", "sum_response needs a number per token, but 'reward' is none"),
        ("mean_batch(gamma)", "mean_batch needs several numbers, but 'gamma' is one for the step"),
        ("std_batch(value, reward)", "std_batch's ddof must be one number"),
        ("scale == value + 'group'", "the text 'group' can only be compared with a setting"),
        ("reward == 'group'", "the text 'group' can only be compared with a setting"),
        ("scale < 'group'", "the text 'group' can only be compared with a setting"),
        ("True", "True is written 1"),
        ("None", "does not have 'None'"),
        ("1e999", "does not have"),
        ("1j", "does not have '1j'"),
        ("value % 2", "does not have 'value % 2'"),
        ("value // 2", "does not have 'value // 2'"),
        ("+value", "does not have '+value'"),
        ("value is 1", "does not have 'value is 1'"),
        ("value[0]", "does not have 'value[0]'"),
        ("value.real", "does not have 'value.real'"),
        ("value.exp()", "does not have 'value.exp()'"),
        ("(lambda: 1)()", "does not have '(lambda: 1)()'"),
        ("[value]", "does not have '[value]'"),
        ("__import__('os')", "there is no function '__import__'"),
        ("(y := 1)", "does not have"),
        ("mode", "the setting 'mode' is text: it can only be compared with a text, by == or !="),
        ("mode * 2", "the setting 'mode' is text"),
        ("min(value, mode)", "the setting 'mode' is text"),
        ("value if mode else 0", "the setting 'mode' is text"),
        ("mode == gamma", "the setting 'mode' is text"),
        ("mode < 1", "the setting 'mode' is text"),
        ("std_batch(value, mode)", "the setting 'mode' is text"),
        ("1" + "0" * 400, "the number 10^400 is too large"),
        ("1" + "0" * 9000, "is not an expression"),
        ("value < (0 < value < 1) < 2", "there is a comparison of three again"),
    ],
)
def test_what_the_language_does_not_have_is_refused_in_one_sentence(expression: str, says: str) -> None:
    with pytest.raises(TermError) as error:
        Terms([Term("x", expression)], NAMES)
    assert says in str(error.value)
    assert str(error.value).startswith("term 'x': ")
    assert "\n" not in str(error.value)


DEEP = {
    "brackets": lambda n: "(" * n + "value" + ")" * n + " + 1" * n,
    "a sum": lambda n: "value" + " + 1" * n,
    "signs": lambda n: "-" * n + "value",
    "powers": lambda n: "value" + " ** 2" * n,
    "calls": lambda n: "exp(" * n + "value" + ")" * n,
    "groups": lambda n: "mean_group(" * n + "reward" + ")" * n,
    "conditions": lambda n: "1 if value else (" * n + "0" + ")" * n,
    "comparisons": lambda n: "(0 < " * n + "value" + ")" * n,
}


@pytest.mark.parametrize("n", [61, 1000, 100_000])
@pytest.mark.parametrize("form", DEEP.values(), ids=DEEP)
def test_an_absurdly_deep_expression_is_refused_in_one_short_sentence(form: Callable[[int], str], n: int) -> None:
    with pytest.raises(TermError) as error:
        Terms([Term("x", form(n))], NAMES)
    assert "more than 60 parts within each other: write it as several terms" in str(error.value) or (
        n > 100 and "is not an expression (too many nested parentheses" in str(error.value)
    )
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("form", DEEP.values(), ids=DEEP)
def test_an_expression_as_deep_as_is_allowed_is_evaluated(form: Callable[[int], str]) -> None:
    numbers = {"responses": {"group": np.zeros(2), "reward": np.ones(2)}, "tokens": {"value": np.ones((2, 1))}}
    terms = Terms([Term("x", form(50))], NAMES)
    assert evaluate(terms, Data({}, np.ones((2, 1), dtype=bool), **numbers))["x"].at() is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ([Term("a", "b"), Term("b", "1")], "'b' is not an earlier term but this one or a later one"),
        ([Term("a", "ratio"), Term("ratio", "exp(logprob)")], "'ratio' is not an earlier term"),
        ([Term("ratio", "ratio + 1")], "'ratio' is not an earlier term"),
        ([Term("a", "a")], "'a' is no column"),
        ([Term("a", "1"), Term("a", "2")], "two terms of this name"),
        ([Term("gamma", "1")], "there is a setting of this name"),
        ([Term("last", "1")], "the language has this name already"),
        ([Term("min", "1")], "the language has this name already"),
        ([Term("a b", "1")], "must be an identifier"),
        ([Term("reward", "value + 1")], "the expression has a number per token, but the column of its name"),
        ([Term("a", "1", given=("kind",))], "given by 'kind', which is no setting"),
    ],
)
def test_terms_that_do_not_go_together_are_refused(terms: list[Term], says: str) -> None:
    with pytest.raises(TermError, match=says):
        Terms(terms, NAMES)


def test_a_term_may_use_earlier_ones_and_alone_the_column_of_its_name() -> None:
    terms = Terms([Term("value", "value"), Term("twice", "value * 2"), Term("advantage", "reward - 1")], NAMES)
    assert terms.trees == {
        "value": ["token", "value"],
        "twice": ["*", ["term", "value"], 2],
        "advantage": ["-", ["response", "reward"], 1],
    }
    assert terms.levels["advantage"] == TOKEN, "the recorded column has a number per token"


def region(**changes: object) -> Region:
    given = {"side": 1, "ratio_from": "1 + gamma", "ratio_to": None, "advantage": "positive", "cuts": True, "says": ""}
    return Region(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"side": 0}, "side must be"),
        ({"advantage": "none"}, "advantage must be"),
        ({"ratio_from": None}, "at least one bound"),
        ({"says": "above {bound}"}, "speaks of {bound}"),
        ({"ratio_from": "value"}, "one number for the whole step"),
        ({"ratio_from": "epsilon"}, "'epsilon' is no column"),
        ({"ratio_from": "mode"}, "the setting 'mode' is text"),
        ({"ratio_to": "1 + mode"}, "the setting 'mode' is text"),
        ({"values": {"x": "mode"}}, "the setting 'mode' is text"),
        ({"values": {"x": "sin(1)"}}, "no function 'sin'"),
    ],
)
def test_a_region_that_makes_no_sense_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(TermError, match=says):
        Terms([], NAMES, [region(**changes)])


def test_as_json_carries_all_and_is_translated() -> None:
    term = Term("twice", "value * 2", "Title", "", r"2V", "a.py:twice", given=("gamma",))
    made = Terms([term], NAMES, [region(says="above {bound}", values={"bound": "1 + gamma"}, symbol="1 + γ")])
    sent = json.loads(json.dumps(made.as_json(lambda x: f"<{x}>")))
    assert sent["terms"] == [
        {
            "name": "twice",
            "tree": ["*", ["token", "value"], 2],
            "level": 2,
            "title": "<Title>",
            "help": "",
            "tex": "2V",
            "source": "a.py:twice",
            "given": ["gamma"],
        }
    ]
    bound = ["+", 1, ["setting", "gamma"]]
    assert sent["regions"] == [
        {
            "side": 1,
            "ratio_from": bound,
            "ratio_to": None,
            "advantage": "positive",
            "cuts": True,
            "says": "<above {bound}>",
            "values": {"bound": bound},
            "symbol": "1 + γ",
        }
    ]
