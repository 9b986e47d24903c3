"""Many viewers of one live run on this machine: what they cost the server, and how long they wait.

    python -m tests.load.viewers --viewers 100 --minutes 5            # browsers that pull
    python -m tests.load.viewers --viewers 20 --minutes 1 --fallback  # browsers that get all through Streamlit

A server is started with a data folder of its own; a made-up run moves on twice a second. Each viewer holds its page's
websocket open, and once a second does what the lab in a browser does: pulls the rows since its cursor, and fetches the
newest step and prompt when there is one. Loopback only; ends by itself. The viewers' own CPU is not the server's.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from core.config import RunConfig
from tests.e2e.conftest import LiveRun, serving

STEP_EVERY_S = 0.5


@dataclass
class Seen:
    """What the viewers measured."""

    committed: dict[int, float] = field(default_factory=dict)  # step → when its last row was committed
    waits: list[float] = field(default_factory=list)  # commit → in the viewer's hands, per viewer and step
    answers: int = 0
    received: int = 0  # bytes
    errors: list[str] = field(default_factory=list)

    def got(self, step: int, shown: int) -> int:
        """A viewer who showed `shown` holds `step` now; every step between counts."""
        now = time.monotonic()
        for s in range(shown + 1, step + 1):
            if s in self.committed:
                self.waits.append(now - self.committed[s])
        return max(step, shown)


class Http:
    """One keep-alive connection; just enough HTTP to keep the viewers' share of the machine small."""

    def __init__(self, url: str, seen: Seen) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.seen = parts.hostname or "", parts.port or 80, seen
        self.reader: asyncio.StreamReader | None = None

    async def get(self, path: str, etag: str | None = None) -> tuple[int, str | None, bytes]:
        if self.reader is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}:{self.port}", "Accept-Encoding: gzip"]
        lines += [f"If-None-Match: {etag}"] if etag else []
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        self.seen.answers += 1
        self.seen.received += len(body)
        return status, headers.get("etag"), gzip.decompress(body) if body and "content-encoding" in headers else body


async def pulling(url: str, run_id: str, seen: Seen, until: float) -> None:
    """What PullSource in the browser does, following live."""
    http, cursor, etag, shown = Http(url, seen), 0, None, -1
    base = f"/api/runs/{run_id}"
    while time.monotonic() < until:
        began = time.monotonic()
        status, tag, body = await http.get(f"{base}/live?since={cursor}", etag)
        if status == 200:
            etag, live = tag, json.loads(body)
            cursor = live["cursor"]
            step = min(x["step"] for x in live["learners"])
            if step > shown:
                shown = seen.got(step, shown)
                await http.get(f"{base}/steps/{step}")
                await http.get(f"{base}/steps/{step}/groups/0")
        elif status != 304:
            seen.errors.append(f"{status}: {body[:100]!r}")
        await asyncio.sleep(max(0.0, 1.0 - (time.monotonic() - began)))


async def page(url: str, run_id: str, seen: Seen, until: float, fallback: bool) -> None:
    """A page's websocket: the first run, and in the fallback the fragment's timer with what the component reports."""
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    async with websockets.connect(
        address, origin=url, subprotocols=["streamlit"], max_size=None, compression=None
    ) as socket:  # type: ignore[arg-type,list-item]
        timer = _Page(socket.send, run_id)
        await timer.rerun()
        shown = -1
        while (left := until - time.monotonic()) > 0:
            try:
                text = await asyncio.wait_for(socket.recv(), min(left, timer.due()))
            except TimeoutError:
                await timer.tick()
                continue
            seen.received += len(text)
            message = ForwardMsg.FromString(text)  # type: ignore[arg-type]
            if timer.learn(message, fallback):
                await timer.rerun()
            window = timer.window(message)
            if window:
                seen.answers += 1
                shown = seen.got(window, shown)


