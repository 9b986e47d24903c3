"""The board in a notebook: Python hands the browser what the server would, live while TRL trains beside it."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.config import RunConfig
from core.extras import NOTEBOOK
from core.given_config import change
from core.presets import preset
from core.runs import lifecycle
from core.runs.feed import Feed
from core.runs.store import RunStore
from core.training.beginning import begin
from lessons import shared
from lessons.board.window import Window, window
from lessons.elsewhere.notebook import HandedOver, NotebookError, board
from lessons.i18n import LANGUAGES, gettext, use_language
from tests.helpers import step_trace
from tests.lessons.conftest import make_run
from tests.waiting import until


@pytest.fixture(autouse=True)
def own_feed(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Feed(store, refresh_s=0)
    monkeypatch.setattr(shared, "feed", lambda: feed)


@pytest.fixture
def extra() -> None:
    pytest.importorskip("anywidget")


def parts_of(data: bytes) -> dict[str, Any]:
    """What a window of data brings, by kind."""
    line, _, rest = data.partition(b"\n")
    parts: dict[str, Any] = {}
    for part in json.loads(line)["parts"]:
        size = part.get("bytes", 0)
        parts[part["kind"]] = json.loads(gzip.decompress(rest[:size])) if size else part["error"]
        rest = rest[size:]
    return parts


class Listening:
    """A browser, as far as Python can tell: it notes what it is sent, and when."""

    def __init__(self, widget: Any) -> None:
        self.widget, self.windows = widget, []  # type: ignore[var-annotated]
        widget.send = lambda content, buffers: self.windows.append((time.monotonic(), parts_of(buffers[0])))

    def ask(self, **wanted: object) -> dict[str, Any]:
        self.widget._handle_custom_msg({"wanted": wanted}, [])
        return self.windows[-1][1]  # type: ignore[no-any-return]


@pytest.mark.usefixtures("extra")
def test_a_stored_run_is_handed_over_as_it_is_asked_for(store: RunStore) -> None:
    run_id = make_run(store, steps=4)
    widget = board(run_id[:12])
    listening = Listening(widget)
    window = listening.ask(follow=False, step=2)
    assert window["step"]["step"] == window["group"]["step"] == 2
    assert {x["step"] for x in window["live"]["rows"]} == {0, 1, 2, 3}
    assert window["live"]["run"]["id"] == run_id
    assert listening.ask(follow=True)["step"]["step"] == 3
    assert listening.ask(follow=True, group=None)["group"]["step"] == 3  # nobody chose one
    others = [x["group"] for x in window["step"]["groups"] if x["group"] != window["group"]["group"]]
    assert listening.ask(follow=False, step=2, group=others[0])["group"]["group"] == others[0]
    before = len(listening.windows)
    widget._handle_custom_msg({"wanted": "<img>"}, [])
    widget._handle_custom_msg("nothing", [])
    assert len(listening.windows) == before


@pytest.mark.usefixtures("extra")
def test_two_boards_do_not_hear_each_other_and_speak_their_own_language(store: RunStore) -> None:
    run_id = make_run(store)
    english, chinese = (json.loads(board(run_id, language=x).options) for x in ("en", "zh-TW"))
    assert english["channel"] != chinese["channel"]
    with use_language("zh-TW"):
        assert chinese["labels"]["board"] == gettext(english["labels"]["board"]) != english["labels"]["board"]


@pytest.fixture
def of_labels(store: RunStore) -> str:
    """A run that trained a reward model on labelled pairs, and nothing else."""
    config = change(
        preset("reply-reward-model"), {"steps": 3, "prompts_per_step": 4, "judge_pairs": 24, "device": "cpu"}
    )
    [learner] = config.learners
    run_id = store.create(config)
    for trace in begin(config, learner.name).steps():
        store.append(run_id, trace)
    lifecycle.mark(store, run_id, learner.name, "finished")
    return run_id


@pytest.mark.usefixtures("extra")
def test_a_run_that_trains_a_reward_model_opens_at_its_last_pairs(store: RunStore, of_labels: str) -> None:
    widget = board(of_labels)
    first = parts_of(widget.first)
    assert set(first) == {"group", "step", "live"}
    assert first["live"]["run"]["opening"] is None, "there is nobody whose credit it could be told apart from"
    assert first["step"]["step"] == first["group"]["step"] == 2
    [(name, own)] = first["group"]["learners"].items()
    assert own["trains"] == "reward-model"
    assert {"logprob", "kl_exact", "value", "success"} <= set(own["without"])
    assert sorted(own["rewards"]) == [0, 1], "a pair: one is preferred"
    for response in own["responses"]:
        scores = response["once"]["score_after"]
        assert len(scores) == len(response["token"])
        assert scores[-1] == pytest.approx(response["score"], abs=1e-5)
    rows = [x for x in first["live"]["rows"] if x["learner"] == name]
    assert [x["step"] for x in rows] == [0, 1, 2]
    assert all(x["pair_loss"] > 0 and x["kl"] is None and x["reward"] is None for x in rows)
    window = Listening(widget).ask(follow=False, step=0)
    assert window["step"]["step"] == window["group"]["step"] == 0


@pytest.mark.usefixtures("extra")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reward_models_run_is_told_of_in_the_language_that_was_asked_for(
    store: RunStore, of_labels: str, language: str
) -> None:
    widget = board(of_labels, language=language)
    labels = json.loads(widget.options)["labels"]
    [own] = parts_of(widget.first)["group"]["learners"].values()
    sentences = [own["strip_title"], *(x[y] for x in own["columns"] for y in ("title", "help"))]
    sentences += [x[y] for x in own["terms"] for y in ("title", "help") if re.search("[a-z]{4}", x[y])]
    assert len(sentences) > 10
    with use_language(language):
        for text in sentences:
            shown = labels["templates"].get(text, text)
            assert shown == gettext(text)
            assert (shown == text) == (language == "en"), text


@pytest.mark.usefixtures("extra")
def test_a_training_of_trl_is_live_while_it_goes_on(store: RunStore, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    from transformers import TrainerCallback

    from core.integrations.trl.callback import CreditLabCallback
    from tests.integrations.trl_runs import trainer

    callback = CreditLabCallback(keep=True)
    widget = board(callback, every_s=0.02)
    listening = Listening(widget)

    class Slow(TrainerCallback):  # type: ignore[misc]
        """Each step lasts until the board was handed what is stored so far."""

        def on_step_end(self, *_: Any, **__: Any) -> None:
            stored = [x["step"] for x in store.rows_since(callback.run_id or "", 0)[0]]
            until(lambda: not stored or stored[-1] in [x["step"]["step"] for _, x in listening.windows if "step" in x])

    made = trainer(tmp_path, [callback, Slow()], prompts=3)
    callback.watch(made)
    assert listening.ask(follow=True)["trouble"]["template"] == "The training has not begun yet."
    made.train()
    ended = time.monotonic()
    until(lambda: listening.windows[-1][1].get("live", {"run": {"status": ""}})["run"]["status"] == "finished")
    during = [x for at, x in listening.windows if at < ended and "step" in x]
    assert [x["step"]["step"] for x in during] == sorted(x["step"]["step"] for x in during)
    assert len({x["step"]["step"] for x in during}) >= 2  # it came while the cell was busy, not after it
    last = listening.windows[-1][1]
    assert last["step"]["step"] == 2
    assert last["live"]["run"]["id"] == callback.run_id
    widget.close()


def test_a_run_that_ended_since_the_last_look_is_live_until_its_last_step_can_be_had(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told that it is over, a board asks no more."""
    now = 0.0
    monkeypatch.setattr("core.runs.feed_log.time.monotonic", lambda: now)
    feed = Feed(store, refresh_s=0.2)
    monkeypatch.setattr(shared, "feed", lambda: feed)
    run_id = store.create(RunConfig(steps=3))
    names = [x.name for x in store.get(run_id).learners]
    for step in range(2):
        for name in names:
            store.append(run_id, step_trace(store.get(run_id).config, name, step))
    assert window(run_id, {"follow": True}).live
    for name in names:
        store.append(run_id, step_trace(store.get(run_id).config, name, 2))
        lifecycle.mark(store, run_id, name, "finished")
    seen = []
    for now in (0.1, 0.3):  # noqa: B007  (what the clock says)
        shown = window(run_id, {"follow": True})
        brought = parts_of(shown.data(""))
        seen.append((shown.live, brought["step"]["step"], max(x["step"] for x in brought["live"]["rows"])))
    assert seen == [(True, 1, 1), (False, 2, 2)]


