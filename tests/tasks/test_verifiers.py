"""Verifiers that are called on hostile answers: nothing is run, nothing hangs, and what raises is wrong."""

import ast
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import reasoning_gym

from core.tasks import verifiers
from core.tasks.catalog import UNREPEATABLE, build
from core.tasks.deadline import within
from core.tasks.reasoning import Reasoning
from core.tasks.reasoning_settings import suggested
from core.tasks.reasoning_worker import LITERAL
from core.tasks.verifiers import DataSetVerifier

ROOT = Path(__file__).parents[2]


def test_every_verifier_that_evaluates_what_it_is_given_is_known():
    root = Path(reasoning_gym.__file__).parent
    evaluating = set()
    for file in root.rglob("*.py"):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef) or "score" not in function.name:
                continue
            for call in ast.walk(function):
                name = getattr(call.func, "id", getattr(call.func, "attr", "")) if isinstance(call, ast.Call) else ""
                if name in ("eval", "exec", "parse_expr", "sympify", "S", "parse_latex", "lambdify", "literal_eval"):
                    evaluating.add(file.stem)
    assert evaluating - UNREPEATABLE == verifiers.ARITHMETIC | verifiers.ALGEBRA | LITERAL


@pytest.mark.parametrize("name", sorted(verifiers.ARITHMETIC | verifiers.ALGEBRA | LITERAL))
def test_no_answer_is_run_as_a_program(name, tmp_path):
    entry, verifier = build(name, {}, 3, 8)[0], DataSetVerifier(name, {}, 8)
    trace = tmp_path / "run"
    for answer in (
        f"__import__('pathlib').Path({str(trace)!r}).touch()",
        f"[__import__('pathlib').Path({str(trace)!r}).touch()]",
        f"open({str(trace)!r}, 'w')",
        f"(lambda: open({str(trace)!r}, 'w'))()",
        f"x.__class__.__base__.__subclasses__() or open({str(trace)!r}, 'w')",
        "9**9**9",
        "9**9**9**9",
        "((9**99)**99)**99",
        "[9]*10**9",
        "factorial(10**9)",
        "99999999!",
        "Integral(sin(x), x)",
        "(" * 3000,
        "[" * 3000,
        "-" * 3000 + "1",
        "1" * 3900,
        "1e999999999",
        "1 " * 1900,
        "\x00",
        "\ud800",
    ):
        assert verifier.score(answer, entry).value < 1
    assert not trace.exists()
    assert "Integral" in entry["answer"] or verifier.score(entry["answer"], entry).value == 1


@pytest.mark.parametrize(
    "text", ["-4*(-2*x - 8)**(3/2)/3 + C", "exp(x)*sin(x)**2 + C", "E**(2*x)", "x**-2", " -X**5/7 - X**3/2 + C\n"]
)
def test_a_formula_is_read(text):
    assert verifiers.is_formula(text)


@pytest.mark.parametrize(
    "text",
    [
        "x**2**9**9",
        "x**999",
        "((x**9)**9)**9",
        "x.diff()",
        "f(x)",
        "exec('1')",
        "[x]",
        "x if x else C",
        "sin(x, x)",
        "x = 1",
        "",
        "__x__",
        "x; y",
        "lambda: x",
        "'x'*9",
        "x<y",
        "99999999999999999999",
        "é",
        "True",
    ],
)
def test_a_program_is_no_formula(text):
    assert not verifiers.is_formula(text)


def test_the_rest_of_a_countdown_answer_is_no_loophole():
    task = Reasoning(suggested("countdown"))
    prompt = next(x for x in task.prompts(0, 0, 64) if "/" not in task.truth(x))
    truth = task.truth(prompt)
    for answer in (f"{truth} = 9", f"The answer is {truth}", f"{truth} + 0*5", truth.replace("*", "**1*"), f"{truth}!"):
        assert not task.verify(prompt, answer).success, answer
    assert task.verify(prompt, f"\n{truth} ").success


@pytest.fixture(scope="module")
def faulty() -> DataSetVerifier:
    return DataSetVerifier("gcd", {}, 8, worker="tests.tasks.faulty_worker")


@pytest.mark.parametrize("answer", ["hang", "swallow", "one long step of C"])
def test_a_verifier_that_hangs_is_ended_and_has_found_the_answer_wrong(answer, faulty, monkeypatch):
    assert faulty.score("half", {}).value == 0.5  # its worker stands: only what it does now is timed
    monkeypatch.setattr(verifiers, "LIMIT", 0.5)
    scored = faulty.score(answer, {})
    assert (scored.value, str(scored.reason)) == (0, "the verifier was stopped after 0.5 s of processor time")
    monkeypatch.undo()
    assert faulty.score("half", {}).value == 0.5


