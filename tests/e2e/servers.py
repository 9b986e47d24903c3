"""The app as a server of its own, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.runs.store import RunStore
from tests.e2e import late

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Server:
    """A running app: its address, its data folder and its process."""

    url: str
    home: Path
    process: subprocess.Popen[str]

    @property
    def store(self) -> RunStore:
        return RunStore(home=self.home)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(command: list[str], log: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    with log.open("w") as errors:
        return subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )


def serves(process: subprocess.Popen[str]) -> bool:
    """Waits until the app says that it serves; False where it ended before."""
    assert process.stdout is not None
    return any("URL:" in line for line in process.stdout)


@contextmanager
def serving(
    home: Path, script: Path = ROOT / "app.py", base: str = "", port: int | None = None, **environment: str
) -> Iterator[Server]:
    """Starts the app, on a free port if none is named, and waits until it says that it serves; ends it afterwards."""
    env = {**os.environ, "CREDIT_LAB_HOME": str(home), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    options = ["--server.address=127.0.0.1", "--server.headless=true"]
    options += [f"--server.baseUrlPath={base}"] if base else []
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
    log, named, port = home / "server.log", bool(port), port or free_port()
    process = started([*command, f"--server.port={port}"], log, env)
    try:
        while not serves(process):
            errors = log.read_text()
            if named or f"Port {port} is not available" not in errors:
                pytest.fail(f"the app did not start: {errors[-2000:]}")
            port = free_port()  # another process took that one while the app began
            process = started([*command, f"--server.port={port}"], log, env)
        with late.held_up(port) if late.pages and not named else nullcontext(port) as open_port:
            yield Server(f"http://127.0.0.1:{open_port}/{base}".rstrip("/"), home, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
