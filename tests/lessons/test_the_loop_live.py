"""The live half of the lesson on the loop: the run that one press begins, how it goes on, and what the picture gets."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.runs import lifecycle
from lessons.i18n import LANGUAGES
from lessons.the_loop import live
from tests.helpers import step_trace
from tests.lessons.conftest import linked, make_run, texts
from tests.lessons.real import strips

KEY = "the-loop"


@pytest.fixture
def recorded(store) -> str:
    """A run to look at before anything is begun."""
    return make_run(store, steps=3)


def begun(at: AppTest) -> str:
    """Presses "Sample a batch now"; the run's id."""
    at.button(key="loop_sample").click()
    at.run()
    assert not at.exception
    (run_id,) = linked(at, live.RUN)
    return run_id


def trained(store, run_id: str, steps: range, of: int, status: str = "running") -> None:
    """The run's learner makes these steps, of so many that it is to make."""
    config = store.get(run_id).config.model_copy(update={"steps": of})
    if steps.start == 0:
        lifecycle.enqueue(store, run_id, ["grpo"])
        assert lifecycle.claim(store, run_id, "grpo")
    lifecycle.mark(store, run_id, "grpo", "running")
    lifecycle.set_steps(store, run_id, "grpo", of)
    for step in steps:
        store.append(run_id, step_trace(config, "grpo", step))
    if status != "running":
        lifecycle.mark(store, run_id, "grpo", status)  # type: ignore[arg-type]


def picture(at: AppTest) -> dict:
    sent: dict = strips(at, "loop_picture")
    return sent


def test_one_press_begins_one_step_of_one_learner_and_is_waited_for(open_page, store, launcher, recorded) -> None:
    at = open_page(KEY, lang="en", run=recorded)
    assert at.button(key="loop_on").disabled, "there is no run to continue"
    assert at.button(key="loop_stop").disabled
    run_id = begun(at)
    assert launcher.started == [run_id]
    config = store.get(run_id).config
    assert (config.preset, config.seed, config.steps) == ("chain-sum", 1, 1)
    assert [x.kind for x in config.learners] == ["grpo"]
    sent = picture(at)
    assert (sent["run"], sent["awaited"], sent["own"]) == (recorded, run_id, False)
    assert sent["waiting"].startswith("Your batch plays here as soon as it is there.")
    assert at.button(key="loop_sample").disabled, "one at a time"
    assert at.button(key="loop_on").disabled
    assert linked(at, live.SEED) == ["2"], "the next press samples another batch"


@pytest.mark.parametrize(("task", "model"), [("long-sums", "chain-sum-6x1"), ("countdown", "countdown-3x12")])
def test_task_and_seed_are_the_links(open_page, store, recorded, task: str, model: str) -> None:
    at = open_page(KEY, lang="en", run=recorded, **{live.TASK: task, live.SEED: "20"})
    config = store.get(begun(at)).config
    assert (config.preset, config.model, config.seed, config.value_check_responses) == (task, model, 20, 0)
    assert linked(at, live.SEED) == ["1"]


def test_what_no_choice_offers_is_taken_for_the_first(open_page, store, recorded) -> None:
    at = open_page(KEY, lang="en", run=recorded, **{live.TASK: "smollm2-sums", live.SEED: "-7"})
    config = store.get(begun(at)).config
    assert (config.preset, config.seed) == ("chain-sum", 1)


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_its_rounds_come_into_the_picture_as_they_are_made(open_page, store, launcher, recorded, lang) -> None:
    at = open_page(KEY, lang=lang, run=recorded)
    run_id = begun(at)
    trained(store, run_id, range(1), 1, "finished")
    at.run()
    sent = picture(at)
    assert (sent["run"], sent["own"], sent["awaited"], sent["waiting"]) == (run_id, True, "", "")
    assert [x["step"] for x in sent["rounds"]] == [0]
    assert sent["steps"] == 1
    first = sent["rounds"][0]

    assert not at.button(key="loop_on").disabled
    at.button(key="loop_on").click()
    at.run()
    assert (launcher.resumed, launcher.steps) == ([run_id], [1 + live.MORE])
    assert len(launcher.started) == 1, "the same run goes on"
    made, before = 1, [0]
    for upto in (3, 8, 41):
        trained(store, run_id, range(made, upto), 41)
        at.run()
        sent = picture(at)
        steps = [x["step"] for x in sent["rounds"]]
        assert steps[: len(before)] == before, "rounds are added, and none is taken away"
        assert len(before) < len(steps)
        assert steps[-1] < upto
        assert sent["success"] == [round(store.scalars(run_id, "grpo", x)["success_rate"], 4) for x in range(upto)]
        assert (sent["steps"], sent["rounds"][0]) == (41, first)
        made, before = upto, steps
    assert before[-1] == 40


