"""The live half of the lesson on a trained reward model: the runs that it starts, and what it shows of them."""

from __future__ import annotations

import re
import shutil
import statistics

import pytest
from streamlit.testing.v1 import AppTest

from core.algorithms.preferences import Bin
from core.given_config import change
from core.insight import reward_example
from core.models import reward
from core.presets import preset
from core.reward_run import reward_config
from core.runs import lifecycle, reward_runs
from core.tasks.tastes import TASTES
from core.workers.process import supervise
from core.workers.worker import Worker
from lessons.a_trained_reward_model import labels, outcome, training
from lessons.i18n import _
from tests.lessons.conftest import linked
from tests.lessons.real import strips

KEY = "a-trained-reward-model"
RECORDED = reward_example.read()
assert RECORDED is not None
LABELS = reward_example.labelled(RECORDED.pool)[:30]
MESSAGES = [x[0] for x in RECORDED.pool[:40]]
WARM = "Hello. Thank you for your message. You are right. Good day to you!"


@pytest.fixture
def trained(store) -> str:
    """A run that trained a reward model on 30 labels, once, and left it."""
    config = change(
        reward_config(preset("reply"), LABELS, epochs=1, pairs_per_step=8, name=training.NAME), {"device": "cpu"}
    )
    run_id = store.create(config, preferences=LABELS)
    lifecycle.enqueue(store, run_id, [training.NAME])
    assert lifecycle.claim(store, run_id, training.NAME)
    assert supervise(Worker(store, run_id, training.NAME)) == 0
    return run_id


def side(when: str, replies: list[str]) -> dict[str, object]:
    rows = [[x, x, True, 5, True] for x in replies]
    return {
        "when": when,
        "samples": 1,
        "questions": MESSAGES,
        "truths": [""] * len(MESSAGES),
        "greedy": rows,
        "sampled": [[x] for x in rows],
    }


def a_policys_run(store, model: str, after: list[str]) -> str:
    """A run of GRPO on the reward model, through, with what it replied before and after."""
    run_id = store.create(outcome.config_for(model, "grpo"))
    lifecycle.enqueue(store, run_id, ["grpo"])
    assert lifecycle.claim(store, run_id, "grpo")
    store.add_event(run_id, "grpo", 0, "evaluation", side("before", [x[1] for x in RECORDED.pool[:40]]))  # type: ignore[union-attr]
    store.add_event(run_id, "grpo", 59, "evaluation", side("after", after))
    lifecycle.mark(store, run_id, "grpo", "finished")
    return run_id


def test_the_button_starts_a_run_on_the_labels_and_the_link_names_it(open_page, store, launcher) -> None:
    at = open_page(KEY, lang="en", judge="warm")
    assert at.button(key="rm_policy").disabled, "there is no reward model yet"
    at.button(key="rm_train").click()
    at.run()
    assert not at.exception
    [run] = store.runs()
    assert launcher.started == [run.id]
    assert store.preferences(run.id) == labels.judged("warm", 200, 0)
    assert reward_runs.learner_of(run) == training.NAME
    assert at.query_params[training.RUN] == run.id
    assert at.button(key="rm_train").disabled, "one at a time"


def test_a_run_outlives_the_way_back_to_a_link_without_it(open_page, store, launcher) -> None:
    """The browser's Back in the midst of a training: the page offered to train once more, and to stop nothing."""
    at = open_page(KEY, lang="en", judge="warm")
    at.button(key="rm_train").click().run()
    assert len(store.runs()) == 1
    del at.query_params[training.RUN]
    at.run()
    assert at.button(key="rm_train").disabled
    assert not at.button(key="rm_stop").disabled


def test_a_second_click_begins_no_second_run(store, launcher) -> None:
    """Of a double click, heard before the button stands there disabled."""

    def twice() -> None:
        from lessons.a_trained_reward_model import training

        training._begin()
        training._begin()

    at = AppTest.from_function(twice)
    at.query_params["judge"] = "warm"
    at.run()
    assert not at.exception
    assert len(store.runs()) == len(launcher.started) == 1


