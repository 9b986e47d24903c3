"""How browser tests may wait and measure: by what a page shows, at one moment (tests/e2e/rest.py)."""

from __future__ import annotations

import ast
from pathlib import Path

E2E = Path(__file__).with_name("e2e")
#: What is too early on a busy machine, or waits by the clock, and what there is instead.
INSTEAD = {
    "bounding_box": "box or boxes",
    "wait_for_timeout": "expect, comes_true or timers_gone_off",
    "wait_for_load_state": "at_rest",
    "sleep": "expect, comes_true or timers_gone_off",
}


def misused(code: str) -> list[str]:
    """What is called in some code that browser tests do not call, and what they call in its place."""
    calls = [x.func for x in ast.walk(ast.parse(code)) if isinstance(x, ast.Call)]
    names = [x.attr if isinstance(x, ast.Attribute) else getattr(x, "id", "") for x in calls]
    return [f"{name}: {INSTEAD[name]}" for name in names if name in INSTEAD]


def test_browser_tests_measure_what_stands_still_and_do_not_wait_by_the_clock() -> None:
    planted = "x = area.bounding_box()\nsleep(1)\nbox(area)\npage.wait_for_timeout(9)\npage.wait_for_function('sleep')"
    planted += "\npage.wait_for_load_state('networkidle')"
    refused = ["bounding_box", "sleep", "wait_for_timeout", "wait_for_load_state"]
    assert [x.partition(":")[0] for x in misused(planted)] == refused
    files = [x for x in sorted(E2E.glob("*.py")) if x.name not in ("rest.py", "late.py")]
    assert len(files) > 30
    assert {x.name: calls for x in files if (calls := misused(x.read_text(encoding="utf-8")))} == {}
