"""The addresses that viewers' browsers pull from."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient

import lessons.server as server
from core.config import RunConfig
from core.errors import Message
from core.runs import lifecycle
from core.runs.errors import StoreError
from core.runs.feed import Feed
from core.runs.store import RunStore
from core.runs.tables import events
from lessons import shared
from lessons.board.assets import FOLDER, assets, version
from tests.helpers import step_trace
from tests.load import fuzz_api

CONFIG = RunConfig(steps=4)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(home=tmp_path)


@pytest.fixture
def client(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    feed = Feed(store, refresh_s=0)
    monkeypatch.setattr(shared, "feed", lambda: feed)
    return TestClient(Starlette(routes=server.routes()))


@pytest.fixture
def run(store: RunStore) -> str:
    run_id = store.create(CONFIG)
    for name in ("ppo", "grpo"):
        store.append(run_id, step_trace(CONFIG, name, 0))
    return run_id


def test_live_is_compressed_json_that_is_checked_each_time(client: TestClient, run: str) -> None:
    answer = client.get(f"/api/runs/{run}/live?since=0")
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert len(answer.json()["rows"]) == 2


def test_who_cannot_unzip_gets_plain_text(client: TestClient, run: str) -> None:
    answer = client.get(f"/api/runs/{run}/live", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.json()["run"]["id"] == run


def test_nothing_new_is_a_304_without_a_body(client: TestClient, run: str) -> None:
    first = client.get(f"/api/runs/{run}/live?since=0")
    again = client.get(f"/api/runs/{run}/live?since=0", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    other = client.get(f"/api/runs/{run}/live?since=0", headers={"if-none-match": '"something else"'})
    assert other.status_code == 200


def test_a_step_may_be_kept_for_ever_only_under_its_revision(client: TestClient, run: str) -> None:
    plain = client.get(f"/api/runs/{run}/steps/0")
    assert plain.headers["cache-control"] == "private, no-cache"
    revision = plain.json()["revision"]
    for path in ("steps/0", "steps/0/groups/1"):
        named = client.get(f"/api/runs/{run}/{path}?revision={revision}")
        assert "immutable" in named.headers["cache-control"]
        stale = client.get(f"/api/runs/{run}/{path}?revision=0-0")
        assert "immutable" not in stale.headers["cache-control"]


@pytest.mark.parametrize("path", ["live", "steps/0", "steps/0/groups/0"])
def test_an_unknown_run_is_a_404_that_says_so(client: TestClient, path: str) -> None:
    answer = client.get(f"/api/runs/nobody/{path}")
    assert answer.status_code == 404
    assert "no run 'nobody'" in answer.json()["error"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["steps/3", "steps/0/groups/77", "steps/99999999999999999999"])
def test_an_unknown_step_or_group_is_a_404_that_says_so(client: TestClient, run: str, path: str) -> None:
    answer = client.get(f"/api/runs/{run}/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]


@pytest.mark.parametrize("since", ["-1", "x", "1e9", "9" * 40, "٣"])
def test_a_cursor_that_is_no_number_is_refused_in_a_sentence(client: TestClient, run: str, since: str) -> None:
    answer = client.get(f"/api/runs/{run}/live", params={"since": since})
    assert (answer.status_code, "whole number" in answer.text) == (400, True)


@pytest.mark.parametrize("path", ["steps/{}", "steps/{}/groups/0", "steps/0/groups/{}"])
@pytest.mark.parametrize("number", ["9" * 5000, "9" * 41, "-1", "x", "1.5", "٣", "0x1", "%20"])
def test_a_step_that_is_no_number_is_refused_in_a_sentence(
    client: TestClient, run: str, path: str, number: str
) -> None:
    answer = client.get(f"/api/runs/{run}/{path.format(number)}")
    assert (answer.status_code, "whole number" in answer.json()["error"]) == (400, True)
    assert len(answer.text) < 200


@pytest.mark.parametrize(
    "path", ["", "/", "/runs", "/runs/any", "/runs/any/lives", "/runs/any/steps", "/nothing/at/all"]
)
def test_an_unknown_address_of_the_api_is_a_404_in_json(client: TestClient, path: str) -> None:
    assert client.post(f"/api{path}").status_code == 405
    answer = client.get(f"/api{path}")
    assert (answer.status_code, answer.json()["error"]) == (404, "there is no such address")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True), ("gzip;q=0", False), ("gzip; q=0.000", False), ("gzip;q=0.5", True), ("br, GZIP", True),
        ("*", True), ("*;q=0", False), ("gzip;q=0, *", False), ("*;q=0, gzip", True), ("identity", False), ("", False),
        ("x-gzip", True), ("gzipped", False),
    ],
)  # fmt: skip
def test_it_is_compressed_for_whom_that_is_right(client: TestClient, run: str, accepted: str, compressed: bool) -> None:
    for address in (f"/api/runs/{run}/live", f"/assets/live/{version()}/main.js"):
        answer = client.get(address, headers={"accept-encoding": accepted})
        assert ("content-encoding" in answer.headers) == compressed
        assert answer.status_code == 200


@pytest.mark.parametrize("run_id", ["%00", "a%00b", "%ed%a0%80", "%ff", "x" * 65, "x" * 5000, "%F0%9F%98%80", "a b"])
def test_what_can_be_no_runs_id_is_not_asked_of_the_database(client: TestClient, run_id: str) -> None:
    for path in ("live", "steps/0"):
        assert client.get(f"/api/runs/{run_id}/{path}").status_code == 404


def test_where_things_lie_is_told_to_nobody(client: TestClient, store: RunStore, tmp_path: Path) -> None:
    store.close()
    Path(store.place).write_bytes(b"this is no database, whatever it is called" * 200)
    answer = client.get("/api/runs/any/live")
    assert (answer.status_code, "is damaged" in answer.json()["error"]) == (503, True)
    assert "runs-1.sqlite" in answer.json()["error"]
    assert str(tmp_path) not in answer.text
    assert str(tmp_path.parent) not in answer.text


def test_nor_is_it_told_by_a_learners_reason(client: TestClient, store: RunStore, run: str, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "run-ppo.log"
    reason = Message("Training failed: {cause} (details in {place}).", cause="at /some/where/else.py", place=log)
    lifecycle.mark(store, run, "ppo", "failed", reason)
    lifecycle.warn(store, run, "ppo", reason)
    answer = client.get(f"/api/runs/{run}/live")
    values = answer.json()["learners"][0]["reason"]["values"]
    assert values == {"cause": "at else.py", "place": "run-ppo.log"}
    assert str(tmp_path) not in answer.text
    assert str(store.get(run).reason).count("/") > 3  # on the command line it is all there


def test_nobody_elses_page_shows_ours_inside_itself_unless_the_server_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for given, ancestors in (
        (None, "'self'"),
        ("https://school.example", "https://school.example"),
        ("'none'", "'none'"),
    ):
        monkeypatch.delenv("CREDIT_LAB_FRAME_ANCESTORS", raising=False)
        if given:
            monkeypatch.setenv("CREDIT_LAB_FRAME_ANCESTORS", given)
        client = TestClient(Starlette(routes=server.routes(), middleware=server.middleware()))
        answer = client.get("/api/nothing")
        assert answer.headers["content-security-policy"] == f"frame-ancestors {ancestors}"


@pytest.mark.parametrize(
    ("link", "goes_to"),
    [
        ("/ratio-clip-kl", "/ratio-and-clip"),
        ("/ratio-clip-kl/", "/ratio-and-clip"),
        (
            "/ratio-clip-kl?lang=zh-TW&run=a%20b&step=3&sub=cases.2",
            "/ratio-and-clip?lang=zh-TW&run=a%20b&step=3&sub=cases.2",
        ),
        ("/ratio-clip-kl?rck_step=21&rck_eps=0.1", "/ratio-and-clip?rck_step=21&rck_eps=0.1"),
        ("/ratio-clip-kl?rck_step=21&run=r", "/kl?rck_step=21&run=r"),
        ("/ratio-clip-kl?rck_step=21&present=1", "/kl?rck_step=21&present=1"),
        ("/home", "/"),
        ("/home/?lang=zh-TW&present=1", "/?lang=zh-TW&present=1"),
    ],
)
def test_an_address_that_is_none_any_more_leads_on(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, link: str, goes_to: str
) -> None:
    answer = client.get(link, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, goes_to)
    monkeypatch.setattr(server, "base_path", lambda: "/class")
    below = TestClient(Starlette(routes=server.routes()))
    assert below.get("/class" + link, follow_redirects=False).headers["location"] == "/class" + goes_to


def test_what_looks_for_the_word_gzip_alone_is_not_given_it_where_it_is_refused(client: TestClient) -> None:
    """Streamlit's own middleware, which stands behind ours, compresses for `gzip;q=0`."""
    behind = Middleware(GZipMiddleware, minimum_size=0)
    app = Starlette(routes=server.routes(), middleware=[*server.middleware(), behind])
    for accepted, compressed in (("gzip;q=0", False), ("gzip", True), ("gzip;q=0, *", False)):
        answer = TestClient(app).get("/api/nothing", headers={"accept-encoding": accepted})
        assert ("content-encoding" in answer.headers) == compressed, accepted


