"""Plotly figures in the page's theme, with a description for those who cannot see them and their numbers as a table.

Plotly for Python writes them; the browser draws them with Plotly's basic build (lesson_figure.js), a quarter of the
library that `st.plotly_chart` would have it fetch. It has scatter, bar and pie traces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.learners.kind import Colour
from lessons.board.component import mount, unreachable
from lessons.i18n import _
from lessons.kit.lesson.figure_table import rows_table
from lessons.kit.present import presenting

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

#: Learners' line colours, light and dark: the same everywhere in the app (lab.css). The truth is green.
LINES: dict[Colour, tuple[str, str]] = {
    "blue": ("#0072B2", "#4aa8e0"),
    "orange": ("#E69F00", "#f0ad1e"),
    "green": ("#009E73", "#2cc199"),
    "pink": ("#CC79A7", "#e39ac2"),
    "red": ("#D55E00", "#ff8a47"),
    "grey": ("#767676", "#b3b3b3"),
    "brown": ("#8B5A2B", "#c99a6b"),
}
#: The pattern of a learner's lines and its mark, since colour is never the only difference; of the others see below.
PATTERNS: dict[Colour, tuple[str, str]] = {"blue": ("solid", "square"), "orange": ("dash", "diamond")}
_OTHERS = ("dot", "cross")
#: Of Plotly's own controls none, whoever draws; only a double click leads back to the whole.
CONFIG = {"displayModeBar": False, "displaylogo": False, "scrollZoom": False, "doubleClick": "reset"}
_BY_STREAMLIT = "figures_by_streamlit"


def line_colour(name: Colour) -> str:
    """A learner's colour for lines and marks, in the viewer's theme."""
    return LINES[name][st.context.theme.type == "dark"]


def line_dash(name: Colour) -> str:
    """The pattern of the lines of a learner of this colour, as Plotly calls it."""
    return PATTERNS.get(name, _OTHERS)[0]


def mark(name: Colour) -> str:
    """The mark of a learner of this colour, as Plotly calls it."""
    return PATTERNS.get(name, _OTHERS)[1]


def figure(
    drawing: Figure,
    *,
    key: str,
    alt: str,
    table: Sequence[Mapping[str, Any]] | None = None,
    height: int = 300,
) -> None:
    """Shows the figure, `height` pixels high; `alt` says in a sentence what is to be seen, `table` are its numbers.

    Text inside a figure is HTML to Plotly: pass what a model wrote through html.escape.
    """
    # Its type, too, is larger on a projector, where it fits beside its heading all the same.
    high = round(max(height, min(1.3 * height, 370))) if presenting() else height
    drawing.update_layout(
        margin={"l": 8, "r": 8, "t": 28 if drawing.layout.title.text else 8, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        hoverlabel={"align": "left"},
        dragmode=False,
    )
    for axes in (drawing.update_xaxes, drawing.update_yaxes):
        axes(automargin=True, separatethousands=True)  # 1,000 as in sentences and tables
    with st.container(key=f"{key}_figure"):
        _draw(drawing, key, alt, high)
        if table is not None:
            with st.expander(_("Read as a table"), icon=":material/table:"):
                st.html(rows_table(table, _("Read as a table")))


def _draw(drawing: Figure, key: str, alt: str, height: int) -> None:
    """By our own component; by Streamlit's chart for a browser that cannot fetch what this server serves beside it."""
    if unreachable(key):
        st.session_state[_BY_STREAMLIT] = True  # Streamlit forgets what a component said that is not on the page
    if st.session_state.get(_BY_STREAMLIT):
        drawing.update_layout(height=height)
        st.plotly_chart(drawing, key=f"{key}_chart", config=CONFIG, alt=alt)
        return
    written = json.loads(drawing.to_json())
    written["layout"].pop("template", None)  # Streamlit's: the module has its own
    sent = {"data": written["data"], "layout": written["layout"]}
    mount("figure", {"figure": sent, "alt": alt, "height": height, "config": CONFIG}, key=key, height=height)
