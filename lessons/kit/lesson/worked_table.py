"""The worked example's table as HTML: Markdown's own tables run out of a narrow page. Every text in it is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from lessons.i18n import _
from lessons.kit.display import literal, token_name
from lessons.kit.numbers import number

_GREEK = {
    "pi": "π",
    "theta": "θ",
    "phi": "φ",
    "delta": "δ",
    "rho": "ρ",
    "gamma": "γ",
    "lambda": "λ",
    "beta": "β",
    "epsilon": "ε",
    "sigma": "σ",
    "mu": "μ",
}
# Five columns of these fit a page 400 pixels wide.
_CELL = "padding:5px 6px;border-bottom:1px solid rgba(128,138,155,.35);white-space:nowrap"


def in_html(symbol: str) -> str:
    """A quantity's sign in simple LaTeX (Greek, hats, bars, subscripts, \\text) as HTML."""
    text = html.escape(symbol)
    text = re.sub(r"\\hat\s*\{?A\}?", "Â", text)
    text = re.sub(r"\\bar\s*\{?r\}?", "r̄", text)
    text = re.sub(r"\\(?:text|mathrm)\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\(" + "|".join(_GREEK) + ")(?![a-z])", lambda m: _GREEK[m[1]], text)
    text = re.sub(r"_\{([^{}]*)\}|_(\w)", r"<sub>\1\2</sub>", text)
    text = re.sub(r"\^\{([^{}]*)\}|\^(\S)", r"<sup>\1\2</sup>", text)
    text = re.sub(r"\\[,;! ]", " ", text)
    return re.sub(r"[{}]", "", re.sub(r"\\([a-z]+)\s*", r"\1 ", text)).strip()


def table(tokens: Sequence[str], lines: Sequence[tuple[str, str, Sequence[float]]], digits: int) -> str:
    """Quantities down, tokens across, the newest line in bold; lines are (sign in LaTeX, what it is, numbers)."""
    names = "".join(_head(token_name(literal(token, 12)), "right") for token in tokens)
    rows = "".join(_row(*line, digits, 700 if n == len(lines) else 400) for n, line in enumerate(lines, 1))
    label = html.escape(_("Four tokens, worked out"))
    corner = _head(_("quantity"), "left")
    return (
        f'<div role="region" tabindex="0" aria-label="{label}" style="overflow-x:auto">'
        f'<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">'
        f"<thead><tr>{corner}{names}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _head(text: str, side: str) -> str:
    return f'<th scope="col" style="{_CELL};text-align:{side}">{html.escape(text)}</th>'


def _row(symbol: str, words: str, numbers: Sequence[float], digits: int, weight: int) -> str:
    style = f"{_CELL};font-weight:{weight};text-align"
    cells = "".join(f'<td style="{style}:right">{number(x, digits)}</td>' for x in numbers)
    head = f'<th scope="row" title="{html.escape(words)}" style="{style}:left"><i>{in_html(symbol)}</i></th>'
    return f"<tr>{head}{cells}</tr>"
