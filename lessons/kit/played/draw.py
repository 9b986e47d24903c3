"""Puts a stepper on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from core.learners.registry import learner_kind
from core.learners.settings import LearnerSettings
from core.terms import Term
from lessons.i18n import _
from lessons.kit.lesson import Frozen, Reply, mount
from lessons.kit.played.data import rows_of, stored, taken, terms_with
from lessons.kit.played.parts import Slider, Station


def played(
    batch: Frozen,
    shown: Sequence[Reply],
    *,
    key: str,
    kind: Literal["tokens", "group"],
    stations: Sequence[Station],
    sliders: Sequence[Slider],
    words: Mapping[str, str],
    about: Mapping[str, str | int],
    start: str,
    form: LearnerSettings | None = None,
    more: Sequence[Term] = (),
    fixed: Mapping[str, Sequence[float | None]] | None = None,
    spot: int = 0,
    flips: bool = False,
) -> None:
    """Draws sub-steps of the step, of one response (`kind` tokens) or of a group; nothing that is done to it asks the
    server for anything.

    `words` has a sentence "says_<key>" for each station; `about` fills places in them that no setting changes, the
    browser fills the others. `form`: settings that choose the form of the terms, where those of the batch would leave
    out one that a slider brings in. `more` are terms that sentences need, `fixed` rows of the response by name.
    """
    terms = terms_with(form or batch.settings, more).as_json(_)
    rows = rows_of(batch)
    mount(
        "stepper",
        {
            "kind": kind,
            "data": stored(batch),
            "terms": terms["terms"],
            "regions": terms["regions"],
            "shown": [rows.index(x.sample) for x in shown],
            "tokens": [list(x.tokens) for x in shown],
            "successes": [x.success for x in shown],
            "taken": taken(batch) if kind == "tokens" else None,
            "fixed": {name: list(x) for name, x in (fixed or {}).items()},
            "stations": [x.view() for x in stations],
            "sliders": [x.view() for x in sliders],
            "flips": flips,
            "start": start,
            "spot": spot,
            "colour": learner_kind(batch.settings).colour,
            "about": dict(about),
            "words": {**_shared(), **words},
            "titles": {x["title"]: x["title"] for x in terms["terms"]},
        },
        key=key,
    )


def _shared() -> dict[str, str]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "back": _("Previous sub-step"),
        "next": _("Next sub-step"),
        "scrub": _("Where in the step"),
        "scrub_says": _("sub-step {n} of {all}, {title}, {share}% done"),
        "station_of": _("{n} of {all} · {title}"),
        "speed": _("Speed"),
        "reset": _("As in the run"),
        "settings": _("Settings to try"),
        "none": _("none"),
        "right": _("right"),
        "wrong": _("wrong"),
        "left_out": _("left out"),
        "more_numbers": _("… ({n} more)"),
        "token_says": _("token {n}, {token}: show its formula"),
        "response_says": _("response {n}: {state}, reward {reward}. Press to flip it."),
    }
