"""The lesson on a real instruct model, on made-up runs: its numbers against the events, and what it does without."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from core.insight.before_after import Difference
from core.insight.mirrored import Mirrored
from core.runs import lifecycle
from core.runs.recorded import SHIPPED, import_recorded
from core.tasks.kinds.questions import Question, QuestionsSettings
from lessons.a_real_instruct_model import changes
from lessons.a_real_instruct_model.answers import FOLD, MOST, text_html
from lessons.a_real_instruct_model.begin import rendered
from lessons.a_real_instruct_model.guess import main_cause, trend_of
from lessons.a_real_instruct_model.intervals import change
from lessons.a_real_instruct_model.shown import RECORDED_REAL
from lessons.i18n import LANGUAGES
from tests.helpers import HOSTILE
from tests.lessons.answered import KINDS, LONG, QUESTIONS, SAMPLES, answered_run, event
from tests.lessons.conftest import linked, make_run
from tests.lessons.conftest import texts as shown_texts
from tests.lessons.figures import figures
from tests.lessons.real import strips

KEY = "a-real-instruct-model"
TEXTS = ("markdown", "caption", "info", "warning", "error", "success", "header", "subheader")


def texts(at):
    return shown_texts(at, *TEXTS)


def bodies(at):
    return "\n".join(x.proto.body for x in at.get("html"))


def skip(at):
    at.button(key="real_skip_button").click().run()
    assert not at.exception, at.exception[0].value
    return at


def shares(rows):
    """(readable, right among those, mean length) of rows of answers, counted by hand."""
    readable = [x for x in rows if x[1] is not None and x[4]]
    right = sum(x[2] for x in readable)
    return len(readable) / len(rows), right / len(readable), np.mean([x[3] for x in rows])


def flat(value):
    return [x for each in value["sampled"] for x in each]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_comes_up_with_all_its_parts(open_page, store, lang, speaking):
    at = skip(open_page(KEY, lang=lang, run=answered_run(store)))
    assert not at.error
    assert not at.warning
    assert len(figures(at)) == 4
    assert len(at.header) == 8
    assert at.expander(key="a-real-instruct-model_code")  # the ninth part is a fold


def test_the_start_models_answers_are_counted(open_page, store):
    at = open_page(KEY, lang="en", run=answered_run(store))
    before = event("before", KINDS["before"])
    readable, _right, _length = shares(flat(before))
    sampled = np.mean([x[2] for x in flat(before)])
    assert f"is asked {QUESTIONS} questions" in texts(at)
    assert "it gets **17 %** right (5 % to 45 %" in texts(at)  # 2 of 12
    assert f"**{100 * sampled:.0f} %** of the responses are right; **{100 * readable:.0f} %** have" in texts(at)
    assert "✗ wrong" in bodies(at)  # a question that it fails at is shown first


def test_it_opens_with_the_questions_and_what_became_of_them_comes_after_the_predictions(open_page, store):
    at = open_page(KEY, lang="en", run=answered_run(store))
    sent = strips(at, "real_opening")
    before = event("before", KINDS["before"])
    kinds = {"right": "right", "wrong": "wrong", "nothing": "unread", "cut": "cut"}
    (side,) = sent["sides"]
    assert [x["state"] for x in side["replies"]] == [kinds[x] for x in KINDS["before"]]
    assert len(sent["questions"]) == len(before["questions"])
    assert "of 12 responses 2 are right, 2 cut off." in sent["alt"]
    assert "once you have predicted it" in texts(at)
    skip(at)
    sent = strips(at, "real_opening_after")
    assert [x["name"] for x in sent["sides"]] == ["before training", "PPO after", "GRPO after"]
    for side, name in zip(sent["sides"][1:], ("ppo", "grpo"), strict=True):
        assert [x["state"] for x in side["replies"]] == [kinds[x] for x in KINDS[name]]
    assert "PPO after: of 12 responses 7 are right" in sent["alt"]
    assert "once you have predicted it" not in texts(at)


def test_another_question_shows_its_own_answers(open_page, store):
    run = answered_run(store)
    at = open_page(KEY, lang="en", run=run)
    at.selectbox(key=f"real_before_{run}").set_value(0).run()
    question, truth = event("before", KINDS["before"])["questions"][0], event("before", KINDS["before"])["truths"][0]
    shown = bodies(at)
    assert question in shown
    assert f"The answer is {truth}." in shown
    assert f"right: read as {truth}" in shown
    assert shown.count(" tokens<") == 1 + SAMPLES


def test_what_follows_is_hidden_until_all_three_predictions_are_made(open_page, store):
    at = open_page(KEY, lang="en", run=answered_run(store))
    assert not figures(at)  # the curves, too, would give it away
    assert "The curves stand here once you have committed" in texts(at)
    assert "What changed" not in [x.value for x in at.header]
    before, after = event("before", KINDS["before"]), event("after", KINDS["grpo"], seed=1)
    (f0, a0, l0), (f1, a1, l1) = shares(flat(before)), shares(flat(after))
    split = (f1 - f0) * (a0 + a1) / 2, (a1 - a0) * (f0 + f1) / 2
    part = split[0] / sum(split)
    expected = 0 if part > 2 / 3 else 1 if part < 1 / 3 else 2
    assert l1 < 0.9 * l0
    for key, value in (("share", 85.0), ("kind", expected), ("length", 0)):
        widget = next(x for x in (*at.slider, *at.radio) if f"_{key}_try" in (x.key or ""))
        widget.set_value(value).run()
        next(x for x in at.button if (x.key or "").endswith(f"_{key}_commit")).click().run()
    assert len(at.success) == 3  # 10 of 12 are right, which is within 10 points of 85
    assert f"of {100 * sum(split):+.0f} points, {100 * split[0]:+.0f} come from form" in texts(at)
    assert "Responses chosen greedily: readable" in texts(at)
    assert f"From {l0:.1f} tokens on average to {l1:.1f}" in texts(at)
    assert len(figures(at)) == 4
    assert "What changed" in [x.value for x in at.header]


def test_what_came_of_it_follows_the_predictions_and_a_run_of_ones_own_comes_last(open_page, store):
    """Between a prediction and its outcome stood a form and a Start of twenty minutes."""
    at = open_page(KEY, lang="en", run=answered_run(store))
    heads = [x.value for x in at.header]
    parts = ["Before any training", "Predict", "Watch it train", "Before and after", "A run of your own"]
    assert [x for x in heads if x in parts] == parts


def test_a_prediction_before_the_end_waits_for_it(open_page, store):
    run = answered_run(store, after=False, status="running")
    at = open_page(KEY, lang="en", run=run)
    assert "The run is under way" in texts(at)
    radio = next(x for x in at.radio if "_length_try" in x.key)
    radio.set_value(2).run()
    next(x for x in at.button if x.key.endswith("_length_commit")).click().run()
    assert "You said: **Longer**. What happens is not known yet." in texts(at)
    for name in ("ppo", "grpo"):
        store.add_event(run, name, 3, "evaluation", event("after", KINDS[name], seed=1))
        lifecycle.mark(store, run, name, "finished")
    at.run()
    assert "You said: **Longer**. What happened: **Shorter**." in texts(at)


def test_both_learners_stand_beside_the_start_model(open_page, store):
    at = skip(open_page(KEY, lang="en", run=answered_run(store)))
    table = next(x.value for x in at.markdown if x.value.startswith("| measured"))
    rows = {x.split(" | ")[0].strip("| "): x for x in table.splitlines()}
    assert re.findall(r"\*\*(\d+) %\*\*", rows["right, greedy"]) == ["17", "58", "83"]  # 2, 7 and 10 of 12
    values = [event("before", KINDS["before"]), *(event("after", KINDS[x], seed=1) for x in ("ppo", "grpo"))]
    expected = [shares(flat(x)) for x in values]
    lengths = [float(x) for x in re.findall(r"[\d.]+", rows["mean length in tokens"])]
    assert lengths == [round(x[2], 1) for x in expected]
    assert re.findall(r"(\d+) %", rows["right among the readable"]) == [f"{100 * x[1]:.0f}" for x in expected]
    assert "| before | PPO after | GRPO after |" in table
    assert "It is one run of one seed each" in texts(at)
    ppo, grpo = (np.mean([x[2] for x in flat(x)]) for x in values[1:])
    assert f"Question by question the difference is {100 * abs(ppo - grpo):+.0f} points (" in texts(at)


def test_starts_that_differ_each_have_their_own_column(open_page, store):
    run = answered_run(store)
    store.add_event(run, "ppo", 0, "evaluation", event("before", KINDS["ppo"]))
    at = skip(open_page(KEY, lang="en", run=run))
    assert any("| PPO before | GRPO before | PPO after | GRPO after |" in x.value for x in at.markdown)


def test_questions_are_sorted_by_what_became_of_them(open_page, store):
    at = skip(open_page(KEY, lang="en", run=answered_run(store)))
    right = {x: [k == "right" for k in KINDS[x]] for x in KINDS}
    for name in ("ppo", "grpo"):
        fixed = sum(b and not a for a, b in zip(right["before"], right[name], strict=True))
        broken = sum(a and not b for a, b in zip(right["before"], right[name], strict=True))
        assert f"{name.upper()}: **{fixed}** fixed, **{broken}** broken" in texts(at)
    assert "4 of 8 questions" in texts(at)
    at.button(key="real_more").click().run()
    assert "8 of 8 questions" in texts(at)
    at.segmented_control(key="whose").set_value("ppo").run()
    at.radio(key="change").set_value("broken").run()
    assert "1 of 1 question" in texts(at)
    assert linked(at, "whose") == ["ppo"]
    assert linked(at, "change") == ["broken"]
    pair = next(x.proto.body for x in at.get("html") if ">2. " in x.proto.body)
    assert "before: " in pair
    assert f" of {SAMPLES} samples right" in pair
    assert "✓ right" in pair.partition("after: ")[0]
    assert "✗ wrong" in pair.partition("after: ")[2]


def test_what_a_model_wrote_is_only_ever_text(open_page, store):
    run = answered_run(store, name=HOSTILE[0])
    at = skip(open_page(KEY, lang="en", run=run))
    for i in range(QUESTIONS):
        at.selectbox(key=f"real_before_{run}").set_value(i).run()
        assert not at.exception
        labels = [x.label for kind in ("button", "selectbox", "expander", "radio", "toggle") for x in at.get(kind)]
        for mark in HOSTILE:
            assert mark not in texts(at)
            assert not [x for x in labels if mark in x]
        assert "<img" not in bodies(at)
    assert "&lt;img src=x onerror=alert(1)&gt;" in bodies(at)


def test_long_answers_fold_and_keep_their_lines():
    assert "<details>" not in text_html("a\nb")
    assert "a\nb" in text_html("a\nb")
    folded = text_html(LONG)
    assert folded.startswith("<details>")
    assert folded.count("Let me think") == 5 + 30
    assert f"show all {len(LONG):,} characters" in folded
    assert "<details>" not in text_html(LONG, fold=False)
    assert "<details>" in text_html("x" * (FOLD + 1))
    assert len(text_html("x" * 10 * MOST)) < 2 * MOST
    assert "\u202e" not in text_html("\u202eabc")
    assert "<b>" not in text_html("<b>" * 400)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_any_run_the_page_says_how_to_go_on(open_page, launcher, store, lang, speaking):
    at = open_page(KEY, lang=lang)
    assert not at.exception
    assert len(at.info) == 1
    at.button(key="real_start").click().run()
    assert not at.exception
    (run_id,) = launcher.started
    config = store.get(run_id).config
    assert (config.preset, config.model) == ("smollm2-sums", "SmolLM2-135M-Instruct")
    assert [x.name for x in config.learners] == ["ppo", "grpo"]
    assert linked(at, "run") == [run_id]
    assert at.session_state["lab_run"] == run_id


def test_task_and_learner_are_chosen_and_in_the_link(open_page, launcher, store):
    at = open_page(KEY, lang="en", task="gsm_symbolic")
    at.selectbox(key="who").set_value("grpo").run()
    assert linked(at, "who") == ["grpo"]
    at.button(key="real_start").click().run()
    config = store.get(launcher.started[0]).config
    assert [x.name for x in config.learners] == ["grpo"]
    assert config.task.dataset == "gsm_symbolic"


def test_a_link_chooses_nothing_that_is_not_offered(open_page):
    at = open_page(KEY, lang="en", task="../../etc", model="/tmp", who="vine")
    assert not at.exception
    assert [at.selectbox(key=x).value for x in ("task", "model", "who")] == [
        "chain_sum",
        "SmolLM2-135M-Instruct",
        "ppo-grpo",
    ]
    assert "chain-sum-3x1" not in at.selectbox(key="model").options  # it cannot read words


def test_own_questions_are_asked_for_and_then_taken(open_page, launcher, store):
    at = open_page(KEY, lang="en", task="questions")
    assert at.button(key="real_start").disabled
    assert "Upload a file" in at.error[0].value
    at.session_state["lab_questions"] = tuple(
        Question(question=f"What is {n} + 1?", answer=str(n + 1)) for n in range(40)
    )
    at.session_state["lab_questions_name"] = "mine.jsonl"
    at.run()
    assert not at.exception
    at.button(key="real_start").click().run()
    task = store.get(launcher.started[0]).config.task
    assert isinstance(task, QuestionsSettings)
    assert len(task.questions) == 40


def test_where_training_is_off_nothing_can_be_started(open_page, store, monkeypatch):
    monkeypatch.setenv("CREDIT_LAB_TRAINING", "off")
    at = open_page(KEY, lang="en", run=answered_run(store))
    assert at.button(key="real_start").disabled
    assert "Training is switched off" in texts(at)


def test_a_run_without_answers_is_named_and_another_one_shown(open_page, store):
    answered_run(store)
    other = make_run(store, name="plain sums")
    at = open_page(KEY, lang="en", run=other)
    assert "The run “plain sums” kept no responses" in at.info[0].value
    assert "made up for a test" in texts(at)


def test_the_recorded_run_comes_first_and_others_can_be_picked(open_page, store):
    answered_run(store, run_id=RECORDED_REAL)
    mine = answered_run(store, name="mine", steps=1)
    at = open_page(KEY, lang="en")
    assert at.selectbox(key="real_run").value == RECORDED_REAL
    # 21.4 s a step in the made-up trace, three steps
    assert "took PPO 1.1 minutes, GRPO 1.1 minutes for its 3 steps" in texts(at)
    at.selectbox(key="real_run").set_value(mine).run()
    assert linked(at, "run") == [mine]
    assert "the run “mine”" in texts(at)
    at.selectbox(key="real_run").set_value(RECORDED_REAL).run()
    assert "run" not in at.query_params


def test_a_run_that_is_not_there_is_said(open_page, store):
    answered_run(store)
    assert "There is no run “gone” here" in open_page(KEY, lang="en", run="gone").warning[0].value
    assert not open_page(KEY, lang="en", run=RECORDED_REAL).warning


def test_runs_that_ended_early_say_so_and_a_running_one_can_be_stopped(open_page, store):
    stopped = answered_run(store, after=False, status="stopped")
    assert "This run ended before it was through" in texts(open_page(KEY, lang="en", run=stopped))
    never = answered_run(store, after=False, before=False, steps=0, status="stopped")
    at = open_page(KEY, lang="en", run=never)
    assert "ended before it had answered" in texts(at)
    assert "This run has made no step." in texts(at)
    running = answered_run(store, after=False, status="running")
    at = open_page(KEY, lang="en", run=running)
    assert at.get("bidi_component")
    assert at.button(key="real_start").disabled
    at.button(key="real_stop").click().run()
    assert not at.exception
    assert [x.kind for x in store.take_controls(running, "ppo")] == ["stop"]


@pytest.mark.parametrize(
    "damaged", [{"when": "after"}, {**event("after", KINDS["ppo"]), "greedy": []}, {"when": "after", "questions": 3}]
)
def test_an_evaluation_that_cannot_be_read_is_said_and_the_other_learner_shown(open_page, store, damaged):
    run = answered_run(store)
    store.add_event(run, "ppo", 3, "evaluation", damaged)
    at = skip(open_page(KEY, lang="en", run=run))
    assert "PPO: the evaluation of the held\\-out questions" in at.warning[0].value
    assert any("| before | GRPO after |" in x.value for x in at.markdown)


def test_the_prompt_is_what_the_codec_makes_of_it():
    text, count = rendered("chain-sum-3x1", None, "1+2+3=")
    assert text.endswith("1+2+3=")
    assert count == 7  # its start token and six characters
    assert rendered("no-such-model", None, "1") is None


def test_kinds_and_trends_at_their_limits():
    from core.insight.before_after import Split

    assert main_cause(Split(0.3, 0.25, 0.05)) == "format"
    assert main_cause(Split(0.3, 0.05, 0.25)) == "arithmetic"
    assert main_cause(Split(0.3, 0.15, 0.15)) == "both"
    assert main_cause(Split(0.02, 0.02, 0.0)) == main_cause(Split(-0.3, -0.3, 0.0)) == "none"
    assert main_cause(Split(0.2, 0.3, -0.1)) == "format"
    assert [trend_of(10, x) for x in (8, 9.5, 10.5, 12)] == ["shorter", "same", "same", "longer"]


@pytest.fixture
def shipped(store):
    """The store with the recorded run of SmolLM2 that comes with the app."""
    import_recorded(store, SHIPPED[RECORDED_REAL], RECORDED_REAL)
    return store


def test_a_bound_that_would_be_rounded_to_0_shows_its_side():
    assert change(Difference(0.086, 0.0003, 0.17)) == "+9 points (+0.03 to +17)"
    assert change(Difference(-0.02, -0.04, -0.0012)) == "−2 points (−4 to −0.1)"
    assert change(Difference(0.0, 0.0, 0.004)) == "0 points (0 to +0.4)"


def test_additions_that_were_trained_on_the_other_way_round_are_counted(open_page, store, monkeypatch):
    """Of additions 1, 4, 11 and 12 two were; GRPO's made-up greedy answers are right but for the last two."""
    monkeypatch.setattr(changes, "mirrored_of", lambda *_: Mirrored(additions=(0, 3, 10, 11), mirrored=(3, 10)))
    at = skip(open_page(KEY, lang="en", run=answered_run(store)))
    assert "2 of the 4 additions among them were with their terms exchanged" in texts(at)
    assert "GRPO answers 1 of these 2 rightly, and 1 of the other 2, greedily" in texts(at)


