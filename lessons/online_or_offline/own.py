"""One's own data set: how many, how sampled, how spoiled; seen as a table, and taken to the lab."""

from __future__ import annotations

import tempfile
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from core.learners.registry import learner_kind
from core.presets import PRESETS
from lessons.i18n import _, listed, one_after_another, tell
from lessons.kit.asked_for import ask_for, asked_for, awaited
from lessons.kit.display import plain
from lessons.kit.glossary import say, say_small
from lessons.kit.isolated import CommandFailed, call
from lessons.kit.numbers import number, percent, table, whole
from lessons.kit.preset_race import race_in_lab
from lessons.kit.truth import Kept

PRESET = "online-or-offline"
CollectedRow = dict[str, Any]  # of COLLECTED
SIZES = (128, 512, 2048, 7680)
SET = "online_set"  # session state: the set that was asked for
ROWS = 10  # of the set that are shown


def own_set() -> None:
    """Controls, the set that they make, and a button that sets the lab up with it."""
    left, right = st.columns(2)
    with left:
        size = st.select_slider(
            _("Responses in the set"), SIZES, 512, format_func=whole, key="online_size", persist_state="session"
        )
        temperature = st.slider(
            _("Temperature of collection"), 0.2, 2.0, 1.0, 0.1, key="online_temperature", persist_state="session"
        )
    with right:
        flipped = st.slider(
            _("Rewards that are flipped"), 0, 50, 0, 5, "%d %%", key="online_flipped", persist_state="session"
        )
        at_random = st.slider(
            _("Responses of random tokens"), 0, 50, 0, 5, "%d %%", key="online_random", persist_state="session"
        )
    chosen = {
        "data_responses": size,
        "data_temperature": temperature,
        "data_flipped": flipped / 100,
        "data_random": at_random / 100,
    }
    with st.container(horizontal=True):
        if st.button(_("Collect it from the start model"), icon=":material/download:", key="online_collect"):
            ask_for(SET, _about(chosen), lambda: _collected(chosen))
        label = _("Open the lab with this set")
        race_in_lab(PRESET, label, key="online_lab", icon=":material/science:", typed=typed(chosen))
    made = awaited(SET, _("The start model writes the responses…"))
    if made is None:
        return
    asked = asked_for(SET)
    if asked is not None and asked.about != _about(chosen):
        say_small(_("The settings have changed since this set was collected."))
    _show(made)


def offline_names() -> list[str]:
    """The preset's learners that learn from such a set."""
    return [x.name for x in PRESETS[PRESET].learners if learner_kind(x).draws is not None]


def typed(chosen: dict[str, float]) -> dict[str, str]:
    """The choices as the lab's form holds them, for each offline learner; what is the default stays out."""
    return {
        f"{own.name}.{name}": f"{value:g}"
        for own in PRESETS[PRESET].learners
        if learner_kind(own).draws is not None
        for name, value in chosen.items()
        if value != _usual(getattr(own, name), name)
    }


def _usual(value: float | None, name: str) -> float | None:
    """A setting's value, or what it stands for where it is none."""
    return PRESETS[PRESET].temperature if value is None and name == "data_temperature" else value


def _about(chosen: dict[str, float]) -> Hashable:
    return tuple(sorted(chosen.items()))


@st.cache_resource(show_spinner=False)
def _sets() -> Kept:
    return Kept(16)  # at most 0.5 MB each, and one is collected at a time


def _collected(chosen: dict[str, float]) -> pa.Table | CommandFailed:
    """The set as COLLECTED, by a process of its own: that of the lab's offline learners; or why there is none."""
    try:
        table: pa.Table = _sets().get(_about(chosen), lambda: _collect(chosen))
    except CommandFailed as error:
        return error
    return table


def _collect(chosen: dict[str, float]) -> pa.Table:
    settings = [f"{name}={value:g}" for name, value in chosen.items()]
    with tempfile.TemporaryDirectory(prefix="credit-lab-") as folder:
        file = Path(folder) / "set.parquet"
        call("collect", "--preset", PRESET, "--learner", offline_names()[0], "--set", *settings, "--out", file)
        return pq.read_table(file)


def _show(made: pa.Table | CommandFailed) -> None:
    if isinstance(made, CommandFailed):
        st.error(plain(tell(made.message), 400), icon=":material/error:")
        return
    rows = made.to_pylist()
    paid = sum(x["reward"] > 0 for x in rows) / len(rows)
    right = sum(x["success"] for x in rows) / len(rows)
    questions = len({x["group"] for x in rows})
    words = _("{count} responses to {questions} questions: {right} right, {paid} rewarded.").format(
        count=whole(len(rows)), questions=whole(questions), right=percent(right), paid=percent(paid)
    )
    kept = sum(x["reward"] > 0 and not x["success"] for x in rows)
    say(one_after_another(words, _("SFT would copy {count} wrong ones.").format(count=whole(kept))) if kept else words)
    head = [_("prompt"), _("response"), _("spoiled"), _("reward")]
    shown = [[_text(x["prompt"]), _text(x["response"]), _spoiled(x), number(x["reward"], 0)] for x in some(rows)]
    with st.container(key="online_set_table"):
        say(table(head, shown, left=3))
    say_small(_("{count} of them: one of each kind first, then as they come.").format(count=len(shown)))


def some(rows: list[CollectedRow]) -> list[CollectedRow]:
    """A few rows: the first of each kind (right or wrong, rewarded or not, spoiled or not), then the first ones."""
    kinds: dict[object, int] = {}
    for i, x in enumerate(rows):
        kinds.setdefault((x["success"], x["reward"], x["flipped"], x["random"]), i)
    chosen = dict.fromkeys([*kinds.values(), *range(len(rows))])
    return [rows[i] for i in list(chosen)[:ROWS]]


def _text(text: object) -> str:
    return plain(str(text).strip(), 40)


def _spoiled(x: CollectedRow) -> str:
    both = [_("flipped")] * bool(x["flipped"]) + [_("random tokens")] * bool(x["random"])
    return listed(both) or "–"
