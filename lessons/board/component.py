"""One way to put a small ES module on a lesson's page: data goes over as bytes, choices come back as triggers.

A module is a file `lessons/board/frontend/lesson_<name>.js` whose default export is a class:

    export default class {
      // root: an empty element inside the page's styles; send(event, value): to Python; address(name): of another file
      constructor({ root, send, address }) {}
      draw(data, { dark }) {}          // at every rerun and theme change; keep the nodes that did not change
      close() {}                       // optional: the page is left
    }

It may import the live lab's modules ("./dom.js", "./colours.js", …). Send on a person's doing only.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from lessons.board.assets import base_path, inline_files, loader, version
from lessons.board.rooms import ROOMS, room_key

_component = st.components.v2.component("credit_lab_lesson", js=loader("lesson"))


def component_key(key: str) -> str:
    """The key under which a component is mounted: any text, such as a run's id, as one that Streamlit takes.

    Streamlit joins a component's key and its events with two underscores, and refuses keys that hold two together or
    that a third could follow. Different keys stay different.
    """
    return re.sub("_(?=_|$)", "~5f", key.replace("~", "~7e"))


def mount(
    module: str,
    data: dict[str, Any],
    *,
    key: str,
    on_picked: Callable[[], None] | None = None,
    on_pressed: Callable[[], None] | None = None,
    height: int | None = None,
) -> Any:
    """Mounts `lesson_<module>.js` with `data` (anything JSON can say). In a callback, `sent(key, event)` is the value.

    It takes `height` pixels, from before it is drawn; as many as what it draws where none are given.
    Where the browser cannot reach this server's static files, the module says so once and comes with the data from then
    on.
    """
    options: dict[str, Any] = {
        "module": f"lesson_{module}.js",
        "base": base_path(),
        "version": version(),
        "data": data,
    }
    if unreachable(key):
        options["files"] = inline_files()
    named = component_key(key)
    room = st.container(key=room_key(module, named)) if module in ROOMS else contextlib.nullcontext()
    with room:
        return _component(
            key=named,
            data=json.dumps(options, ensure_ascii=False).encode(),
            on_fallback_change=_nothing,
            on_picked_change=on_picked or _nothing,
            on_pressed_change=on_pressed or _nothing,
            height=height or "content",
        )


def sent(key: str, event: str) -> Any:
    """What the module of this key just sent; None if nothing."""
    return _state(key).get(event)


def unreachable(key: str) -> bool:
    """Whether the module of this key has said that it cannot reach this server's static files."""
    return bool(_state(key).get("fallback"))


def _state(key: str) -> dict[str, Any]:
    state = st.session_state.get(component_key(key))
    return dict(state) if state else {}


def _nothing() -> None:
    """A component's values exist only if somebody listens."""
