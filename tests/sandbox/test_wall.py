"""The system's wall, part by part, around a plain Python that does as it likes."""

from __future__ import annotations

import os
import platform
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.sandbox import pool as workers
from core.sandbox.wall import landlock, seccomp, syscalls
from core.sandbox.wall.raised import PARTS
from core.sandbox.walls import walls

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a part of Linux")

_BEHIND = """
import sys; sys.path.insert(0, {root!r})
import ctypes, os, resource, socket, subprocess, threading
from core.sandbox.wall.raised import PARTS, raise_wall
raised = raise_wall(without=set(PARTS) - set({parts!r}))
assert all(raised[x] is None for x in {parts!r}), raised
try:
    {act}
except BaseException as error:
    print("refused", type(error).__name__, flush=True)
else:
    print("done", flush=True)
"""


def behind(parts: list[str], act: str) -> str:
    """What becomes of an act behind these parts alone."""
    code = _BEHIND.format(root=str(ROOT), parts=parts, act=act)
    command = [sys.executable, "-I", "-S", "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, env={"CANARY": "1"})
    return (answer.stdout or answer.stderr).split()[0]


@LINUX
@pytest.mark.parametrize(
    ("part", "act"),
    [
        ("environment", "os.environ['CANARY']"),
        ("network", "socket.create_connection(('127.0.0.1', {port}), timeout=5)"),
        ("identity", "open({file!r}, 'r+')"),
        ("limits", "bytearray(1 << 30)"),
        ("limits", "os.write(os.open({file!r}, os.O_WRONLY), b'gone')"),
        ("limits", "[os.dup(0) for _ in range(100)]"),
        ("files", "open({file!r})"),
        ("files", "open({new!r}, 'w')"),
        ("files", "os.listdir('/')"),
        ("files", "socket.create_connection(('127.0.0.1', {port}), timeout=5)"),
        ("files", "subprocess.run(['/bin/true'], check=True)"),
        ("calls", "socket.socket()"),
        ("calls", "os.fork() or os._exit(0)"),
        ("calls", "open({new!r}, 'w')"),
        ("calls", "os.remove({file!r})"),
        ("calls", "os.kill(os.getppid(), 0)"),
        ("calls", "os.execv('/bin/echo', ['echo', 'done'])"),
        ("calls", "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))"),
    ],
)
def test_each_part_by_itself_refuses_what_it_is_there_for(part: str, act: str, tmp_path: Path) -> None:
    if part == "files" and landlock.version() < 4:
        pytest.skip("this kernel's Landlock knows no sockets")
    file = tmp_path / "file"
    file.write_text("kept")
    file.chmod(0o600)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        written = act.format(port=listening.getsockname()[1], file=str(file), new=str(tmp_path / "new"))
        parts = [part, *(["privileges"] if part in ("files", "calls") else [])]
        if part == "identity" and os.geteuid() != 0:
            pytest.skip("whoever is not root has no rights to lose")
        assert behind([], written) == "done", "without the wall it can be done"
        file.write_text("kept")
        (tmp_path / "new").unlink(missing_ok=True)
        assert behind(parts, written) == "refused"
    assert not (tmp_path / "new").exists()
    assert file.read_text() == "kept"


@LINUX
def test_threads_start_behind_the_filter_and_processes_do_not() -> None:
    act = "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()"
    assert behind(["privileges", "calls"], act) == "thread"


def test_this_machine_s_walls_are_stated_and_a_worker_has_them() -> None:
    parts = walls(workers.Pool())
    assert [x.name for x in parts] == ["interpreter", *PARTS]
    assert parts[0].on
    for part in parts:
        assert str(part.says)
        assert part.on or str(part.missing)
    if sys.platform == "linux" and platform.machine() in syscalls.NUMBERS:
        assert next(x for x in parts if x.name == "limits").on
    left_out = walls(workers.Pool(without=("network",)))
    assert [str(x.missing) for x in left_out if x.name == "network"] == ["left out"]


@pytest.mark.parametrize(
    ("machine", "header", "line"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"#define __NR_(\w+) (\d+)"),
        ("aarch64", "/usr/include/asm-generic/unistd.h", r"#define __NR(?:3264)?_(\w+) (\d+)"),
    ],
)
def test_the_numbers_are_those_of_the_kernel_s_headers(machine: str, header: str, line: str) -> None:
    path = Path(header)
    if not path.exists():
        pytest.skip("the kernel's headers are not on this machine")
    numbers = {name: int(number) for name, number in re.findall(line, path.read_text())}
    numbers |= {"newfstatat": numbers.get("newfstatat", numbers.get("fstatat", -1))}
    wanted = syscalls.NUMBERS[machine]
    assert {x: numbers.get(x) for x in wanted} == wanted


