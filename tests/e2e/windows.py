"""Browser windows that one test after another is lent, each as a visitor who was never here before.

A window in which the app was open before has the app's code compiled: the next page in it takes about half of the
processor's time that it takes in a new one (1.8 s for 3.3 s, axe and the server's share aside), and opening pages is
most of what these tests cost. Whatever a visitor can leave behind is taken away when a test gives its window back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page

from tests.e2e.late import slowed

TIMEOUT_MS = 180_000


def _refused(*_given: object, **_named: object) -> None:
    raise TypeError("a script before every page stays in a window for ever: take the fixture `context`")


class Windows:
    """The windows of a browser that no test has at the moment, and the origins that were open in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: list[Page] = []
        self._origins: set[str] = set()

    @contextmanager
    def lent(self, width: int = 1280, height: int = 900, scheme: str = "light") -> Iterator[Page]:
        """A window of this size in pixels and this colour scheme, without a page in it."""
        page = self._free.pop() if self._free else self._new()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="no-preference")  # type: ignore[arg-type]
        slowed(page)
        listeners: list[tuple[Any, Callable[..., Any]]] = []

        def on(event: Any, f: Callable[..., Any]) -> None:
            listeners.append((event, f))
            Page.on(page, event, f)

        page.on = on  # type: ignore[method-assign, assignment]
        page.add_init_script = _refused  # type: ignore[method-assign]
        try:
            yield page
        finally:
            for event, f in listeners:
                page.remove_listener(event, f)
            try:
                self._empty(page)
                self._free.append(page)
            except Error:  # a test that failed may leave a page that no longer answers
                page.context.close()

    def _new(self) -> Page:
        context = self._browser.new_context(locale="en-GB", color_scheme="light")
        context.set_default_timeout(TIMEOUT_MS)  # of the pages too that a test opens beside its own
        return context.new_page()

    def _empty(self, page: Page) -> None:
        """Leaves what is open, and takes away routes, other windows, cookies and what was stored."""
        page.unroute_all(behavior="ignoreErrors")
        for other in page.context.pages:
            if other is not page:
                other.close()
        address = urlsplit(page.url)
        if address.scheme == "http":
            self._origins.add(f"{address.scheme}://{address.netloc}")
            page.evaluate("sessionStorage.clear()")
        page.mouse.move(-1, -1)
        page.goto("about:blank")
        page.context.clear_cookies()
        devtools = page.context.new_cdp_session(page)
        for origin in self._origins:
            devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage,indexeddb"})
        devtools.detach()
