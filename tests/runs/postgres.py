"""A PostgreSQL server of the tests' own: made, started, restarted and ended by them, as a user without rights."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import free_port

NOBODY = 65534  # PostgreSQL refuses to be root's


def programs() -> Path:
    """Where initdb and pg_ctl are: on the PATH, or where Debian and Ubuntu keep each version's."""
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda x: int(x.parts[-3]))
    places = [Path(on_path)] if on_path else debian[-1:]
    if not places:
        pytest.fail("needs PostgreSQL's initdb and pg_ctl (`make test` installs them where apt is there)")
    return places[0].resolve().parent


class Postgres:
    """One cluster in a temporary folder, on a free port of this machine alone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"postgresql+psycopg://tester@127.0.0.1:{self.port}/postgres"
        self._programs = programs()
        self._call("initdb", "--username=tester", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._call("pg_ctl", "--wait", "--log", str(self.folder / "log"), "--options", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Connections are cut ("fast"), or the server dies without a word ("immediate")."""
        self._call("pg_ctl", "--wait", "--mode", mode, "stop")

    def _call(self, program: str, *words: str) -> None:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [str(self._programs / program), "--pgdata", str(self.folder / "data"), *words]
        # To a file: the server inherits what is open, and a pipe would be read until it ends.
        with (self.folder / "output").open("w") as output:
            done = subprocess.run(
                command, cwd=self.folder, stdout=output, stderr=output, timeout=300, check=False, **user
            )  # type: ignore[call-overload]
        if done.returncode:
            pytest.fail(f"{program}: {(self.folder / 'output').read_text()[-1000:]}")


@contextmanager
def running() -> Iterator[Postgres]:
    """A started server; it and its folder are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="credit-lab-postgres-"))  # not pytest's, which is its user's alone
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    try:
        server = Postgres(folder)
        server.start()
        yield server
        if (folder / "data" / "postmaster.pid").exists():
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
