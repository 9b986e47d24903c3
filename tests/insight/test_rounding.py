"""Recorded numbers keep their significant digits, wherever they stand in what is stored."""

from __future__ import annotations

from core.insight.rounding import significant


def test_floats_at_any_depth_are_rounded_and_nothing_else_is_changed() -> None:
    given = {"a": 0.123456789, "b": [12345.678, {"c": (1 / 3, 2, None, True, "0.123456")}], "d": 123456789}
    assert significant(given, 3) == {
        "a": 0.123,
        "b": [12300.0, {"c": [0.333, 2, None, True, "0.123456"]}],
        "d": 123456789,
    }
    assert significant(0.00012345678, 4) == 0.0001235
    assert significant((0.15,), 1) == [0.1]
    assert isinstance(significant(2.0, 2), float)
