"""The tour of the lab: what its stops say, and that the browser remembers it (frontend/lesson_tour.js)."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lessons.board.component import mount
from lessons.i18n import _
from lessons.kit.present import presenting
from lessons.kit.remembered import browser_memory, recall, remember

#: What is remembered once the tour was taken, skipped or declined.
NAME = "tour/lab"


def tour() -> None:
    """A button that begins it; at the first visit it is offered, but not over a projector's picture. Its end is
    remembered without drawing the lab anew.
    """
    st.fragment(_tour)()


def _tour() -> None:
    mount(
        "tour",
        {"name": NAME, "seen": presenting() or recall(NAME) is not None, "stops": stops(), "words": _words()},
        key="lab_tour",
        on_pressed=_remember,
    )
    browser_memory("tour_memory")


def _remember() -> None:
    remember(NAME, "done")


def stops() -> list[dict[str, Any]]:
    """Six stops, in order. `selector` finds parts of the page itself; the board's own carry `data-tour`."""
    return [
        _stop(
            "curves",
            _("What they learn"),
            _("A line for each learner, step by step. Point at a step to read all of them; click it to look inside."),
        ),
        _stop("timeline", _("Any step again"), _("Drag, or press play, to go back to any step, also during training.")),
        _stop(
            "strips",
            _("Who gets the credit"),
            _("One question, and what each learner answered. The colour of a token is its credit. Click one."),
        ),
        _stop("card", _("Where it comes from"), _("The chosen token's credit, line by line, with its own numbers.")),
        _stop(
            "controls",
            _("Take part"),
            _("Pause, go on by single steps, stop and resume. Settings say what to do differently."),
            ".st-key-lab_controls",
        ),
        _stop(
            "start",
            _("A run of your own"),
            _("Start trains the learners live, and draws here what they learn."),
            ".st-key-lab_start",
        ),
    ]


def _stop(role: str, title: str, text: str, selector: str | None = None) -> dict[str, Any]:
    return {"role": role, "selector": selector, "title": title, "text": text}


def _words() -> dict[str, str]:
    return {
        "begin": _("Tour"),
        "about": _("{n} stops through the lab"),
        "offer": _("New here? {n} stops show you around the lab."),
        "accept": _("Take the tour"),
        "decline": _("No, thanks"),
        "count": _("{n} of {all}"),
        "skip": _("End the tour"),
        "back": _("Back"),
        "next": _("Next"),
        "done": _("Done"),
    }
