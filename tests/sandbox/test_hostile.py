"""A sample of the hostile programs of tests/load/hostile.py: each kind twice behind both, once behind the second."""

from __future__ import annotations

import sys

import pytest

from tests.load.hostile import attempt
from tests.load.hostile_programs import KINDS


def escaped(wall: str, rounds: int, seed: int) -> list[str]:
    tallies = attempt(wall, rounds * len(KINDS), seed)
    assert {x: y.count for x, y in tallies.items()} == dict.fromkeys(KINDS, rounds)
    return [line for tally in tallies.values() for line in tally.escaped]


def test_both_walls_contain_every_kind() -> None:
    assert escaped("both", 2, seed=11) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere this wall is a smaller one, which walls() states")
def test_the_system_s_wall_contains_every_kind_by_itself() -> None:
    assert escaped("system", 1, seed=12) == []
