"""Addresses and headers that nobody meant, sent to a real server: none may be answered by a 5xx, late, or with a path.

    python -m tests.load.fuzz_api --requests 3000 --seed 1

A server is started with a data folder of its own. Each request is an address of the app's or a part of one, mutated,
with headers mutated likewise; `requests` makes them from the seed alone. Ends with a table of what was answered, and
with exit code 1 and the requests where anything was wrong. tests/lessons/test_server.py sends a few hundred within its
own process.
"""

from __future__ import annotations

import argparse
import collections
import random
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from tests.e2e.conftest import LiveRun, serving

PATIENCE_S = 10.0
REDIRECTED_OR_EMPTY = (301, 304, 307, 308, 405)
REACHING = "!#$%&'()*+,/:;=?@[]~"
METHODS = ("GET",) * 12 + ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
NUMBERS = (
    "0", "1", "-1", "00", "1.5", "1e3", "+1", " 1", "1 ", "x", "", "٣", "½", "0x1", "NaN", "2147483647", "2147483648",
    "9223372036854775807", "9223372036854775808", "9" * 20, "9" * 40, "9" * 41, "9" * 400, "9" * 5000, "null", "1_000",
)  # fmt: skip
TEXTS = (
    "nobody", "..", ".", "%2e%2e", "%00", "a%00b", "%ff", "%ed%a0%80", "%F0%9F%98%80", "x" * 64, "x" * 65, "x" * 3000,
    "'", '"', "%27%20OR%201=1--", "<script>", "%25", "%", "%zz", "%0d%0aX:%20y", "*", "$", "run id", "%20", "\\",
    "..%2f..", "-", "--help", "{run}", "null", "live", "steps", "groups", "api",
)  # fmt: skip
ENCODINGS = (
    "gzip", "gzip;q=0", "gzip;q=0.000", "gzip;q=0.5", "*", "*;q=0", "identity", "", "br", "gzip;q=x", "GZIP ; Q=0",
    ",,;", "gzip;q=0, *", "deflate, gzip;q=1.0, *;q=0.5", ";q=0", "gzip" * 200,
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One request as it goes over the line; `target` is in ASCII but for what must not be there."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()


def requests(count: int, seed: int, run_ids: list[str], assets: str) -> Iterator[Asked]:
    """So many requests, the same for the same seed. `assets`: the version under which the lab's files are."""
    rng = random.Random(seed)
    for _ in range(count):
        run = rng.choice([*run_ids] * 8 + list(TEXTS))
        step, group = (rng.choice(["0", "1", "2"] * 4 + list(NUMBERS) + list(TEXTS)) for _ in range(2))
        target = rng.choice(
            (
                f"/api/runs/{run}/live",
                f"/api/runs/{run}/steps/{step}",
                f"/api/runs/{run}/steps/{step}/groups/{group}",
                f"/api/runs/{run}",
                f"/api/runs/{run}/{rng.choice(TEXTS)}",
                f"/api/{rng.choice(TEXTS)}/{run}",
                "/api",
                "/api/",
                f"/assets/live/{rng.choice((assets, *TEXTS))}/{rng.choice(('main.js', 'lab.css', 'x.js', *TEXTS))}",
                f"/{rng.choice(TEXTS)}",
            )
        )
        if rng.random() < 0.15:
            target = _mutated(target, rng)
        names = [x for x in ("since", "revision", "lang", "run", "since") if rng.random() < 0.3]
        if names:
            target += "?" + "&".join(f"{x}={rng.choice(NUMBERS + TEXTS)}" for x in names)
        if rng.random() < 0.95:  # the rest is no HTTP: the server's own parser answers it
            target = quote(target, safe=REACHING)
        yield Asked(rng.choice(METHODS), target, tuple(_headers(rng)))


def _mutated(target: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(target) + 1)
    piece = rng.choice(("/", "//", "/../", "%2f", ";", "?", "%", "%00", "%c3%28", "@", ":", "é", "\x7f", "a" * 500))
    return target[:at] + piece + target[rng.choice((at, at + 1)) :]


def _headers(rng: random.Random) -> Iterator[tuple[str, str]]:
    if rng.random() < 0.7:
        yield "Accept-Encoding", rng.choice(ENCODINGS)
    if rng.random() < 0.3:
        yield "If-None-Match", rng.choice(('"x"', "*", "", 'W/"x"', '"' * 200, "x" * 4000))
    if rng.random() < 0.1:
        yield "Range", rng.choice(("bytes=0-1", "bytes=9-1", "x", "bytes=-" + "9" * 50))
    if rng.random() < 0.1:
        yield "Content-Type", rng.choice(("application/json", "multipart/form-data; boundary=x", "x" * 500))


def answer(host: str, port: int, asked: Asked) -> tuple[int, dict[str, str], bytes, float]:
    """(status, headers, body, seconds); status 0 where no answer came."""
    lines = [
        f"{asked.method} {asked.target} HTTP/1.1",
        f"Host: {host}:{port}",
        "Connection: close",
        "Content-Length: 0",
    ]
    lines += [f"{name}: {value}" for name, value in asked.headers]
    begun, received = time.monotonic(), b""
    with socket.create_connection((host, port), PATIENCE_S) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))
        try:
            while piece := line.recv(65536):
                received += piece
        except (ConnectionResetError, TimeoutError):
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in rest)}
    return int(first.split()[1]) if received else 0, headers, body, time.monotonic() - begun


