"""What the web process serves besides Streamlit's pages.

Read-only addresses that viewers' browsers pull from (see core/runs/feed.py), the lab's static files, what happens when
the server starts and stops. No torch here: it would make every rerun's garbage collection several times slower;
training runs in processes of its own.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from starlette import types
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.environment import environment
from core.errors import Message
from core.runs.errors import DataUnreadable, RunNotFound, StoreError
from core.runs.feed import Payload
from core.runs.recorded import import_shipped
from core.runs.records import RunUnreadable
from lessons import shared
from lessons.board.assets import assets, base_path, version
from lessons.early_style import EarlyStyle
from lessons.kit.chrome import STYLE
from lessons.kit.renamed import MOVED
from lessons.lab import style as lab

log = logging.getLogger(__name__)

FOREVER = "max-age=31536000, immutable"


def routes() -> list[BaseRoute]:
    """The addresses to hand to `st.App`; with the base path in front if there is one."""
    base = base_path()
    run = base + "/api/runs/{run_id}"
    return [
        Route(run + "/live", _live),
        Route(run + "/steps/{step}", _step),
        Route(run + "/steps/{step}/groups/{group}", _group),
        Route(base + "/assets/live/{version}/{path:path}", _asset),
        *(Route(f"{base}/{old}{end}", _moved) for old in MOVED for end in ("", "/")),
        # What is left would get Streamlit's page, whatever it is.
        *(Route(base + rest, _nothing) for rest in ("/api", "/api/{path:path}")),
    ]


def middleware() -> list[Middleware]:
    """What stands around every address, Streamlit's included; to hand to `st.App`."""
    return [
        Middleware(Framing, ancestors=environment().frame_ancestors),
        Middleware(EarlyStyle, style=STYLE + lab.STYLE),
        Middleware(Encodings),
    ]


class Framing:
    """Says which pages may show ours inside them: nobody else's, unless whoever keeps the server names them.

    A page inside another's can be overlaid, so that its visitor presses what they do not see.
    """

    def __init__(self, app: ASGIApp, ancestors: str) -> None:
        self.app = app
        self.header = (b"content-security-policy", f"frame-ancestors {ancestors}".encode("ascii"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: types.Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), self.header]}
            await send(message)

        await self.app(scope, receive, sending if scope["type"] == "http" else send)


class Encodings:
    """Takes `gzip` out of what a browser accepts where it says that it does not (`gzip;q=0`).

    Streamlit's own middleware, which compresses whatever is not compressed yet, looks for the word alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            accepted = b", ".join(value for name, value in scope["headers"] if name == b"accept-encoding")
            if b"gzip" in accepted.lower() and not _takes_gzip(accepted.decode("latin-1")):
                kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
                scope = {**scope, "headers": [*kept, (b"accept-encoding", b"identity")]}
        await self.app(scope, receive, send)


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Before the first visitor: import what pages need, tidy up runs whose process died, warm a worker process."""
    await to_thread.run_sync(_prepare)
    try:
        yield {}
    finally:
        await to_thread.run_sync(_close)


def _close() -> None:
    with contextlib.suppress(StoreError):
        if shared.training_allowed():
            shared.launcher().close()


def _prepare() -> None:
    import pandas  # noqa: F401  sessions that arrive during a first import can fail; so import before serving
    import plotly.graph_objects  # noqa: F401

    for step in (_warm, _fill_store):
        try:
            step()
        except Exception as error:  # whatever it is, pages are served: they say it to the person in front of them
            log.warning("%s", error, exc_info=not isinstance(error, (StoreError, OSError)))
    for notice in shared.notices():
        log.warning("%s", notice)
    # Streamlit collects garbage after every rerun; what is frozen here is not walked through each time.
    gc.collect()
    gc.freeze()


def _warm() -> None:
    if shared.training_allowed():
        shared.launcher().warm()  # in a process of its own, so first: it gets ready meanwhile


def _fill_store() -> None:
    if shared.only_readable() is None:  # else the copy that is shown has them already
        import_shipped(shared.store())
        shared.limits().tidy(shared.store())


async def _moved(request: Request) -> Response:
    """A page's earlier address leads on, with everything that the link names."""
    old = request.url.path.rstrip("/").rpartition("/")[2]
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{base_path()}/{MOVED[old](set(request.query_params))}{query}", 307)


async def _live(request: Request) -> Response:
    run_id = request.path_params["run_id"]
    try:
        since = _number("since", request.query_params.get("since", "0"), 18)
    except _NoNumber as error:
        return _refuse(400, str(error))
    return await _answer(request, lambda: shared.feed().live(run_id, since))


async def _step(request: Request) -> Response:
    run_id = request.path_params["run_id"]
    try:
        step = _number("step", request.path_params["step"])
    except _NoNumber as error:
        return _refuse(400, str(error))
    return await _answer(request, lambda: shared.feed().step(run_id, step))


async def _group(request: Request) -> Response:
    run_id = request.path_params["run_id"]
    try:
        step, group = (_number(name, request.path_params[name]) for name in ("step", "group"))
    except _NoNumber as error:
        return _refuse(400, str(error))
    return await _answer(request, lambda: shared.feed().group(run_id, step, group))


async def _nothing(_: Request) -> Response:
    return _refuse(404, "there is no such address")


class _NoNumber(ValueError):
    """Part of an address is no whole number, or a longer one than anything here has."""


def _number(name: str, text: str, most: int = 40) -> int:
    """The whole number with at most so many digits. Raises _NoNumber."""
    if not (text.isascii() and text.isdecimal()) or len(text) > most:
        raise _NoNumber(f"{name} must be a whole number of at most {most} digits, but is {text[:40]!r}")
    return int(text)


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
    if _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(gzipped, media_type=mime, headers={**headers, "Content-Encoding": "gzip"})
    return Response(plain(), media_type=mime, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip (RFC 9110, 12.5.3): named, or by `*`, and not at a weight of 0."""
    weights = {}
    for part in accepted.lower().split(","):
        coding, *parameters = (x.strip() for x in part.split(";"))
        weight = next((x[2:].strip() for x in parameters if x.startswith("q=")), "1")
        weights[coding] = re.fullmatch(r"0(\.0{0,3})?", weight) is None
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def _refuse(status: int, why: str | Message) -> Response:
    """`error` is English; `message`, where there is one, is what the browser shows in the viewer's language.

    Where things lie on the server is nobody's business.
    """
    why = why.without_folders() if isinstance(why, Message) else why
    shown = {"message": why.view()} if isinstance(why, Message) else {}
    body = json.dumps({"error": str(why), **shown}, ensure_ascii=False)
    return Response(body, status, headers={"Cache-Control": "no-store"}, media_type="application/json")
