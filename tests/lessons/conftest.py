"""Pages run in Streamlit's AppTest on a store of their own; no process is started and no browser opened."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest, local_script_runner

import lessons.shared
from core.config import RunConfig
from core.given_config import change
from core.presets import preset
from core.runs import lifecycle
from core.runs.recorded import SHIPPED, import_recorded
from core.runs.store import RunStore
from lessons.catalog import lesson
from lessons.i18n import use_language
from lessons.kit import glossary
from lessons.kit.history import RECORDED
from tests.helpers import step_trace
from tests.lessons.real import real_run

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@dataclass
class NotedLauncher:
    """Writes down what it was asked to start."""

    started: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    steps: list[int | None] = field(default_factory=list)  # that those runs shall make; None: as before

    def start(self, run_id: str) -> None:
        self.started.append(run_id)

    def resume(self, run_id: str, steps: int | None = None) -> None:
        self.resumed.append(run_id)
        self.steps.append(steps)

    def warm(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def terms_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests read a page's texts as they are written; how terms in them are explained is test_glossary.py's, which has
    a fixture of this name in its place.
    """
    monkeypatch.setattr(glossary, "marked", lambda text: text)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store without runs, which is copied for each test: that takes half as long as making its tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CREDIT_LAB_DATABASE_URL", raising=False)
        made = RunStore(home=tmp_path_factory.mktemp("empty"))
    made.check_writable()
    made.close()
    return Path(made.place)


@pytest.fixture
def store(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunStore]:
    shutil.copyfile(empty_store, tmp_path / empty_store.name)
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    monkeypatch.delenv("CREDIT_LAB_DATABASE_URL", raising=False)
    monkeypatch.delenv("CREDIT_LAB_TRAINING", raising=False)
    made = RunStore()
    monkeypatch.setattr(lessons.shared, "store", lambda: made)
    yield made
    made.close()


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch) -> NotedLauncher:
    noted = NotedLauncher()
    monkeypatch.setattr(lessons.shared, "launcher", lambda: noted)
    return noted


@pytest.fixture(scope="session", autouse=True)
def packages_scanned_once() -> Iterator[None]:
    """Which installed packages bring components is looked up once, not at each page: it costs more than most pages."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def pages_awaited_asleep() -> Iterator[None]:
    """A page is waited for until its thread ends. AppTest looks every millisecond whether it has, through all that the
    page has sent by then, which takes the processor from the page itself; it still decides what is too late.
    """
    looked = local_script_runner.require_widgets_deltas

    def awaited(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
        if runner._script_thread is not None:
            runner._script_thread.join(timeout)
        looked(runner, timeout)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_script_runner, "require_widgets_deltas", awaited)
        yield


@functools.cache
def registered_pages() -> dict[str, Any]:
    """What `st.navigation` registers, which an AppTest knows after a first run alone: of home, once for all tests."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=240).run()
    assert not at.exception
    return dict(at._registered_pages)


@pytest.fixture
def open_page(store: RunStore, launcher: NotedLauncher) -> Open:
    """Opens a page as a link would, without home before it: `open_page("lab", lang="zh-TW", seed="7")`."""

    def opened(key: str, **query: str | list[str]) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=240)
        at._registered_pages = dict(registered_pages())
        if key != "home":
            at.switch_page(lesson(key).path.relative_to(ROOT).as_posix())
        for name, value in query.items():
            at.query_params[name] = value
        at.run()
        return at

    return opened


@pytest.fixture
def run_id(store: RunStore) -> str:
    """A real small run; see tests/lessons/real.py."""
    return real_run(store)


@pytest.fixture
def speaking(request: pytest.FixtureRequest) -> Iterator[None]:
    """AppTest writes a widget's options again in the test's own thread: in the page's language, then."""
    params = getattr(request.node, "callspec", None)
    with use_language(params.params.get("lang", "en") if params else "en"):
        yield


def make_run(store: RunStore, steps: int = 2, name: str | None = None, **settings: object) -> str:
    """A finished run of made-up traces."""
    config: RunConfig = change(preset("chain-sum"), {"num_generations": 4, "steps": 10, **settings})
    run_id = store.create(config, name)
    for step in range(steps):
        for learner in config.learners:
            store.append(run_id, step_trace(config, learner.name, step))
    for learner in config.learners:
        lifecycle.mark(store, run_id, learner.name, "finished")
    return run_id


def linked(at: AppTest, name: str) -> list[str]:
    """The values of a URL parameter, in order. (AppTest gives back what was set: a text, or a list of them.)"""
    values = at.query_params.get(name, [])
    return [values] if isinstance(values, str) else list(values)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunStore]:
    """The run that comes with the app."""
    store = RunStore(home=tmp_path_factory.mktemp("shipped"))
    import_recorded(store, SHIPPED[RECORDED], RECORDED)
    yield store
    store.close()


@pytest.fixture
def on_shipped(shipped: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages show that run."""
    monkeypatch.setattr(lessons.shared, "store", lambda: shipped)
    monkeypatch.setattr(lessons.shared, "launcher", NotedLauncher)


def texts(at: AppTest, *kinds: str) -> str:
    """What a page says in elements of these kinds, or in its prose."""
    return "\n".join(str(x.value) for kind in kinds or ("markdown", "caption", "info") for x in at.get(kind))
