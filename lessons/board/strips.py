"""Token strips in a lesson: rows of tokens, each coloured by one number, one of them chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

from core.learners.kind import Colour
from core.runs.views import visible
from lessons.board.component import mount, sent
from lessons.i18n import _

Kind = Literal["signed", "ratio", "plain", "falling"]
Mark = Literal["high", "low"]
#: The colour of a row's heading: that of the learner whose row it is, or of the truth (green); None: nobody's.
Owner = Colour


@dataclass(frozen=True)
class Row:
    """One response, or one method's view of it. Sequences have the length of `tokens`; a None value is "none"."""

    name: str  # short, unique among the rows, no dot: part of the link
    label: str
    tokens: Sequence[str]
    values: Sequence[float | None]
    note: str = ""  # beside the label: "right, reward 1"
    learner: Owner | None = None
    marks: Sequence[Mark | None] = ()  # where the gradient was cut
    spot: Sequence[bool] = ()  # tokens under the spotlight
    hidden: Sequence[bool] = ()  # not filled in yet
    more: Mapping[str, Sequence[float | None]] = field(default_factory=dict)  # read out too: name → values


@dataclass(frozen=True)
class Pick:
    """The chosen token: of which row, at which place (from 0)."""

    row: str
    at: int


def token_strips(
    rows: Sequence[Row],
    *,
    key: str,
    quantity: str,
    kind: Kind = "signed",
    digits: int = 2,
    domain: Sequence[float] | None = None,
    pickable: bool = True,
    link: str | None = None,
    alt: str | None = None,
) -> Pick | None:
    """Draws the rows; returns the chosen token, None if there is none.

    `quantity` names the number that colours ("advantage", translated); `kind` is its scale: signed around 0, a ratio
    around 1, plain from low to high, or falling (the lowest stand out: log-probabilities). `domain` are the numbers
    that the scale is made of, so that it can stand still while values move; default: the values shown. `link` is the
    URL parameter that keeps the choice, if it shall be kept there. A click is a rerun (of the fragment around it).
    """
    picked = _picked(rows, key, link)
    mount(
        "strips",
        {
            "rows": [_plain(row) for row in rows],
            "quantity": quantity,
            "kind": kind,
            "digits": digits,
            "domain": None if domain is None else [float(x) for x in domain],
            "pickable": pickable,
            "picked": f"{picked.row}.{picked.at}" if picked else None,
            "alt": alt or _("Tokens, coloured by: {quantity}").format(quantity=quantity),
            "words": _words(pickable),
        },
        key=key,
        on_picked=lambda: _pick(key, link),
    )
    return picked


def _plain(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "label": row.label,
        "note": row.note,
        "learner": row.learner,
        "tokens": [visible(token) for token in row.tokens],
        "values": list(row.values),
        "marks": list(row.marks),
        "spot": list(row.spot),
        "hidden": list(row.hidden),
        "more": {name: list(values) for name, values in row.more.items()},
    }


def _picked(rows: Sequence[Row], key: str, link: str | None) -> Pick | None:
    """What was clicked last, or what the link says; None if no row has such a token."""
    kept = st.query_params.get(link) if link else st.session_state.get(f"{key}_pick")
    name, dot, place = str(kept or "").rpartition(".")
    if not dot or not (place.isascii() and place.isdecimal()) or len(place) > 6:
        return None
    if any(row.name == name and int(place) < len(row.tokens) for row in rows):
        return Pick(name, int(place))
    return None


def _pick(key: str, link: str | None) -> None:
    value = sent(key, "picked")
    if not isinstance(value, str) or len(value) > 80:
        return
    if link:
        st.query_params[link] = value
    else:
        st.session_state[f"{key}_pick"] = value


def _words(pickable: bool) -> dict[str, str]:
    return {
        "none": _("none"),
        "later": _("not computed yet"),
        "token_says": _("“{token}”, position {position}, {quantity} {value}"),
        "high": _("cut at the high side"),
        "low": _("cut at the low side"),
        "as_table": _("Read as a table"),
        "hint": _("Click a token, or walk with the arrow keys, to read its numbers.")
        if pickable
        else _("Point at a token, or walk with the arrow keys, to read its numbers."),
    }
