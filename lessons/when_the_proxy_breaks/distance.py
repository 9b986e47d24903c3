"""Gold and proxy against the distance from the start policy: GRPO and the best of n, with Gao et al.'s curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.algorithms.over_optimisation import Fit, Form
from core.insight.proxy_results import BEST_OF
from core.learners.kind import Colour
from lessons.i18n import _
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import equation, figure, line_colour
from lessons.kit.numbers import number, signed, table
from lessons.when_the_proxy_breaks.results import (
    Condition,
    Curve,
    best_of_fit,
    chosen,
    distances,
    gold,
    proxy,
    rl_fit,
    runs,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_POINTS = 60  # of a drawn curve


def against_distance(condition: Condition) -> None:
    """The chart, its two formulas, and the coefficients with what they leave unexplained."""
    far, (pushed, true) = distances(condition), (proxy(condition), gold(condition))
    best_far, best_true, best_pushed = chosen(condition)
    fits = {"GRPO": rl_fit(condition), _("best of n"): best_of_fit(condition)}
    import plotly.graph_objects as go

    drawing = go.Figure()
    _measured(drawing, far, pushed, _("GRPO: proxy"), "orange", "circle-open")
    _measured(drawing, far, true, _("GRPO: gold"), "green", "circle")
    _measured(drawing, best_far, best_pushed, _("best of n: proxy"), "pink", "square-open")
    _measured(drawing, best_far, best_true, _("best of n: gold"), "blue", "square")
    looks: tuple[Colour, Colour] = ("green", "blue")
    for (name, fit), end, colour in zip(fits.items(), (max(far), best_far[-1]), looks, strict=True):
        _fitted(drawing, fit, end, _("{way}: fitted").format(way=name), colour)
    drawing.update_xaxes(title=_("√KL to the start policy"), rangemode="tozero")
    drawing.update_yaxes(title=_("standard deviations above the start"))
    words = _(
        "Gold and proxy against √KL. GRPO comes to √KL {far}: proxy {proxy}, gold {gold}. The best of {n} comes to √KL "
        "{best_far}: proxy {best_proxy}, gold {best_gold}."
    ).format(
        far=number(far[-1], 1),
        proxy=signed(pushed[0][-1]),
        gold=signed(true[0][-1]),
        n=BEST_OF[-1],
        best_far=number(best_far[-1], 1),
        best_proxy=signed(best_pushed[0][-1]),
        best_gold=signed(best_true[0][-1]),
    )
    rows = _rows("GRPO", far, pushed, true) + _rows(_("best of n"), best_far, best_pushed, best_true)
    figure(drawing, key="proxy_distance", alt=words, table=rows, height=320)
    say(words)
    _coefficients(fits, {"rl": max(far), "best-of-n": best_far[-1]})
    say_small(
        _("Fitted to {seeds} seeds at once; residual: root of the mean squared distance to it.").format(
            seeds=len(runs(condition))
        )
    )


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


def _rows(way: str, far: list[float], pushed: Curve, true: Curve) -> list[dict[str, Any]]:
    return [
        {
            _("pushed by"): way,
            "√KL": number(x, 2),
            _("proxy"): f"{signed(pushed[0][i])} ± {number(pushed[1][i], 2)}",
            _("gold"): f"{signed(true[0][i])} ± {number(true[1][i], 2)}",
        }
        for i, x in enumerate(far)
    ]


def _coefficients(fits: dict[str, Fit], furthest: dict[Form, float]) -> None:
    """Both formulas, their coefficients, and where each is highest."""
    equation(
        r"\begin{aligned} R_{\text{RL}}(d) &= d\,(\alpha - \beta \log d) \\ "
        r"R_{\text{best of } n}(d) &= d\,(\alpha - \beta d) \\ d &= \sqrt{\mathrm{KL}} \end{aligned}"
    )
    head = [_("fitted to gold"), "α", "β", _("residual"), _("highest at √KL")]
    rows = [
        [name, signed(x.alpha, 3), signed(x.beta, 3), number(x.residual, 2), _highest(x, furthest[x.form])]
        for name, x in fits.items()
    ]
    with st.container(key="proxy_fits"):
        say(table(head, rows))


def _highest(fit: Fit, furthest: float) -> str:
    """Where the curve is highest, as far as it was measured."""
    if fit.peak is None:
        return _("none")
    return f"> {number(furthest, 1)}" if fit.peak > furthest else number(fit.peak, 1)
