"""The style rules in the document: they are there, the answer stays whole, and nothing else is touched."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lessons.board.rooms import ROOMS, room_key, rules
from lessons.early_style import EarlyStyle

STYLE = "<style>p { color: red; }</style>"
PAGE = "<html><head><title>\u7de8</title></head><body>" + "word " * 300 + "</head></body></html>"
HEADERS = {"Content-Type": "text/html; charset=utf-8", "ETag": '"1"', "Last-Modified": "Fri, 01 Jan 2027 00:00:00 GMT"}


async def _page(request: Request) -> Response:
    if "if-none-match" in request.headers:
        return Response(status_code=304, headers={"ETag": '"1"'})
    return Response(PAGE, headers=HEADERS)


async def _streamed(_: Request) -> Response:
    return StreamingResponse(iter([PAGE[:30], PAGE[30:]]), media_type="text/html")


async def _missing(_: Request) -> Response:
    return Response("<head></head>", 404, media_type="text/html")


async def _json(_: Request) -> Response:
    return JSONResponse({"html": "</head>"})


@pytest.fixture(params=["within", "around"])
def client(request: pytest.FixtureRequest) -> TestClient:
    """Streamlit's compression may be inside or outside of ours."""
    ways = {"/": _page, "/streamed": _streamed, "/missing": _missing, "/json": _json}
    both = [Middleware(EarlyStyle, style=STYLE), Middleware(GZipMiddleware)]
    layers = both if request.param == "within" else both[::-1]
    return TestClient(Starlette(routes=[Route(path, way) for path, way in ways.items()], middleware=layers))


@pytest.mark.parametrize("path", ["/", "/streamed"])
def test_the_document_has_them_at_the_end_of_its_head(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html,*/*", "If-None-Match": '"1"'})
    assert answer.status_code == 200
    assert answer.text == PAGE.replace("</head>", STYLE + "</head>", 1)
    if "content-encoding" not in answer.headers:
        assert int(answer.headers["content-length"]) == len(answer.text.encode())
    assert "etag" not in answer.headers
    assert "last-modified" not in answer.headers


def test_what_is_no_document_is_left_alone(client: TestClient) -> None:
    html = {"Accept": "text/html"}
    assert client.get("/missing", headers=html).text == "<head></head>"
    assert client.get("/json", headers=html).json() == {"html": "</head>"}
    assert client.get("/", headers={"Accept": "*/*"}).text == PAGE
    assert client.get("/", headers={"Accept": "*/*", "If-None-Match": '"1"'}).status_code == 304
    assert client.head("/", headers=html).headers["etag"] == '"1"'


def test_every_picture_with_a_usual_height_has_its_rule() -> None:
    for name, (phone, desk, wide) in ROOMS.items():
        rule = f"[class*=st-key-{room_key(name, '')}]"
        assert rules().count(rule) == 3
        assert 100 < wide <= desk <= phone
