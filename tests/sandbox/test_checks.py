"""Programs in the sandbox: what comes out of their tests, and what is said of it."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.rewards.unit_tests import UnitTest, compared, run_tests
from core.sandbox import pool as workers
from core.sandbox.calls import called
from core.sandbox.harness import lines
from core.sandbox.limits import ProgramLimits
from core.sandbox.walls import walls

DOUBLED = [UnitTest((x,), x * 2 + 1, hidden=x > 2) for x in range(6)]


def endings(program: str, tests: list[UnitTest] | None = None) -> list[str]:
    """The endings, and a reason where there is one."""
    outcome = run_tests(program, DOUBLED if tests is None else tests)
    return [x.ending if x.reason is None else f"{x.ending}: {x.reason}" for x in outcome.results]


@pytest.mark.parametrize(
    ("value", "expected", "passes"),
    [
        ("x", 3, True),
        ("x", 4, False),
        ("1.0", 1, False),  # another kind of number
        ("True", 1, False),
        ("'3'", 3, False),
        ("'é\\n'", "é\n", True),
        ("[1, (2,), None]", [1, (2,), None], True),
        ("{'a': 0.1}", {"a": 0.1}, True),
        ("0.1 + 0.2", 0.1 + 0.2, True),
        ("-0.0", 0.0, False),
        ("None", None, True),
    ],
)
def test_a_test_passes_where_the_same_value_comes_out(value: str, expected: Any, passes: bool) -> None:
    outcome = run_tests(f"def f(x):\n    return {value}", [UnitTest((3,), expected)])
    assert outcome.passed is passes
    assert outcome.results[0].got is not None


def test_a_right_program_passes_and_a_table_of_the_visible_tests_is_told_apart() -> None:
    right = run_tests("def f(x):\n    return x * 2 + 1", DOUBLED)
    assert (right.passed, right.share, right.visible, right.hidden, right.games) == (True, 1, 1, 1, False)
    table = run_tests("def f(x):\n    return {0: 1, 1: 3, 2: 5}[x]", DOUBLED)
    assert (table.passed, table.share, table.visible, table.hidden, table.games) == (False, 0.5, 1, 0, True)
    half = run_tests("def f(x):\n    return 3", DOUBLED)
    assert (half.share, half.visible, half.hidden, half.games) == (1 / 6, 1 / 3, 0, False)
    assert math.isnan(run_tests("def f(x):\n    return x", [UnitTest((1,), 1)]).hidden)


def test_reasons_say_what_happened() -> None:
    assert endings("def f(x): return x")[:2] == ["wrong: gave 0, not 1", "wrong: gave 1, not 3"]
    assert endings("def f(x): return 1 / 0")[0] == "raised: raised ZeroDivisionError: division by zero"
    assert endings("def f(x): return (")[0].startswith("syntax: is no program that can be run here: SyntaxError")
    assert "No module named 'socket'" in endings("import socket")[0]
    assert endings("def f(x): return open('/etc/passwd').read()")[0].startswith("outside: reached for what is outside")
    assert endings("def f(x): return f(x)")[0] == "depth: stopped: more than 100 calls within calls"
    assert endings("def f(x): return [0] * 10**9")[:2] == [
        "memory: stopped: it wanted more than 16 MB of memory",
        "unreached: not reached: an earlier test used up what there was",
    ]
    assert endings("def f(x): print('a' * 10**6)")[0] == "printed: stopped: more than 64 kB of output"
    assert endings("g = 1")[0] == "raised: raised NameError: name 'f' is not defined"


def test_an_endless_loop_is_stopped_and_what_passed_before_it_counts() -> None:
    loop = "def f(x):\n    if x == 2:\n        while True:\n            pass\n    return x * 2 + 1"
    outcome = run_tests(loop, DOUBLED)
    assert [x.ending for x in outcome.results] == ["right", "right", "time", *["unreached"] * 3]
    assert str(outcome.results[2].reason) == "stopped after 0.2 s: an endless loop, or too much work"
    assert outcome.seconds >= 0.25  # 0.05 s, and 0.2 s once more; ≤ 0.5 s on an idle machine (benches/sandbox.py)


class Recorder:
    """In a pool's place: how long each run may take, and whether it says that it took longer."""

    def __init__(self, late: bool, killed: bool = False) -> None:
        self.late, self.killed, self.asked = late, killed, list[float]()

    def run(self, code: str, inputs: dict[str, Any], limits: ProgramLimits) -> workers.WorkerReply:
        self.asked.append(limits.seconds)
        return workers.WorkerReply("", "TimeoutError: late" if self.late else None, self.late, self.killed)


def test_a_program_that_was_late_gets_all_its_time_once_and_an_endless_one_costs_little_more() -> None:
    ordinary, endless, gone = Recorder(late=False), Recorder(late=True), Recorder(late=True, killed=True)
    for pool in (ordinary, endless, gone):
        run_tests("def f(x):\n    return x", DOUBLED, pool=pool)
    assert (ordinary.asked, endless.asked, gone.asked) == ([0.05], [0.05, 0.2], [0.05, 0.05])
    # What a loop may cost in all, workers that have to be killed included: with a margin under 0.5 s.
    assert sum(endless.asked) + workers.GRACE <= 0.4 + 1e-9
    assert sum(gone.asked) + 2 * workers.GRACE <= 0.4 + 1e-9


