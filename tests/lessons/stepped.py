"""What a page's stepper was given, and what the browser's modules make of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from lessons.board.assets import FOLDER

SCRIPT = Path(__file__).with_name("stepper.mjs")


def given(at: AppTest) -> dict[str, Any]:
    """What the page's stepper was given."""
    payloads = [json.loads(x.proto.bytes) for x in at.get("bidi_component") if x.proto.bytes.startswith(b"{")]
    [data] = [x["data"] for x in payloads if x.get("module") == "lesson_stepper.js"]
    return data


def in_browser(
    sent: dict[str, Any], changes: Sequence[dict[str, Any]], names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """What follows a change ({"set": {slider: value}, "flips": places, "drag": {token: ratio}}): rows, sentences."""
    question = json.dumps({"sent": sent, "changes": list(changes), "names": list(names)})
    done = subprocess.run(
        ["node", str(SCRIPT), str(FOLDER)], input=question, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers
