"""What a visitor's browser remembers: what is accepted from it, and what outlives widgets that are drawn anew."""

from __future__ import annotations

import random
import time

import pytest
from streamlit.testing.v1 import AppTest

from lessons.kit import remembered
from lessons.kit.remembered import MOST_ENTRIES, accepted

NOW = int(1000 * time.time())


def test_what_a_browser_may_hand_over() -> None:
    entries = {"quiz/a_1": [2, NOW], "predict/b.0f": [0.5, 1.0], "progress/c": ["3/4", 7], "quiz/d": [None, 8]}
    assert accepted({"entries": entries, "cleared": 0}) == {
        "predict/b.0f": (0.5, 1),
        "progress/c": ("3/4", 7),
        "quiz/d": (None, 8),  # taken back
        "quiz/a_1": (2, NOW),
    }


@pytest.mark.parametrize(
    "given",
    [
        None,
        7,
        "quiz/a",
        [],
        {},
        {"entries": None},
        {"entries": [["quiz/a", [1, 1]]]},
        {"entries": {"quiz/a": 1}},
        {"entries": {"quiz/a": [1]}},
        {"entries": {"quiz/a": [1, 1, 1]}},
        {"entries": {"quiz/a": {"0": 1, "1": 1}}},
        {"entries": {"quiz": [1, 1]}},
        {"entries": {"quiz/": [1, 1]}},
        {"entries": {"quiz/a\n": [1, 1]}},
        {"entries": {"quiz/<script>": [1, 1]}},
        {"entries": {"lab_typed/" + "x" * 500: [1, 1]}},
        {"entries": {"quiz/a": [True, 1]}},
        {"entries": {"quiz/a": [[], 1]}},
        {"entries": {"quiz/a": [{"x": 1}, 1]}},
        {"entries": {"quiz/a": ["x" * 201, 1]}},
        {"entries": {"quiz/a": [float("nan"), 1]}},
        {"entries": {"quiz/a": [float("inf"), 1]}},
        {"entries": {"quiz/a": [10**400, 1]}},
        {"entries": {"quiz/a": [1, float("nan")]}},
        {"entries": {"quiz/a": [1, "1"]}},
        {"entries": {"quiz/a": [1, -1]}},
        {"entries": {"quiz/a": [1, NOW + 10**9]}},  # of the future: it could never be forgotten
        {"entries": {7: [1, 1]}},
    ],
)
def test_what_cannot_be_an_entry_is_none(given: object) -> None:
    assert accepted(given) == {}


def test_answers_to_a_lesson_that_became_two_live_on() -> None:
    """Under the names that the two quizzes have now; with them how many were right, as the course map shows it."""
    old = {
        "quiz/rck_quiz_1": [1, 5],
        "quiz/rck_quiz_3": [0, 6],
        "quiz/rck_quiz_4": [1, 7],
        "progress/rck_quiz": ["2/4", 7],
    }
    kept = accepted({"entries": old})
    assert {x: y for x, y in kept.items() if "rck" not in x} == {
        "quiz/ratio_quiz_1": (1, 5),
        "quiz/kl_quiz_1": (0, 6),
        "quiz/kl_quiz_2": (1, 7),
        "progress/ratio_quiz": ("1/3", 5),
        "progress/kl_quiz": ("1/3", 7),
    }
    since = {**old, "quiz/kl_quiz_1": [2, 9], "progress/kl_quiz": ["3/3", 9]}  # answered anew: that counts
    assert accepted({"entries": since})["quiz/kl_quiz_1"] == (2, 9)
    assert accepted({"entries": since})["progress/kl_quiz"] == ("3/3", 9)
    taken_back = accepted({"entries": {"quiz/rck_quiz_3": [None, 6]}})
    assert "progress/kl_quiz" not in taken_back


def test_the_right_choices_that_progress_is_counted_by_are_those_of_the_quizzes() -> None:
    from lessons.kit.renamed import _ANSWERS, _QUESTIONS
    from lessons.kl import check as kl
    from lessons.ratio_and_clip import check as ratio

    quizzes = {"ratio_quiz": ratio.questions(), "kl_quiz": kl.questions()}
    assert {name: len(x) for name, x in quizzes.items()} == _QUESTIONS
    for new, right in _ANSWERS.values():
        quiz, _sep, number = new.removeprefix("quiz/").rpartition("_")
        assert [x.right for x in quizzes[quiz][int(number) - 1].choices].index(True) == right


