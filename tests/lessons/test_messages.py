"""What core says reaches the viewer in their language, and core keeps to what makes that possible."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

import core
from core.errors import ConfigError, Message, all_of, key_of, places, verbatim
from core.given_config import change, parse_config
from core.insight.replay import _ids
from core.models.start import load
from core.presets import preset
from core.runs import lifecycle
from core.runs.errors import StoreError
from core.runs.store import RunStore
from core.runs.views import run_view
from core.tasks.kinds.chain_sum import ChainSum, ChainSumSettings
from lessons import i18n
from lessons.board.labels import words
from lessons.i18n import LANGUAGES, catalogue, tell, templates, use_language
from lessons.i18n.spoken import calls, refusals, what_is_spoken
from lessons.kit.history import event_details
from tests.lessons.conftest import make_run

ROOT = Path(core.__file__).parents[1]
OTHERS = [tag for tag in LANGUAGES if tag != i18n.DEFAULT]
BAD = [
    {"gamma": 2},
    {"learning_rate": 0},
    {"epsilon": 1},
    {"steps": 0},
    {"seed": -1},
    {"epsilon": "much"},
    {"seed": "seven"},
    {"seed": 1.5},
    {"num_generations": 1},
    {"num_generations": 256, "prompts_per_step": 512},
    {"ppo.num_mini_batches": 7},
    {"aggregation": "median"},
    {"gama": 0.5},
    {"xyzzy": 1},
    {"whiten_advantages": "perhaps"},
    {"learning_rate": None},
    {"model": 3},
    {"ppo.dual_clip": 3, "ppo.surrogate": "cispo"},
    {"grpo.baseline": "none"},
]
#: The assigned value is not what these messages name.
UNNAMED = ("xyzzy", "gama", "num_generations", "num_mini_batches", "ppo.dual_clip", "grpo.baseline")


@cache
def all_calls():
    """Core's calls that make a message, read once for all tests."""
    return list(calls(ROOT))


@cache
def all_spoken():
    return list(what_is_spoken(ROOT))


def test_there_is_something_to_hold_core_to():
    assert {"ConfigError", "StoreError", "RunNotFound", "StepNotFound", "ImportFailed", "LauncherError"} <= refusals(
        ast.parse(path.read_text("utf-8")) for path in (ROOT / "core").rglob("*.py")
    )
    assert len({x.template for x in all_spoken()}) > 200


def from_elsewhere(call) -> bool:
    """Whether a call hands on messages that were made before, rather than making one."""
    first = call.node.args[0] if call.node.args else None
    return call.name != "Message" and isinstance(first, ast.Name | ast.Attribute | ast.Call | ast.Starred)


def test_every_template_is_a_literal():
    bad = [
        f"{x.place}:{x.node.lineno}: {ast.unparse(x.node)[:80]}"
        for x in all_calls()
        if x.template is None and not from_elsewhere(x)
    ]
    assert not bad, "a template must be a literal, or nobody can translate it; what varies is a value"


def test_what_a_refusal_hands_on_is_no_text():
    """`ConfigError(str(error))` or `StoreError(text.format(…))` would be text that nobody can translate."""
    bad = [
        f"{x.place}:{x.node.lineno}: {ast.unparse(x.node)[:80]}"
        for x in all_calls()
        for first in x.node.args[:1]
        if isinstance(first, ast.Call)
        and (getattr(first.func, "id", "") in ("str", "repr") or getattr(first.func, "attr", "") in ("join", "format"))
    ]
    assert not bad


def test_a_templates_places_are_the_values_that_it_is_given():
    for call in all_calls():
        given = {x.arg for x in call.node.keywords}
        if call.template is not None and None not in given:  # with ** in it, running the code tells
            assert places(call.template) == given - {"key"}, f"{call.place}:{call.node.lineno}"


def test_a_key_names_one_template_and_is_not_that_of_bare_text():
    by_key: dict[str, set[str]] = {}
    for spoken in all_spoken():
        by_key.setdefault(spoken.key, set()).add(spoken.template)
    assert not {key: x for key, x in by_key.items() if len(x) > 1}, "give one of them a key of its own: key=…"
    assert not {"verbatim", "lines"} & by_key.keys()


@pytest.mark.parametrize("tag", OTHERS)
def test_every_template_has_a_translation_with_the_same_places(tag):
    known = templates(tag)
    for spoken in all_spoken():
        assert spoken.key in known, f"{spoken.place}: {spoken.template}: run `python -m lessons.i18n.update`, translate"
        assert places(known[spoken.key]) == places(spoken.template), spoken.template
        assert known[spoken.key] == catalogue(tag).gettext(spoken.template)
    assert templates("en") == {}


@pytest.mark.parametrize("assignments", BAD, ids=str)
def test_every_message_about_a_setting_is_translated_with_its_values(assignments):
    with pytest.raises(ConfigError) as caught:
        change(preset("chain-sum"), assignments)
    for message in caught.value.messages:
        with use_language("zh-TW"):
            shown = tell(message)
        assert shown != str(message)
        assert re.search("[一-鿿]", shown)
        name, given = next(iter(assignments.items()))
        assert name.rpartition(".")[2] in shown or name == "grpo.baseline"
        assert str(given) in shown or given is None or name in UNNAMED


