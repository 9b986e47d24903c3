"""Numbers, shares and tables as every page writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from lessons.i18n import _

#: What stands for a share that there is none of, where a table has little room.
DASH = "–"
#: Beyond it, and at what is no number, there is nothing to round.
_EXACT = 1e15


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table whose first `left` columns are text and the rest numbers. Cells are Markdown."""
    lines = [head, ["---"] * left + ["---:"] * (len(head) - left), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def signed(value: float, digits: int = 2) -> str:
    """+0.31, −1.20, 0 – with a real minus sign."""
    if abs(value) < 0.5 * 10**-digits:
        return f"{0:.{digits}f}"
    return f"{_rounded(value, digits):+.{digits}f}".replace("-", "−")


def number(value: float, digits: int = 3) -> str:
    """0.310, −1.200 – with a real minus sign."""
    if abs(value) < 0.5 * 10**-digits:  # no sign before what is rounded to nothing
        return f"{0:.{digits}f}"
    return f"{_rounded(value, digits):.{digits}f}".replace("-", "−")


def short(value: float) -> str:
    """Four decimals at most and none that is 0; two digits of what is smaller than that: 0.5, −1.25, 2.3e−05."""
    if 0 < abs(value) < 1e-4:
        return f"{value:.2g}".replace("-", "−")
    text = number(value, 4)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(value: float, digits: int) -> Decimal | float:
    """As the browser rounds (toFixed): 0.625, of five responses in eight, is 0.63 in a sentence and on a strip."""
    if not abs(value) < _EXACT:
        return value
    return Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def whole(value: float) -> str:
    """A whole number, rounded, as every page and the browser write it (frontend/format.js, count): 1,408."""
    return f"{round(value):,}".replace("-", "−")


def known(value: float | None, digits: int = 2) -> str:
    """A number, or "none" in the viewer's language."""
    return _("none") if value is None else number(value, digits)


def percent(value: float | None) -> str:
    """A share as 42 %; a dash where there is none."""
    return DASH if value is None else f"{100 * value:.0f} %"


def points(value: float) -> str:
    """A change of a share in percentage points, with its sign: +62."""
    whole = round(100 * value)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def bound(value: float) -> str:
    """A bound of an interval in points; one that would be rounded to 0 has decimals, as its side of 0 decides."""
    rounded = (f"{100 * value:+.{digits}f}" for digits in (1, 2))
    return points(value) if points(value) != "0" else next((x.replace("-", "−") for x in rounded if float(x)), "0")
