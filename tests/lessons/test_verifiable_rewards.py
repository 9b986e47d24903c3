"""The lesson on verifiable rewards: what it says of a response is what the task's verifier and the sandbox say."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean, stdev

import pytest

from core.errors import Message
from core.insight.gaming_study import CONDITIONS, read
from core.rewards.unit_tests import run_tests
from core.sandbox.wall.raised import PARTS
from core.sandbox.walls import Part
from core.tasks.extraction import extract
from core.tasks.in_words import Extraction
from core.tasks.kinds.program import Program, ProgramSettings
from core.tasks.kinds.questions import Question, Questions, QuestionsSettings
from lessons.i18n import LANGUAGES, use_language
from lessons.verifiable_rewards import call, gaming, hostile, maths, picture, programs, stopped, two_turns
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
    named = [x for x in tree.body if isinstance(x, ast.Assign) and isinstance(x.targets[0], ast.Name)]
    values = {x.targets[0].id: ast.unparse(x.value) for x in named}  # type: ignore[attr-defined]
    group = eval(values["GROUP"], {"programs": programs})
    shares = eval(values["SHARES"])
    assert [run_tests(programs.program_of(x), programs.TESTS).share for x in group] == list(shares)


def test_every_attack_is_stopped_and_paid_nothing() -> None:
    assert len(hostile.ATTACKS) >= 8
    reasons = {}
    for key, (_name, program) in hostile.ATTACKS.items():
        result = run_tests(program, hostile.TEST)
        assert result.share == 0, key
        reasons[key] = result.results[0].ending
        assert "reward **0**:" in hostile.became(result)
    expected = {"loop": "time", "memory": "memory", "file": "outside", "network": "outside", "import": "outside"}
    assert reasons == {**expected, "output": "printed", "recursion": "depth", "fork": "outside"}


def test_each_attack_is_said_to_be_stopped_by_what_stops_it_and_what_stands_behind(monkeypatch) -> None:
    """The first wall's reason is of its own for each kind; the second one's parts are those that would hold it."""
    monkeypatch.setattr(stopped, "_PROCESS", ("calls",))
    parts = {name: Part(name, Message(name), None) for name in PARTS}
    behind = {"loop": {"limits"}, "memory": {"limits"}, "file": {"files", "calls"}, "network": {"network", "calls"}}
    behind |= {"import": {"calls"}, "output": {"limits"}, "recursion": set(), "fork": {"calls"}}
    first = {}
    for key, (_name, program) in hostile.ATTACKS.items():
        result = run_tests(program, hostile.TEST).results[0]
        stop = stopped.stop_of(result)
        assert stop is not None
        assert set(stop.behind) == behind[key], key
        first[key], *others = stopped.who_stopped(result, list(parts.values()))
        assert first[key].startswith("**First wall, the interpreter:** ")
        assert ("0.15 s" in others[0]) == (key == "loop") if others else key == "recursion"
        assert all(f"{x}" in others[-1] for x in behind[key])
    assert len(set(first.values())) == len(first)
    fork = run_tests(hostile.ATTACKS["fork"][1], hostile.TEST).results[0]
    none = [replace(x, missing=Message("no")) for x in parts.values()]
    assert stopped.who_stopped(fork, none)[-1] == "Not on this machine, which has a smaller second wall: calls."


@pytest.mark.parametrize(
    ("body", "outside"),
    [
        ("__import__('os').system('ls')", True),
        ("input()", True),
        ("open('/no/such/file')", True),
        ("x.nothing", False),
        ("1 / 0", False),
        ("no_such_name", False),
    ],
)
def test_a_slip_is_not_taken_for_a_way_outside(body: str, outside: bool) -> None:
    [result] = run_tests(f"def f(x):\n    return {body}", hostile.TEST).results
    assert (result.ending, stopped.stop_of(result) is not None) == ("outside" if outside else "raised", outside)


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


# -- gaming, and two turns ---------------------------------------------------------------------------------------------


def end(condition: str, name: str) -> list[float]:
    return [getattr(x, name)[-1] for x in read() if x.condition == condition]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_curves_are_the_recorded_means_and_come_after_the_guess(open_page, lang: str) -> None:
    at = open_page(KEY, lang=lang)
    with pytest.raises(IndexError):
        strips(at, "vr_gaming")
    at.radio(key=next(x.key for x in at.radio if x.key.startswith("vr_gaming_guess"))).set_value(1).run()
    at.button(key="vr_gaming_guess_commit").click().run()
    assert not at.exception
    shown = [("visible", "heldout_visible"), ("visible", "heldout_hidden")]
    shown += [("all", "heldout_visible"), ("all", "heldout_hidden")]
    racers = strips(at, "vr_gaming")["racers"]
    assert len({x["name"] for x in racers}) == 4
    assert len({(x["colour"], tuple(x["dash"])) for x in racers}) == 4
    for racer, (condition, name) in zip(racers, shown, strict=True):
        assert racer["mean"][-1] == pytest.approx(fmean(end(condition, name)), abs=1e-4)
        assert racer["spread"][-1] == pytest.approx(stdev(end(condition, name)), abs=1e-4)
    table = next(x.value for x in at.markdown if x.value.startswith("| ") and "±" in x.value)
    for condition in CONDITIONS:
        values = end(condition, "heldout_hidden")
        assert f"{fmean(values):.2f} ± {stdev(values):.2f}" in table


def test_what_is_said_of_gaming_follows_from_the_intervals() -> None:
    """The seeds' differences by numpy, Student's t with four degrees of freedom from a table."""
    import numpy as np

    def interval(name: str) -> tuple[float, float]:
        gap = np.array(end("visible", name)) - np.array(end("all", name))
        half = 2.776 * gap.std(ddof=1) / len(gap) ** 0.5
        return gap.mean() - half, gap.mean() + half

    with use_language("en"):
        caught = "The hidden tests catch it" in gaming._caught()
    assert caught == (interval("heldout_visible")[0] > 0 and interval("heldout_hidden")[1] < 0)


def test_the_two_turn_example_is_what_the_task_says_and_pays() -> None:
    task = Program(ProgramSettings(turns=2))
    assert task.reply(two_turns.PROMPT, [two_turns.FIRST]) == two_turns.REPLY
    response = f"{two_turns.FIRST}\n{two_turns.REPLY}{two_turns.SECOND}"
    assert task.verify(two_turns.PROMPT, response).reward == two_turns.REWARD
    assert [x is None for x in two_turns.VALUES] == list(two_turns.HOLES)
    assert len(two_turns.TOKENS) == len(two_turns.HOLES)


def test_the_two_turn_example_s_numbers_are_those_that_would_train() -> None:
    """By the functions on tensors, and by a double sum over the policy's own tokens."""
    import torch

    from core.algorithms.types import Experience
    from core.learners.registry import credit_for

    mask = ~torch.tensor([two_turns.HOLES] * 4)
    values = torch.tensor([[x or 0.0 for x in two_turns.VALUES]] * 4, dtype=torch.float64)
    experience = Experience(
        mask=mask,
        logprobs_old=torch.zeros_like(values),
        logprobs_ref=None,
        rewards=torch.tensor([two_turns.REWARD, *two_turns.OTHERS], dtype=torch.float64),
        group=torch.zeros(4, dtype=torch.long),
        truncated=torch.zeros(4, dtype=torch.bool),
        values=values,
        value_after=torch.zeros(4, dtype=torch.float64),
    )
    own = [i for i, hole in enumerate(two_turns.HOLES) if not hole]
    for settings in (two_turns.PPO, two_turns.GRPO):
        credit = credit_for(settings)(experience).advantages[0]
        shown = two_turns.numbers(settings, "advantage")
        assert [x is None for x in shown] == list(two_turns.HOLES)
        assert [shown[i] for i in own] == pytest.approx([float(credit[i]) for i in own])
    critic = [*(float(values[0, i]) for i in own), 0.0]
    deltas = [(two_turns.REWARD if k == len(own) - 1 else 0) + critic[k + 1] - critic[k] for k in range(len(own))]
    sums = [sum(0.5 ** (j - k) * deltas[j] for j in range(k, len(own))) for k in range(len(own))]
    assert [two_turns.numbers(two_turns.PPO, "delta")[i] for i in own] == pytest.approx(deltas)
    assert [two_turns.numbers(two_turns.PPO, "advantage")[i] for i in own] == pytest.approx(sums)