SMALL = SimpleNamespace(codec=SimpleNamespace(tokenizer=SimpleNamespace(get_vocab=lambda: {"1": 3})), max_length=5)
WRONG = {
    "two learners of one name": lambda: parse_config({"learners": [{"algorithm": "ppo", "name": "a"}] * 2}),
    "an unknown preset": lambda: preset("nothing"),
    "too much kept apart": lambda: ChainSum(ChainSumSettings(terms=2, digits=1, heldout=256)),
    "an unknown model": lambda: load("no/such/model"),
    "an empty response": lambda: _ids(SMALL, ""),
    "a long response": lambda: _ids(SMALL, "11111"),
    "a strange response": lambda: _ids(SMALL, "<"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_message_of_tasks_models_and_insight_is_translated(wrong):
    with pytest.raises(ValueError, match=r"\w") as caught:  # what it says is looked at below
        wrong()
    with use_language("zh-TW"):
        assert re.search("[一-鿿]", tell(caught.value))
    assert tell(caught.value) == str(caught.value)


def test_a_store_that_cannot_be_opened_says_so_in_the_viewers_language(tmp_path):
    (tmp_path / "store.sqlite").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError) as caught:
        RunStore(f"sqlite:///{tmp_path / 'store.sqlite'}").runs()
    with use_language("zh-TW"):
        shown = tell(caught.value)
    assert "store.sqlite" in shown
    assert "damaged" not in shown


def test_what_is_inside_a_message_is_translated_too():
    inner = Message("The disk under {place} failed or is full: it could not be read or written.", place="/x")
    outer = Message("Training failed: {cause} (details in {place}).", cause=inner, place="a.log")
    with use_language("zh-TW"):
        assert tell(inner) in tell(outer)
        assert tell(all_of([inner, outer])) == f"{tell(inner)}\n{tell(outer)}"
        number = Message("Sampled and re-scored log-probabilities differ by up to {given:.2g}.", given=0.1834)
        assert "0.18。" in tell(number)


def test_a_reworded_message_of_an_older_version_is_still_translated():
    key = key_of("There is no run {given}; it may have been deleted.")
    old = Message("This run is unknown: {given}", key=key, given="a1")
    with use_language("zh-TW"):
        assert tell(old) == tell(Message("There is no run {given}; it may have been deleted.", given="a1"))
        # … but not into a sentence with places that it has no values for.
        assert tell(Message("This run is unknown.", key=key)) == "This run is unknown."


def test_what_nobody_translated_stays_as_it_is():
    with use_language("zh-TW"):
        assert tell(verbatim("The moon is in the way.")) == "The moon is in the way."
        assert tell(Message("The {thing} is in the way.", thing="moon")) == "The moon is in the way."
        assert tell(OSError("text")) == "text"


def test_the_feed_is_the_same_for_all_and_the_labels_bring_the_language(store):
    run_id = make_run(store)
    lifecycle.mark(store, run_id, "ppo", "failed", lifecycle.GONE)
    seen = next(x for x in run_view(store.get(run_id))["learners"] if x["name"] == "ppo")["reason"]
    assert seen == {"key": lifecycle.GONE.key, "template": lifecycle.GONE.template, "values": {}}
    assert words()["messages"] == {}
    with use_language("zh-TW"):
        assert words()["messages"][seen["key"]] == tell(lifecycle.GONE)


def test_old_texts_in_the_store_read_as_they_are(store):
    run_id = make_run(store)
    with store.write() as c:
        c.execute(lifecycle.learners.update().values(reason="An old {reason}.", warning="100% old", preparing=None))
        c.execute(lifecycle.learners.update().values(preparing='{"text": "Converting.", "share": 0.5}'))
    learner = store.get(run_id).learners[0]
    assert (str(learner.reason), str(learner.warning)) == ("An old {reason}.", "100% old")
    assert learner.preparing is not None
    assert (str(learner.preparing.message), learner.preparing.share) == ("Converting.", 0.5)
    for bad in ("no JSON", "[]", '{"text": 3, "share": 1}', '{"share": 1}'):
        with store.write() as c:
            c.execute(lifecycle.learners.update().values(preparing=bad))
        assert store.get(run_id).learners[0].preparing is None


def test_a_refused_change_is_told_in_the_viewers_language():
    with pytest.raises(ConfigError) as caught:
        change(preset("chain-sum"), {"gamma": 2})
    refused = {"assignments": {"gamma": 2}, "reason": str(caught.value), "message": caught.value.message.to_dict()}
    with use_language("zh-TW"):
        shown = event_details(refused)
        assert tell(caught.value) in shown
        assert "message" not in shown
        assert event_details(lifecycle.CLOSED.to_dict()) == tell(lifecycle.CLOSED)
    assert str(caught.value) in event_details(refused)
    assert "old words" in event_details({"assignments": {}, "reason": "old words"})