class _Page:
    def __init__(self, send: Callable[..., object], run_id: str) -> None:
        self.send, self.run_id = send, run_id
        self.states: dict[str, str] = {}
        self.fragment, self.interval, self.next, self.page = "", 0.0, 0.0, ""

    async def rerun(self, fragment: str = "") -> None:
        message = BackMsg()
        script = message.rerun_script
        script.query_string, script.page_name = f"run={self.run_id}", "lab"
        script.fragment_id, script.is_auto_rerun = fragment, bool(fragment)
        script.widget_states.widgets.extend(WidgetState(id=k, json_value=v) for k, v in self.states.items())
        await self.send(message.SerializeToString())  # type: ignore[misc]

    def due(self) -> float:
        return max(0.0, self.next - time.monotonic()) if self.fragment else 3600.0

    async def tick(self) -> None:
        self.next = time.monotonic() + self.interval
        await self.rerun(self.fragment)

    def learn(self, message: ForwardMsg, fallback: bool) -> bool:
        """Takes in timers and components; True when the component now reports what a blocked browser would."""
        if message.HasField("auto_rerun"):
            self.fragment, self.interval = message.auto_rerun.fragment_id, message.auto_rerun.interval
            self.next = time.monotonic() + self.interval * random.random()
        element = message.delta.new_element.bidi_component
        if not fallback or element.id in self.states:
            return False
        if element.component_name == "credit_lab_live":
            self.states[element.id] = json.dumps({"fallback": True})
            return True
        if element.component_name == "credit_lab_pump":
            self.states[element.id] = json.dumps({"wanted": {"follow": True}})
        return False

    def window(self, message: ForwardMsg) -> int | None:
        """The newest step in a window that the pump got, counted from 0."""
        element = message.delta.new_element.bidi_component
        if element.component_name != "credit_lab_pump":
            return None
        head, _, rest = element.bytes.partition(b"\n")
        at = 0
        for part in json.loads(head)["parts"]:
            if part["kind"] == "live":
                live = json.loads(gzip.decompress(rest[at : at + part["bytes"]]))
                return min(x["step"] for x in live["learners"])
            at += part.get("bytes", 0)
        return None


async def moving(run: LiveRun, seen: Seen, until: float) -> None:
    """The run goes on; its target is far, so that it never ends meanwhile."""
    while time.monotonic() < until:
        await asyncio.to_thread(run.tick)
        seen.committed[run.step - 1] = time.monotonic()
        await asyncio.sleep(STEP_EVERY_S)


async def measuring(process: psutil.Process, until: float, every: float) -> list[tuple[float, float]]:
    """(share of a core since the last look, resident MB), again and again."""
    looks = []
    before, at = sum(process.cpu_times()[:2]), time.monotonic()
    while time.monotonic() < until - 0.5:
        await asyncio.sleep(min(every, max(0.5, until - time.monotonic())))
        used, now = sum(process.cpu_times()[:2]), time.monotonic()
        looks.append(((used - before) / (now - at), process.memory_info().rss / 2**20))
        before, at = used, now
    return looks


async def crowd(url: str, run: LiveRun, pid: int, viewers: int, minutes: float, fallback: bool) -> None:
    seen, process = Seen(), psutil.Process(pid)
    settled = time.monotonic() + 5 + viewers * 0.12
    until = settled + minutes * 60

    async def viewer(number: int) -> None:
        await asyncio.sleep(number * 0.1 + random.random() * 0.1)  # they do not all arrive in the same instant
        both = [page(url, run.id, seen, until, fallback)]
        both += [] if fallback else [pulling(url, run.id, seen, until)]
        try:
            await asyncio.gather(*both)
        except (OSError, EOFError, websockets.WebSocketException) as error:
            seen.errors.append(f"viewer {number}: {error!r}")

    async def measured() -> list[tuple[float, float]]:
        await asyncio.sleep(settled - time.monotonic())
        seen.waits.clear()
        seen.answers = seen.received = 0
        return await measuring(process, until, max(2.0, minutes * 60 / 10))

    *_, looks = await asyncio.gather(*(viewer(n) for n in range(viewers)), moving(run, seen, until), measured())
    report(viewers, minutes, fallback, seen, looks)


def report(viewers: int, minutes: float, fallback: bool, seen: Seen, looks: list[tuple[float, float]]) -> None:
    shares, memory = zip(*looks, strict=True)
    waits = sorted(seen.waits)
    p95 = waits[int(len(waits) * 0.95)] if waits else float("nan")
    way = "through Streamlit" if fallback else "pulling"
    print(f"{viewers} viewers {way}, {minutes:g} min, a step every {STEP_EVERY_S:g} s or so")
    print(f"server: {100 * statistics.mean(shares):.1f} % of a core (most {100 * max(shares):.1f} %)")
    median = statistics.median(waits) if waits else float("nan")
    print(f"commit to viewer: p50 {median:.2f} s, p95 {p95:.2f} s, {len(waits)} waits")
    print("memory MB: " + " ".join(f"{x:.0f}" for x in memory))
    print(f"answers {seen.answers / (minutes * 60):.0f}/s, {seen.received / (minutes * 60) / 1024:.0f} kB/s")
    print(f"errors: {len(seen.errors)} {seen.errors[:3]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--fallback", action="store_true", help="as if the server's own addresses were blocked")
    options = parser.parse_args()
    if not 1 <= options.viewers <= 1000 or not 0.05 <= options.minutes <= 60:
        parser.error("viewers must be 1 to 1000 and minutes 0.05 to 60")
    with tempfile.TemporaryDirectory() as home, serving(Path(home), CREDIT_LAB_TRAINING="off") as server:
        run = LiveRun(server.store, RunConfig(steps=5000))
        run.tick(3)
        asyncio.run(crowd(server.url, run, server.process.pid, options.viewers, options.minutes, options.fallback))


if __name__ == "__main__":
    main()
