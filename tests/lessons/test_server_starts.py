"""The server starts whatever its folder and settings are, says what is to be mended, and shows what can be read."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from core import environment
from core.errors import Message
from core.runs.store import RunStore
from lessons import server, shared
from tests.e2e.conftest import serving
from tests.lessons.conftest import NotedLauncher, Open, make_run

REASON = Message(
    "{setting}: what is there can be looked at, but nothing is trained, imported or changed until this is mended: "
    "{cause}",
    key="store-only-readable",
    setting="CREDIT_LAB_HOME",
    cause=Message(
        "The folder of the store at {place} cannot be used: {cause}.", place="/secret/place/x.sqlite", cause="?"
    ),
)


def fetched(url: str) -> tuple[Any, dict[str, str]]:
    with urllib.request.urlopen(url, timeout=240) as answer:
        return json.loads(answer.read()), {k.lower(): v for k, v in answer.headers.items()}


def test_a_file_for_a_folder_and_a_word_for_a_number_still_serve_the_recorded_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wrong = {"CREDIT_LAB_HOME": str(tmp_path / "file"), "CREDIT_LAB_MAX_RUNS": "many", "CREDIT_LAB_DATABASE_URL": ""}
    with serving(tmp_path, **wrong) as running:
        live, headers = fetched(f"{running.url}/api/runs/recorded-long-sums/live?since=0")
        assert live["run"]["status"] == "finished"
        assert headers["content-security-policy"] == "frame-ancestors 'self'"
        with urllib.request.urlopen(running.url, timeout=240) as page:  # Streamlit's own, too
            assert page.headers["content-security-policy"] == "frame-ancestors 'self'"
            assert b"<title>" in page.read()
    log = (tmp_path / "server.log").read_text()
    assert "CREDIT_LAB_HOME: what is there can be looked at" in log
    assert "CREDIT_LAB_MAX_RUNS: input should be a valid integer" in log
    assert "Traceback" not in log


def test_a_damaged_store_is_named_and_the_recorded_runs_are_served(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "runs-1.sqlite").write_bytes(b"no database at all, whatever it is called" * 200)
    wrong = {"CREDIT_LAB_HOME": str(tmp_path / "home"), "CREDIT_LAB_DATABASE_URL": ""}
    with serving(tmp_path, **wrong) as running:
        live, _ = fetched(f"{running.url}/api/runs/recorded-long-sums/live?since=0")
        assert live["run"]["status"] == "finished"
    log = (tmp_path / "server.log").read_text()
    assert "CREDIT_LAB_HOME: what is there can be looked at" in log
    assert "runs-1.sqlite is damaged and cannot be read. It was left as it is: move the file away" in log
    assert "Traceback" not in log


def test_each_setting_that_is_wrong_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", "~nosuchuser/x")
    monkeypatch.setenv("CREDIT_LAB_KEEP_DAYS", "long")
    monkeypatch.setattr(shared, "only_readable", lambda: environment.problem_of("home"))
    assert [str(x).partition(":")[0] for x in shared.notices()] == ["CREDIT_LAB_KEEP_DAYS", "CREDIT_LAB_HOME"]


def test_a_home_folder_that_cannot_be_looked_into_is_no_matter(tmp_path: Path) -> None:
    """As a container's user who was left with /root for a home; of a loop of links nobody can read anything."""
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").symlink_to("secrets.toml")
    with serving(tmp_path, HOME=str(tmp_path), CREDIT_LAB_TRAINING="off") as running:
        live, _ = fetched(f"{running.url}/api/runs/recorded-long-sums/live?since=0")
        assert live["run"]["status"] == "finished"


def test_nothing_that_fails_before_the_first_visitor_keeps_the_server_from_starting(
    monkeypatch: pytest.MonkeyPatch, store: RunStore, caplog: pytest.LogCaptureFixture
) -> None:
    class Unwilling(NotedLauncher):
        def warm(self) -> None:
            raise OSError(28, "No space left on device")

    def spoilt(_: RunStore) -> None:
        raise ZeroDivisionError("what nobody foresaw")

    monkeypatch.setattr(shared, "launcher", Unwilling)
    monkeypatch.setattr(server, "import_shipped", spoilt)
    server._prepare()
    assert "No space left on device" in caplog.text
    assert "what nobody foresaw" in caplog.text


@pytest.mark.parametrize(("lang", "words"), [("en", "what is there can be looked at"), ("zh-TW", "現有的內容可以觀看")])
@pytest.mark.parametrize("page", ["home", "lab", "runs"])
def test_every_page_says_it_and_nothing_can_be_started_or_imported(
    open_page: Open, store: RunStore, monkeypatch: pytest.MonkeyPatch, page: str, lang: str, words: str
) -> None:
    make_run(store)
    monkeypatch.setattr(shared, "only_readable", lambda: REASON)
    monkeypatch.setenv("CREDIT_LAB_KEEP_DAYS", "long")
    at = open_page(page, lang=lang)
    assert not at.exception
    texts = [x.value for x in at.warning]
    assert any(words in x and "CREDIT_LAB_HOME" in x.replace("\\", "") for x in texts)
    assert any("KEEP" in x for x in texts)
    assert not any("secret" in x for x in texts)  # where things lie is in the server's log
    if page == "lab":
        assert at.button(key="lab_start").disabled
    if page == "runs":
        assert not [x for x in at.expander if "Import" in x.label or "匯入" in x.label]


def test_what_may_not_be_changed_is_refused_on_the_page(
    open_page: Open, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = make_run(store, name="stays")
    store.close()
    locked = RunStore(f"sqlite:///file:{store.place}?mode=ro&uri=true", home=store.home)
    monkeypatch.setattr(shared, "store", lambda: locked)
    at = open_page("runs")
    at.button(key="runs_delete_for_good").click().run()
    assert not at.exception
    assert any("may be read but not written" in x.value for x in at.error)
    assert locked.get(run_id).name == "stays"


def test_the_lab_refuses_what_the_server_does_not_allow_before_anything_is_written(
    open_page: Open, store: RunStore, launcher: NotedLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_STEPS", "100")
    at = open_page("lab", steps="101")
    at.button(key="lab_start").click().run()
    assert any(
        "steps: 101 are more than this server allows, which is 100" in x.value.replace("\\", "") for x in at.error
    )
    assert launcher.started == []
    assert store.runs() == []
    at = open_page("lab", steps="100")
    at.button(key="lab_start").click().run()
    assert len(launcher.started) == 1
