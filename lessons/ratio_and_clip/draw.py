"""The surrogate against the ratio, once for A > 0 and once for A < 0, with the batch's tokens on the curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lessons.i18n import _
from lessons.kit.lesson import figure, role_colour
from lessons.kit.numbers import number
from lessons.ratio_and_clip.case_words import NAMES

if TYPE_CHECKING:
    from core.insight.clip_cases import Case, Limits, Outcome


def surrogate(result: Outcome, limits: Limits, focus: Case | None, up_to: float, *, cuts: bool) -> None:
    """Both curves side by side (one above the other where it is narrow). `cuts`: whether gradients are taken here."""
    st.caption(
        _(
            "Objective per unit of |A| against the ratio. Shaded: the clip range. Dots: tokens that still learn. "
            "Crosses: tokens whose gradient is cut, on the flat part."
        )
        if cuts
        else _("Objective per unit of |A| against the ratio. Shaded: the clip range. Dots: tokens.")
    )
    for column, sign in zip(st.columns(2), (1, -1), strict=True):
        with column:
            title = _("A > 0: {count} tokens") if sign > 0 else _("A < 0: {count} tokens")
            st.markdown(f"**{title}**".format(count=int((result.advantage.sign() == sign).sum())))
            _one(result, limits, sign, focus, up_to, cuts)


def _one(result: Outcome, limits: Limits, sign: int, focus: Case | None, up_to: float, cuts: bool) -> None:
    import plotly.graph_objects as go

    from core.insight.clip_cases import CASES, curve

    colour = role_colour("positive" if sign > 0 else "negative")
    x, y = curve(sign, limits, up_to)
    drawing = go.Figure()
    drawing.add_vrect(1 - limits.low, 1 + limits.high, fillcolor="#808a9b", opacity=0.18, line_width=0, layer="below")
    drawing.add_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": 2}, hoverinfo="skip", showlegend=False)
    mine = (result.advantage.sign() == sign).nonzero()[:, 0]
    ratio, height = result.ratio[mine], result.objective[mine] / result.advantage[mine].abs()
    case, cut = result.case[mine], result.cut[mine] & cuts
    spot = case == CASES.index(focus) if focus else case < -1
    for is_cut in (False, True):
        for lit in (False, True):
            part = (cut == is_cut) & (spot == lit)
            if not bool(part.any()):
                continue
            drawing.add_scatter(
                x=ratio[part].clamp(max=up_to).tolist(),
                y=height[part].tolist(),
                mode="markers",
                marker={
                    "symbol": "x" if is_cut else "circle",
                    "size": 13 if lit else 8,
                    "color": role_colour("accent") if lit else colour,
                    "opacity": 1 if lit else 0.2 if focus else 0.55,
                },
                customdata=result.advantage[mine][part].tolist(),
                hovertemplate="ρ = %{x:.2f}<br>A = %{customdata:+.2f}<extra></extra>",
                showlegend=False,
            )
    drawing.update_xaxes(title=_("ratio ρ"), range=[0, up_to], zeroline=False)
    drawing.update_yaxes(title=_("objective / |A|"), range=[0, 2.1] if sign > 0 else [-2.1, 0.1], zeroline=False)
    names: tuple[Case, ...] = ("good-above", "good-below") if sign > 0 else ("bad-above", "bad-below")
    counts = {name: result.count(name) for name in names}
    alt = _("The surrogate for {sign}; {cut} tokens are cut; above the range {above}, below it {below}.").format(
        sign="A > 0" if sign > 0 else "A < 0", cut=int(cut.sum()), above=counts[names[0]], below=counts[names[1]]
    )
    inside = len(mine) - sum(counts.values())
    table = [{_("where"): _("within {low} … {high}").format(
        low=number(1 - limits.low, 2), high=number(1 + limits.high, 2)), _("tokens"): inside,
        _("of them cut"): int(((case < 0) & cut).sum())}]  # fmt: skip
    table += [
        {
            _("where"): _(NAMES[name]),
            _("tokens"): counts[name],
            _("of them cut"): int(((case == CASES.index(name)) & cut).sum()),
        }
        for name in names
    ]
    figure(drawing, key=f"rck_surrogate_{'good' if sign > 0 else 'bad'}", alt=alt, table=table, height=280)
