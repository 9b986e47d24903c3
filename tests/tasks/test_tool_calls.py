"""A function call as JSON, compared with the right one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.tasks.tool_calls import compare_calls

RIGHT: dict[str, Any] = {
    "name": "book",
    "arguments": {"city": "Rome", "nights": 2, "rooms": [{"beds": 1, "view": None}], "late": True},
}


def faults(**changed: Any) -> list[str]:
    """What is said of the right call with other arguments."""
    call = {"name": "book", "arguments": RIGHT["arguments"] | changed}
    return [str(x) for x in compare_calls(json.dumps(call), RIGHT).faults]


@pytest.mark.parametrize(
    "response",
    [
        json.dumps(RIGHT),
        json.dumps(RIGHT, indent=2),
        json.dumps(RIGHT, sort_keys=True),
        '{"arguments": {"late": true, "rooms": [{"view": null, "beds": 1.0}], "nights": 2e0, "city": "Rome"}, '
        '"name": "book"}',
    ],
)
def test_the_same_call_is_right_however_it_is_written(response: str) -> None:
    verdict = compare_calls(response, RIGHT)
    assert verdict.right
    assert verdict.faults == ()


def test_each_difference_is_named_with_its_place() -> None:
    assert faults(city="rome") == ['city is "rome", not "Rome"']
    assert faults(nights="2") == ['nights is "2", not 2']
    assert faults(late=1) == ["late is 1, not true"]
    assert faults(nights=True) == ["nights is true, not 2"]
    assert faults(rooms=[{"beds": 1, "view": 0}]) == ["rooms[0].view is 0, not null"]
    assert faults(rooms=[]) == ["rooms has 0 items, not 1"]
    assert faults(rooms={"beds": 1}) == ['rooms is {"beds": 1}, not [{"beds": 1, "view": null}]']
    assert faults(breakfast=False) == ["breakfast is not asked for"]
    assert faults(rooms=[{"beds": 1}]) == ["rooms[0].view is missing"]
    missing = {"name": "book", "arguments": {"city": "Rome"}}
    assert [str(x) for x in compare_calls(json.dumps(missing), RIGHT).faults] == [
        "nights is missing",
        "rooms is missing",
        "late is missing",
    ]
    other = {"name": "cancel", "arguments": RIGHT["arguments"]}
    assert [str(x) for x in compare_calls(json.dumps(other), RIGHT).faults] == ["it calls cancel, not book"]


def test_a_call_without_arguments_may_leave_them_out() -> None:
    right = {"name": "stop", "arguments": {}}
    assert compare_calls('{"name": "stop"}', right).right
    assert compare_calls('{"name": "stop", "arguments": {}}', {"name": "stop"}).right


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        ("", "it is not JSON"),
        ("book(city='Rome')", "it is not JSON"),
        ("```json\n{}\n```", "it is not JSON"),
        ('{"name": "book", "name": "book"}', "the key 'name' stands there twice"),
        ('{"name": "book", "arguments": {"nights": NaN}}', "NaN is no number of JSON"),
        ("[" * 10_000, "it is not JSON"),
        ("9" * 10_000, "it is not JSON"),
        ("1" * 30_000, "it is longer than 20000 characters"),
        ("7", "it has no “name” of a function"),
        ('{"name": 7}', "it has no “name” of a function"),
        ('{"name": "book", "arguments": []}', "its “arguments” are no object"),
        ('{"name": "book", "id": 1}', "it has id beside “name” and “arguments”"),
    ],
)
def test_what_is_no_call_is_wrong_and_says_why(response: str, fault: str) -> None:
    verdict = compare_calls(response, RIGHT)
    assert not verdict.right
    assert fault in str(verdict.faults[0])


def test_large_numbers_are_compared_as_they_are() -> None:
    right = {"name": "f", "arguments": {"n": 2**53 + 1}}
    assert not compare_calls('{"name": "f", "arguments": {"n": 9007199254740992}}', right).right
    assert compare_calls('{"name": "f", "arguments": {"n": 9007199254740993}}', right).right
    assert not compare_calls('{"name": "f", "arguments": {"n": 1e999}}', right).right
