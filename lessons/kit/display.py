"""How things are written on a page: names that may be hostile, states, times, shares."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_datetime

from core.learners.titles import title_of
from core.text import visible
from lessons.board.declared import learner_titles
from lessons.i18n import N_, _, language

if TYPE_CHECKING:
    from core.runs.records import RunInfo


#: A run's status → the word for it and its Material symbol.
STATUS = {
    "queued": (N_("waiting to start"), ":material/hourglass_empty:"),
    "running": (N_("running"), ":material/play_circle:"),
    "paused": (N_("paused"), ":material/pause_circle:"),
    "stopped": (N_("stopped"), ":material/stop_circle:"),
    "failed": (N_("failed"), ":material/error:"),
    "finished": (N_("finished"), ":material/check_circle:"),
}
LIVE = frozenset({"queued", "running", "paused"})


def is_live(run: RunInfo) -> bool:
    """Whether it trains, waits to or is paused; also where it failed and a worker still looks after a learner of it."""
    return run.active or run.status in LIVE


def literal(text: str, limit: int = 200) -> str:
    """`text` with unseen and text-reordering characters written out: for sinks that show text as it is."""
    shown = visible(text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def one_line(text: str, limit: int = 80) -> str:
    """The beginning of a text of several lines, on one: for a label that takes text as it is."""
    return literal(" ".join(literal(text, 10 * limit).replace("␊", " ").split()), limit)


#: What Streamlit's Markdown gives a meaning to: ASCII punctuation, all of which CommonMark lets a backslash take away.
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def plain(text: str, limit: int = 200) -> str:
    """`text` for a Markdown sink (any label): every character stands for itself."""
    return "".join(f"\\{c}" if c in _PUNCTUATION else c for c in literal(text, limit))


def plain_lines(text: str, limit: int = 200) -> str:
    """As `plain`, but of several lines (several messages as one) each stands on its own."""
    return "\n\n".join(plain(line, limit) for line in text.split("\n"))


def in_code(text: str, limit: int = 200) -> str:
    """`text` for between two backticks in a Markdown sink: one of its own, which would end the code, is written ˋ."""
    return literal(text, limit).replace("`", "ˋ")


def learner_title(name: str) -> str:
    """What a run's learner is called in the viewer's language: "PPO fitted". Not yet safe for Markdown."""
    return title_of(name, learner_titles())


def token_name(token: str) -> str:
    """A token as it is named in a sentence or a table; not yet safe for Markdown."""
    return "eos" if token == "<eos>" else token


def status_word(status: str) -> str:
    """The status in the viewer's language."""
    return _(STATUS[status][0])


def when(epoch: float, timezone: str | None) -> str:
    """A moment (seconds since 1970) in the viewer's language and time zone, to the minute."""
    try:
        zone: dt.tzinfo = ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone = dt.UTC
    moment = dt.datetime.fromtimestamp(epoch, zone)
    return str(format_datetime(moment, "yyyy-MM-dd HH:mm", locale=language().replace("-", "_")))