def test_a_step_made_between_a_look_and_what_is_handed_over_takes_no_others_place(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create(RunConfig(steps=3))
    config = store.get(run_id).config

    def make(step: int) -> None:
        for learner in config.learners:
            store.append(run_id, step_trace(config, learner.name, step))

    make(0)
    handed = HandedOver(lambda: run_id, "", every_s=0.001)
    looks: list[int] = []

    def looked(given: str, wanted: dict[str, Any]) -> Window:
        looks.append(len(looks))
        now = window(given, wanted)
        if looks == [0]:  # the first look of the watch
            make(2)
            for learner in config.learners:
                lifecycle.mark(store, run_id, learner.name, "finished")
        return now

    make(1)
    monkeypatch.setattr("lessons.elsewhere.notebook.window", looked)
    sent: list[int] = []
    handed.watch(lambda data: sent.append(parts_of(data)["step"]["step"]))
    assert set(sent) == {1, 2}


@pytest.fixture
def threads() -> Iterator[None]:
    import threading

    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.usefixtures("extra", "threads")
def test_a_board_that_is_closed_looks_no_more() -> None:
    class Waiting:
        keep, run_id = True, None

    board(Waiting(), every_s=0.01).close()


@pytest.mark.usefixtures("extra")
def test_what_cannot_be_shown_is_a_sentence(store: RunStore) -> None:
    class Elsewhere:
        keep, run_id = False, None

    with pytest.raises(NotebookError, match="make it with keep=True"):
        board(Elsewhere())
    with pytest.raises(NotebookError, match="0 runs have an id that begins with 'nothing'"):
        board("nothing")
    for run_id in ("twin-1", "twin-2"):
        store.create(store.get(make_run(store)).config, run_id=run_id)
    with pytest.raises(NotebookError, match="2 runs have an id that begins with 'twin-'"):
        board("twin-")


def test_without_the_extra_it_says_what_to_install(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(NOTEBOOK), "installed", lambda self: self.name != "notebook")
    with pytest.raises(NotebookError, match="Jupyter needs the extra “notebook”, which is not installed here: pip"):
        board(make_run(store))
