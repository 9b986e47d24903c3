"""How pages write numbers."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lessons import kit
from lessons.kit.numbers import number, short, signed, whole


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0.625, 2, "0.63"),
        (0.375, 2, "0.38"),
        (0.125, 2, "0.13"),
        (2.5, 0, "3"),
        (1.005, 2, "1.00"),
        (0.1249, 2, "0.12"),
    ],
)
def test_halves_are_rounded_as_the_browser_does(value, digits, shown):
    """What JavaScript's toFixed gives: a reward of five in eight stands on a strip and in the sentence beside it."""
    assert number(value, digits) == shown
    assert number(-value, digits) == "−" + shown
    assert signed(value, digits) == "+" + shown
    assert signed(-value, digits) == "−" + shown


def test_what_cannot_be_rounded_is_still_written():
    assert (number(math.nan), number(math.inf), signed(-math.inf)) == ("nan", "inf", "−inf")
    assert number(1e300, 1).startswith("1000")
    assert signed(0.004) == "0.00"


def test_a_short_number_has_no_digit_too_many() -> None:
    assert [short(x) for x in (0.5, -1.25, 3, 0, 100.0, 0.33333, 1e-4)] == [
        "0.5",
        "−1.25",
        "3",
        "0",
        "100",
        "0.3333",
        "0.0001",
    ]
    assert short(-0.0000231) == "−2.3e−05"


def test_whole_numbers_have_one_form() -> None:
    """The same in a browser: tests/frontend/format.test.js."""
    assert [whole(x) for x in (0, 999, 1408, 1408.6, -12345)] == ["0", "999", "1,408", "1,409", "−12,345"]
    others = {x.name for x in Path(kit.__file__).parents[1].rglob("*.py") if ":,}" in x.read_text("utf-8")}
    assert others == {"numbers.py"}


def test_pages_write_their_numbers_here():
    """Whoever writes a minus of its own rounds by another rule."""
    folder = Path(kit.__file__).parents[1]
    own = [x.relative_to(folder).as_posix() for x in folder.rglob("*.py") if '"-", "−"' in x.read_text("utf-8")]
    assert own == ["kit/numbers.py"]


def test_what_is_rounded_to_nothing_has_no_sign():
    assert number(-0.001, 2) == number(0.0, 2) == "0.00"
    assert number(-0.005, 2) == "−0.01"
