"""A real server and a real browser (Chromium, found on the PATH)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from core.config import RunConfig
from core.errors import verbatim
from core.runs import lifecycle
from core.runs.errors import RunNotFound
from core.runs.store import RunStore
from tests.e2e import late
from tests.e2e.rest import at_rest, fits, laid_out, remembered
from tests.e2e.servers import ROOT as ROOT
from tests.e2e.servers import Server as Server
from tests.e2e.servers import free_port as free_port
from tests.e2e.servers import serving as serving
from tests.e2e.windows import TIMEOUT_MS, Windows
from tests.helpers import step_trace

# What is waited for comes in a second or two; a busy machine may take its time. Only what is itself long says more.
expect.set_options(timeout=TIMEOUT_MS)
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
Phone = Callable[[str], AbstractContextManager[Page]]
PhoneCheck = Callable[[str, Callable[[Page], object]], None]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


#: Nothing fades from one colour into another any more, for some frames: what was asked for last is drawn in the next.
#: What moves without end does not count.
FADED = """x => {
  const fades = document.getAnimations().some(
    y => y.playState === 'running' && y.effect.getComputedTiming().iterations !== Infinity);
  x.same = fades ? 0 : x.same + 1;
  return x.same > 2;
}"""
#: Whether no picture plays that is in view: what comes as it plays is half there for a while, and pale.
NONE_PLAYS = """() => {
  const isSeen = x => {
    const { top, bottom, width } = x.getBoundingClientRect();
    return x.checkVisibility({visibilityProperty: true}) && width && bottom > 0 && top < innerHeight;
  };
  const hosts = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')];
  return !hosts.some(x => [...x.shadowRoot?.querySelectorAll('[data-playing=true]') ?? []].some(isSeen));
}"""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("browser tests")
    group.addoption("--late", choices=("page", "test"), help="who comes late: the page or the test (tests/e2e/late.py)")
    group.addoption("--late-seed", type=int, default=0, help="seed of what is held up at random (default 0)")


def pytest_configure(config: pytest.Config) -> None:
    late.pages = config.getoption("--late", None) == "page"


@pytest.fixture(autouse=True)
def lateness(request: pytest.FixtureRequest) -> None:
    """What a test's page is slowed down by depends on the seed and on the test alone."""
    late.chance.seed(f"{request.config.getoption('--late-seed', 0)} {request.node.nodeid}")


#: Most runs of these tests are of the same settings: theirs are made up once.
made_up = lru_cache(256)(step_trace)


class LiveRun:
    """A run whose learners are this test's process: it moves on exactly when the test says so."""

    going: ClassVar[list[LiveRun]] = []

    def __init__(self, store: RunStore, config: RunConfig | None = None, **options: object) -> None:
        self.store, self.config, self.options = store, config or RunConfig(steps=60), options
        self.id = store.create(self.config, "made up for a test")
        self.step = 0
        names = [learner.name for learner in self.config.learners]
        lifecycle.enqueue(store, self.id, names)
        for name in names:
            assert lifecycle.claim(store, self.id, name)
            facts = {"step": -1, "steps": self.config.steps, "start_hash": "9f3c" + "0" * 58 + "e1", "device": "cpu"}
            lifecycle.describe(store, self.id, name, versions={"python": "3.11"}, **facts)  # type: ignore[arg-type]
        self.going.append(self)

    @classmethod
    def finished(cls, store: RunStore, steps: int) -> LiveRun:
        """A run that ended after so many steps."""
        made = cls(store)
        made.tick(steps)
        made.end()
        return made

    def tick(self, times: int = 1) -> None:
        """Every learner makes its next step."""
        for _ in range(times):
            for learner in self.config.learners:
                self.store.append(self.id, made_up(self.config, learner.name, self.step, **self.options))  # type: ignore[arg-type]
                lifecycle.beat(self.store, self.id, learner.name)
            self.step += 1

    def end(self, status: str = "finished", reason: str | None = None) -> None:
        for learner in self.config.learners:
            lifecycle.mark(self.store, self.id, learner.name, status, reason and verbatim(reason))  # type: ignore[arg-type]
        if self in self.going:
            self.going.remove(self)


