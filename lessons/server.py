"""What the web process serves besides Streamlit's pages.

Read-only addresses that viewers' browsers pull from (see core/runs/feed.py), the lab's static files, what happens when
the server starts and stops. No torch here: it would make every rerun's garbage collection several times slower;
training runs in processes of its own.
"""

from __future__ import annotations

import gc
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from core.errors import Message
from core.runs.errors import DataUnreadable, RunNotFound, StoreError
from core.runs.feed import Payload
from core.runs.recorded import import_shipped
from core.runs.records import RunUnreadable
from lessons import shared
from lessons.board.assets import assets, base_path, version

log = logging.getLogger(__name__)

FOREVER = "max-age=31536000, immutable"


def routes() -> list[BaseRoute]:
    """The addresses to hand to `st.App`; with the base path in front if there is one."""
    base = base_path()
    run = base + "/api/runs/{run_id}"
    return [
        Route(run + "/live", _live),
        Route(run + "/steps/{step:int}", _step),
        Route(run + "/steps/{step:int}/groups/{group:int}", _group),
        Route(base + "/assets/live/{version}/{path:path}", _asset),
    ]


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Before the first visitor: import what pages need, tidy up runs whose process died, warm a worker process."""
    await to_thread.run_sync(_prepare)
    try:
        yield {}
    finally:
        if shared.training_allowed():
            await to_thread.run_sync(lambda: shared.launcher().close())


def _prepare() -> None:
    import pandas  # noqa: F401  sessions that arrive during a first import can fail; so import before serving
    import plotly.graph_objects  # noqa: F401

    try:
        if shared.training_allowed():
            shared.launcher().warm()  # in a process of its own, so first: it gets ready meanwhile
        import_shipped(shared.store())
    except StoreError:
        pass  # the page opens the store again and says the sentence to the person in front of it
    # Streamlit collects garbage after every rerun; what is frozen here is not walked through each time.
    gc.collect()
    gc.freeze()


async def _live(request: Request) -> Response:
    since = request.query_params.get("since", "0")
    if not (since.isascii() and since.isdecimal()) or len(since) > 18:
        return _refuse(400, f"since must be a whole number of at most 18 digits, but is {since[:40]!r}")
    run_id = request.path_params["run_id"]
    return await _answer(request, lambda: shared.feed().live(run_id, int(since)))


async def _step(request: Request) -> Response:
    run_id, step = request.path_params["run_id"], request.path_params["step"]
    return await _answer(request, lambda: shared.feed().step(run_id, step))


async def _group(request: Request) -> Response:
    run_id, step, group = (request.path_params[name] for name in ("run_id", "step", "group"))
    return await _answer(request, lambda: shared.feed().group(run_id, step, group))


async def _asset(request: Request) -> Response:
    asset = assets().get(request.path_params["path"])
    if asset is None:
        return _refuse(404, "there is no such file")
    fresh = request.path_params["version"] == version()
    headers = {"Cache-Control": f"public, {FOREVER}" if fresh else "no-store", "X-Content-Type-Options": "nosniff"}
    return _compressed(request, asset.gzipped, lambda: asset.text.encode(), asset.mime, headers)


async def _answer(request: Request, get: Callable[[], Payload]) -> Response:
    try:
        payload = await to_thread.run_sync(get)
    except RunNotFound as error:
        return _refuse(404, error.message)
    except (RunUnreadable, DataUnreadable) as error:
        return _refuse(409, error.message)
    except StoreError as error:
        return _refuse(503, error.message)
    except Exception:  # of whatever kind: without a sentence the browser would take the server for gone
        log.exception("%s could not be answered", request.url.path)
        return _refuse(500, Message("The data of this run cannot be read; the server's log says why."))
    headers = {"ETag": payload.etag, "Cache-Control": _cache_control(request, payload)}
    if payload.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return _compressed(request, payload.body, lambda: payload.text().encode(), "application/json", headers)


def _cache_control(request: Request, payload: Payload) -> str:
    """A step's content can change (a resumed run makes it again), but not under an address that names its revision."""
    named = request.query_params.get("revision")
    return f"private, {FOREVER}" if payload.revision and payload.revision == named else "private, no-cache"


def _compressed(
    request: Request, gzipped: bytes, plain: Callable[[], bytes], mime: str, headers: dict[str, str]
) -> Response:
    headers = {**headers, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(gzipped, media_type=mime, headers={**headers, "Content-Encoding": "gzip"})
    return Response(plain(), media_type=mime, headers=headers)


def _refuse(status: int, why: str | Message) -> Response:
    """`error` is English; `message`, where there is one, is what the browser shows in the viewer's language."""
    shown = {"message": why.view()} if isinstance(why, Message) else {}
    body = json.dumps({"error": str(why), **shown}, ensure_ascii=False)
    return Response(body, status, headers={"Cache-Control": "no-store"}, media_type="application/json")
