"""A message is data: English by itself, whole through JSON and pickle, and harmless whoever wrote it."""

from __future__ import annotations

import json
import pickle

import pytest

from core.errors import ConfigError, Message, Refusal, all_of, cause_of, fill, key_of, places, verbatim
from core.runs.errors import RunNotFound

NESTED = Message(
    "Training failed: {cause} after {steps} steps ({share:.1%}); {names}.",
    cause=Message("the gradient is {given}", given=float("nan")),
    steps=3,
    share=0.1234,
    names=["ppo", "grpo"],
)
ENGLISH = "Training failed: the gradient is nan after 3 steps (12.3%); ppo, grpo."


def test_it_reads_as_english_with_its_values_in_their_places():
    assert str(NESTED) == ENGLISH
    assert str(Message("{a} {{b}} {c:.2g} {d:,} {e}", a=None, c=0.1834, d=12345, e=True)) == "None {b} 0.18 12,345 True"
    assert str(Message("a place without a value stays: {this}")) == "a place without a value stays: {this}"
    assert str(Message("a whole number's format: {x:d} {y:d} {z:.2f}", x=1.5, y=2, z="text")) == (
        "a whole number's format: 1.5 2 text"
    )


def test_what_is_no_plain_value_becomes_text_and_what_carries_messages_becomes_those(tmp_path):
    error = ConfigError("{name} is empty", name="answer")
    assert Message("{x}", x=tmp_path).values == {"x": str(tmp_path)}
    assert Message("{x}", x=error).values == {"x": error.message}
    assert str(Message("line {line}: {cause}", line=2, cause=error)) == "line 2: answer is empty"
    assert str(all_of([Message("one"), Message("two")])) == "one\ntwo"
    assert all_of([Message("one")]) == Message("one")
    assert cause_of(ValueError("a\n  b")) == verbatim("a b")
    assert cause_of(ValueError()) == verbatim("ValueError")
    assert cause_of(error) == error.message


@pytest.mark.parametrize("message", [NESTED, Message("plain"), verbatim("{not} a template"), all_of([NESTED, NESTED])])
def test_it_comes_whole_through_json_and_pickle(message):
    again = Message.from_json(message.to_json())
    assert (again.key, again.template, str(again)) == (message.key, message.template, str(message))
    assert again.to_json() == message.to_json()
    assert str(pickle.loads(pickle.dumps(message))) == str(message)


def test_the_key_names_a_sentence_whatever_its_wording():
    assert key_of("There is no run {given}; it may have been deleted.") == "there-is-no-run-it-may-have-been"
    assert key_of("{learner}: {reason}") == "learner-reason"
    reworded = Message("No run is called {given}.", key="there-is-no-run-it-may-have-been", given="a")
    assert Message.from_json(reworded.to_json()).key == "there-is-no-run-it-may-have-been"


@pytest.mark.parametrize(
    "text",
    [
        "The disk is full.",
        "",
        "{",
        '{"template": "x"}',
        '{"key": 1, "template": "x", "values": {}}',
        '{"key": "k", "template": "x", "values": []}',
        '{"key": "k", "template": ["x"], "values": {}}',
        '{"key": "k", "template": "x", "values": {}, "more": 1}',
        '{"key": "k", "template": "x", "values": {"a": {"b": 1}}}',
        json.dumps({"key": "k", "template": "{a}" * 21, "values": {"a": "x"}}),
        json.dumps({"key": "k", "template": "x" * 30_000, "values": {}}),
        '{"a":' * 5000,
        "[" * 5000,
        "null",
        '"text"',
    ],
)
def test_what_is_no_message_is_shown_as_it_is(text):
    read = Message.from_json(text)
    assert str(read) == text[:10_000]
    assert read == verbatim(text)


@pytest.mark.parametrize(
    "given", [None, 3, "text", [], {}, {"key": "k"}, {"key": "k", "template": "x", "values": None}]
)
def test_other_values_are_no_message(given):
    assert Message.from_dict(given) is None


def test_a_hostile_template_is_only_text():
    hostile = "{a.__class__} {a[0]} {a!r} {0} {} {a:999999999} {a:>99999999} {a:{b}} {b:.9f}"
    assert fill(hostile, {"a": "x", "b": 1.0}) == hostile.replace("{b:.9f}", "1.000000000").replace("{b}", "1.0")
    deep: dict = {"key": "k", "template": "x", "values": {}}
    for _ in range(9):
        deep = {"key": "k", "template": "{a}{a}{a}", "values": {"a": deep}}
    assert Message.from_dict(deep) is None
    many = {"key": "k", "template": "{a}" * 20, "values": {"a": "x" * 5_000}}
    for _ in range(4):
        many = {"key": "k", "template": "{a}" * 20, "values": {"a": many}}
    assert len(str(Message.from_json(json.dumps(many)))) <= 20 * 10_000


