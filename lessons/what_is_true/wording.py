"""Numbers and places as this lesson writes them."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.display import plain
from lessons.kit.lesson import Reply


def signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def known(value: float | None) -> str:
    return _("none") if value is None else f"{value:.2f}".replace("-", "−")


def token_at(reply: Reply, t: int) -> str:
    token = "eos" if reply.tokens[t] == "<eos>" else reply.tokens[t]
    return _("“{token}” at position {position}").format(token=plain(token, 12), position=t + 1)
