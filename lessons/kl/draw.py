"""What each estimate of the KL, taken as a loss, pulls at a token by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lessons.i18n import _
from lessons.kit.glossary import say
from lessons.kit.lesson import figure
from lessons.kit.numbers import number, signed, table

if TYPE_CHECKING:
    from torch import Tensor

#: One colour and one dash per estimator, so that colour is not alone; none of them a learner's.
LINES = {
    "k1": ("#8c6d31", "#d9b36c", "solid"),
    "k2": ("#5e4fa2", "#b5a8f0", "dash"),
    "k3": ("#c2185b", "#ff8ab5", "dot"),
}
EDGE = 4.0  # log-ratios are drawn up to here


def pulls(log_ratio_of: Tensor, weights: dict[str, Tensor]) -> None:
    """d k / d log π over the log-ratio."""
    import torch

    from core.insight.kl_study import pulls as pulls_of

    x = torch.linspace(-EDGE, EDGE, 161, dtype=torch.float64)
    curves = pulls_of(x, torch.zeros_like(x))
    # The tokens' own log-ratio is k2's factor: d(x²/2)/dx = x.
    alt = _("What each estimate as a loss does to the token: k1 always 1, k2 the log-ratio itself, k3 at most 1.")
    _draw("rck_pulls", x, curves, weights["k2"], weights, (-6.0, 4.2), _("factor on the token's log π"), alt)
    head = [_("loss"), _("mean factor"), _("smallest"), _("largest")]
    rows = (
        (name, signed(float(p.mean()), 3), signed(float(p.min()), 2), signed(float(p.max()), 2))
        for name, p in weights.items()
    )
    with st.container(key="rck_pull_table"):
        say(table(head, rows))


def _short(x: Tensor) -> list[float]:
    """As many digits as can be seen: a point a token makes a third of the page's bytes."""
    return [round(y, 4) for y in x.tolist()]


def _draw(
    key: str,
    x: Tensor,
    curves: dict[str, Tensor],
    at: Tensor,
    dots: dict[str, Tensor],
    span: tuple[float, float],
    title: str,
    alt: str,
) -> None:
    import plotly.graph_objects as go

    dark = st.context.theme.type == "dark"
    drawing = go.Figure()
    for name, curve in curves.items():
        light, pale, dash = LINES[name]
        colour = pale if dark else light
        line = {"color": colour, "dash": dash, "width": 2}
        drawing.add_scatter(x=_short(x), y=_short(curve), name=name, mode="lines", line=line, hoverinfo="skip")
        drawing.add_scatter(
            x=_short(at.clamp(-EDGE, EDGE)),
            y=_short(dots[name].clamp(*span)),
            mode="markers",
            marker={"size": 6, "color": colour, "opacity": 0.4},
            showlegend=False,
            customdata=_short(dots[name]),
            hovertemplate=name + ": %{customdata:.3f}, x = %{x:.2f}<extra></extra>",
        )
    drawing.update_xaxes(title="log π<sub>θ</sub> − log π<sub>ref</sub>", range=[-EDGE, EDGE], zeroline=True)
    drawing.update_yaxes(title=title, range=list(span), zeroline=True)
    places = range(0, len(x), 20)
    readout = [
        {_("log-ratio"): number(float(x[i]), 1), **{name: number(float(curve[i])) for name, curve in curves.items()}}
        for i in places
    ]
    figure(drawing, key=key, alt=alt, table=readout, height=300)