def test_places_are_told_with_and_without_a_format():
    assert places("{a} {{b}} {c:.2g}") == {"a", "c"}


def test_a_browser_gets_numbers_as_text_and_bare_text_where_no_template_is():
    assert NESTED.view() == {
        "key": "training-failed-after-steps",
        "template": NESTED.template,
        "values": {
            "cause": {"key": "the-gradient-is", "template": "the gradient is {given}", "values": {"given": "nan"}},
            "steps": "3",
            "share": "12.3%",
            "names": ["ppo", "grpo"],
        },
    }
    assert verbatim("as it is").view() == "as it is"


def test_a_name_can_take_a_paths_place_everywhere():
    inner = Message("no {place}", place="/tmp/x/run.json")
    moved = Message("{place}: {cause}, {all}", place="/tmp/x", cause=inner, all=["/tmp/x/a", 3]).replaced(
        "/tmp/x", "mine"
    )
    assert str(moved) == "mine: no mine/run.json, mine/a, 3"


def test_a_refusal_carries_one_or_several_and_reads_a_line_each():
    error = ConfigError(Message("{name} is empty", name="a"), Message("b"))
    assert str(error) == "a is empty\nb"
    assert [x.key for x in error.messages] == ["is-empty", "b"]
    assert isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is ConfigError
    assert again.messages == error.messages
    missing = RunNotFound("There is no run {given}.", given="x")
    assert isinstance(missing, LookupError)
    assert isinstance(missing, Refusal)
    assert str(missing) == "There is no run x."  # a KeyError would have quoted it


def nested(levels: int) -> Message:
    message = Message("the gradient is {given}", given=0.5)
    for _ in range(levels - 1):
        message = Message("training failed: {cause}", cause=message)
    return message


@pytest.mark.parametrize("levels", [7, 8, 9, 500, 5000])
def test_however_deep_it_is_nested_it_reads_as_a_sentence_and_comes_back_from_the_store(levels):
    message = nested(levels)
    assert str(message).startswith("training failed: " * min(levels - 1, 500))
    again = Message.from_json(message.to_json())
    assert again.template == message.template
    assert str(again).startswith("training failed: ")
    assert str(again)[: min(len(str(message)), 900)] == str(message)[:900]
    assert len(str(again)) < 11_000


def test_what_is_nested_no_deeper_than_is_read_back_stays_whole():
    assert Message.from_json(nested(8).to_json()).to_dict() == nested(8).to_dict()
    lists: list = [1]
    for _ in range(3000):
        lists = [lists]
    assert Message.from_json(Message("{x}", x=lists).to_json()) == Message("{x}", x=lists)
    assert len(str(Message("{x}", x=lists))) < 1000


@pytest.mark.parametrize("form", ["", ":d", ":,", ":.2f", ":.1%", ":.2g"])
@pytest.mark.parametrize(
    ("number", "shown"), [(10**5000, "10^5000"), (-(10**9999), "-10^9999"), (2**2000, "10^602")], ids=["a", "b", "c"]
)
def test_a_huge_number_is_told_by_its_size(form, number, shown):
    message = Message(f"steps is {{given{form}}}", given=number)
    assert str(message) == f"steps is {shown}"
    assert str(Message.from_json(message.to_json())) == str(message)
    assert message.view()["values"] == {"given": shown}
    assert str(Message("{x}", x=[1, number])) == f"1, {shown}"


@pytest.mark.parametrize(
    "values",
    [
        {"given": "x" * 30_000},
        {"given": "\x00" * 30_000},
        {"given": '"' * 9_000, "more": "y" * 9_000},
        {"given": ["x" * 300] * 300},
        {"given": [["x"] * 90] * 900},
        {"given": [Message("a {line}", line="z" * 400)] * 100},
    ],
    ids=["long", "control characters", "two", "many", "many of many", "messages"],
)
def test_a_long_value_comes_back_from_the_store_cut_and_never_as_json(values):
    message = Message("The log says: {given}", key="of-the-log", **values)
    text = message.to_json()
    assert len(text) <= 20_000
    again = Message.from_json(text)
    assert again.key == "of-the-log"
    assert str(again).startswith(str(message)[:50])
    assert '{"key"' not in str(again)


def test_too_many_values_for_the_store_become_one_text():
    many = Message("{x0} and so on", **{f"x{i}": "long enough to matter" for i in range(3000)})
    again = Message.from_json(many.to_json())
    assert str(again) == "long enough to matter and so on"


def test_what_an_older_version_stored_at_length_is_still_a_message():
    old = json.dumps({"key": "k", "template": "The log says: {given}", "values": {"given": "x" * 30_000}})
    assert str(Message.from_json(old)) == "The log says: " + "x" * 10_000