@pytest.fixture(autouse=True)
def no_run_goes_on() -> Iterator[None]:
    """What a test leaves going is ended: another test's run would wait behind it in the queue."""
    yield
    for run in LiveRun.going:
        with suppress(RunNotFound):
            run.store.delete(run.id)
    LiveRun.going.clear()


def link(server: Server, key: str, run_id: str, **query: str) -> str:
    """A lesson's address, of this run and with these choices."""
    return f"{server.url}/{key}?" + "&".join(f"{name}={value}" for name, value in {"run": run_id, **query}.items())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with an empty data folder and training switched off."""
    with serving(tmp_path_factory.mktemp("home"), CREDIT_LAB_TRAINING="off") as running:
        yield running


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.fail("needs Chromium on the PATH (`make test` installs it where apt is there)")
    with sync_playwright() as playwright:
        slow_mo = late.REST_MS if request.config.getoption("--late", None) == "test" else 0
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS, slow_mo=slow_mo)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@dataclass
class Visit:
    """A page that several tests of a file look at, and what it asked the server for: addresses, and frames sent."""

    page: Page
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def visits(windows: Windows) -> Iterator[Callable[[str], Visit]]:
    """`visits(address)`: that page, 1280 px wide, light, opened for the first of a file's tests that asks for it.

    To open a page is most of what a test costs. Each test chooses what it looks at, whatever those before it left.
    """
    visited: dict[str, Visit] = {}
    with ExitStack() as windows_lent:

        def at(address: str) -> Visit:
            if address not in visited:
                visit = Visit(windows_lent.enter_context(windows.lent()))
                note = visit.asked.append
                visit.page.on("request", lambda request: note(request.url))
                sent = lambda frame: note(f"sent {len(frame)} bytes")  # noqa: E731
                visit.page.on("websocket", lambda socket: socket.on("framesent", sent))
                visit.page.goto(address)
                visited[address] = visit
            return visited[address]

        yield at


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own, for what cannot be taken back from a window: no network, a script before every page."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", color_scheme="light")
    context.set_default_timeout(TIMEOUT_MS)
    yield context
    context.close()


@pytest.fixture
def page(windows: Windows) -> Iterator[Page]:
    """A page of a fresh visitor, 1280 px wide, light."""
    with windows.lent() as page:
        yield page


@pytest.fixture
def phone(windows: Windows) -> Phone:
    """`with phone("dark") as page:` a visitor 400 px wide. What is open at the end fits, and threw no error."""

    @contextmanager
    def opened(scheme: str) -> Iterator[Page]:
        errors: list[str] = []
        with windows.lent(width=400, scheme=scheme) as page:
            page.on("pageerror", lambda error: errors.append(str(error)))
            yield page
            fits(page)
            assert errors == []

    return opened


@pytest.fixture
def axe() -> Callable[..., list[str]]:
    """Runs axe-core on a page, or on the part of it that an axe context names, once no picture plays there and nothing
    fades; a line per serious violation."""

    def check(page: Page, part: object = None) -> list[str]:
        page.wait_for_function(NONE_PLAYS)
        faded(page)
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text(encoding="utf-8"))
        script = "async part => (await axe.run(part ?? document, {resultTypes: ['violations']})).violations"
        serious = [x for x in page.evaluate(script, part) if x["impact"] in ("serious", "critical")]
        return [f"{x['id']}: {x['help']} at {[n['target'] for n in x['nodes'][:3]]}" for x in serious]

    return check


def faded(page: Page) -> None:
    """Waits until what was asked for is drawn, and nothing fades any more."""
    page.wait_for_function(FADED, arg=remembered(page, {"same": 0}))


def recolour(page: Page, scheme: str) -> None:
    """The page that is open in another colour scheme, once it is drawn so and nothing fades any more."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    ground = "x => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === x"
    page.wait_for_function(ground, arg=scheme)
    faded(page)


@pytest.fixture
def fits_and_is_accessible(phone: Phone, axe: Callable[..., list[str]]) -> PhoneCheck:
    """Opens a page on a phone, English in light colours, Chinese in dark ones: nothing sticks out, axe finds nothing.

    Words do not change colours, nor colours words: these two pairs meet all there is.
    """

    def check(lang: str, opened: Callable[[Page], object]) -> None:
        with phone("light" if lang == "en" else "dark") as page:
            opened(page)
            at_rest(page)
            laid_out(page)
            assert axe(page) == []

    return check
