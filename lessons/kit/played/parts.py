"""What a stepper is made of: sub-steps, the rows of bars that each shows, and settings as sliders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from lessons.board.strips import Kind


@dataclass(frozen=True)
class Bars:
    """A row of bars: `name` is a term, a column of the trace, or a row that no setting changes."""

    name: str
    label: str
    kind: Kind = "signed"
    grows: bool = False  # at this sub-step; others are there already
    line: tuple[str, str] | None = None  # a term drawn across the row, and what it is called


@dataclass(frozen=True)
class Station:
    """One sub-step. `each`: its columns come one by one, from the last backwards with `backward`."""

    key: str  # its sentence is the word "says_<key>"
    title: str
    rows: tuple[Bars, ...]
    formulas: tuple[str, ...] = ()  # terms
    each: bool = False
    backward: bool = False
    seconds: float = 2.0
    extra: Literal["tokens", "clip"] | None = None

    def view(self) -> dict[str, Any]:
        rows = [
            {
                "name": x.name,
                "label": x.label,
                "kind": x.kind,
                "grows": x.grows,
                "line": None if x.line is None else {"name": x.line[0], "label": x.line[1]},
            }
            for x in self.rows
        ]
        own = {"key": self.key, "title": self.title, "each": self.each, "backward": self.backward}
        more = {"seconds": self.seconds, "formulas": list(self.formulas), "extra": self.extra}
        return {**own, **more, "rows": rows}


@dataclass(frozen=True)
class Slider:
    """A setting that can be moved; `sets` has every setting that follows it, each by how much it stands above it.

    The one called G makes the group smaller instead.
    """

    name: str
    symbol: str
    title: str
    value: float
    sets: tuple[tuple[str, float], ...]
    station: str  # the sub-step from which on it is seen
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    digits: int = 2

    def view(self) -> dict[str, Any]:
        own = {"name": self.name, "symbol": self.symbol, "title": self.title, "value": self.value}
        of_range = {"min": self.low, "max": self.high, "step": self.step, "digits": self.digits}
        return {**own, **of_range, "sets": [list(x) for x in self.sets], "station": self.station}