def test_the_strip_of_two_turns_is_hatched_where_the_task_wrote(open_page) -> None:
    at = open_page(KEY, lang="en")
    rows = strips(at, "vr_turns")["rows"]
    assert len(rows) == 3
    for row in rows:
        assert row["holes"] == list(two_turns.HOLES)
        assert [x is None for x, hole in zip(row["values"], two_turns.HOLES, strict=True) if hole] == [True] * 8


def test_each_message_of_a_field_has_its_text(open_page) -> None:
    """On a loaded server fields stood empty: the text came with the first run's message alone, which the next run,
    begun before it was sent, threw away."""
    at = open_page(KEY, lang="en")
    at.button(key="vr_body_1").click().run()
    at.button(key="vr_try_seats_2").click().run()
    at.run()  # as if only its messages arrived
    fields = {x.label: x for x in (*at.text_input, *at.text_area)}
    texts = {x: y.value for x, y in fields.items()}
    assert texts == {
        "Response": maths.QUESTIONS["seats"].tries[2],
        "def f(x): return …": programs.BODIES[1],
        "Program": hostile.ATTACKS["loop"][1],
        "Call": call.TRIES[1],
    }
    assert {x: y.proto.default for x, y in fields.items()} == texts


def test_a_double_click_on_a_question_chooses_it(open_page) -> None:
    """The second click took the choice back, and the first question stood there again."""
    at = open_page(KEY, lang="en")
    groups = [x.proto for x in at.get("button_group")]
    assert len(groups) >= 3
    assert all(x.required for x in groups)