def test_a_reload_finds_the_run_and_so_does_the_way_back_to_a_link_without_it(open_page, store, recorded) -> None:
    at = open_page(KEY, lang="en", run=recorded)
    run_id = begun(at)
    trained(store, run_id, range(1), 1, "finished")
    again = open_page(KEY, lang="en", run=recorded, **{live.RUN: run_id})  # another session: the link alone
    assert picture(again)["run"] == run_id
    del at.query_params[live.RUN]
    at.run()
    assert picture(at)["run"] == run_id


def test_a_second_click_begins_no_second_run_and_continues_none_twice(store, launcher) -> None:
    """Of a double click, heard before the button stands there disabled."""

    def twice() -> None:
        from lessons.the_loop import live

        live._begin()
        live._begin()

    at = AppTest.from_function(twice)
    at.run()
    assert not at.exception
    assert len(store.runs()) == len(launcher.started) == 1

    def on_and_on() -> None:
        from core.runs import lifecycle
        from lessons import shared
        from lessons.the_loop import live

        live._go_on()
        lifecycle.enqueue(shared.store(), live.current().id, ["grpo"])  # as the launcher does
        live._go_on()

    (run,) = store.runs()
    trained(store, run.id, range(1), 1, "finished")
    again = AppTest.from_function(on_and_on)
    again.query_params[live.RUN] = run.id
    again.run()
    assert not again.exception
    assert launcher.resumed == [run.id]


