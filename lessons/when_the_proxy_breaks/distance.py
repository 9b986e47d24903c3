"""Gold and proxy against the distance from the start policy: GRPO, PPO and the best of n, with Gao et al.'s curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.algorithms.over_optimisation import Fit
from core.insight.proxy_results import BEST_OF
from core.learners.kind import Colour
from lessons.i18n import _, one_after_another
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import equation, figure, line_colour
from lessons.kit.numbers import number, signed, table
from lessons.kit.seed_race import Curve
from lessons.when_the_proxy_breaks.results import (
    Condition,
    best_of_fit,
    chosen,
    distances,
    gold,
    proxy,
    rivals,
    rl_fit,
    runs,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_POINTS = 60  # of a drawn curve


@dataclass(frozen=True)
class Way:
    """One way to push: its gold and proxy at growing distances, and the curve fitted to gold."""

    name: str
    far: list[float]
    gold: Curve
    proxy: Curve
    fit: Fit
    colour: Colour
    symbol: str
    #: The proxy's colour; None where only gold is drawn, as more is more than can be read.
    proxy_colour: Colour | None = None


def ways(condition: Condition) -> list[Way]:
    """The condition's learner, the others on the same reward models, and the best of n."""
    made = []
    for x in (condition, *rivals(condition)):
        looks: tuple[Colour, str, Colour | None] = ("green", "circle", "orange")
        if x != condition:
            looks = ("red", "diamond", None)
        made.append(Way(x.learner_title, distances(x), gold(x), proxy(x), rl_fit(x), *looks))
    far, true, pushed = chosen(condition)
    best = Way(_("best of n"), far, true, pushed, best_of_fit(condition), "brown", "square", "pink")
    return [*made, best]


def against_distance(condition: Condition) -> None:
    """The chart, its two formulas, and the coefficients with what they leave unexplained."""
    import plotly.graph_objects as go

    drawing, all_ways = go.Figure(), ways(condition)
    for x in all_ways:
        if x.proxy_colour is not None:
            name = _("{way}: proxy").format(way=x.name)
            _measured(drawing, x.far, x.proxy, name, x.proxy_colour, f"{x.symbol}-open")
        _measured(drawing, x.far, x.gold, _("{way}: gold").format(way=x.name), x.colour, x.symbol)
    for x in all_ways:
        _fitted(drawing, x.fit, max(x.far), _("{way}: fitted").format(way=x.name), x.colour)
    drawing.update_xaxes(title=_("√KL to the start policy"), rangemode="tozero")
    drawing.update_yaxes(title=_("standard deviations above the start"))
    words = one_after_another(_("Gold and proxy against √KL."), *map(_end, all_ways))
    figure(drawing, key="proxy_distance", alt=words, table=[y for x in all_ways for y in _rows(x)], height=320)
    say(words)
    _coefficients(all_ways)
    say_small(
        _("Fitted to {seeds} seeds at once; residual: root of the mean squared distance to it.").format(
            seeds=len(runs(condition))
        )
    )


def _end(x: Way) -> str:
    """Where a way ends, in a sentence; and how far it had been, as a policy may come back."""
    end, furthest = number(x.far[-1], 1), number(max(x.far), 1)
    if x.fit.form == "best-of-n":
        sentence = _("The best of {n} comes to √KL {far}: proxy {proxy}, gold {gold}.")
    elif end == furthest:
        sentence = _("{way} ends at √KL {far}: proxy {proxy}, gold {gold}.")
    else:
        sentence = _("{way} was at √KL {furthest} and ends at {far}: proxy {proxy}, gold {gold}.")
    ends = {"far": end, "proxy": signed(x.proxy[0][-1]), "gold": signed(x.gold[0][-1])}
    return sentence.format(way=x.name, n=BEST_OF[-1], furthest=furthest, **ends)


def _measured(drawing: Figure, far: list[float], curve: Curve, name: str, colour: Colour, symbol: str) -> None:
    drawing.add_scatter(
        x=far,
        y=curve[0],
        error_y={"type": "data", "array": curve[1], "thickness": 1},
        mode="markers",
        name=name,
        marker={"color": line_colour(colour), "symbol": symbol, "size": 8},
    )


def _fitted(drawing: Figure, fit: Fit, end: float, name: str, colour: Colour) -> None:
    marks = [end * i / _POINTS for i in range(_POINTS + 1)]
    line = {"color": line_colour(colour), "dash": "solid" if fit.form == "rl" else "dash", "width": 2}
    drawing.add_scatter(x=marks, y=[fit.at(x) for x in marks], mode="lines", name=name, line=line)


def _rows(x: Way) -> list[dict[str, Any]]:
    return [
        {
            _("pushed by"): x.name,
            "√KL": number(far, 2),
            _("proxy"): f"{signed(x.proxy[0][i])} ± {number(x.proxy[1][i], 2)}",
            _("gold"): f"{signed(x.gold[0][i])} ± {number(x.gold[1][i], 2)}",
        }
        for i, far in enumerate(x.far)
    ]


def _coefficients(all_ways: list[Way]) -> None:
    """Both formulas, their coefficients, and where each is highest."""
    equation(
        r"\begin{aligned} R_{\text{RL}}(d) &= d\,(\alpha - \beta \log d) \\ "
        r"R_{\text{best of } n}(d) &= d\,(\alpha - \beta d) \\ d &= \sqrt{\mathrm{KL}} \end{aligned}"
    )
    head = [_("fitted to gold"), "α", "β", _("residual"), _("highest at √KL")]
    rows = [
        [x.name, signed(x.fit.alpha, 3), signed(x.fit.beta, 3), number(x.fit.residual, 2), _highest(x.fit, max(x.far))]
        for x in all_ways
    ]
    with st.container(key="proxy_fits"):
        say(table(head, rows))


def _highest(fit: Fit, furthest: float) -> str:
    """Where the curve is highest, as far as it was measured."""
    if fit.peak is None:
        return _("none")
    return f"> {number(furthest, 1)}" if fit.peak > furthest else number(fit.peak, 1)
