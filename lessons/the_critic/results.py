"""The recorded study of long sums, as the page's sections read it: nothing is computed here but means over seeds."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.insight.seed_results import (
    SeedDifference,
    SeedResult,
    difference,
    over_seeds,
    read,
    results_of,
    seconds,
    smoothed,
)
from core.learners.kind import Colour
from lessons.i18n import N_, _
from lessons.kit.lesson import line_colour
from lessons.kit.numbers import number, signed
from lessons.kit.over_seeds import close_up, mean_and_spread

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COMMAND = "python -m core.insight.long_sums"


@dataclass(frozen=True)
class Label:
    """How a learner of the study is named and drawn: colour is never the only difference."""

    title: str  # a message id
    colour: Colour
    dash: str
    symbol: str


#: Learner → its label; its questions and responses are added to its name in the study.
LEARNERS = {
    "grpo": Label(N_("GRPO"), "orange", "solid", "diamond"),
    "batch": Label(N_("Batch mean (no critic)"), "pink", "dashdot", "x"),
    "ppo-zero": Label(N_("PPO (critic from zero)"), "blue", "dot", "square-open"),
    "ppo-fitted": Label(N_("PPO (fitted critic)"), "blue", "solid", "square"),
    "vine": Label(N_("VinePPO"), "green", "dash", "circle"),
}
#: Critic → its label, where λ is varied.
CRITICS = {
    "zero": replace(LEARNERS["ppo-zero"], title=N_("critic from zero")),
    "fitted": replace(LEARNERS["ppo-fitted"], title=N_("fitted critic")),
    "frozen": Label(N_("fitted critic, frozen"), "pink", "dashdot", "x"),
    "oracle": Label(N_("measured values (8 continuations)"), "green", "dash", "circle"),
}
SPAN_TITLES = {"first-20": N_("steps 1–20"), "all-60": N_("steps 1–60"), "last-10": N_("last ten steps")}


@functools.lru_cache(maxsize=1)
def rows() -> tuple[SeedResult, ...]:
    """The recorded results; none where they are not recorded."""
    return tuple(read())


def of(setup: str) -> list[SeedResult]:
    """One setup's results, by seed; empty where it was not measured."""
    return list(results_of(rows(), setup).values())


def there(setups: Iterable[str]) -> list[str]:
    """Those setups that have at least two seeds."""
    return [x for x in setups if len(of(x)) > 1]


def shape(learner: str, questions: int, ending: str = "") -> str:
    """The study's name of a learner that asks so many questions a step."""
    return f"{learner}-{questions}x{128 // questions}{ending}"


def lam_of(critic: str, lam: float) -> str:
    """The study's name of PPO with that critic and that λ, on 16 questions."""
    return shape(f"ppo-{critic}" if lam == 0.95 and critic in ("zero", "fitted") else f"ppo-{critic}-{lam:g}", 16)


def mean(setup: str, span: str) -> float:
    """Mean success over its seeds."""
    return statistics.fmean(x.mean(span) for x in of(setup))


def spread(setup: str, span: str) -> float:
    """Standard deviation of that over its seeds."""
    return statistics.stdev(x.mean(span) for x in of(setup))


def spread_words(setup: str, span: str) -> str:
    return mean_and_spread([x.mean(span) for x in of(setup)])


def curve(setup: str) -> tuple[list[float], list[float]]:
    """(mean, standard deviation) of the success rate over seeds, step by step, each the mean of three steps around."""
    return over_seeds(smoothed(x.success) for x in of(setup))


def draw(drawing: Figure, xs: Sequence[float], setups: Sequence[str], span: str, label: Label) -> list[str]:
    """Adds a line of setups' mean success with its spread, drawn as the label says; returns those numbers as text."""
    drawing.add_scatter(
        x=list(xs),
        y=[mean(x, span) for x in setups],
        error_y={"type": "data", "array": [spread(x, span) for x in setups]},
        mode="lines+markers",
        name=_(label.title),
        line={"color": line_colour(label.colour), "dash": label.dash},
        marker={"symbol": label.symbol, "size": 9},
    )
    return [spread_words(x, span) for x in setups]


def gap(first: str, second: str, span: str) -> SeedDifference:
    """First − second, seed by seed."""
    return difference(rows(), first, second, span)


def gap_words(first: str, second: str, span: str, names: tuple[str, str]) -> str:
    """A paired difference in a sentence that is chosen by its interval."""
    known = gap(first, second, span)
    sentence = (
        _("{first} is {mean} above {second} (95 % interval {low} to {high}, {seeds} seeds).")
        if known.low > 0
        else _("{first} is {mean} below {second} (95 % interval {low} to {high}, {seeds} seeds).")
        if known.high < 0
        else _(
            "{first} minus {second} is {mean} (95 % interval {low} to {high}, {seeds} seeds): these seeds do not tell "
            "them apart."
        )
    )
    open_ended = known.low <= 0 <= known.high
    words = sentence.format(
        first=names[0],
        second=names[1],
        mean=signed(known.mean, 3) if open_ended else number(abs(known.mean)),
        low=signed(known.low, 3),
        high=signed(known.high, 3),
        seeds=known.seeds,
    )
    return close_up(words)


def times(setups: dict[str, str]) -> str:
    """What learners (name → setup) took on an idle core, in a sentence; "" where that is not recorded for all."""
    known = seconds()
    if not all(x in known for x in setups.values()):
        return ""
    listing = _("; ").join(
        _("{name}: {value}").format(name=name, value=_("{n} s").format(n=f"{known[x]:.0f}"))
        for name, x in setups.items()
    )
    return _("Time for the 60 steps, each alone on one idle core: {times}.").format(times=listing)
