"""Work that a press asks for is done once and shown, however often the page is drawn meanwhile."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.testing.v1 import AppTest

from lessons.kit.asked_for import AskedFor
from tests.waiting import until


def test_a_second_run_of_the_page_waits_for_what_the_first_one_began() -> None:
    begun, goes_on, times = threading.Event(), threading.Event(), []

    def work() -> str:
        times.append(1)
        begun.set()
        goes_on.wait()
        return "done"

    asked = AskedFor("x", work)
    assert not asked.is_under_way
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(asked.outcome)
        begun.wait()
        assert asked.is_under_way
        assert not asked.is_done
        second = threads.submit(asked.outcome)
        until(second.running)
        goes_on.set()
        assert [first.result(), second.result()] == ["done", "done"]
    assert len(times) == 1
    assert asked.is_done
    assert not asked.is_under_way


def test_work_that_raises_is_not_done() -> None:
    asked = AskedFor("x", lambda: 1 / 0)
    for _time in range(2):
        with pytest.raises(ZeroDivisionError):
            asked.outcome()
    assert not asked.is_done


def test_what_the_work_had_in_hand_is_let_go_once_it_is_done() -> None:
    class Upload:
        content = b"many megabytes"

    upload = Upload()
    held = weakref.ref(upload)
    asked = AskedFor("x", lambda upload=upload: len(upload.content))
    del upload
    assert asked.outcome() == asked.outcome() == 14
    assert held() is None


def _page() -> None:
    import streamlit as st

    from lessons.kit.asked_for import ask_for, awaited

    about = st.session_state.get("about", "x")

    def work() -> str:
        st.session_state.setdefault("made", []).append(about)
        if st.session_state.get("is_broken_off"):
            st.stop()
        return f"made of {about}"

    if st.button("Make"):
        ask_for("asked", about, work)
    st.write(awaited("asked", "It is made…") or "nothing")


def test_a_page_shows_what_was_asked_for_once_it_is_there() -> None:
    at = AppTest.from_function(_page).run()
    assert at.markdown[0].value == "nothing"
    at.session_state["is_broken_off"] = True
    at.button[0].click().run()
    assert len(at.markdown) == 0
    at.session_state["is_broken_off"] = False
    assert at.run().markdown[0].value == "made of x"
    at.session_state["about"] = "y"
    assert at.run().markdown[0].value == "made of x"
    assert at.button[0].click().run().markdown[0].value == "made of y"
    assert at.session_state["made"] == ["x", "x", "y"]
