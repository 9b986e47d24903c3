"""What viewers' browsers are sent: complete, shared, unassigned kept apart from zero, hostile text made harmless."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.config import RunConfig
from core.errors import verbatim
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.runs import lifecycle
from core.runs.errors import RunNotFound
from core.runs.feed import Feed, StepNotFound
from core.runs.feed_log import MOST_ROWS
from core.runs.store import RunStore
from core.runs.view_values import number
from core.text import visible
from tests.helpers import HOSTILE, step_trace

CONFIG = RunConfig(steps=20)
BOTH = ("ppo", "grpo")


class CountingStore(RunStore):
    """Counts the reads that a feed makes."""

    reads = 0

    def rows_since(self, run_id: str, cursor: int) -> Any:
        self.reads += 1
        return super().rows_since(run_id, cursor)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(home=tmp_path)


def started(store: RunStore, steps: int = 3, learners: tuple[str, ...] = BOTH, **options: Any) -> str:
    run_id = store.create(CONFIG)
    for step in range(steps):
        for name in learners:
            store.append(run_id, step_trace(CONFIG, name, step, **options))
    return run_id


def live(feed: Feed, run_id: str, since: int = 0) -> dict[str, Any]:
    return json.loads(feed.live(run_id, since).text())


def test_a_step_that_is_added_while_the_feed_reads_is_not_lost(store: CountingStore) -> None:
    """Lost, it would stay lost: a run that pauses after it makes no other."""
    run_id, feed = started(store), Feed(store, refresh_s=0)
    first = live(feed, run_id)
    late = [step_trace(CONFIG, "ppo", 3)]
    read = store.get, store.rows_since

    def then_one_more(reading: Any) -> Any:
        def wrapped(*args: Any) -> Any:
            result = reading(*args)
            if late:
                store.append(run_id, late.pop())
            return result

        return wrapped

    for name, reading in zip(("get", "rows_since"), read, strict=True):
        setattr(store, name, then_one_more(reading))
    known, cursor = {}, first["cursor"]
    for _ in range(3):
        news = live(feed, run_id, cursor)
        known |= {(row["learner"], row["step"]): row for row in news["rows"]}
        made = {x["name"]: x["step"] for x in news["learners"]}
        known = {at: row for at, row in known.items() if at[1] <= made[at[0]]}  # as the browser does (model.js)
        cursor = news["cursor"]
    assert ("ppo", 3) in known


def test_a_first_load_has_everything_and_a_cursor_brings_only_what_is_new(store: CountingStore) -> None:
    run_id, feed = started(store), Feed(store, refresh_s=0)
    first = live(feed, run_id)
    assert first["whole"]
    assert [(r["learner"], r["step"]) for r in first["rows"]] == [(name, step) for step in range(3) for name in BOTH]
    assert live(feed, run_id, first["cursor"])["rows"] == []
    store.append(run_id, step_trace(CONFIG, "ppo", 3))
    news = live(feed, run_id, first["cursor"])
    assert not news["whole"]
    assert [(r["learner"], r["step"]) for r in news["rows"]] == [("ppo", 3)]
    assert news["cursor"] > first["cursor"]


def test_it_says_who_learns_and_what_drawing_needs(store: CountingStore) -> None:
    data = live(Feed(store), started(store))
    assert [x["name"] for x in data["learners"]] == ["ppo", "grpo"]
    ppo, grpo = (x["settings"] for x in data["learners"])
    assert (ppo["epsilon"], ppo["clip_high"], ppo["lam"]) == (0.2, 0.2, 0.95)
    assert grpo["scale_eps"] == 1e-4
    assert "lam" not in grpo
    assert data["run"]["group_size"] == 8
    assert data["run"]["seed"] == 0


@pytest.mark.parametrize(
    ("level", "surrogate", "whole"),
    [
        ("token", "clip", False),
        ("sequence", "clip", True),  # GSPO: one ratio for the response, and the gradient goes through it to each token
        ("token", "cispo", False),
        ("sequence", "cispo", False),  # the ratio only weighs a token's own gradient
    ],
)
def test_a_learner_says_whether_a_tokens_term_moves_its_whole_response(
    store: CountingStore, level: str, surrogate: str, whole: bool
) -> None:
    form = GRPOSettings(importance_sampling_level=level, surrogate=surrogate)
    config = RunConfig(steps=20, learners=(form,))
    run_id = store.create(config)
    store.append(run_id, step_trace(config, "grpo", 0))
    feed = Feed(store)
    assert live(feed, run_id)["learners"][0]["whole_ratio"] is whole
    assert json.loads(feed.step(run_id, 0).text())["learners"]["grpo"]["whole_ratio"] is whole
    assert json.loads(feed.group(run_id, 0, 0).text())["learners"]["grpo"]["whole_ratio"] is whole


def test_unassigned_is_null_and_never_zero(store: CountingStore) -> None:
    run_id, feed = started(store, 1), Feed(store)
    rows = {row["learner"]: row for row in live(feed, run_id)["rows"]}
    assert rows["grpo"]["vf_explained_var"] is None
    assert rows["ppo"]["vf_explained_var"] is not None
    group = json.loads(feed.group(run_id, 0, 0).text())
    values = [x for response in group["learners"]["grpo"]["responses"] for x in response["once"]["value"]]
    assert values
    assert set(values) == {None}
    assert None not in group["learners"]["ppo"]["responses"][0]["once"]["value"]


def test_numbers_keep_six_digits_and_words_stand_for_what_json_cannot_say() -> None:
    assert number(0.123456789) == 0.123457
    assert number(1234567.8) == 1234570.0
    assert number(None) is None
    assert number(3) == 3
    assert number(True) is True
    assert [number(x) for x in (math.nan, math.inf, -math.inf)] == ["nan", "inf", "-inf"]


def test_many_viewers_with_one_cursor_cost_one_read_and_share_the_same_bytes(store: CountingStore) -> None:
    run_id, feed = started(store), Feed(store, refresh_s=60)
    store.reads = 0
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(feed.live(run_id, 0))) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 24
    assert len({id(x) for x in answers}) == 1
    assert store.reads == 1
    assert feed.step(run_id, 1) is feed.step(run_id, 1)
    assert feed.group(run_id, 1, 0) is feed.group(run_id, 1, 0)


def test_the_tag_changes_exactly_with_the_content(store: CountingStore) -> None:
    run_id, feed = started(store), Feed(store, refresh_s=0)
    cursor = live(feed, run_id)["cursor"]
    quiet = feed.live(run_id, cursor).etag
    assert feed.live(run_id, cursor).etag == quiet
    lifecycle.mark(store, run_id, "ppo", "failed", verbatim("the disk is full"))
    answer = feed.live(run_id, cursor)
    assert answer.etag != quiet
    assert json.loads(answer.text())["learners"][0]["reason"] == "the disk is full"


def test_a_step_made_again_is_sent_again_under_another_revision(store: CountingStore) -> None:
    run_id, feed = started(store), Feed(store, refresh_s=0)
    cursor, before = live(feed, run_id)["cursor"], feed.step(run_id, 2).revision
    old = feed.step(run_id, 2)
    store.append(run_id, step_trace(CONFIG, "ppo", 2, seed=5))
    news = live(feed, run_id, cursor)
    assert [(r["learner"], r["step"]) for r in news["rows"]] == [("ppo", 2)]
    assert feed.step(run_id, 2).revision != before
    assert feed.step(run_id, 2).body != old.body
    whole = [(r["learner"], r["step"]) for r in live(feed, run_id)["rows"]]
    assert sorted(whole) == sorted((name, step) for step in range(3) for name in BOTH)


def test_steps_that_a_resumed_run_left_behind_are_forgotten(store: CountingStore) -> None:
    run_id, feed = started(store, 5), Feed(store, refresh_s=0)
    assert len(live(feed, run_id)["rows"]) == 10
    for name in BOTH:
        lifecycle.forget_future(store, run_id, name, 3, changes=False)
        facts: dict[str, Any] = {"step": 2, "steps": 20, "start_hash": "a", "device": "cpu", "versions": {}}
        lifecycle.describe(store, run_id, name, **facts)
    assert {r["step"] for r in live(feed, run_id)["rows"]} == {0, 1, 2}
    with pytest.raises(StepNotFound):
        feed.step(run_id, 4)


def test_very_long_histories_are_thinned_but_not_their_end(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runs.feed_log.MOST_ROWS", 40)
    run_id, feed = started(store, 1), Feed(store, refresh_s=0)
    template = step_trace(CONFIG, "ppo", 0)
    for step in range(1, 100):
        for name in BOTH:
            made = type(template)(name, step, template.scalars, template.samples, template.tokens, template.prompt_hash)
            store.append(run_id, made)
    rows = live(feed, run_id)["rows"]
    assert len(rows) <= 40 < MOST_ROWS
    for name in BOTH:
        steps = [r["step"] for r in rows if r["learner"] == name]
        assert steps[0] == 0, "both learners keep their first step"
        assert steps[-8:] == list(range(92, 100)), "and their newest ones"


def test_a_step_holds_each_panel_token_once_per_pass(store: CountingStore) -> None:
    run_id = started(store)
    data = json.loads(Feed(store).step(run_id, 1).text())
    assert list(data["learners"]) == ["ppo", "grpo"]
    assert [g["group"] for g in data["groups"]] == [0, 1, 2, 3]
    tokens = store.tokens(run_id, "ppo", 1).to_pandas()
    ppo = data["learners"]["ppo"]
    assert len(ppo["passes"]) == 3
    assert set(ppo["passes"][0]["ratio"]) == {1.0}
    for number_, sent in enumerate(ppo["passes"]):
        expected = tokens[tokens["pass"] == number_].sort_values(["sample", "position"])
        np.testing.assert_allclose(sent["ratio"], expected["ratio"], rtol=1e-5)
        assert sent["clipped"] == [None if np.isnan(x) else x for x in expected["clipped"]]
        assert (None in sent["clipped"]) == (number_ == 2), "after the last pass no gradient is taken"
        np.testing.assert_allclose(ppo["advantage"], expected["advantage"], rtol=1e-5)
    samples = store.samples(run_id, "ppo", 1).to_pylist()
    right = sum(row["success"] for row in samples if row["group"] == 2)
    assert data["groups"][2]["learners"]["ppo"] == {"responses": 8, "success": right, "reward": right}


@pytest.mark.parametrize(
    ("changed", "where"),
    [({}, "update"), ({"ratio_update": None}, "state"), ({"ratio_update": None, "clipped": None}, "never")],
    ids=["this version", "version 1", "no gradient"],
)
def test_a_step_says_where_its_cuts_were_measured(store: CountingStore, changed: dict[str, None], where: str) -> None:
    run_id = store.create(CONFIG)
    trace = step_trace(CONFIG, "ppo", 0)
    for name in changed:
        at = trace.tokens.column_names.index(name)
        nothing = pa.nulls(trace.tokens.num_rows, trace.tokens.schema.field(name).type)
        trace = replace(trace, tokens=trace.tokens.set_column(at, name, nothing))
    store.append(run_id, trace)
    for view in (Feed(store).step(run_id, 0), Feed(store).group(run_id, 0, 0)):
        assert json.loads(view.text())["learners"]["ppo"]["cut_at"] == where


def test_a_step_names_a_prompt_where_credit_has_something_to_tell(store: CountingStore) -> None:
    data = json.loads(Feed(store).step(started(store, 3), 2).text())
    counts = {g["group"]: [(x["success"], x["responses"]) for x in g["learners"].values()] for g in data["groups"]}
    mixed = [group for group, pairs in counts.items() if all(0 < right < all_ for right, all_ in pairs)]
    assert data["telling"] == mixed[0]


def test_where_no_prompt_is_mixed_for_all_one_that_is_for_some_learner_is_named(store: CountingStore) -> None:
    """A board that follows would else show responses that are all right, while a mixed prompt stands beside."""
    run_id = store.create(CONFIG)
    for name, mixed in (("ppo", {2}), ("grpo", set[int]())):
        trace = step_trace(CONFIG, name, 0)
        group, sample = (trace.samples[x].to_pylist() for x in ("group", "sample"))
        first = {g: min(s for s, own in zip(sample, group, strict=True) if own == g) for g in group}
        success = [g not in mixed or s != first[g] for s, g in zip(sample, group, strict=True)]
        at = trace.samples.column_names.index("success")
        store.append(run_id, replace(trace, samples=trace.samples.set_column(at, "success", pa.array(success))))
    assert json.loads(Feed(store).step(run_id, 0).text())["telling"] == 2


def test_a_group_holds_every_number_of_every_token(store: CountingStore) -> None:
    run_id = started(store)
    data = json.loads(Feed(store).group(run_id, 2, 3).text())
    expected = {(r["pass"], r["sample"], r["position"]): r for r in store.tokens(run_id, "grpo", 2).to_pylist()}
    seen = 0
    for response in data["learners"]["grpo"]["responses"]:
        for number_, columns in enumerate(response["passes"]):
            for i, position in enumerate(response["position"]):
                row = expected[number_, response["sample"], position]
                for name, column in {**response["once"], **columns}.items():
                    assert (column[i] is None) == (row[name] is None)
                    assert row[name] is None or math.isclose(column[i], row[name], rel_tol=1e-6)
                seen += 1
    assert seen > 200
    assert len(data["learners"]["grpo"]["rewards"]) == 8
    assert data["prompt"].endswith("=")


def test_what_each_learner_was_asked_is_said_where_it_is_not_the_same(store: CountingStore) -> None:
    asks = {"prompts_per_step": 4, "num_generations": 8}
    own = RunConfig(learners=(PPOSettings(num_generations=16), GRPOSettings(dynamic_sampling=True)), **asks)
    run_id = store.create(own, "test")
    for name in BOTH:
        trace = step_trace(own, name, 0)
        if name == "grpo":  # as where group 1 was replaced
            rows = [{**x, "prompt": "other="} if x["group"] == 1 else x for x in trace.samples.to_pylist()]
            trace = replace(trace, samples=pa.Table.from_pylist(rows, schema=trace.samples.schema))
        store.append(run_id, trace)
    answers = [json.loads(Feed(store).group(run_id, 0, group).text()) for group in (0, 1)]
    asked = [{name: x["prompt"] for name, x in answer["learners"].items()} for answer in answers]
    assert asked[0]["ppo"] == asked[0]["grpo"] == answers[0]["prompt"]
    assert asked[1] == {"ppo": answers[1]["prompt"], "grpo": "other="}
    sent = {x: [y[x] for y in answers[0]["learners"].values()] for x in ("group_size", "replaces_groups", "given")}
    assert sent == {"group_size": [16, 8], "replaces_groups": [False, True], "given": [False, False]}


def test_a_learner_that_has_not_made_the_step_is_left_out(store: CountingStore) -> None:
    run_id = started(store, 2)
    store.append(run_id, step_trace(CONFIG, "grpo", 2))
    data = json.loads(Feed(store).step(run_id, 2).text())
    assert list(data["learners"]) == ["grpo"]


def test_settings_are_those_of_the_step(store: CountingStore) -> None:
    run_id = started(store, 4)
    store.add_event(run_id, "ppo", 2, "change", {"ppo.epsilon": 0.1})
    feed = Feed(store)
    epsilons = [json.loads(feed.step(run_id, s).text())["learners"]["ppo"]["settings"]["epsilon"] for s in range(4)]
    assert epsilons == [0.2, 0.2, 0.1, 0.1]
    assert json.loads(feed.group(run_id, 3, 0).text())["learners"]["grpo"]["settings"]["epsilon"] == 0.2


def test_what_is_not_there_is_said(store: CountingStore) -> None:
    run_id, feed = started(store, 1), Feed(store)
    with pytest.raises(RunNotFound):
        feed.live("nobody", 0)
    with pytest.raises(StepNotFound, match="finished a step 7"):
        feed.step(run_id, 7)
    with pytest.raises(StepNotFound, match="no tokens of a group 9"):
        feed.group(run_id, 0, 9)


def test_guessed_ids_do_not_push_out_the_runs_that_people_watch(store: CountingStore) -> None:
    run_id, feed = started(store), Feed(store, refresh_s=60)
    feed.live(run_id, 0)
    store.reads = 0
    for guess in range(100):
        with pytest.raises(RunNotFound):
            feed.live(f"guess-{guess}", 0)
    feed.live(run_id, 0)
    assert store.reads == 0


def test_hostile_text_arrives_letter_by_letter(store: CountingStore) -> None:
    run_id = started(store, 1, hostile=True)
    data = json.loads(Feed(store).group(run_id, 0, 0).text())
    response = data["learners"]["ppo"]["responses"][0]
    assert data["prompt"].startswith(HOSTILE[0])
    assert response["text"].startswith(HOSTILE[0])
    assert response["token"][0] == HOSTILE[0][:28]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\x00\n\x7f", "␀␊␡"),
        ("\u200b\u2066\ufeff", "⟨U+200B⟩⟨U+2066⟩⟨U+FEFF⟩"),
        ("\x9b", "⟨U+009B⟩"),
        ("7+4=11;<eos> 答案 é", "7+4=11;<eos> 答案 é"),
    ],
)
def test_unseen_characters_are_written_out(given: str, shown: str) -> None:
    assert visible(given) == shown


def test_lone_surrogates_cannot_break_an_answer() -> None:
    assert visible("a\ud800b") == "a⟨U+D800⟩b"
