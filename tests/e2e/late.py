"""A page that is late for its test, or a test that is late for its page: what a busy machine does, done on purpose.

    python -m pytest tests/e2e/test_tour.py --late page --late-seed 3
    python -m pytest tests/e2e/test_tour.py --late test

A test that looks too early passes on an idle machine and fails, one time in hundreds, on a busy one. With `--late page`
all that passes between browser and server is held up at random, and the browser's own thread is slowed down by a factor
drawn for each test: what is not waited for is not there yet. With `--late test` the test rests before whatever it asks
of the browser: what is there for a moment only is gone. A test that fails under either fails on a busy machine.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from playwright.sync_api import CDPSession, Page

#: How often what is passed on is held up, and for how many seconds at most.
SHARE, LONGEST_S = 0.25, 0.35
#: How many times slower than it is the browser's thread runs, drawn for each test.
FACTORS = (1, 2, 4, 6)
#: How long a late test rests before whatever it asks of the browser, in milliseconds.
REST_MS = 150

#: Whether pages are late, and what draws how much; seeded for each test.
pages = False
chance = random.Random(0)
_devtools: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


def slowed(page: Page) -> None:
    """Where pages are late, slows this one's thread down by a factor drawn for this test, until it is slowed anew."""
    if not pages:
        return
    if page not in _devtools:
        _devtools[page] = page.context.new_cdp_session(page)  # what it sets holds as long as the session
    _devtools[page].send("Emulation.setCPUThrottlingRate", {"rate": chance.choice(FACTORS)})


@contextmanager
def held_up(port: int) -> Iterator[int]:
    """A port of this machine that passes on what comes to `port`, and what goes back, held up at random.

    What one connection carries stays in its order. Raises OSError where no port is free.
    """
    loop, drawn = asyncio.new_event_loop(), random.Random(chance.random())

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                if drawn.random() < SHARE:
                    await asyncio.sleep(drawn.uniform(0, LONGEST_S))
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass  # either side may leave at any time
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far, to_far = await asyncio.open_connection("127.0.0.1", port)
        except OSError:  # the test has ended its server
            writer.close()
            return
        await asyncio.gather(passed_on(reader, to_far), passed_on(far, writer))

    thread = threading.Thread(target=loop.run_forever, daemon=True)  # Playwright has a loop in the test's own thread
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(connected, "127.0.0.1", 0), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(ended(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def ended(server: asyncio.Server) -> None:
    """Takes no more connections, and leaves those that there are."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