def test_what_is_refused_is_said_and_nothing_is_started(open_page, store, launcher, recorded, monkeypatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_RESPONSES", "64")
    at = open_page(KEY, lang="en", run=recorded)
    at.button(key="loop_sample").click()
    at.run()
    assert not at.exception
    assert len(at.error) == 1
    assert "64" in at.error[0].value
    assert launcher.started == []
    assert [x.id for x in store.runs()] == [recorded]
    assert picture(at)["awaited"] == ""


def test_it_goes_on_by_no_more_steps_than_the_server_allows(open_page, store, launcher, recorded, monkeypatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_STEPS", "5")
    at = open_page(KEY, lang="en", run=recorded)
    run_id = begun(at)
    trained(store, run_id, range(1), 1, "finished")
    at.run()
    at.button(key="loop_on").click()
    at.run()
    assert launcher.steps == [5]
    trained(store, run_id, range(1, 5), 5, "finished")
    at.run()
    assert at.button(key="loop_on").disabled
    assert "no more than 5 steps" in at.button(key="loop_on").help


def test_pause_and_stop_are_asked_of_the_run(open_page, store, recorded) -> None:
    at = open_page(KEY, lang="en", run=recorded)
    run_id = begun(at)
    trained(store, run_id, range(1), 41)
    at.run()
    for key, kind in (("loop_pause", "pause"), ("loop_stop", "stop")):
        at.button(key=key).click()
        at.run()
        assert [x.kind for x in store.take_controls(run_id, "grpo")] == [kind]
    lifecycle.mark(store, run_id, "grpo", "paused")
    at.run()
    assert at.button(key="loop_pause").label == "Resume"


def test_where_training_is_off_nothing_can_be_begun_and_the_recorded_run_plays(
    open_page, store, recorded, monkeypatch
) -> None:
    monkeypatch.setenv("CREDIT_LAB_TRAINING", "off")
    at = open_page(KEY, lang="en", run=recorded)
    assert at.button(key="loop_sample").disabled
    assert picture(at)["run"] == recorded


@pytest.mark.parametrize("other", ["nobody", "recorded"])
def test_a_link_to_no_run_of_ours_shows_the_recorded_one(open_page, store, recorded, other: str) -> None:
    at = open_page(KEY, lang="en", run=recorded, **{live.RUN: other})
    assert not at.exception
    assert picture(at)["run"] == recorded


def test_a_run_that_fails_before_its_first_step_says_why(open_page, store, recorded) -> None:
    from core.errors import verbatim

    at = open_page(KEY, lang="en", run=recorded)
    run_id = begun(at)
    lifecycle.mark(store, run_id, "grpo", "failed", verbatim("the disk is full"))
    at.run()
    assert picture(at)["awaited"] == ""
    assert "the disk is full" in texts(at, "info")
    assert not at.button(key="loop_sample").disabled


def test_until_a_second_batch_comes_the_first_one_stays(open_page, store, recorded) -> None:
    at = open_page(KEY, lang="en", run=recorded)
    first = begun(at)
    trained(store, first, range(1), 1, "finished")
    at.run()
    second = begun(at)
    assert second != first
    sent = picture(at)
    assert (sent["run"], sent["awaited"], sent["own"]) == (first, second, True)
    assert sent["waiting"]
    assert "Trained on this machine" in texts(at)
    assert "step 1 of 1" in texts(at)
    lifecycle.mark(store, second, "grpo", "failed")
    at.run()
    assert (picture(at)["run"], picture(at)["awaited"]) == (first, "")
    third = begun(at)
    assert (picture(at)["run"], picture(at)["awaited"]) == (first, third), (
        "of the one that failed nothing is to be seen"
    )
    trained(store, third, range(1), 1, "finished")
    at.run()
    sent = picture(at)
    assert (sent["run"], sent["awaited"], sent["own"]) == (third, "", True)


def test_a_batch_that_was_deleted_is_kept_by_nobody(open_page, store, recorded) -> None:
    at = open_page(KEY, lang="en", run=recorded)
    first = begun(at)
    trained(store, first, range(1), 1, "finished")
    at.run()
    second = begun(at)
    store.delete(first)
    at.run()
    assert not at.exception
    assert (picture(at)["run"], picture(at)["awaited"]) == (recorded, second)
    store.delete(second)
    at.run()
    assert not at.exception
    assert (picture(at)["run"], picture(at)["awaited"]) == (recorded, "")
    assert not at.button(key="loop_sample").disabled


def test_what_cannot_be_asked_is_said_here_and_not_in_the_lab(store) -> None:
    """Stop, pressed on a run that somebody has deleted meanwhile."""

    def press() -> None:
        from lessons.the_loop import live

        live._ask("nobody", "stop")

    at = AppTest.from_function(press)
    at.run()
    assert not at.exception
    assert "lab_note" not in at.session_state
    assert at.session_state[live.NOTE]


def test_what_was_asked_is_not_asked_twice(open_page, store, recorded) -> None:
    at = open_page(KEY, lang="en", run=recorded)
    run_id = begun(at)
    trained(store, run_id, range(1), 41)
    at.run()
    at.button(key="loop_pause").click()
    at.run()
    assert at.button(key="loop_pause").disabled
    assert not at.button(key="loop_stop").disabled
    lifecycle.mark(store, run_id, "grpo", "paused")
    at.run()
    assert not at.button(key="loop_pause").disabled, "it has happened"


def test_one_step_is_one_step(open_page, store, recorded, monkeypatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_STEPS", "1")
    at = open_page(KEY, lang="en", run=recorded)
    run_id = begun(at)
    trained(store, run_id, range(1), 1, "finished")
    at.run()
    assert "no more than 1 step." in at.button(key="loop_on").help
    monkeypatch.setenv("CREDIT_LAB_MAX_STEPS", "2")
    at.run()
    assert "by 1 step:" in at.button(key="loop_on").help


def test_the_batchs_pipeline_is_one_press_away(open_page, store, recorded) -> None:
    at = open_page(KEY, lang="en", run=recorded)
    run_id = begun(at)
    trained(store, run_id, range(1), 1, "finished")
    at.run()
    at.session_state["loop_inside"] = True
    at.run()
    assert not at.exception
    inside = strips(at, "loop_pipeline")
    ring = picture(at)["rounds"][0]
    assert inside["start"] == "grpo"
    assert inside["prompt"] == ring["prompt"]
    responses = inside["learners"]["grpo"]["responses"]
    for x in ring["written"]:  # o₃ in the ring is o₃ there
        assert [str(y) for y in responses[x["first"]]["token"]] == x["tokens"]
    rewards = sorted(x["reward"] for x in responses)
    assert rewards == sorted(x["reward"] for x in ring["written"] for _n in range(x["count"]))