def wrong_with(asked: Asked, status: int, headers: dict[str, str], body: bytes, hidden: tuple[str, ...]) -> str | None:
    """What is wrong with an answer; None where nothing is. `hidden`: texts that no answer may hold."""
    if status == 0 or status >= 500:
        return f"status {status}"
    if any(x.encode() in body for x in hidden):
        return "a path of the server's"
    path = asked.target.partition("?")[0]
    spoilt = (
        asked.target != quote(asked.target, safe=REACHING)
        or ".." in path
        or re.search(r"%(?![0-9a-f]{2})|%2e|%0|//", path)
    )
    if path.startswith("/api/") and not spoilt and status not in REDIRECTED_OR_EMPTY and asked.method != "HEAD":
        kind = headers.get("content-type", "")
        if not kind.startswith("application/json"):
            return f"status {status} as {kind or 'nothing'}"
    accepted = dict(asked.headers).get("Accept-Encoding", "")
    if accepted.lower().replace(" ", "") in ("gzip;q=0", "gzip;q=0.000", "*;q=0", "identity", "") and headers.get(
        "content-encoding"
    ):
        return f"compressed for {accepted!r}"
    if "frame-ancestors" not in headers.get("content-security-policy", "frame-ancestors" if status == 400 else ""):
        return "without frame-ancestors"
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    from lessons.board.assets import version

    with (
        tempfile.TemporaryDirectory(prefix="credit-lab-fuzz-") as folder,
        serving(Path(folder), CREDIT_LAB_TRAINING="off") as server,
    ):
        run = LiveRun.finished(server.store, 3)
        parts = urlsplit(server.url)
        hidden = (folder, str(Path(__file__).resolve().parents[2]))
        answer(parts.hostname or "", parts.port or 0, Asked("GET", "/api"))  # it prints its address before it serves
        counted: collections.Counter[int] = collections.Counter()
        wrong, slowest = [], (0.0, "")
        for asked in requests(options.requests, options.seed, [run.id, "recorded-long-sums"], version()):
            status, headers, body, took = answer(parts.hostname or "", parts.port or 0, asked)
            counted[status] += 1
            slowest = max(slowest, (took, f"{asked.method} {asked.target[:100]!a}"))
            if problem := wrong_with(asked, status, headers, body, hidden):
                wrong.append((problem, asked))
        log = (Path(folder) / "server.log").read_text()
    print(
        f"{options.requests} requests, slowest {slowest[0]:.2f} s ({slowest[1]}):",
        ", ".join(f"{n} × {s}" for s, n in sorted(counted.items())),
    )
    print("tracebacks in the server's log:", log.count("Traceback"))
    for problem, asked in wrong[:20]:
        print(problem, asked.method, ascii(asked.target[:200]), ascii(asked.headers)[:200])
    sys.exit(bool(wrong) or "Traceback" in log)


if __name__ == "__main__":
    main()
