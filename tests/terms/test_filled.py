"""What the formula card prints of a term is true as printed: signs, brackets and digits, on random terms."""

from __future__ import annotations

import json
import math
import random
import re
import statistics
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lessons.parts.live.assets import FOLDER
from tests.terms import random_terms

CASES = 250
PYTHON = {
    "−": "-",
    "×": "*",
    "²": "**2",
    "³": "**3",
    "^": "**",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    " = ": " == ",
    "¬": " not ",
}
FUNCTIONS: dict[str, Any] = {
    **{name: getattr(math, name) for name in ("exp", "log", "expm1", "sqrt")},
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "clip": lambda x, low, high: min(high, max(low, x)),
    "min": lambda *xs: min(xs),
    "max": lambda *xs: max(xs),
    "sum": lambda *xs: sum(xs),
    "mean": lambda *xs: statistics.fmean(xs),
}


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    given = []
    for seed in range(CASES):
        rng = random.Random(5000 + seed)
        given.append({"terms": random_terms.terms(rng).as_json(), "data": {**random_terms.step(rng), "whole": True}})
    script = Path(__file__).with_name("filled.mjs")
    done = subprocess.run(
        ["node", str(script), str(FOLDER)], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made: list[dict[str, Any]] = json.loads(done.stdout)
    return made


def value(printed: str) -> float:
    """What a printed expression gives, read as Python reads it: with its own precedence, not the printer's."""
    for sign, python in PYTHON.items():
        printed = printed.replace(sign, python)
    return float(eval(printed, {"__builtins__": {}, **FUNCTIONS}))


def test_printed_equations_are_true_as_printed(lines: list[dict[str, Any]]) -> None:
    checked = 0
    for line in lines:
        left, equals, result = line["text"].rpartition(" = ")
        # A spread does not print its divisor, and Python's "and" and "or" give a side, not 1 or 0.
        if not equals or re.search(r"…|≈|std\(|∧|∨", line["text"]):
            continue
        digits = len(result.partition(".")[2])
        assert abs(value(left) - value(result)) <= 0.5 * 10**-digits + 1e-9, line
        checked += 1
    assert checked > 2000


def test_what_is_not_true_to_the_digit_is_nearly_true(lines: list[dict[str, Any]]) -> None:
    """≈ is for what a recorded number differs by, or for digits that seven cannot carry."""
    about = [x for x in lines if "≈" in x["text"]]
    assert about, "recorded columns of random numbers do not follow from random expressions"
    assert not [x for x in about if x["term"] not in ("ratio", "advantage")]


def test_each_kind_of_sign_was_printed(lines: list[dict[str, Any]]) -> None:
    printed = " ".join(x["text"] for x in lines)
    for sign in ("+", "−", "×", "/", "²", "<", "≤", "≠", "¬", "min(", "clip(", "sum(", "mean(", "std(", "(−", "∧", "∨"):
        assert sign in printed, sign
    assert "+ −" not in printed
    assert "− −" not in printed
    assert "× −" not in printed
    assert "-" not in printed, "a hyphen is no minus sign"
