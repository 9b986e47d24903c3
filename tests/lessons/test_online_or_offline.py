"""The lesson on online and offline learning: what it shows against the recorded study and against what trains."""

from __future__ import annotations

import json
import statistics

import numpy as np
import pyarrow as pa
import pytest

from core.insight import online_or_offline as study
from core.insight.seed_results import paired, told_apart
from core.presets import preset
from core.training.trainer import Trainer
from lessons.i18n import LANGUAGES, use_language
from lessons.kit.lesson.worked import Filling, work_out
from lessons.online_or_offline import own, picture, results
from lessons.online_or_offline.pair import PAIR, SETTINGS
from tests.lessons.real import commit, strips

KEY = "online-or-offline"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("ex", ["logprob-ref", "logprob-old", "implicit-reward", "implicit-sum", "margin", "advantage"])
def test_every_line_of_the_example_comes_up(open_page, lang, ex):
    at = open_page(KEY, lang=lang, online_ex=ex)
    assert not at.exception
    assert not at.error
    assert not at.warning


def test_the_pair_is_worked_out_by_the_learner_that_trains():
    """Terms in Python, the credit that trains, and the formula of the paper by hand say the same."""
    with use_language("en"):
        numbers, filling = work_out(PAIR, SETTINGS), Filling(PAIR, SETTINGS)
    old, ref = np.array(PAIR.logprobs_old), np.array(PAIR.logprobs_ref)
    other_old, other_ref, _new = map(np.array, PAIR.others_logprobs[0])
    beta = SETTINGS.dpo_beta
    margin = beta * ((old - ref).sum() - (other_old - other_ref).sum())
    assert margin > 0
    assert filling.numbers("margin") == pytest.approx([margin] * 4)
    assert numbers["implicit_reward"] == pytest.approx(beta * (old - ref))
    assert numbers["advantage"] == pytest.approx([beta / (1 + np.exp(margin))] * 4)
    for name in ("implicit_reward", "advantage"):
        assert filling.numbers(name) == pytest.approx(numbers[name])
    new, other_new = np.array(PAIR.logprobs_new), np.array(PAIR.others_logprobs[0][2])
    after = beta * ((new - ref).sum() - (other_new - other_ref).sum())
    assert numbers["objective"] == pytest.approx([-np.log1p(np.exp(-after))] * 4)


def test_the_picture_is_handed_what_was_recorded(open_page):
    at = open_page(KEY, lang="en")
    known = strips(at, "online_race_2")
    assert [x["name"] for x in known["racers"]] == [
        results.titled(x) for x in results.online()
    ]  # nothing is given away
    sent = strips(commit(at), "online_race_5")
    stored = json.loads(study.RECORDED.read_text(encoding="utf-8"))["rows"]
    seeds = sorted(set.intersection(*({x["seed"] for x in stored if x["learner"] == y} for y in results.LEARNERS)))
    assert len(seeds) > 1
    for name, racer in zip(results.LEARNERS, sent["racers"], strict=True):
        own_rows = [x for x in stored if x["learner"] == name and x["seed"] in seeds]
        points = list(zip(*([y["heldout_success"] for y in x["points"]] for x in own_rows), strict=True))
        assert racer["mean"] == pytest.approx([statistics.fmean(x) for x in points], abs=1e-4)
        assert racer["spread"] == pytest.approx([statistics.stdev(x) for x in points], abs=1e-4)
        assert {x["scored"] for x in own_rows} == {results.budget()}
    assert sent["every"] == 10 * 128
    assert len(sent["says"]) == len(sent["spoken"]) == len(sent["racers"][0]["mean"]) + 1


@pytest.mark.parametrize(("shift", "says"), [(0.3, "tell it apart from every other"), (0.0, "apart from none")])
def test_nobody_is_named_a_winner_whom_the_seeds_do_not_tell_apart(monkeypatch, shift, says):
    def point(step, success):
        return study.Point(step, 128 * step, success, 0.1, -0.2, -0.1, 0.5)

    noise = (0.0, 0.05, -0.05, 0.02)
    made = [
        study.FinalSuccess(x, seed, not results.kind(x).offline, 7680, 0.5, 0.5, (point(0, 0.4), point(10, success)))
        for i, x in enumerate(results.LEARNERS)
        for seed in range(4)
        for success in [0.5 + noise[(seed + i) % 4] / (1 + i) + shift * (x == "grpo")]
    ]
    monkeypatch.setattr(results, "rows", lambda: tuple(made))
    with use_language("en"):
        assert says in picture.data(list(results.LEARNERS))["says"][-1]


def test_the_best_of_either_kind_are_told_apart_among_all_pairs():
    """They are chosen by the numbers that are compared: their interval alone would say too much."""
    ends = {x: dict(zip(results.seeds(), results.each(x, results.final), strict=True)) for x in results.LEARNERS}
    pair = (results.best(results.online()), results.best(results.offline()))
    assert (pair in told_apart(ends)) == (results.gap(*pair).low > 0)