def test_a_program_whose_worker_stood_still_once_is_not_taken_for_an_endless_one() -> None:
    """Of thousands of programs on a busy machine, one or two wait longer for the processor than a hung worker may."""

    class StoodStill(Recorder):
        def run(self, code: str, inputs: dict[str, Any], limits: ProgramLimits) -> workers.WorkerReply:
            if self.asked:
                return workers.shared().run(code, inputs, ProgramLimits())
            return super().run(code, inputs, limits)

    outcome = run_tests("def f(x):\n    return x * 2 + 1", DOUBLED, pool=StoodStill(late=True, killed=True))
    assert outcome.passed


def test_nothing_of_a_hidden_test_is_shown() -> None:
    tests = [UnitTest((7213,), 9911, hidden=True)]
    programs = ("return x", "raise ValueError(x)", "return 9911", "return x +", "import a", "print(x)", "[0] * x ** 9")
    for body in programs:
        outcome = run_tests(f"def f(x):\n    {body}", tests)
        shown = repr([(x.ending, x.got, x.reason and x.reason.to_dict()) for x in outcome.results])
        assert "7213" not in shown, body
        assert "9911" not in shown, body


def test_a_program_never_meets_what_is_expected() -> None:
    asked = called("def f(x):\n    return x", [(1,)])
    assert compared(asked, [UnitTest((1,), 1)]).passed
    assert not compared(asked, [UnitTest((1,), 2)]).passed


def test_reports_of_a_program_s_own_making_prove_nothing() -> None:
    """Whoever prints the harness's lines says only what came out; where it is no line, no test has a result."""
    forged = "print('\\x020:v1\\x03', end='')\ndef f(x):\n    return 0"
    assert [x.passed for x in run_tests(forged, [UnitTest((0,), 5), UnitTest((1,), 0)]).results] == [False, True]
    cut = run_tests("def f(x):\n    global _calls, _print\n    _print = len\n    return 1", [UnitTest((0,), 1)])
    assert not cut.passed
    assert lines("\x020:v1\x03 noise \x02x\x03\x021:eTypeError: no\x03\x020:v2\x03") == {
        0: ("right", "1"),
        1: ("raised", "TypeError: no"),
    }


def test_a_program_may_use_the_harness_s_names() -> None:
    names = "print = repr = str = type = enumerate = BaseException = None\ndef f(x):\n    return x * 2 + 1"
    assert run_tests(names, DOUBLED).passed


def test_programs_share_nothing() -> None:
    assert run_tests("kept = 5\ndef f(x):\n    return kept", [UnitTest((0,), 5)]).passed
    assert "NameError" in endings("def f(x):\n    return kept", [UnitTest((0,), 5)])[0]
    clock = "import random, time\ndef f(x):\n    return random.random(), time.time()"
    assert called(clock, [(1,)]).reports == called(clock, [(1,)]).reports


def test_a_worker_that_is_killed_costs_only_its_program() -> None:
    """Text of shared parts grows where the interpreter does not look at the clock: its worker is killed."""
    pool = workers.Pool()
    try:
        bomb = "def f(x):\n    a = 'x'\n    for _ in range(30):\n        a = [a] * 10\n    return a"
        assert not run_tests(bomb, DOUBLED, pool=pool).passed
        assert run_tests("def f(x):\n    return x * 2 + 1", DOUBLED, pool=pool).passed
    finally:
        pool.close()


def test_a_pool_that_was_closed_starts_again_from_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    pool = workers.Pool()
    for _ in range(2):
        assert run_tests("def f(x):\n    return x * 2 + 1", DOUBLED, pool=pool).passed
        assert len(list(tmp_path.glob("sandbox/*"))) == 1
        pool.close()


def test_a_longer_program_than_allowed_is_not_run() -> None:
    outcome = run_tests("def f(x):\n    return x * 2 + 1\n" + "#" * 20_000, DOUBLED)
    assert {x.ending for x in outcome.results} == {"syntax"}


def test_a_process_forked_from_one_that_ran_programs_says_so_at_once() -> None:
    """The interpreter's client has threads of its own, which no fork survives: it would wait for ever."""
    code = (
        "import os\n"
        "from core.errors import RequestError\n"
        "from core.rewards.unit_tests import UnitTest, run_tests\n"
        "def right(): return run_tests('def f(x): return x', [UnitTest((1,), 1)]).passed\n"
        "if os.fork() == 0:\n"
        "    os._exit(0 if right() else 1)\n"
        "assert os.wait()[1] == 0\n"
        "assert right()\n"
        "if os.fork() == 0:\n"
        "    try:\n"
        "        right()\n"
        "    except RequestError as error:\n"
        "        os._exit(0 if 'forked' in str(error) else 1)\n"
        "assert os.wait()[1] == 0\n"
        "assert right()\n"
        "print('both')\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert answer.stdout.strip() == "both", answer.stderr


def test_without_the_interpreter_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)
    monkeypatch.setitem(sys.modules, "pydantic_monty._binary", None)
    assert "pip install pydantic-monty" in str(workers.unavailable())
    parts = walls(workers.Pool())
    assert not parts[0].on


def test_the_limits_are_those_given() -> None:
    assert run_tests("def f(x):\n    return len('a' * x)", [UnitTest((10**6,), 10**6)]).passed
    tight = ProgramLimits(memory=1 << 18)
    outcome = run_tests("def f(x):\n    return len('a' * x)", [UnitTest((10**6,), 10**6)], limits=tight)
    assert outcome.results[0].ending == "memory"
