"""Work of ours in Python processes behind the wall: whatever a text leads it to, who asked gets one sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from core.errors import RequestError
from core.sandbox import python_pool
from core.sandbox.pool import WorkerReply
from core.sandbox.python_pool import PythonPool
from core.sandbox.wall.raised import PARTS
from core.tasks import matching
from core.tasks.matching import compared
from tests.tasks.test_notations import CORPUS

TIME = 20.0  # seconds for what ends by itself; what does not gets one
ODD = "tests.sandbox.odd_worker"


@pytest.fixture(scope="module")
def pool() -> Iterator[PythonPool]:
    own = PythonPool(ODD)
    yield own
    own.close()


def alive(pool: PythonPool) -> bool:
    return pool.call(["variables"], TIME).printed == "0"


@pytest.mark.parametrize("what", ["loop", "one long step of C"])
def test_what_takes_too_long_is_ended_once_its_time_is_used_up(pool: PythonPool, what: str) -> None:
    reply = pool.call([what], 1.0)
    assert (reply.late, reply.killed, reply.printed) == (True, True, "")
    assert alive(pool)


def test_a_worker_that_has_to_wait_for_the_machine_is_waited_for(pool: PythonPool) -> None:
    """Its time is the processor's: by the clock it takes five times what it may."""
    before = pool.call(["process"], TIME).printed
    assert pool.call(["wait"], 0.2).printed == "1"
    assert pool.call(["process"], TIME).printed == before


