"""The lesson on verifiable rewards: what it says of a response is what the task's verifier and the sandbox say."""

from __future__ import annotations

import time

import pytest

from core.sandbox.checks import run_tests
from core.tasks.extraction import extract
from core.tasks.in_words import Extraction
from core.tasks.kinds.questions import Question, Questions, QuestionsSettings
from lessons.i18n import LANGUAGES, use_language
from lessons.verifiable_rewards import call, hostile, maths, picture, programs
from tests.lessons.real import strips

KEY = "verifiable-rewards"
OTHERS = tuple(Question(question=f"What is {n} + 1000?", answer=str(n + 1000)) for n in range(24))


def task(asked: maths.MathsQuestion, how: Extraction) -> Questions:
    own = Question(question=asked.text, answer=asked.truth)
    return Questions(QuestionsSettings(questions=(own, *OTHERS), extraction=how))


@pytest.mark.parametrize("how", maths.WAYS)
@pytest.mark.parametrize("key", maths.QUESTIONS)
def test_a_response_is_judged_as_the_task_judges_it(key: str, how: Extraction) -> None:
    asked = maths.QUESTIONS[key]
    texts = [*asked.tries, *(x.text for x in picture.RESPONSES), "", "¿", "9" * 300]
    for text in texts:
        for finished in (True, False):
            true = task(asked, how).verify(asked.text, text, finished=finished)
            of = maths.judged(asked, text, how, finished=finished)
            assert (of.answer, of.reward) == (true.answer, true.reward), text


def test_the_pictures_traps_are_traps() -> None:
    """Right as written and otherwise; wrong by its end, by words, by being cut off. What is marked is what is read."""
    rows = picture.data()["rows"]
    assert [x["reward"] for x in rows] == [1, 1, 1, 0, 0, 0]
    assert [x["answer"] for x in rows] == ["1080", "1080", "1.08 × 10^3", "90", None, "1080"]
    for shown in picture.RESPONSES:
        if shown.spot:
            assert shown.text.rfind(shown.spot) >= 0
            assert extract(shown.spot, "last-number") == extract(shown.text, "last-number")
            start = shown.text.rfind(shown.spot)
            other = shown.text[:start] + "7" + shown.text[start + len(shown.spot) :]
            assert extract(other, "last-number") == "7"
    assert len(picture.data()["says"]) == 4 * len(rows) + 1


def test_why_names_the_fault() -> None:
    asked = maths.QUESTIONS["seats"]

    def reason(text: str, how: Extraction = "last-number", *, finished: bool = True) -> str:
        return maths.why(asked, maths.judged(asked, text, how, finished=finished), finished=finished)

    assert reason("2160/2") == "a calculation left undone"
    assert reason("2160/3") == "not the ground truth"
    assert reason("It is 1080.", finished=False) == "cut off before its end"
    assert reason("It is 1080.", "boxed") == "nothing there to read"
    assert [reason("1080"), reason("1,080")] == ["the same text", "the same value"]


@pytest.mark.parametrize(
    ("body", "visible", "hidden"),
    [
        ("x * x", 1, 1),
        ("x ** 2", 1, 1),
        ("x + x", 2 / 3, 0),
        (programs.GAMING, 1, 0),
        ("abs(x) * x", 1, 2 / 3),
        ("x *", 0, 0),
    ],
)
def test_prepared_bodies_come_out_as_the_page_needs_them(body: str, visible: float, hidden: float) -> None:
    assert body in programs.BODIES
    result = run_tests(programs.program_of(body), programs.TESTS)
    assert (result.visible, result.hidden) == (visible, hidden)
    says = programs.summed_up(result)
    assert ("only the hidden tests notice" in says) == (visible == 1 and hidden < 1)


def test_the_worked_examples_rewards_are_those_of_its_bodies() -> None:
    """Read from the page's text, since to import a page is to draw it."""
    import ast

    from lessons.catalog import lesson

    tree = ast.parse(lesson(KEY).path.read_text(encoding="utf-8"))
    values = {x.targets[0].id: ast.unparse(x.value) for x in tree.body if isinstance(x, ast.Assign)}  # type: ignore[attr-defined]
    group = eval(values["GROUP"], {"programs": programs})
    shares = eval(values["SHARES"])
    assert [run_tests(programs.program_of(x), programs.TESTS).share for x in group] == list(shares)


def test_every_attack_is_stopped_and_paid_nothing() -> None:
    assert len(hostile.ATTACKS) >= 8
    reasons = {}
    for key, (_name, program) in hostile.ATTACKS.items():
        begun = time.perf_counter()
        result = run_tests(program, hostile.TEST)
        assert time.perf_counter() - begun < 5
        assert result.share == 0, key
        reasons[key] = result.results[0].ending
        assert "reward **0**:" in hostile.became(result)
    expected = {"loop": "time", "memory": "memory", "file": "outside", "network": "outside", "import": "outside"}
    assert reasons == {**expected, "output": "printed", "recursion": "depth", "fork": "raised"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_comes_up_and_runs_what_is_typed(open_page, lang: str) -> None:
    at = open_page(KEY, lang=lang)
    assert not at.exception
    assert not at.error
    assert len(strips(at, "vr_picture")["rows"]) == len(picture.RESPONSES)
    at.text_input(key="vr_body").set_value("x * x")
    at.text_input(key="vr_response_seats").set_value("|1080|<b>")
    at.run()
    with use_language(lang):
        assert any(programs.summed_up(programs.outcome("x * x")) in x.value for x in at.markdown)
    at.button(key="vr_attack_import").click()
    at.run()
    assert any("subprocess" in x.value for x in at.markdown)
    assert not at.exception


def test_the_hostile_box_takes_no_more_than_it_may(open_page, monkeypatch) -> None:
    at = open_page(KEY, lang="en")
    at.text_area(key="vr_hostile").set_value("def f(x):\n    return 4\n" + "#" * 5000)
    at.button(key="vr_run_hostile").click()
    at.run()
    assert not at.exception
    assert len(at.session_state["vr_hostile_ran"]) == hostile.LONGEST
    assert any("did no harm" in x.value for x in at.markdown)


def test_calls_are_compared_as_json(open_page) -> None:
    right = [call.compare_calls(x, call.RIGHT).right for x in call.TRIES]
    assert right == [True, False, False, False, False]
    at = open_page(KEY, lang="en")
    at.button(key="vr_call_0").click()
    at.run()
    assert any("reward 1: the same function" in x.value for x in at.markdown)


def test_where_no_program_can_be_run_the_page_says_so(open_page, monkeypatch) -> None:
    from core.errors import Message
    from core.sandbox import pool
    from lessons.verifiable_rewards.running import ran

    ran.clear()  # type: ignore[attr-defined]
    monkeypatch.setattr(pool, "unavailable", lambda: Message("Programs cannot be run on this machine"))
    at = open_page(KEY, lang="en")
    assert not at.exception
    assert any("Programs cannot be run on this machine" in x.value.replace("\\", "") for x in at.info)
    assert not any(x.key == "vr_nearly_commit" for x in at.button)


def test_who_would_wait_too_long_is_told(monkeypatch) -> None:
    import threading

    from core.errors import RequestError
    from lessons.verifiable_rewards import running

    running.ran.clear()  # type: ignore[attr-defined]
    monkeypatch.setattr(running, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(running, "_PATIENCE", 0.05)
    with running._places, pytest.raises(RequestError, match="Too many programs are waiting"):
        running.ran("def f(x):\n    return 7", hostile.TEST, "full")