def test_one_pair_is_too_few_to_learn_from_and_to_hold_out(open_page, store, launcher, monkeypatch) -> None:
    same = LABELS[0].model_copy(update={"source": "somebody else"})
    monkeypatch.setattr(labels, "together", lambda: (LABELS[0], same))
    at = open_page(KEY, lang="en")
    assert at.button(key="rm_train").disabled
    monkeypatch.setattr(labels, "together", lambda: LABELS[:2])
    at.run()
    assert not at.button(key="rm_train").disabled


def test_what_is_refused_is_said_and_nothing_is_started(open_page, store, launcher, monkeypatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_STEPS", "3")
    at = open_page(KEY, lang="en", judge="warm")
    at.button(key="rm_train").click()
    at.run()
    assert not at.exception
    assert len(at.error) == 1
    assert launcher.started == []
    assert store.runs() == []


def test_what_the_run_measured_is_drawn_and_said(open_page, store, launcher, trained: str) -> None:
    at = open_page(KEY, lang="en", **{training.RUN: trained})
    assert not at.exception
    left = reward_runs.kept(store, trained)
    assert left is not None
    loss, right, calibration = strips(at, "rm_curves")["charts"]
    curve = [x for x in reward_runs.curve(store, trained) if x.heldout_loss is not None]
    expected = [[x.step, round(x.heldout_loss, 4)] for x in curve]
    assert loss["lines"][1]["points"] == [*expected, [store.get(trained).config.steps, round(left.heldout_loss, 4)]]
    assert right["lines"][0]["points"][-1][1] == round(left.heldout_accuracy, 4)
    assert sum(x[2] for x in calibration["dots"]) == 6  # a fifth of 30 is held out
    rows = strips(at, "rm_prefixes")["rows"]
    shown = [x for x in reward_runs.prefixes(store, trained) if x.heldout]
    assert len(rows) == 2 * training.PAIRS
    assert [x["label"] for x in rows] == ["preferred", "the other one"] * training.PAIRS
    known = {(x.tokens, x.rewards[1:]) for x in shown}
    assert all((tuple(x["tokens"]), tuple(x["values"])) in known for x in rows)
    assert not at.button(key="rm_policy").disabled


def test_the_next_click_trains_the_chosen_learners_on_the_model_that_was_left(
    open_page, store, launcher, trained: str
) -> None:
    left = reward_runs.kept(store, trained)
    assert left is not None
    at = open_page(KEY, lang="en", who="ppo", **{training.RUN: trained})
    at.button(key="rm_policy").click().run()
    [run_id] = launcher.started
    config = store.get(run_id).config
    assert [(x.kind, x.reward, x.reward_model) for x in config.learners] == [("ppo", "reward-model", left.name)]
    assert config.compare_samples == 1
    assert at.title[0].value == "Lab"


def test_a_model_that_is_here_no_more_starts_nothing(open_page, store, launcher, trained: str) -> None:
    """Imported with its run, or deleted for want of disk: each click left a failed run behind."""
    left = reward_runs.kept(store, trained)
    assert left is not None
    shutil.rmtree(reward.folder() / left.name)
    at = open_page(KEY, lang="en", **{training.RUN: trained})
    assert at.button(key="rm_policy").disabled
    assert any("there is no reward model called" in x.value for x in at.info)


def test_what_a_taste_did_is_counted_once_it_was_predicted(open_page, store, launcher, trained: str) -> None:
    left = reward_runs.kept(store, trained)
    assert left is not None
    after = [*[WARM] * 39, "<b>`x`</b>"]
    run_id = a_policys_run(store, left.name, after)
    at = open_page(KEY, lang="en", **{training.RUN: trained})
    assert not at.exception
    assert not [x for x in at.markdown if "▲" in x.value], "nothing is given away"
    names = list(TASTES)
    at.radio(key="rm_rises_try0").set_value(names.index("warm")).run()
    at.button(key="rm_rises_commit").click().run()
    assert any("**Warm**" in x.value for x in at.success)
    [shown] = [x.value for x in at.markdown if "▲" in x.value]
    for name in ("warm", "short"):
        score = TASTES[name].score
        before = [score(m, x[1]) for m, x in zip(MESSAGES, RECORDED.pool, strict=False)]  # type: ignore[union-attr]
        changes = [score(m, y) - b for m, y, b in zip(MESSAGES, after, before, strict=True)]
        row = next(x for x in shown.splitlines() if x.startswith(f"| {TASTES[name].title} |"))
        assert f"| {statistics.fmean(before):.2f} |" in row
        assert f"{abs(statistics.fmean(changes)):.2f}" in row
        assert ("▲" in row) == (statistics.fmean(changes) > 0)
    assert run_id in at.query_params.get("policy", [run_id])


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_where_no_taste_rose_that_is_what_happened_and_the_page_says_so(
    open_page, store, launcher, trained: str, lang: str, speaking, monkeypatch
) -> None:
    left = reward_runs.kept(store, trained)
    assert left is not None
    liked_by_none = "Hello and thank you. Can you send a good day. Good day Good day to you!"  # as a real run wrote
    a_policys_run(store, left.name, [liked_by_none] * 40)
    monkeypatch.setattr(outcome, "reward_ends", lambda *_: {"grpo": (-0.15, 1.11)})
    at = open_page(KEY, lang=lang, **{training.RUN: trained})
    assert not [x for x in at.markdown if "▼" in x.value]
    at.radio(key="rm_rises_try0").set_value(len(TASTES)).run()
    at.button(key="rm_rises_commit").click().run()
    assert not at.exception
    assert any(f"**{_('None of them')}**" in x.value for x in at.success)
    once = {"en": "The reward rose, and no taste", "zh-TW": "獎勵上升了，卻沒有一種喜好"}[lang]
    assert len([x for x in at.markdown if once in x.value]) == 1


def test_hostile_replies_are_shown_letter_by_letter(open_page, store, launcher, trained: str) -> None:
    left = reward_runs.kept(store, trained)
    assert left is not None
    run_id = a_policys_run(store, left.name, ["<img src=x onerror=alert(1)> `a` | b"] * 40)
    at = open_page(KEY, lang="en")
    at.session_state["memory_entries"] = {}
    at.radio(key="rm_rises_try0").set_value(0).run()
    at.button(key="rm_rises_commit").click().run()
    assert not at.exception
    [shown] = [x.value for x in at.markdown if "onerror" in x.value]
    assert re.search(r"(?<!\\)<", shown) is None
    assert r"\<img" in shown
    assert r"\|" in shown
    assert store.get(run_id).status == "finished"


@pytest.mark.parametrize(
    "damaged", [None, {"when": "after"}, {"when": "after", "sampled": [[1]], "questions": []}, [1]]
)
def test_replies_that_cannot_be_read_are_not_there(damaged: object) -> None:
    before = {"learner": "grpo", "kind": "evaluation", "value": side("before", ["No."] * 40)}
    after = {"learner": "grpo", "kind": "evaluation", "value": damaged}
    assert outcome.replied_of([before, after], ["grpo", "ppo"]) == []


def test_where_nothing_may_be_trained_the_page_says_so(open_page, store, launcher, monkeypatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_TRAINING", "off")
    at = open_page(KEY, lang="en", judge="warm")
    assert not at.exception
    assert at.info
    assert at.button(key="rm_train").disabled
    assert at.button(key="rm_policy").disabled


def test_the_points_that_are_drawn_are_those_given() -> None:
    """A run whose first evaluation is all there is: nothing is drawn that was not measured."""
    point = reward_runs.RewardPoint(0, 0, None, None, None, None)
    loss, right, calibration = training.charts((point,), (), 10)["charts"]
    assert [x["points"] for x in (*loss["lines"], *right["lines"])] == [[], [], []]
    assert calibration["dots"] == []
    assert "none" in loss["alt"]
    bins = (Bin(0.6, 0.5, 4),)
    assert training.charts((point,), bins, 10)["charts"][2]["dots"] == [[0.6, 0.5, 4]]


def test_the_lab_takes_the_judge_that_was_chosen(open_page, store, launcher) -> None:
    at = open_page(KEY, lang="en", judge="short", count="50", noise="20")
    at.button(key="rm_race").click().run()
    assert not at.exception
    assert at.title[0].value == "Lab"
    assert linked(at, "preset") == ["reply-reward-model"]
    assert linked(at, "set") == ["task.taste=short", "reward-model.judge_pairs=50", "reward-model.judge_noise=0.2"]
    assert linked(at, "from") == ["a-trained-reward-model?judge=short&count=50&noise=20"]