def test_the_recorded_runs_numbers_are_the_ones_the_page_says(open_page, shipped):
    """Counted from run.json by hand: what the greedy answers were cut off from, and what is compared with what."""
    at = skip(open_page(KEY, lang="en"))
    events = json.loads((SHIPPED[RECORDED_REAL] / "run.json").read_text())["events"]
    asked = {(x["learner"], x["value"]["when"]): x["value"] for x in events if x["kind"] == "evaluation"}
    before, after = asked["grpo", "before"], asked["grpo", "after"]
    cut = [(x, truth) for x, truth in zip(before["greedy"], before["truths"], strict=True) if not x[4]]
    so_far = sum(x[1] == truth for x, truth in cut)
    assert (len(cut), so_far) == (22, 11)
    assert "22 of the 64 greedy responses were cut off at 16 tokens before they ended" in texts(at)
    assert "With those, 33 of 64 would be right (52 %)" in texts(at)
    right = np.mean([x[2] for x in after["greedy"]]) - np.mean([x[2] for x in before["greedy"]])
    assert f": {100 * right:+.0f} points (" in texts(at)
    most = np.mean([any(x[2] for x in row) for row in before["sampled"]])
    assert f"than at least one of 4 was before ({100 * most:.0f} %)" in texts(at)
    assert "with their terms exchanged" not in texts(at)  # its training kept away from them in any order
    for number in (
        "3 % is the mean reward of step 1: 64 responses",
        "5 % is of one sampled response to each",
        "8 % is of 4 sampled responses",
    ):
        assert number in texts(at)
    ppo = np.mean([x[2] for row in asked["ppo", "after"]["sampled"] for x in row])
    grpo = np.mean([x[2] for row in after["sampled"] for x in row])
    assert f"PPO ends at {100 * ppo:.0f} % and GRPO at {100 * grpo:.0f} %" in texts(at)
    assert "Question by question the difference is +9 points (+0.03 to +17): more than chance" in texts(at)
