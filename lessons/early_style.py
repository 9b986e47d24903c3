"""The pages' own style rules in the document that a browser gets first.

Streamlit sends rules with the page's elements, when texts stand there already: they would jump as the rules come.
"""

from __future__ import annotations

from starlette import types
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

#: What a browser would be answered "not modified" to, though these rules were, or what hides the document from us.
_LEFT_OUT = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}


class EarlyStyle:
    """Puts `style`, a style element, at the end of the head of every HTML document."""

    def __init__(self, app: ASGIApp, style: str) -> None:
        self.app = app
        self.style = style.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asks = scope["type"] == "http" and scope["method"] == "GET"
        if not asks or not any(name == b"accept" and b"text/html" in value for name, value in scope["headers"]):
            await self.app(scope, receive, send)
            return
        kept = [(name, value) for name, value in scope["headers"] if name not in _LEFT_OUT]
        scope = {**scope, "headers": [*kept, (b"accept-encoding", b"identity")], "extensions": {}}
        start: types.Message | None = None
        body = b""

        async def sending(message: types.Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_html(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await send(_sized(start, whole := body.replace(b"</head>", self.style + b"</head>", 1)))
                    await send({"type": "http.response.body", "body": whole})

        await self.app(scope, receive, sending)


def _is_html(start: types.Message) -> bool:
    """Whether the answer is a whole HTML document, as it is."""
    headers = MutableHeaders(raw=list(start["headers"]))
    plain = headers.get("content-encoding", "identity") == "identity"
    return start["status"] == 200 and plain and headers.get("content-type", "").startswith("text/html")


def _sized(start: types.Message, body: bytes) -> types.Message:
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["content-length"] = str(len(body))
    for name in ("etag", "last-modified", "accept-ranges"):
        del headers[name]
    return {**start, "headers": headers.raw}
