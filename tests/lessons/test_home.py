"""Home: the same response under both credits, chosen by a rule; two doors; the course map with what got done."""

from __future__ import annotations

import re
import statistics
from dataclasses import replace

import pytest

from core.given_config import change
from core.presets import preset
from core.runs.records import RunInfo
from lessons.catalog import LESSONS
from lessons.home.example import CreditedResponse
from lessons.i18n import LANGUAGES, use_language
from lessons.kit.history import RECORDED
from tests.helpers import step_trace
from tests.lessons.real import strips

SHOWN = CreditedResponse("1+2=", "3", tuple("1+2=5"), 0.0, False, (-0.1, 0.2, -0.3, -0.4, -2.5), -0.7, 4, True)


@pytest.fixture
def recorded(store) -> RunInfo:
    config = change(preset("chain-sum"), {"steps": 6})
    store.create(config, "made up", run_id=RECORDED)
    for step in range(6):
        for learner in config.learners:
            store.append(RECORDED, step_trace(config, learner.name, step, groups=6))
    return store.get(RECORDED)


def test_it_plays_one_response_under_both_credits_and_the_numbers_are_the_stores(open_page, store, recorded):
    at = open_page("home")
    assert not at.exception
    assert not at.info
    sent = strips(at, "home_credits")
    ppo, grpo = sent["rows"]
    assert [ppo["name"], grpo["name"]] == ["PPO", "GRPO"]
    assert len(set(grpo["values"])) == 1
    assert len(set(ppo["values"])) > 1
    assert len(ppo["values"]) == len(grpo["values"]) == len(sent["tokens"])
    (where,) = [x.value for x in at.caption if "at step" in x.value]
    step = int(re.search(r"at step (\d+)", where)[1]) - 1
    rows, samples = {}, store.samples(RECORDED, "ppo", step).to_pylist()
    for row in store.tokens(RECORDED, "ppo", step).to_pylist():
        if row["pass"] == 0:
            rows.setdefault(row["sample"], []).append(row)
    own = {n: sorted(x, key=lambda y: y["position"]) for n, x in rows.items()}
    (sample,) = [n for n, x in own.items() if [y["advantage"] for y in x] == ppo["values"]]
    assert [x["token"] for x in own[sample]] == sent["tokens"]
    # GRPO's, from the rewards of its group: less their mean, divided by their standard deviation (N − 1).
    group = next(x["group"] for x in samples if x["sample"] == sample)
    rewards = {x["sample"]: x["reward"] for x in samples if x["group"] == group}
    spread = statistics.stdev(rewards.values())
    assert grpo["values"][0] == pytest.approx((rewards[sample] - statistics.mean(rewards.values())) / spread, rel=1e-3)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_says_what_the_picture_shows(open_page, recorded, monkeypatch, lang):
    def sentences(shown: CreditedResponse) -> str:
        monkeypatch.setattr("lessons.home.example.example", lambda _batch: shown)
        at = open_page("home", lang=lang)
        assert not at.exception
        return next(x.value for x in at.markdown if "−0.70" in x.value)

    with use_language(lang):
        seen = sentences(SHOWN)
        assert "5" in seen
        assert "−2.50" in seen
        assert len({seen, sentences(replace(SHOWN, seen=False)), sentences(replace(SHOWN, slip=2))}) == 3
        assert "“5”" not in sentences(replace(SHOWN, slip=2))  # what it blames most is not where it goes wrong


def test_where_no_group_differs_it_says_what_to_do(open_page, recorded, monkeypatch):
    monkeypatch.setattr("lessons.home.example.example", lambda _batch: None)
    at = open_page("home")
    assert "press Start" in at.info[0].value
    assert at.button(key="home_open_lab")


def test_without_a_recorded_run_it_says_what_to_do(open_page):
    at = open_page("home")
    assert "press Start" in at.info[0].value
    assert at.button(key="home_open_lab")


def test_the_pipeline_is_made_only_when_it_is_opened(open_page, recorded):
    at = open_page("home")
    assert not [x for x in at.get("bidi_component") if "home_pipeline" in x.proto.id]
    at.session_state["home_pipeline_fold"] = True
    at.run()
    assert not at.exception
    assert strips(at, "home_pipeline")["focus"] is not None


def test_the_door_to_the_course_leads_on_from_what_got_done(open_page):
    at = open_page("home")
    assert at.button(key="home_open_course").label == "Take the course: The loop"
    done = {f"progress/{x}_quiz": ("3/3", 1) for x in ("loop", "online", "vr", "rm", "proxy", "data")} | {
        "progress/ppo_quiz": ("4/4", 1)
    }
    at.session_state["memory_entries"] = {**done, "progress/ratio_quiz": ("1/3", 1)}
    at.run()
    assert at.button(key="home_open_course").label == "Go on: Ratio and clip"
    at.session_state["memory_entries"] = {f"progress/{x.check}": ("4/4", 1) for x in LESSONS if x.check}
    at.run()
    assert at.button(key="home_open_course").label == "Go on: The loop"
    at.button(key="home_open_course").click().run()
    assert at.title[0].value == "The loop"


def test_the_course_map_has_every_page_in_order_under_its_part(open_page):
    kinds = {"subheader": lambda x: x.value, "page_link": lambda x: x.proto.label}
    shown = [kinds[x.type](x) for x in open_page("home").main if x.type in kinds]
    shown = shown[shown.index(LESSONS[1].part) :]  # what comes before the map leads to the lab, too
    parts = [[x.part] * bool(x.part) + [f"**{x.title}**"] for x in LESSONS if not x.default]
    assert shown == [x for part in parts for x in part]
    assert sum(bool(x.part) for x in LESSONS) > 1


def test_the_course_map_shows_what_got_done(open_page):
    at = open_page("home")
    assert not [x for x in at.caption if "Check:" in x.value]
    entries = {"progress/hgw_quiz": ("3/4", 1), "progress/ppo_quiz": ("4/4", 1)}
    hostile = {"progress/ratio_quiz": ("5/4", 1), "progress/same_quiz": (7, 1), "progress/truth_quiz": ("a/b", 1)}
    at.session_state["memory_entries"] = entries | hostile
    at.run()
    assert not at.exception
    shown = [x.value.partition(" ")[2] for x in at.caption if "Check:" in x.value]
    assert shown == ["Check: 4 of 4 right.", "Check: 3 of 4 right."]  # in the order of the course


def test_every_quiz_is_the_one_that_the_course_names():
    for lesson in LESSONS:
        if lesson.default:
            continue
        quizzes = re.findall(r"^ *quiz\(\"(\w+)\"", lesson.path.read_text(encoding="utf-8"), re.MULTILINE)
        assert quizzes == [lesson.check] * bool(lesson.check), lesson.key