def test_the_line_to_remember_is_what_was_recorded():
    """Offline, the policy leaves its data behind: the set is less likely than fresh responses, beyond the seeds."""
    for name in results.offline():
        assert results.from_nothing(name, results.apart).high < 0, name
        of_set, _spread = results.curve(name, lambda x: x.data_logprob)
        assert of_set[-1] < of_set[0]


def test_a_prediction_is_judged_by_the_recorded_interval(open_page):
    at = open_page(KEY, lang="en")
    first, second = results.best(results.online()), results.best(results.offline())
    known = paired(results.each(first, results.final), results.each(second, results.final))
    right = 0 if known.low > 0 else 1 if known.high < 0 else 2
    question = next(x for x in at.radio if "the best of the offline learners" in x.label)
    question.set_value(right)
    at.run()
    next(x for x in at.button if x.key == "online_better_commit").click()
    at.run()
    assert not at.exception
    assert any(question.options[right] in x.value for x in at.success)


def test_coverage_is_shown_once_predicted(open_page):
    at = open_page(KEY, lang="en", cover="offline-pg")
    assert not any("frozen − fresh" in x.value for x in at.markdown)
    next(x for x in at.radio if "over and over" in x.label).set_value(2)
    at.run()
    next(x for x in at.button if x.key == "online_cover_commit").click()
    at.run()
    assert not at.exception
    assert any("frozen − fresh" in x.value for x in at.markdown)
    assert any("Offline PG (offline): log-probability of a token" in x.value for x in at.markdown)


CHOSEN = {"data_responses": 128, "data_temperature": 1.4, "data_flipped": 0.25, "data_random": 0.1}


@pytest.mark.usefixtures("warm_python")
def test_the_set_that_is_shown_is_the_one_that_the_lab_would_learn_from():
    """Collected by a process of its own, and by the trainer of the run that the button sets up."""
    shown = own._collect(CHOSEN).to_pylist()
    base = preset(own.PRESET)
    settings = base.learner("dpo").model_copy(update=CHOSEN)
    data = Trainer(base.model_copy(update={"learners": (settings,)}), "dpo").data
    assert data is not None
    assert [(x["response"], x["reward"], x["flipped"]) for x in shown] == [
        (x.response, x.reward, x.flipped) for x in data.responses
    ]
    assert sum(x["flipped"] for x in shown) == 32
    kinds = {(x["success"], x["reward"], x["flipped"], x["random"]) for x in shown}
    rows = own.some(shown)
    assert {(x["success"], x["reward"], x["flipped"], x["random"]) for x in rows} == kinds
    assert len(rows) == own.ROWS


def test_the_lab_opens_with_the_chosen_set(open_page):
    at = open_page(KEY, lang="en")
    at.slider(key="online_flipped").set_value(20)
    at.select_slider(key="online_size").set_value(2048)
    at.run()
    next(x for x in at.button if x.key == "online_lab").click()
    at.run()
    assert not at.exception
    typed = at.session_state["lab_typed"]
    assert at.session_state["lab_preset"] == own.PRESET
    for name in own.offline_names():
        assert typed[f"{name}.data_responses"] == "2048"
        assert typed[f"{name}.data_flipped"] == "0.2"
        assert f"{name}.data_temperature" not in typed


def test_a_double_press_collects_once(open_page, monkeypatch):
    asked = []

    def collected(chosen):
        asked.append(chosen)
        row = {"group": 0, "prompt": "1+1=", "response": "2", "reward": 1.0, "success": True}
        return pa.Table.from_pylist([{**row, "flipped": False, "random": False}])

    own._sets.clear()
    monkeypatch.setattr(own, "_collect", collected)
    at = open_page(KEY, lang="en")
    for _press in range(2):
        next(x for x in at.button if x.key == "online_collect").click()
        at.run()
        assert not at.exception
    own._sets.clear()
    assert len(asked) == 1


def test_another_press_while_it_is_collected_loses_no_set(open_page, monkeypatch):
    """Another language, say: the page's run was broken off, and the next one showed no set."""
    import streamlit as st

    row = {"group": 0, "prompt": "1+1=", "response": "2", "reward": 1.0, "success": True}
    asked = []

    def collected(chosen):
        asked.append(chosen)
        if len(asked) == 1:
            st.stop()
        return pa.Table.from_pylist([{**row, "flipped": False, "random": False}])

    own._sets.clear()
    monkeypatch.setattr(own, "_collect", collected)
    at = open_page(KEY, lang="en")
    next(x for x in at.button if x.key == "online_collect").click()
    at.run()
    sentence = "1 responses to 1 questions"
    assert not any(sentence in x.value for x in at.markdown)
    at.run()
    own._sets.clear()
    assert any(sentence in x.value for x in at.markdown)


def test_a_set_that_cannot_be_is_refused_in_the_viewers_language(open_page, monkeypatch):
    from core.errors import Message
    from lessons.kit.isolated import CommandFailed

    def refused(_chosen):
        raise CommandFailed(Message("It took more memory or time than it may, and the system ended it."))

    monkeypatch.setattr(own, "_collect", refused)
    at = open_page(KEY, lang="zh-TW")
    next(x for x in at.button if x.key == "online_collect").click()
    at.run()
    assert not at.exception
    assert len(at.error) == 1
    assert "system" not in at.error[0].value