async def status(app: Starlette, asked: fuzz_api.Asked) -> int:
    """What the app answers when its server hands it the request (a client would put the address in order first)."""
    target = asked.target.encode("latin-1", "replace")
    path, _, query = target.partition(b"?")
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in asked.headers]
    scope = {"type": "http", "method": asked.method, "path": unquote(path.decode("latin-1")), "raw_path": path}
    scope |= {"query_string": query, "headers": headers, "http_version": "1.1", "scheme": "http", "root_path": ""}
    answered: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    await app(scope, receive, send)  # type: ignore[arg-type]
    return answered[0]


def test_no_address_however_odd_is_a_500(store: RunStore, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice of tests/load/fuzz_api.py, within this process; what is no HTTP cannot be sent here."""
    feed = Feed(store, refresh_s=0)
    monkeypatch.setattr(shared, "feed", lambda: feed)
    app = Starlette(routes=server.routes(), middleware=server.middleware())
    statuses = {asyncio.run(status(app, asked)) for asked in fuzz_api.requests(500, 1, [run], version())}
    assert max(statuses) < 500
    assert statuses >= {200, 400, 404, 405}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(client: TestClient, run: str, method: str) -> None:
    assert client.request(method, f"/api/runs/{run}/live").status_code == 405


def test_a_broken_store_is_a_503_with_its_sentence(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def live(self, run_id: str, since: int) -> None:
            raise StoreError("The disk is full.")

    monkeypatch.setattr(shared, "feed", Broken)
    answer = client.get("/api/runs/any/live")
    assert answer.status_code == 503
    assert answer.json()["error"] == "The disk is full."
    assert answer.json()["message"] == StoreError("The disk is full.").message.view()


@pytest.mark.parametrize("path", ["live", "steps/0", "steps/0/groups/0"])
def test_what_nobody_foresaw_is_logged_and_told_in_a_sentence(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    class Surprised:
        def live(self, *_: object) -> None:
            raise ZeroDivisionError("what was found")

        step = group = live

    monkeypatch.setattr(shared, "feed", Surprised)
    answer = client.get(f"/api/runs/any/{path}")
    assert answer.status_code == 500
    assert answer.json()["error"] == "The data of this run cannot be read; the server's log says why."
    assert answer.json()["message"]["key"] == "the-data-of-this-run-cannot-be-read"
    assert "ZeroDivisionError: what was found" in caplog.text


def test_a_damaged_event_is_told_in_a_sentence(client: TestClient, store: RunStore, run: str) -> None:
    store.add_event(run, "ppo", 1, "final", {"sampled": 0.5})
    with store.write() as c:
        c.execute(events.update().values(value="{"))
    answer = client.get(f"/api/runs/{run}/live")
    assert (answer.status_code, "is damaged" in answer.json()["error"]) == (409, True)


def test_assets_have_their_types_and_may_be_kept_for_ever(client: TestClient) -> None:
    for name, mime in (("main.js", "text/javascript"), ("lab.css", "text/css"), ("vendor/uPlot.js", "text/javascript")):
        answer = client.get(f"/assets/live/{version()}/{name}")
        assert answer.headers["content-type"].startswith(mime)
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.text == (FOLDER / name).read_text(encoding="utf-8")


def test_assets_of_another_version_are_not_kept(client: TestClient) -> None:
    assert client.get("/assets/live/000000000000/main.js").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["../../server.py", "%2e%2e/assets.py", "loader/lab.mjs", "nothing.js", ""])
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/assets/live/{version()}/{name}").status_code == 404


def test_every_module_that_a_module_imports_is_there() -> None:
    import re

    for name, asset in assets().items():
        folder = Path(name).parent
        for other in re.findall(r'^(?:import|\}).* from "(\./[^"]+)"', asset.text, re.M):  # not a comment's, for types
            assert (folder / other).as_posix().removeprefix("./") in assets(), f"{name} imports {other}"
        assert gzip.decompress(asset.gzipped).decode() == asset.text


def test_the_base_path_stands_in_front(store: RunStore, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Feed(store)
    monkeypatch.setattr(shared, "feed", lambda: feed)
    monkeypatch.setattr(server, "base_path", lambda: "/class/lab")
    client = TestClient(Starlette(routes=server.routes()))
    assert client.get(f"/class/lab/api/runs/{run}/live").status_code == 200
    assert client.get(f"/class/lab/assets/live/{version()}/main.js").status_code == 200
    assert client.get(f"/api/runs/{run}/live").status_code == 404


def test_the_web_process_stays_without_torch() -> None:
    """Streamlit collects garbage after every rerun: with torch loaded that alone takes several times longer."""
    code = "import sys, lessons.server as s; s.routes(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
