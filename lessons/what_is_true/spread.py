"""A recorded mean with its spread, as the study's tables write it."""

from __future__ import annotations

from typing import Any

from lessons.i18n import _
from lessons.kit.numbers import number


def spread(metric: dict[str, Any], digits: int = 2) -> str:
    """Mean ± standard deviation over seeds; "none" where there is no number."""
    if metric["mean"] is None:
        return _("none")
    mean = number(metric["mean"], digits)
    return mean if metric["std"] is None else f"{mean} ± {metric['std']:.{digits}f}"