def test_of_too_many_the_newest_are_taken() -> None:
    many = {f"quiz/{n}": [n, n + 1] for n in range(3 * MOST_ENTRIES)}
    kept = accepted({"entries": many})
    assert len(kept) == MOST_ENTRIES
    assert f"quiz/{3 * MOST_ENTRIES - 1}" in kept


def test_nothing_that_a_browser_can_say_is_raised() -> None:
    random_ = random.Random(0)

    def anything(depth: int = 0) -> object:
        leaves = [None, True, 0, -1, 1.5, 10**30, "", "quiz/a", "\x00", "predict/" + "é" * 9, float("nan")]
        if depth > 3 or random_.random() < 0.4:
            return random_.choice(leaves)
        if random_.random() < 0.5:
            return [anything(depth + 1) for _ in range(random_.randrange(4))]
        return {str(anything(9)): anything(depth + 1) for _ in range(random_.randrange(4))}

    for _ in range(2000):
        for name, (value, when) in accepted({"entries": anything()}).items():
            assert remembered.NAME.fullmatch(name)
            assert isinstance(value, int | float | str | None)
            assert isinstance(when, int)


def script() -> None:
    import streamlit as st

    from lessons.kit.lesson import Choice, QuizQuestion, predict, predict_number, quiz

    if st.session_state.get("elsewhere"):
        return
    word = st.session_state.get("word", "yes")
    choices = (Choice(word, True, "because A"), Choice("no", False, "because B"))
    predict("p", "Which?", choices, about=st.session_state.get("run", "first"))
    predict_number("n", "How many?", low=0, high=10, step=1, outcome=7, tolerance=1, reason="So it is.", form="%d")
    quiz("q", [QuizQuestion("First?", choices), QuizQuestion("Second?", choices)])


def opened(**state: object) -> AppTest:
    at = AppTest.from_function(script, default_timeout=240)
    for name, value in state.items():
        at.session_state[name] = value
    at.run()
    assert not at.exception
    return at


def answered() -> AppTest:
    at = opened()
    at.radio(key="p_try0").set_value(1).run()
    at.button(key="p_commit").click().run()
    at.slider(key="n_try0").set_value(6).run()
    at.button(key="n_commit").click().run()
    at.radio(key="q_1").set_value(0).run()
    at.radio(key="q_2").set_value(1).run()
    assert not at.exception
    return at


def shows_all(at: AppTest) -> None:
    assert "You said: **no**" in at.info[0].value
    assert "You said: **6**" in at.success[0].value
    assert [x.value for x in at.radio] == [0, 1]
    assert "**1 of 2**" in at.markdown[-1].value


def test_answers_outlive_another_page_and_another_language() -> None:
    at = answered()
    shows_all(at)
    at.session_state["elsewhere"] = True
    at.run()
    assert not at.radio
    at.session_state["elsewhere"] = False
    at.session_state["word"] = "是"  # every option reads differently now, so every widget is a new one
    at.run()
    assert not at.exception
    shows_all(at)


def test_an_answer_is_to_the_question_about_that_run() -> None:
    at = answered()
    at.session_state["run"] = "second"
    at.run()
    assert at.radio(key="p_try0").value is None
    at.session_state["run"] = "first"
    at.run()
    shows_all(at)


def test_what_an_earlier_visit_left_is_there_again_and_can_be_forgotten() -> None:
    kept = dict(answered().session_state["memory_entries"])
    assert kept["progress/q"][0] == "1/2"
    at = opened(memory_entries=kept)
    shows_all(at)
    at.session_state["memory_entries"] = {}  # as forget_all does
    at.run()
    assert [x.value for x in at.radio] == [None, None, None]
    assert not at.success


@pytest.mark.parametrize("value", [2, -1, "no", 0.5, 10**9])
def test_a_value_that_cannot_be_the_answer_is_none(value: object) -> None:
    at = opened(memory_entries={"quiz/q_1": (value, 1), "predict/n": (value if value != 2 else 11, 1)})
    assert at.radio(key="q_1").value is None
    assert value == 0.5 or at.slider(key="n_try0")


def test_only_what_can_be_kept_is_remembered() -> None:
    for name, value in [("quiz", 1), ("quiz/a b", 1), ("quiz/a", [1]), ("quiz/a", float("nan")), ("quiz/a", "x" * 999)]:
        with pytest.raises(ValueError, match="cannot be remembered"):
            remembered.remember(name, value)  # type: ignore[arg-type]
