"""Is the critic better than a constant? Its explained variance, of the truth and of its own targets."""

from __future__ import annotations

import streamlit as st

from lessons.i18n import _
from lessons.kit.lesson import Frozen, figure, line_colour
from lessons.kit.numbers import known
from lessons.kit.truth import Truth


def gauge(batch: Frozen, measured: Truth) -> None:
    """Explained variance from −1 to 1 with its zero line."""
    import plotly.graph_objects as go

    from lessons import shared

    st.subheader(_("Is the critic better than a constant?"))
    rows = [
        x
        for x in shared.store().rows_since(batch.run.id, 0)[0]
        if x["learner"] == batch.learner and x["step"] == batch.step
    ]
    training = rows[0]["vf_explained_var"] if rows else None
    names = [_("of the true values"), _("of what it is fitted to")]
    values = [measured.explained, training]
    drawing = go.Figure()
    shown = [0.0 if x is None else max(-1.0, min(1.0, x)) for x in values]
    drawing.add_bar(
        y=names, x=shown, orientation="h", marker={"color": line_colour("blue")},
        text=[known(x) for x in values], textposition="outside", cliponaxis=False, showlegend=False,
    )  # fmt: skip
    drawing.add_vline(x=0, line={"width": 3, "color": line_colour("green")})
    drawing.update_xaxes(
        range=[-1.15, 1.15],
        tickvals=[-1, 0, 1],
        ticktext=[_("−1 or less: misleading"), _("0: a constant"), _("1: perfect")],
    )
    alt = _("Explained variance of the critic: {true} of the true values, {fit} of its own targets.").format(
        true=known(measured.explained), fit=known(training)
    )
    table = [{_("explained variance"): name, _("value"): known(x)} for name, x in zip(names, values, strict=True)]
    figure(drawing, key="truth_gauge", alt=alt, table=table, height=170)
    st.caption(
        _(
            "Below zero is possible and common early on: the critic then misleads more than no critic would. GRPO's "
            "stand-in for a critic, the group's mean, is by its nature a constant within a response."
        )
    )
