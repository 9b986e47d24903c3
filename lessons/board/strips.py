"""Token strips in a lesson: rows of tokens, each coloured by one number, one of them chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

from core.learners.kind import Colour
from core.text import visible
from lessons.board.component import mount, sent
from lessons.i18n import _

Kind = Literal["signed", "ratio", "plain", "falling"]
#: A bar above or below a token, or a frame around it.
Mark = Literal["high", "low", "frame"]


@dataclass(frozen=True)
class Row:
    """One response, or one method's view of it. Sequences have the length of `tokens`; a None value is "none"."""

    name: str  # short, unique among the rows, no dot: part of the link
    label: str
    tokens: Sequence[str]
    values: Sequence[float | None]
    note: str = ""  # beside the label: "right, reward 1"
    learner: Colour | None = None  # the colour of its heading: that of whose row it is; the truth is green
    group: str = ""  # a heading above the rows that follow each other and share it
    marks: Sequence[Mark | None] = ()
    spot: Sequence[bool] = ()  # tokens under the spotlight
    hidden: Sequence[bool] = ()  # not filled in yet
    holes: Sequence[bool] = ()  # not written by the model: hatched, without a number
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
    marks: Mapping[Mark, str] | None = None,
) -> Pick | None:
    """Draws the rows; returns the chosen token, None if there is none.

    `quantity` names the number that colours ("advantage", translated); `kind` is its scale: signed around 0, a ratio
    around 1, plain from low to high, or falling (the lowest stand out: log-probabilities). `domain` are the numbers
    that the scale is made of, so that it can stand still while values move; default: the values shown. `link` is the
    URL parameter that keeps the choice, if it shall be kept there. `marks` says what the rows' marks mean; default:
    bars show where the clip cut the gradient. A click is a rerun (of the fragment around it).
    """
    picked = _picked(rows, key, link)
    sent = sent_strip(
        rows, quantity=quantity, kind=kind, digits=digits, domain=domain, pickable=pickable, alt=alt, marks=marks
    )
    sent["picked"] = f"{picked.row}.{picked.at}" if picked else None
    mount("strips", sent, key=key, on_picked=lambda: _pick(key, link))
    return picked


def sent_strip(
    rows: Sequence[Row],
    *,
    quantity: str,
    kind: Kind = "signed",
    digits: int = 2,
    domain: Sequence[float] | None = None,
    pickable: bool = True,
    alt: str | None = None,
    marks: Mapping[Mark, str] | None = None,
) -> dict[str, Any]:
    """What lesson_strips.js draws: for a module that has a strip in it. Parameters as of `token_strips`."""
    return {
        "rows": [_plain(row) for row in rows],
        "quantity": quantity,
        "kind": kind,
        "digits": digits,
        "domain": None if domain is None else [float(x) for x in domain],
        "pickable": pickable,
        "picked": None,
        "alt": alt or _("Tokens, coloured by: {quantity}").format(quantity=quantity),
        "marks": {"high": _("cut at the high side"), "low": _("cut at the low side"), **(marks or {})},
        "words": _words(pickable),
    }


def _plain(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "label": row.label,
        "note": row.note,
        "learner": row.learner,
        "group": row.group,
        "tokens": [visible(token) for token in row.tokens],
        "values": list(row.values),
        "marks": list(row.marks),
        "spot": list(row.spot),
        "hidden": list(row.hidden),
        "holes": list(row.holes),
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
        "comma": _(", "),
        "later": _("not computed yet"),
        "token_says": _("“{token}”, position {position}, {quantity} {value}"),
        "hole": _("not written by the model"),
        "as_table": _("Read as a table"),
        "hint": _("Click a token, or walk with the arrow keys, to read its numbers.")
        if pickable
        else _("Point at a token, or walk with the arrow keys, to read its numbers."),
    }
