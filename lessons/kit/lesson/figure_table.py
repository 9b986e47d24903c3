"""A figure's numbers as an HTML table: Streamlit's own tables are a canvas, and 1.4 MB for a fold that stays closed."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from core.text import visible
from lessons.i18n import _
from lessons.kit.numbers import short

_CELL = "padding:4px 10px;border-bottom:1px solid rgba(128,138,155,.35)"
#: As high as a figure; what is longer or wider scrolls inside.
_BOX = "overflow:auto;max-height:24rem;width:fit-content;max-width:100%"


def rows_table(rows: Sequence[Mapping[str, Any]], label: str) -> str:
    """The rows under their keys, which all of them share; numbers to the right. Every text in it is escaped, and what
    one would not see, or what would turn the text around it, is written out."""
    head = "".join(_cell("th", key, rows[0][key], ' scope="col"') for key in rows[0]) if rows else ""
    body = "".join(f"<tr>{''.join(_cell('td', _written(x), x) for x in row.values())}</tr>" for row in rows)
    return (
        f'<div role="region" tabindex="0" aria-label="{html.escape(label)}" style="{_BOX}">'
        f'<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(tag: str, text: str, of: Any, more: str = "") -> str:
    side = "right" if _is_number(of) else "left"
    return f'<{tag}{more} style="{_CELL};text-align:{side}">{html.escape(text)}</{tag}>'


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _written(value: Any) -> str:
    if value is None or value != value:
        return _("none")
    return short(value) if _is_number(value) else visible(str(value))