def test_one_that_stands_still_for_too_long_is_replaced_and_the_call_is_made_again(
    pool: PythonPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pool.call(["process"], TIME).printed
    monkeypatch.setattr(python_pool, "_PATIENCE", 1)
    reply = pool.call(["wait"], 0.2)
    assert (reply.broke, reply.late, reply.printed) == (True, False, "")
    monkeypatch.undo()
    assert not _runs(int(before))
    os.kill(int(pool.call(["process"], TIME).printed), signal.SIGKILL)  # as where the machine's memory is used up
    assert alive(pool)


@pytest.mark.parametrize("what", ["abort", "exit"])
def test_a_worker_that_ends_is_replaced(pool: PythonPool, what: str) -> None:
    before = pool.call(["process"], TIME).printed
    reply = pool.call([what], TIME)
    assert (reply.broke, reply.late, reply.printed) == (True, False, "")
    assert alive(pool)
    assert pool.call(["process"], TIME).printed != before


def test_one_that_an_earlier_call_filled_is_replaced_and_the_call_is_made_again(pool: PythonPool) -> None:
    pool.close()
    assert pool.call(["memory"], TIME).printed == "1"
    # Two of these are more than a worker may have: the second one's answer is that of a fresh worker.
    assert pool.call(["memory"], TIME).printed == "1"


@pytest.mark.parametrize(
    ("what", "error"), [("raise", "ValueError"), ("depth", "RecursionError"), ("nothing of that name", "KeyError")]
)
def test_what_it_raises_is_named_and_the_worker_goes_on(pool: PythonPool, what: str, error: str) -> None:
    before = pool.call(["process"], TIME).printed
    assert pool.call([what], TIME).error == error
    assert pool.call(["process"], TIME).printed == before


def test_what_it_prints_is_not_taken_for_its_report(pool: PythonPool) -> None:
    assert json.loads(pool.call(["print"], TIME).printed) == "own"
    assert alive(pool)


@pytest.mark.parametrize(
    ("what", "part"),
    [("read", "files"), ("write", "calls"), ("network", "calls"), ("start", "calls"), ("fork", "calls")],
)
def test_nothing_outside_is_reached(pool: PythonPool, what: str, part: str) -> None:
    assert alive(pool)
    assert pool.walls is not None
    assert tuple(pool.walls) == PARTS
    if pool.walls[part] is not None:
        pytest.skip(f"not on this machine: {pool.walls[part]}")
    assert pool.call([what], TIME).error in ("PermissionError", "OSError", "BlockingIOError")


def test_calls_at_the_same_time_wait_for_each_other(pool: PythonPool) -> None:
    replies: list[str] = []
    threads = [threading.Thread(target=lambda: replies.append(pool.call(["process"], TIME).printed)) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(replies) == 8
    assert len(set(replies)) == 1


def test_a_module_that_cannot_be_loaded_is_said() -> None:
    with pytest.raises(RequestError, match="cannot be checked here, because its process did not begin"):
        PythonPool("tests.sandbox.no_such_worker").call([], TIME)


def test_a_fork_has_workers_of_its_own() -> None:
    code = (
        "import os\n"
        "from core.sandbox.python_pool import PythonPool\n"
        f"pool = PythonPool({ODD!r})\n"
        "own = pool.call(['process'], 60).printed\n"
        "if os.fork() == 0:\n"
        "    os._exit(0 if pool.call(['process'], 60).printed not in ('', own) else 1)\n"
        "assert os.wait()[1] == 0\n"
        "assert pool.call(['process'], 60).printed == own\n"
        "print('both')\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert answer.stdout.strip() == "both", answer.stderr


def test_its_worker_ends_with_the_process_that_asked() -> None:
    """Also with one that is killed, and closes nothing itself."""
    code = (
        "import os\n"
        "from core.sandbox.python_pool import PythonPool\n"
        f"print(PythonPool({ODD!r}).call(['process'], 60).printed, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300).stdout)
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, PermissionError):
            return
        if not _runs(pid):
            return
        threading.Event().wait(0.05)
    raise AssertionError("it still runs")


def test_a_worker_at_work_ends_with_the_process_that_asked_while_a_fork_of_it_goes_on() -> None:
    code = (
        "import os, sys, threading\n"
        "from core.sandbox.python_pool import PythonPool\n"
        f"pool = PythonPool({ODD!r})\n"
        "worker = pool.call(['process'], 60).printed\n"
        "threading.Thread(target=pool.call, args=(['loop'], 600), daemon=True).start()\n"
        "while pool._idle:\n"
        "    pass\n"
        "if os.fork() == 0:\n"
        "    kept = [x for x in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{x}')]\n"
        "    pipes = [os.readlink(f'/proc/self/fd/{x}') for x in kept if int(x) > 2]\n"
        "    os._exit(any(x.startswith('pipe:') for x in pipes))\n"
        "kept = os.waitstatus_to_exitcode(os.wait()[1])\n"
        "os.kill(int(worker), 9)\n"
        "print('kept' if kept else 'let go')\n"
    )
    if sys.platform != "linux":
        pytest.skip("which files a process has open is asked of /proc")
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert answer.stdout.strip() == "let go", answer.stderr


def test_a_server_with_a_thousand_files_open_asks_too() -> None:
    code = (
        "import os, resource\n"
        "from core.sandbox.python_pool import PythonPool\n"
        "most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (2048 if most < 0 else min(most, 2048), most))\n"
        "for _ in range(1100):\n"
        "    os.open(os.devnull, os.O_RDONLY)\n"
        f"print(PythonPool({ODD!r}).call(['variables'], 60).printed)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert answer.stdout.strip() == "0", answer.stderr


def test_one_whose_call_is_interrupted_answers_no_other(pool: PythonPool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = pool.call(["process"], TIME).printed
    with monkeypatch.context() as patched:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr("core.sandbox.python_pool._PythonProcess.report", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.call(["process"], TIME)
    assert not _runs(int(before))
    assert pool.call(["process"], TIME).printed not in ("", before)


def test_a_report_of_endless_depth_is_none() -> None:
    """As a worker that was led astray might write it."""
    own = PythonPool(ODD)
    assert own.call(["deep report"], TIME).killed
    assert alive(own)
    own.close()


def _runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


# math-verify


def test_behind_the_wall_math_verify_says_what_it_says_without_one() -> None:
    """Also of what it imports late: in there no module can be found that was not loaded before."""
    from core.tasks import math_verify_worker

    pairs = {(matching._latex(x.truth), matching._latex(y)) for x in CORPUS for y in [*x.right, *x.wrong][:4]}
    workers = PythonPool("core.tasks.math_verify_worker")
    other = []
    for truth, answer in sorted(pairs):
        reply = workers.call([truth, answer], TIME)
        try:
            here = json.dumps(math_verify_worker.answer(truth, answer))
        except Exception as error:
            here = type(error).__name__
        if (reply.error or reply.printed) != here:
            other.append((truth, answer, reply, here))
    workers.close()
    assert not other
    assert len(pairs) > 100


def test_what_keeps_math_verify_busy_is_ended_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "LIMIT", 0.5)
    matching._answered.cache_clear()
    came = compared("x+y", "(a+b+c+d+e)^{99}")
    assert (came.equal, str(came.reason)) == (False, "math-verify was stopped after 0.5 s of processor time")
    matching._answered.cache_clear()
    monkeypatch.undo()
    assert compared("x^2+3x+2", "2+3x+x^2").equal


def test_what_math_verify_gave_no_answer_to_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose processes ended without one may have been the machine's affair: that is no verdict to remember."""
    replies = [WorkerReply("", "it ended", killed=True), WorkerReply("true", None), WorkerReply("false", None)]

    class Ended:
        def call(self, arguments: list[str], seconds: float) -> WorkerReply:
            return replies.pop(0)

    monkeypatch.setattr(matching, "_workers", Ended)
    first = compared("x+y+z", "z+y+x")
    assert (first.equal, str(first.reason)) == (
        False,
        "math-verify gave no answer: two of its processes ended without one",
    )
    assert compared("x+y+z", "z+y+x").equal
    assert compared("x+y+z", "z+y+x").equal  # what it answered is remembered
    matching._answered.cache_clear()


def test_what_it_is_never_asked_about_is_said() -> None:
    assert str(compared("x+1", "9**9**9").reason).startswith("no formula that is worked out")
    assert str(compared("x+1", "x" * 300).reason).startswith("longer than the 200 characters")
    assert str(compared("x^2+2x+1", "(x + 1)^2", "Expand $(x+1)^2$.").reason) == "it stands in the question"
