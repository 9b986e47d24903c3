"""Labelling: pairs for a person, a machine judge for many at once, and what the labels like."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.tasks.tastes import TASTES
from core.text import visible
from lessons.a_trained_reward_model import labels
from lessons.a_trained_reward_model.person import remember_whose
from lessons.i18n import _, listed
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import mount, sent
from lessons.kit.linked import linked
from lessons.kit.numbers import table
from lessons.kit.remembered import browser_memory

KEY = "rm_labels"
#: Of fewer labels it cannot be told what they like.
FEWEST_TO_TELL = 10


def by_hand() -> None:
    """A batch of pairs; the browser shows one after another and sends the labels back."""
    batches = -(-len(labels.pool()) // labels.BATCH)
    batch = int(linked(_no_widget, "", [str(x) for x in range(1, batches + 1)], key="batch", first="1"))
    mount("labels", data(batch, batches), key=KEY, on_picked=_labelled, on_pressed=_next)
    if set(labels.letters()) != {labels.NONE}:  # the browser may have kept them by itself, as their page was left
        remember_whose()
    with st.container(key="rm_memory"):
        browser_memory("rm_memory_labels")


def data(batch: int, batches: int) -> dict[str, Any]:
    first = (batch - 1) * labels.BATCH
    pairs = labels.pool()[first : first + labels.BATCH]
    return {
        "pairs": [[visible(x) for x in pair] for pair in pairs],
        "first": first,
        "labels": labels.letters(),
        "taken_back": labels.taken_back(),
        "epoch": labels.epoch(),
        "name": labels.entry(),
        "batch": batch,
        "batches": batches,
        "words": {
            "title": _("Which reply is better? Choose with ← and →, or 1 and 2."),
            "hint": _(
                "Click into the box once, then: ← or 1 for the left reply, → or 2 for the right one, ↓ or 3 for "
                "neither, Backspace to undo."
            ),
            "progress": _("{n} of {all} pairs, batch {batch} of {batches}"),
            "neither": _("Neither (↓ 3)"),
            "undo": _("Undo"),
            "next": _("Next pairs"),
            "over": _("All {all} pairs of this batch are labelled."),
            "over_in": _("{all} pairs labelled in {seconds} seconds."),
        },
    }


def _no_widget(_label: str, _options: list[str], **_more: Any) -> str:
    """The batch is chosen by a button of the component, and by the link."""
    return str(st.session_state["batch"])


def _labelled() -> None:
    text = sent(KEY, "picked")
    if labels.is_letters(text):
        labels.keep(text)


def _next() -> None:
    batch = sent(KEY, "pressed")
    if isinstance(batch, int) and 0 < batch <= -(-len(labels.pool()) // labels.BATCH):
        st.query_params["batch"] = str(batch)


def by_machine() -> None:
    """A judge by its taste, how many pairs it is given, and how often it errs."""
    who = (labels.NOBODY, *TASTES)
    with st.container(horizontal=True, vertical_alignment="bottom", key="rm_judge"):
        taste = linked(
            st.selectbox, _("Machine judge: its taste"), who, key="judge", first=labels.NOBODY, format_func=taste_title
        )
        linked(st.selectbox, _("Pairs it is given"), labels.COUNTS, key="count", first="200")
        linked(
            st.selectbox,
            _("Labels that are wrong"),
            labels.NOISES,
            key="noise",
            first="0",
            format_func=lambda x: f"{x} %",
        )
    if taste == labels.NOBODY:
        return
    made = labels.by_judge()
    words = _("{likes} It labelled {count} pairs; the others it likes alike.")
    say_small(words.format(likes=_(TASTES[taste].likes), count=len(made)))


def taste_title(name: str) -> str:
    return _("no judge") if name == labels.NOBODY else _(TASTES[name].title)


def weighing() -> None:
    linked(
        st.select_slider,
        _("As how many labels one of yours counts"),
        labels.WEIGHTS,
        key="weight",
        first="1",
    )


def likes() -> None:
    """Which tastes of the catalogue one's own labels agree with."""
    mine = labels.own()
    if len(mine) < FEWEST_TO_TELL:
        say_small(
            _("After {count} labels of yours, this says which tastes they resemble.").format(count=FEWEST_TO_TELL)
        )
        return
    counts = labels.agreement(mine)
    known = {x: agreed / all_ for x, (agreed, all_) in counts.items() if all_}
    best = max(known.values())
    names = listed(_(TASTES[x].title) for x, share in known.items() if share == best)
    say(_("Your labels agree most with: **{names}**.").format(names=names))
    head = [_("taste"), _("what it likes"), _("agrees with"), _("of your labels")]
    rows = [
        [_(TASTES[x].title), _(TASTES[x].likes), str(agreed), str(all_)] for x, (agreed, all_) in counts.items() if all_
    ]
    with st.container(key="rm_likes"):
        say(table(head, rows, left=2))
