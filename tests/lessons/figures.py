"""The figures of a page, as the browser is given them."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def figures(at: AppTest) -> list[dict[str, Any]]:
    """Each with its `figure` as Plotly writes it, its `alt` and its `height`, in the page's order."""
    payloads = [json.loads(x.proto.bytes) for x in at.get("bidi_component") if x.proto.bytes.startswith(b"{")]
    return [x["data"] for x in payloads if x.get("module") == "lesson_figure.js"]
