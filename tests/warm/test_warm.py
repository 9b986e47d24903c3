"""The warm python does what python does, and nothing of ours is in its processes before they import it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.waiting import until
from tests.warm import client

ROOT = Path(__file__).parents[2]
SHOWN = """
import json, os, sys
ours = [x for x in sys.modules if x.partition(".")[0] in ("core", "lessons", "tests")]
names = [x for x in globals() if x.strip("_") == x], vars(sys.modules["__main__"]) is globals()
import core.errors
print(json.dumps([sys.argv, os.getcwd(), os.environ.get("MINE"), sys.stdin.read(), ours, core.errors.__file__, names]))
print("an error", file=sys.stderr)
sys.exit(5)
"""


@pytest.mark.parametrize("how", ["-c", "-m", "-P -m", "a script"])
def test_arguments_variables_folder_and_files_are_those_that_python_has(tmp_path: Path, how: str) -> None:
    (tmp_path / "shown.py").write_text(SHOWN)
    words = {"-c": ["-c", SHOWN], "-m": ["-m", "shown"], "a script": ["shown.py"]}.get(how, ["-P", "-m", "shown"])
    path = os.pathsep.join([str(ROOT), *([str(tmp_path)] if "-P" in how else [])])
    given = {"cwd": tmp_path, "env": {**os.environ, "MINE": "x", "PYTHONPATH": path}, "input": "read", "text": True}
    plain, forked = (
        subprocess.run([x, *words, "a", "--b"], capture_output=True, check=False, **given)
        for x in (sys.executable, warm.python())
    )
    assert (forked.returncode, forked.stderr) == (plain.returncode, plain.stderr) == (5, "an error\n")
    assert json.loads(forked.stdout) == json.loads(plain.stdout)
    argv, folder, mine, read, ours, errors, names = json.loads(forked.stdout)
    assert (argv[1:], folder, mine, read, ours) == (["a", "--b"], str(tmp_path), "x", "read", [])
    assert names == [["json", "os", "sys", "ours"], True]
    assert errors == str(ROOT / "core" / "errors" / "__init__.py")


def test_an_error_is_told_and_ends_it_with_one(tmp_path: Path) -> None:
    done = subprocess.run([warm.python(), "-c", "1 / 0"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_it_is_killed_with_its_client_and_hears_signals_and_its_own_end_by_one_is_told(tmp_path: Path) -> None:
    code = "import os, signal, sys, time\n{}\nprint(os.getpid(), flush=True)\ntime.sleep(600)"
    exits = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"
    with subprocess.Popen([warm.python(), "-c", code.format(exits)], stdout=subprocess.PIPE, text=True) as exiting:
        assert exiting.stdout is not None
        assert int(exiting.stdout.readline()) != exiting.pid
        exiting.terminate()
        assert exiting.wait(300) == 7
    with subprocess.Popen([warm.python(), "-c", code.format("")], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        pid = int(killed.stdout.readline())
        killed.kill()
        until(lambda: not _lives(pid))
    own = subprocess.run([warm.python(), "-c", "import os; os.kill(os.getpid(), 9)"], check=False)
    assert own.returncode == -signal.SIGKILL


def test_a_client_that_goes_before_it_has_asked_ends_nobody_elses() -> None:
    place = Path(warm.python()).with_name("socket")
    requests = (b"", b"\n", b'\n{"words": [')
    with subprocess.Popen([warm.python(), "-c", "input()"], stdin=subprocess.PIPE) as other:
        for request in requests:
            with socket.socket(socket.AF_UNIX) as asking:
                asking.connect(str(place))
                if request:
                    socket.send_fds(asking, [request[:1]], [0, 1, 2])
                    asking.sendall(request[1:])
        other.communicate(b"\n")
    assert other.returncode == 0
    assert subprocess.run([warm.python(), "-c", "exit(3)"], check=False).returncode == 3


def test_a_signal_that_comes_as_it_ends_does_not_change_how_it_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    client.pass_on(ended.pid, signal.SIGTERM)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_with_other_options_it_is_python_itself() -> None:
    code = "import sys; print('torch' in sys.modules, sys.flags.isolated)"
    done = subprocess.run([warm.python(), "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "1"]


def test_torch_is_there_and_what_one_process_changes_no_other_sees() -> None:
    code = "import sys, torch; print(sys.modules.setdefault('left', sys) is sys, torch.get_num_threads()); {}"
    changed = "torch.set_num_threads(3); sys.modules['left'] = None"
    for last in (changed, changed):
        done = subprocess.run([warm.python(), "-c", code.format(last)], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["True", "1"]
    ready = "import sys; print('torch' in sys.modules)"
    assert subprocess.run([warm.python(), "-c", ready], capture_output=True, check=True).stdout == b"True\n"
