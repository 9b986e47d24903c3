"""One click on *Verifiable rewards* trains a placebo beside the real reward, and the lab opens at that run."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Message
from core.presets import PRESETS
from core.runs import lifecycle
from core.workers.launcher import LauncherError
from lessons.i18n import LANGUAGES
from tests.lessons.conftest import linked

KEY, BUTTON, SET_UP = "verifiable-rewards", "vr_placebo_start", "vr_placebo"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_click_starts_one_run_and_opens_the_lab_at_it(open_page, store, launcher, lang: str) -> None:
    at = open_page(KEY, lang=lang)
    at.button(key=BUTTON).click().run()
    assert not at.exception
    [run] = store.runs()
    assert launcher.started == [run.id]
    assert [(x.name, x.kind, x.reward) for x in run.config.learners] == [
        ("grpo", "grpo", "verifier"),
        ("grpo-placebo", "grpo", "placebo"),
    ]
    assert at.button(key="lab_start").disabled, "the lab is open, and that run trains"
    assert linked(at, "run") == [run.id]
    assert linked(at, "from") == [KEY]


def test_what_was_typed_in_the_lab_is_no_part_of_it(open_page, store, launcher) -> None:
    at = open_page("lab", lang="en", preset="chain-sum", set="steps=7", seed="3")
    at.switch_page("lessons/verifiable_rewards/page.py").run()
    at.button(key=BUTTON).click().run()
    [run] = store.runs()
    usual = PRESETS["placebo"]
    assert (run.config.preset, run.config.steps, run.config.seed) == ("placebo", usual.steps, usual.seed)
    assert run.config.task == usual.task


def test_a_second_click_begins_no_second_run_and_goes_to_the_first(store, launcher) -> None:
    """Of a double click, heard before the page is left."""

    def twice() -> None:
        import streamlit as st

        from lessons.kit import preset_start

        preset_start._begin("placebo", "key")
        first = st.session_state.pop("key_going")
        preset_start._begin("placebo", "key")
        assert st.session_state["key_going"] == first

    at = AppTest.from_function(twice)
    at.run()
    assert not at.exception
    assert len(store.runs()) == len(launcher.started) == 1


def test_who_trains_already_is_told_so_until_that_is_over(open_page, store, launcher) -> None:
    at = open_page(KEY, lang="en")
    assert not at.button(key=BUTTON).disabled
    run_id = store.create(PRESETS["chain-sum"])
    for name in ("ppo", "grpo"):
        assert lifecycle.claim(store, run_id, name)
    at.session_state["lab_run"] = run_id
    at.run()
    assert at.button(key=BUTTON).disabled
    assert "Stop the run under way first" in at.button(key=BUTTON).help
    for name in ("ppo", "grpo"):
        lifecycle.mark(store, run_id, name, "finished")
    at.run()
    assert not at.button(key=BUTTON).disabled


def test_where_nothing_is_trained_it_is_off_with_the_reason(open_page, store, launcher, monkeypatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_TRAINING", "off")
    at = open_page(KEY, lang="en")
    assert at.button(key=BUTTON).disabled
    assert "switched off" in at.button(key=BUTTON).help
    assert not at.button(key=SET_UP).disabled


def test_what_the_limits_refuse_is_said_and_nothing_is_started(open_page, store, launcher, monkeypatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_STEPS", "3")
    at = open_page(KEY, lang="en")
    at.button(key=BUTTON).click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert "3" in at.error[0].value
    assert launcher.started == []
    assert store.runs() == []
    assert BUTTON in [x.key for x in at.button], "the page is not left"


def test_what_the_launcher_refuses_for_want_of_memory_is_said(open_page, store, launcher, monkeypatch) -> None:
    def refuse(run_id: str) -> None:
        raise LauncherError(Message("Too little memory."))

    monkeypatch.setattr(launcher, "start", refuse)
    at = open_page(KEY, lang="en")
    at.button(key=BUTTON).click().run()
    assert [x.value for x in at.error] == [r"Too little memory\."]
    assert BUTTON in [x.key for x in at.button]


def test_the_lab_can_be_set_up_without_a_start(open_page, store, launcher) -> None:
    at = open_page(KEY, lang="en")
    at.button(key=SET_UP).click().run()
    assert at.title[0].value == "Lab"
    assert linked(at, "preset") == ["placebo"]
    assert launcher.started == []
    assert store.runs() == []


def test_the_rate_is_said_to_be_the_placebos_own(open_page) -> None:
    en, zh = open_page(KEY, lang="en"), open_page(KEY, lang="zh-TW")
    for at, words in (
        (en, ("as often as its learner is right", "the fewer of a step's responses are right, the fewer are paid")),
        (zh, ("頻率是它的學習器自己答對的比例", "一步的回應答對得越少，給的獎勵也越少")),
    ):
        texts = "\n".join(str(x.value) for x in at.markdown)
        assert all(x in texts for x in words)
