"""True values of a response's prefixes as a chart, and what stands in for them in PPO and in GRPO."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from lessons.i18n import _
from lessons.kit.display import token_name
from lessons.kit.lesson import figure, line_colour


@dataclass(frozen=True)
class Values:
    """A number a token, of the prefix before it."""

    tokens: Sequence[str]
    true: Sequence[float]
    low: Sequence[float]  # of the true value's 95 % interval
    high: Sequence[float]
    critic: Sequence[float]
    mean: float  # the group's


def values_chart(of: Values, *, key: str) -> None:
    """The true value of every prefix with its interval, and what stands in for it in PPO and in GRPO."""
    import plotly.graph_objects as go

    count = len(of.tokens)
    place = list(range(1, count + 1))
    drawing = go.Figure()
    drawing.add_scatter(
        x=place,
        y=list(of.true),
        name=_("truth"),
        mode="lines+markers",
        line={"color": line_colour("green"), "width": 3},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [b - a for a, b in zip(of.true, of.high, strict=True)],
            "arrayminus": [a - b for a, b in zip(of.true, of.low, strict=True)],
        },
    )
    drawing.add_scatter(
        x=place, y=list(of.critic), name=_("PPO's critic"), mode="lines+markers",
        line={"color": line_colour("blue"), "dash": "dash"}, marker={"symbol": "square"},
    )  # fmt: skip
    drawing.add_scatter(
        x=place, y=[of.mean] * count, name=_("GRPO: the group's mean"), mode="lines",
        line={"color": line_colour("orange"), "dash": "dot"},
    )  # fmt: skip
    tokens = [html.escape(token_name(x), quote=False) for x in of.tokens]
    drawing.update_xaxes(tickvals=place, ticktext=tokens, tickangle=0, title=_("before this token"))
    drawing.update_yaxes(title=_("expected reward"), range=[-0.1, 1.15])
    table = [
        {
            _("token"): of.tokens[t],
            _("truth"): round(of.true[t], 3),
            _("at least"): round(of.low[t], 3),
            _("at most"): round(of.high[t], 3),
            _("PPO's critic"): round(of.critic[t], 3),
            _("GRPO: the group's mean"): round(of.mean, 3),
        }
        for t in range(count)
    ]
    alt = _("True value before each token, from {first} to {last}, beside the critic's and the group's mean.").format(
        first=f"{of.true[0]:.2f}", last=f"{of.true[-1]:.2f}"
    )
    figure(drawing, key=key, alt=alt, table=table)