@pytest.mark.parametrize("machine", sorted(syscalls.NUMBERS))
def test_every_jump_of_the_filter_lands_within_it(machine: str) -> None:
    steps = seccomp.filter_steps(machine, 7, may_execute=True)
    for at, (code, true, false, _) in enumerate(steps):
        if code in (0x15, 0x45, 0x35):
            assert at + 1 + max(true, false) < len(steps)
    assert steps[-1][0] == 0x06
    assert len(steps) < 4096  # the kernel's bound


def verdict(machine: str, call: int, arguments: tuple[int, ...] = (), architecture: int | None = None) -> int:
    """What the filter says of a call, by an interpreter of its steps: a second reading of what they mean."""
    own = syscalls.ARCHITECTURES[machine] if architecture is None else architecture
    data = {0: call, 4: own}
    for i, value in enumerate((*arguments, 0, 0, 0, 0, 0, 0)[:6]):
        data[16 + 8 * i], data[20 + 8 * i] = value & 0xFFFFFFFF, value >> 32
    at, loaded = 0, 0
    steps = seccomp.filter_steps(machine, 7, may_execute=False)
    while True:
        code, true, false, operand = steps[at]
        at += 1
        if code == 0x20:
            loaded = data[operand]
        elif code == 0x06:
            return operand
        else:
            holds = {0x15: loaded == operand, 0x45: bool(loaded & operand), 0x35: loaded >= operand}[code]
            at += true if holds else false


@pytest.mark.parametrize("machine", sorted(syscalls.NUMBERS))
def test_the_filter_allows_what_it_should_and_nothing_else(machine: str) -> None:
    numbers, allow, denied, killed = syscalls.NUMBERS[machine], 0x7FFF0000, 0x00050001, 0x80000000
    assert verdict(machine, numbers["read"]) == allow
    assert verdict(machine, numbers["read"], architecture=0) == killed
    assert verdict(machine, numbers["execve"]) == denied
    assert verdict(machine, numbers["clone"], (0x00010000 | 0x100,)) == allow
    assert verdict(machine, numbers["clone"], (17,)) == denied
    assert verdict(machine, numbers["clone3"]) == 0x00050000 | 38
    assert verdict(machine, numbers["openat"], (0, 0, 0o2000000)) == allow  # O_CLOEXEC
    for writing in (1, 2, 0o100, 0o1000):
        assert verdict(machine, numbers["openat"], (0, 0, writing)) == denied
    assert verdict(machine, numbers["tgkill"], (7, 7, 6)) == allow
    assert verdict(machine, numbers["tgkill"], (1, 1, 9)) == denied
    assert verdict(machine, numbers["prctl"], (15,)) == allow
    assert verdict(machine, numbers["prctl"], (38,)) == denied
    assert verdict(machine, numbers["prlimit64"], (0, 3, 0)) == allow
    assert verdict(machine, numbers["prlimit64"], (0, 3, 1 << 32)) == denied
    known = set(numbers.values())
    assert all(verdict(machine, x) == denied for x in range(500) if x not in known)
