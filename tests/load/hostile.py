"""Hostile programs against each wall by itself and against both: `python -m tests.load.hostile [--programs 1000]`.

A program is contained if it passes no test (what is expected, nobody outside this process knows), the secret stands in
nothing that came out, the folder beside it and the secret itself are as they were, nobody called the port, no process
is left over, and its verdict came in time. After every turn of the kinds an ordinary program has to pass. Prints a line
a kind and wall, and ends with 1 where one was not contained.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import socket
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.rewards.unit_tests import ProgramResult, UnitTest, run_tests
from core.sandbox.calls import Runner
from core.sandbox.limits import LIMITS
from core.sandbox.pool import Pool
from tests.load.hostile_programs import KINDS, World, programs
from tests.load.plain_child import PlainPool

#: The rest of a verdict's time is what a busy machine takes.
LATE_S = 5.0
ORDINARY = "def f(x):\n    return x * 2 + 1"
WALLS = ("interpreter", "system", "both")


@dataclass
class Tally:
    """What was seen of one kind behind one wall."""

    count: int = 0
    escaped: list[str] = field(default_factory=list)
    longest: float = 0.0
    endings: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))


@contextmanager
def world() -> Iterator[tuple[World, socket.socket]]:
    """A folder with a secret that everybody may read and write, and a port at which somebody listens."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as listening:
        folder = Path(name)
        folder.chmod(0o777)
        secret = f"secret-{random.SystemRandom().getrandbits(64):x}"
        file = folder / "secret"
        file.write_text(secret)
        file.chmod(0o666)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        yield World(folder, file, secret, listening.getsockname()[1], os.getpid()), listening


def runner(wall: str) -> Runner:
    """What runs programs behind this wall."""
    return PlainPool() if wall == "system" else Pool(wall=wall == "both")


def escapes(place: World, listening: socket.socket, outcome: ProgramResult) -> list[str]:
    """In what a program was not contained."""
    out = []
    if any(x.passed for x in outcome.results):
        out.append("passed a test")
    texts = [str(x.reason) + (x.got or "") for x in outcome.results]
    if any(place.secret in x or "root:x:0" in x for x in texts):
        out.append("read a file")
    if sorted(x.name for x in place.folder.iterdir()) != ["secret"]:
        out.append("wrote files")
    elif place.secret_file.read_text() != place.secret or place.secret_file.stat().st_mode & 0o777 != 0o666:
        out.append("changed a file")
    try:
        listening.accept()[0].close()
        out.append("reached the network")
    except BlockingIOError:
        pass
    if outcome.seconds > LATE_S:
        out.append(f"took {outcome.seconds:.1f} s")
    return out


def secret_tests() -> list[UnitTest]:
    """Tests that nobody passes who cannot read this process's memory."""
    draw = random.SystemRandom()
    return [UnitTest((x,), draw.getrandbits(64)) for x in range(3)]


def attempt(wall: str, count: int, seed: int = 0) -> dict[str, Tally]:
    """`count` programs behind one wall."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    before = set(children())
    with world() as (place, listening):
        pool = runner(wall)
        for number, (kind, program) in enumerate(programs(place, count, seed)):
            outcome = run_tests(program, secret_tests(), pool=pool)
            tally = tallies[kind]
            tally.count += 1
            tally.longest = max(tally.longest, outcome.seconds)
            tally.endings[outcome.results[0].ending] += 1
            if problems := escapes(place, listening, outcome):
                tally.escaped.append(f"{', '.join(problems)}: {program!r}")
            if number % len(KINDS) == 0:
                ordinary = run_tests(ORDINARY, [UnitTest((x,), x * 2 + 1) for x in range(3)], pool=pool)
                if not ordinary.passed:
                    tally.escaped.append(f"the pool is broken ({[str(x.reason) for x in ordinary.results]})")
        if isinstance(pool, Pool):
            pool.close()
        if left := set(children()) - before:
            tallies[kind].escaped.append(f"processes are left: {left}")
    return tallies


def children() -> list[str]:
    """Processes of which this one is the parent, without those that have ended."""
    try:
        numbers = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    except OSError:
        return []
    stated = ((x, Path(f"/proc/{x}/stat")) for x in numbers)
    return [x for x, stat in stated if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"]


def main() -> int:
    """Prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--walls", nargs="*", choices=WALLS, default=list(WALLS))
    arguments = parser.parse_args()
    escaped = 0
    for wall in arguments.walls:
        begun = time.monotonic()
        tallies = attempt(wall, arguments.programs)
        for kind, tally in tallies.items():
            endings = ", ".join(f"{x} {n}" for x, n in sorted(tally.endings.items()))
            print(f"{wall:12} {kind:20} {tally.count:4} longest {tally.longest:5.2f} s   {endings}")
            for line in tally.escaped:
                print("    NOT CONTAINED:", line[:600])
        out = sum(len(x.escaped) for x in tallies.values())
        escaped += out
        took = time.monotonic() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"{wall}: {sum(x.count for x in tallies.values())} programs of {len(tallies)} kinds, {out} not contained, "
            f"{took:.0f} s, at most {LIMITS.seconds} s each; peak memory of this process {peak >> 10} MB",
            flush=True,
        )
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
