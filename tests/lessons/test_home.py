"""The home page's picture: real tokens of the recorded run, chosen by a rule, drawn so that they can be read."""

from __future__ import annotations

import re

import pytest

from core.config import change
from core.presets import preset
from core.runs.records import RunInfo
from lessons.catalog import LESSONS
from lessons.home.strip import Response, _pick, find_contrasts
from lessons.kit.history import RECORDED
from tests.helpers import step_trace
from tests.lessons.real import strips


@pytest.fixture
def recorded(store) -> RunInfo:
    config = change(preset("chain-sum"), {"steps": 6})
    store.create(config, "made up", run_id=RECORDED)
    for step in range(6):
        for learner in config.learners:
            store.append(RECORDED, step_trace(config, learner.name, step, groups=6))
    return store.get(RECORDED)


def test_the_question_was_answered_rightly_and_wrongly_by_every_learner(store, recorded):
    example = find_contrasts(store, recorded).seen
    assert set(example.responses) == {"ppo", "grpo"}
    for name, rows in example.responses.items():
        assert [row.success for row in rows] == [False, True]
        samples = store.samples(RECORDED, name, example.step).to_pylist()
        assert {x["answer"] for x in samples if x["prompt"] == example.prompt} == {example.answer}
        texts = {x["response"] for x in samples if x["prompt"] == example.prompt}
        assert all("".join(row.tokens).removesuffix("<eos>") in texts for row in rows)
    assert len(set(example.responses["grpo"][0].advantages)) == 1
    assert len(set(example.responses["ppo"][0].advantages)) > 1


def test_the_framed_token_is_the_first_that_no_right_response_shares():
    def response(text: str, success: bool, after: float = 0.5) -> Response:
        values = tuple(after if i == 3 else 0.5 for i in range(len(text)))
        return Response(tuple(text), (0.0,) * len(text), success, values)

    known = [response("1234", True), response("1299", False, 0.4), response("1254", False, 0.1)]
    wrong, right = _pick(known)
    assert wrong.tokens == tuple("1254")  # after its culprit, the 5, the value has fallen furthest
    assert (wrong.culprit, wrong.fall) == (2, pytest.approx(0.4))
    assert right.culprit is None
    assert _pick([*known, response("1277", False, 0.9)], min)[0].tokens == tuple("1277")
    assert not _pick([response("1", True)])
    assert not _pick([response("1", False)])


def test_the_questions_are_those_where_the_value_falls_and_rises_furthest(store, recorded):
    pair, falls = find_contrasts(store, recorded), []
    for step in range(6):
        tokens, samples = (getattr(store, x)(RECORDED, "ppo", step).to_pylist() for x in ("tokens", "samples"))
        groups = {}
        for row in samples:
            own = sorted(
                (x for x in tokens if x["sample"] == row["sample"] and x["pass"] == 0), key=lambda x: x["position"]
            )
            groups.setdefault(row["group"], []).append((row["success"], own))
        for group in groups.values():
            right = [[x["token"] for x in own] for success, own in group if success]
            for success, own in group:
                begun = [[x["token"] for x in own[: n + 1]] for n in range(len(own))]
                at = next((n for n, x in enumerate(begun) if all(y[: n + 1] != x for y in right)), None)
                if not success and right and at is not None and at + 1 < len(own):
                    falls.append(own[at]["value"] - own[at + 1]["value"])
    # Only questions count that GRPO, too, answered both ways, so these are bounds.
    assert pair.seen.fall <= max(falls) + 1e-6
    assert pair.missed is None or min(falls) - 1e-6 <= pair.missed.fall < 0
    assert any(pair.seen.fall == pytest.approx(x) for x in falls)


def test_a_run_without_steps_has_no_picture(store):
    run_id = store.create(preset("chain-sum"))
    assert find_contrasts(store, store.get(run_id)) is None


def test_the_page_shows_it_and_its_numbers_are_the_stores(open_page, store, recorded):
    at = open_page("home")
    assert not at.exception
    assert not at.info
    example = find_contrasts(store, recorded).seen
    shown = strips(at, "home_picture")["rows"]
    rows = [row for learner in ("ppo", "grpo") for row in example.responses[learner]]
    assert [row["values"] for row in shown] == [list(row.advantages) for row in rows]
    assert [row["tokens"] for row in shown] == [list(row.tokens) for row in rows]
    assert [[*row["marks"], "frame"].index("frame") for row in shown] == [
        len(row.tokens) if row.culprit is None else row.culprit for row in rows
    ]
    assert [row["group"].partition(":")[0] for row in shown] == ["PPO", "PPO", "GRPO", "GRPO"]
    assert [row["label"] for row in shown] == ["✗ wrong, reward 0", "✓ right, reward 1"] * 2


def test_the_credit_of_the_framed_token_is_said_in_its_two_parts(open_page, store, recorded):
    at, wrong = open_page("home"), find_contrasts(store, recorded).seen.responses["ppo"][0]
    rows = {}
    for row in store.tokens(RECORDED, "ppo", find_contrasts(store, recorded).seen.step).to_pylist():
        if row["pass"] == 0:
            rows.setdefault(row["sample"], []).append(row)
    own = next(
        sorted(x, key=lambda y: y["position"])
        for x in rows.values()
        if tuple(y["advantage"] for y in sorted(x, key=lambda y: y["position"])) == wrong.advantages
    )
    penalty = [x["token_reward"] for x in own[:-1]] + [own[-1]["token_reward"]]  # wrong: its reward is 0
    kl = sum(0.95**k * x for k, x in enumerate(penalty[wrong.culprit :]))
    assert wrong.raw[wrong.culprit] - wrong.bare[wrong.culprit] == pytest.approx(kl, abs=1e-4)
    (shown_text,) = [x.value for x in at.markdown if x.value.startswith("At the framed token")][:1]
    assert f"the KL penalty {kl:+.3f}".replace("-", "−") in shown_text
    assert f"{own[wrong.culprit]['value']:.2f}".replace("-", "−") in shown_text


def test_without_a_recorded_run_it_says_what_to_do(open_page):
    assert "press Start" in open_page("home").info[0].value


def test_the_course_map_has_every_page_in_order_under_its_part(open_page):
    kinds = {"subheader": lambda x: x.value, "page_link": lambda x: x.proto.label}
    shown = [kinds[x.type](x) for x in open_page("home").main if x.type in kinds]
    parts = [[x.part] * bool(x.part) + [f"**{x.title}**"] for x in LESSONS if not x.default]
    assert shown == [x for part in parts for x in part]
    assert sum(bool(x.part) for x in LESSONS) > 1


def test_the_course_map_shows_what_got_done(open_page):
    at = open_page("home")
    assert not [x for x in at.caption if "Check:" in x.value]
    entries = {"progress/hgw_quiz": ("3/4", 1), "progress/ppo_quiz": ("4/4", 1)}
    hostile = {"progress/rck_quiz": ("5/4", 1), "progress/same_quiz": (7, 1), "progress/truth_quiz": ("a/b", 1)}
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