def test_a_verifier_that_has_to_wait_for_the_machine_is_waited_for(faulty, monkeypatch):
    monkeypatch.setattr(verifiers, "LIMIT", 0.2)
    scored = faulty.score("half, and late", {})
    assert (scored.value, scored.reason) == (0.5, None)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("memory", "the verifier was stopped: it wanted too much memory"),
        ("abort", "the verifier gave no answer: two of its processes ended without one"),
        ("deep", "None"),
        ("nan", "None"),
        ("text", "None"),
        ("unknown", "None"),
    ],
)
def test_a_verifier_that_breaks_or_raises_has_found_the_answer_wrong(answer, reason, faulty, monkeypatch):
    monkeypatch.setattr(verifiers, "LIMIT", 60.0)
    scored = faulty.score(answer, {})
    assert (scored.value, str(scored.reason)) == (0, reason)
    assert faulty.score("half", {}).value == 0.5


def test_a_score_is_never_more_than_one(faulty):
    assert faulty.score("high", {}).value == 1


def test_a_verdict_says_why_nothing_was_worked_out(monkeypatch, caplog):
    task = Reasoning(suggested("gcd"))
    prompt = task.heldout[0]
    task._verifier = DataSetVerifier("gcd", {}, 8, worker="tests.tasks.faulty_worker")
    verdict = task.verify(prompt, "abort")
    assert (verdict.reward, verdict.success, verdict.answer) == (0, False, "abort")
    assert str(verdict.reason) == "the verifier gave no answer: two of its processes ended without one"
    assert "gcd: the verifier gave no answer" in caplog.text


@pytest.mark.parametrize(
    "name", ["gcd", "simple_integration", "number_sorting", "rearc", "sokoban", "word_ladder", "string_manipulation"]
)
def test_behind_the_wall_a_verifier_says_what_it_says_without_one(name):
    """Of families that evaluate, that need tuples, and that import or read files when they are made."""
    dataset, verifier = build(name, {}, 0, 32), DataSetVerifier(name, {}, 32)
    for i in range(3):
        entry = dataset[i]
        known = [entry["answer"], dataset[i + 5]["answer"], "1 2 3", "[1, 2]", f"The answer is {entry['answer']}"]
        for answer in map(str, known):
            scored = verifier.score(answer, entry)
            try:
                here = dataset.score_answer(answer, entry) if verifiers._harmless(name, answer) else 0.0
            except Exception:
                here = 0.0
            assert (scored.value, scored.reason) == (min(max(float(here), 0.0), 1.0), None), (name, answer)
    assert verifier.score(str(dataset[0]["answer"]), dataset[0]).value > 0


def test_without_reasoning_gym_other_tasks_go_on():
    code = (
        "import json, sys\n"
        "sys.modules['reasoning_gym'] = None\n"
        "from core.tasks.registry import TASK_KINDS, task_for\n"
        "task = task_for(TASK_KINDS['chain-sum'].settings())\n"
        "print(json.dumps([len(task.prompts(0, 0, 3)), len(task.heldout)]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert json.loads(done.stdout) == [3, 256], done.stderr


def _hang() -> None:
    while True:
        pass


def test_a_deadline_holds_in_any_thread_and_leaves_nothing_behind():
    errors = []

    def work() -> None:
        for _ in range(3):
            try:
                within(0.05, _hang)
            except TimeoutError as error:
                errors.append(str(error))
        # Work that ends just in time, many times: no late interruption reaches what comes after.
        for limit in [1e-6] * 300:
            try:
                within(limit, sum, range(2000))
            except TimeoutError:
                continue
        errors.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(300)
    assert errors == ["it took longer than 0.05 seconds"] * 3 + ["done"]
    assert within(5, max, 3, 4) == 4
    with pytest.raises(ZeroDivisionError):
        within(5, divmod, 1, 0)


TRACED = '''
import sys
from core.tasks.deadline import within

def hang():
    while True:
        pass

def trace(*_):
    """Calls alone: an exception that comes up in here would end the tracing."""

def call(limit, work, *given):
    sys.settrace(trace)
    try:
        return within(limit, work, *given)
    except TimeoutError:
        return "too long"

assert [call(0.05, hang) for _ in range(2)] == ["too long"] * 2
assert {call(1e-6, sum, range(2000)) for _ in range(100)} <= {1999000, "too long"}
print(call(30, max, 3, 4))
'''


def test_a_deadline_ends_work_that_a_debugger_or_coverage_traces():
    """In a process of its own: what hangs there hangs in the interpreter, where nothing can be raised any more."""
    done = subprocess.run([sys.executable, "-c", TRACED], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("4\n", "")


@pytest.mark.parametrize("name", sorted(verifiers.QUICK))
def test_verifiers_that_nobody_watches_come_to_an_end_on_anything(name):
    """No deadline is set for these (core/tasks/verifiers.py): what backtracks would hang here."""
    entry, verifier = build(name, {}, 3, 8)[0], DataSetVerifier(name, {}, 8)
    longest = verifiers.MOST_CHARACTERS
    for text in ("9", "9*", "(", "-", "9/", "1.", "1,", " ", "a", "9-(", "1e", "0", "_", "９"):
        for length in (200, longest):
            assert verifier.score((text * length)[:length], entry).value < 1
