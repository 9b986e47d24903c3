"""Label files that a learner put together: remembered by their browser, named and counted, taken away one by one."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from core.rewards.preferences import to_json
from lessons.a_trained_reward_model import files, labels
from lessons.kit import remembered, shelf
from tests.lessons.real import strips
from tests.lessons.test_a_trained_reward_model import KEY, preference


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict:
    state: dict = {}
    monkeypatch.setattr(remembered.st, "session_state", state)
    return state


def received(session: dict, entries: dict) -> None:
    session["k"] = {"kept": {"entries": entries}}
    shelf._receive("labels", "k")


def sent_to_browser(at) -> dict:
    [mounted] = [x.proto for x in at.get("bidi_component") if x.proto.bytes.startswith(b'{"key": "credit-lab-labels"')]
    return json.loads(mounted.bytes)["entries"]


def upload(at, *named: tuple[str, str]):
    value = [(name, to_json([preference(source=who)]).encode(), "application/json") for name, who in named]
    return at.file_uploader(key=files.UPLOAD).set_value(value).run()


def counts(at) -> list[str]:
    return [x.value for x in at.caption if "labels" in x.value and ":" in x.value]


def test_files_outlive_a_reload_and_each_is_named_counted_and_taken_away(open_page) -> None:
    at = upload(open_page(KEY, lang="en"), ("ada.json", "Ada"), ("bo.json", "Bo"))
    kept = sent_to_browser(at)
    assert len(kept) == 2

    again = open_page(KEY, lang="en")  # another session: what it knows comes from the browser
    again.session_state["shelves"] = {"labels": {x: tuple(y) for x, y in kept.items()}}
    again.run()
    assert not again.exception
    for who in ("Ada", "Bo"):
        assert any(f"{who} | 1 | 1 |" in x.value for x in again.markdown), who
    assert [x for x in counts(again) if "json" in x] == ["ada\\.json: 1 labels", "bo\\.json: 1 labels"]
    again.button(key="rm_drop_0").click().run()
    assert not any("Ada | 1 | 1 |" in x.value for x in again.markdown)
    assert any("Bo | 1 | 1 |" in x.value for x in again.markdown)
    assert sorted(x is None for x, _when in sent_to_browser(again).values()) == [False, True], "gone in other tabs, too"
    upload(again, ("bo.json", "Cy"))
    for who in ("Bo", "Cy"):
        assert any(f"{who} | 1 | 1 |" in x.value for x in again.markdown), (
            "a file of the same name takes no other's place"
        )
    upload(again, ("bo.json", "Bo"))
    assert sum("Bo | 1 | 1 |" in x.value for x in again.markdown) == 1, "the same file twice counts once"


def test_what_is_taken_from_a_browser_is_checked_as_an_upload_is(open_page) -> None:
    hostile = json.dumps({"version": 1, "preferences": [{"prompt": "<script>", "a": "x", "b": "y", "preferred": "a"}]})
    at = open_page(KEY, lang="en")
    entries = {"text/00000001": (json.dumps(["[x](y).json", hostile]), 5), "text/00000002": (json.dumps(["n", "{"]), 6)}
    at.session_state["shelves"] = {"labels": entries}
    at.run()
    assert not at.exception
    assert len(at.error) == 2
    assert any(r"\[x\]\(y\)\.json" in x.value for x in at.error)
    assert all(value is None for value, _when in sent_to_browser(at).values())
    assert set(strips(at, "rm_labels")["labels"]) == {"-"}


def test_what_was_forgotten_in_another_tab_is_so_here(session: dict) -> None:
    key, later = shelf.put("labels", "ada.json", "x"), remembered.now() + 50
    remembered.remember("quiz/a", 1)
    for of_no_time in (remembered.now() + 10**9, "x", None, float("nan"), -1):
        session["k"] = {"kept": {"cleared": of_no_time, "entries": {}}}
        shelf._receive("labels", "k")
        assert key in shelf.texts("labels")
    session["k"] = {"kept": {"cleared": later, "entries": {"text/00000001": [json.dumps(["b.json", "y"]), later + 1]}}}
    shelf._receive("labels", "k")
    assert list(shelf.texts("labels")) == ["text/00000001"]
    assert remembered.recall("quiz/a") is None
    assert remembered.cleared_at() == later
    session["memory"] = {"kept": {"cleared": 1, "entries": {"quiz/a": [3, later + 1]}}}
    remembered._receive()
    assert (remembered.recall("quiz/a"), remembered.cleared_at()) == (3, later)


def test_what_can_be_no_entry_is_left_out(session: dict) -> None:
    good = json.dumps(["a.json", "x"])
    wrong = {
        "labels/name": [good, 5],
        "text/zz": [good, 5],
        "text/00000002": ["no JSON", 5],
        "text/00000003": [json.dumps(["a"]), 5],
        "text/00000004": [json.dumps([1, 2]), 5],
        "text/00000005": [good, remembered.now() + 10**9],
        "text/00000006": [good],
        "text/00000007": ["[" * 100_000, 5],
        "text/00000008": [json.dumps(["a", "x" * shelf.MOST_CHARACTERS]), 5],
    }
    assert shelf.accepted({"entries": {**wrong, "text/00000001": [good, 5]}}) == {"text/00000001": (good, 5)}
    for nothing in (None, 7, {}, {"entries": []}):
        assert shelf.accepted(nothing) == {}


def test_what_was_taken_away_takes_no_texts_place(session: dict) -> None:
    """Of sixty texts that all had room, twenty were there after a reload: forty others had been removed before."""
    for text in [shelf.put("labels", f"{i}.json", "old") for i in range(shelf.MOST_TEXTS - 20)]:
        shelf.drop("labels", text)
    kept = [shelf.put("labels", f"{i}.json", "new") for i in range(shelf.MOST_TEXTS)]
    assert None not in kept
    assert shelf.put("labels", "one.json", "too many") is None
    for text in [x for x in shelf._entries("labels") if x not in kept]:
        shelf._entries("labels")[text] = (None, remembered.now() + 50)
    entries = shelf.accepted({"entries": shelf._entries("labels")})
    assert {x for x, (value, _when) in entries.items() if value is not None} == set(kept)


def test_a_text_without_room_takes_no_other_texts_room(session: dict) -> None:
    short, half = json.dumps(["a.json", "x"]), json.dumps(["b.json", "y" * (shelf.MOST_CHARACTERS // 2)])
    given = {"text/00000001": [half, 9], "text/00000002": [half.replace("b", "c"), 8], "text/00000003": [short, 7]}
    assert set(shelf.accepted({"entries": given})) == {"text/00000001", "text/00000003"}


def test_a_file_whose_labels_were_removed_does_not_come_back_with_the_next(session: dict) -> None:
    """The uploader still lists it then."""

    def file(name: str, who: str) -> SimpleNamespace:
        content = to_json([preference(source=who)]).encode()
        return SimpleNamespace(file_id=f"{name} {who}", name=name, getvalue=lambda: content)

    def uploaded(*there: SimpleNamespace) -> dict[str, set[str]]:
        session[files.UPLOAD] = list(there)
        files._uploaded()
        return {name: {x.source for x in own} for name, own in labels.of_files().items()}

    ada, bo, cy = file("x.json", "Ada"), file("y.json", "Bo"), file("x.json", "Cy")
    assert uploaded(ada) == {"x.json": {"Ada"}}
    labels.drop_file("x.json")
    assert uploaded(ada, bo) == {"y.json": {"Bo"}}
    assert uploaded(ada, bo, cy) == {"y.json": {"Bo"}, "x (2).json": {"Cy"}}
    assert uploaded(bo, cy) == {"y.json": {"Bo"}, "x (2).json": {"Cy"}}, "what is taken out takes only its own along"
    wrong = SimpleNamespace(file_id="w", name="w.json", getvalue=lambda: b"{")
    uploaded(cy, wrong)
    assert list(session[files.PROBLEMS]) == ["w.json"]
    assert uploaded(cy) == {"x (2).json": {"Cy"}}
    assert session[files.PROBLEMS] == {}


def test_two_tabs_texts_come_together_and_what_one_took_away_stays_away(session: dict) -> None:
    mine = shelf.put("labels", "a.json", "mine")
    received(session, {"text/0000000a": [json.dumps(["a.json", "another tab's"]), remembered.now()]})
    assert [x for _name, x in shelf.texts("labels").values()] == ["mine", "another tab's"]
    received(session, {mine: [None, remembered.now() + 5]})
    assert [x for _name, x in shelf.texts("labels").values()] == ["another tab's"]
    received(session, {mine: [json.dumps(["a.json", "mine"]), 5]})
    assert mine not in shelf.texts("labels"), "an older tab brings it not back"


def test_what_has_no_room_is_said_and_counts_until_the_reload(open_page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_CHARACTERS", 100)
    at = upload(open_page(KEY, lang="en"), ("ada.json", "Ada"))
    assert any("Ada | 1 | 1 |" in x.value for x in at.markdown)
    assert [x for x in counts(at) if "until the page is reloaded" in x]
    assert sent_to_browser(at) == {}


def test_a_browser_that_keeps_nothing_is_said_to(open_page) -> None:
    """Its storage was full, or it was a private window: the files were gone after a reload without a word."""
    at = upload(open_page(KEY, lang="en"), ("ada.json", "Ada"))
    assert not [x for x in counts(at) if "until the page is reloaded" in x]
    at.session_state["shelves_refused"] = {"labels": True}
    at.run()
    assert [x for x in counts(at) if "not remembered by this browser: they count until the page is reloaded" in x]
    [mounted] = [x.proto for x in at.get("bidi_component") if b"credit-lab-labels" in x.proto.bytes]
    assert json.loads(mounted.bytes)["refused"] is True


def test_what_the_browser_says_of_its_room_counts(session: dict) -> None:
    assert not labels.is_refused()
    for refused in (True, False):
        session["k"] = {"refused": refused}
        shelf._note_refusal("labels", "k")
        assert labels.is_refused() is refused


def test_forget_me_forgets_them_too(open_page) -> None:
    at = upload(open_page(KEY, lang="en"), ("ada.json", "Ada"))
    at.button(key="memory_forget").click().run()
    assert not at.exception
    assert not any("Ada | 1 | 1 |" in x.value for x in at.markdown)
    assert sent_to_browser(at) == {}
    assert labels.SHELF == "labels"
