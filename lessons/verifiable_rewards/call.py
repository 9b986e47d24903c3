"""A function call as JSON, compared with the right one: nothing is run."""

from __future__ import annotations

import json

import streamlit as st

from core.tasks.tool_calls import compare_calls
from lessons.i18n import _, tell
from lessons.kit.display import plain
from lessons.kit.filled_in import fill_in, filled_in
from lessons.kit.glossary import say

LONGEST = 400  # characters
RIGHT = {"name": "weather", "arguments": {"city": "Rome", "days": 3}}
TRIES = (
    '{"arguments": {"days": 3, "city": "Rome"}, "name": "weather"}',
    '{"name": "weather", "arguments": {"city": "Rome", "days": "3"}}',
    '{"name": "weather", "arguments": {"city": "Rome"}}',
    '{"name": "forecast", "arguments": {"city": "Rome", "days": 3}}',
    'Sure! {"name": "weather"}',
)


def section() -> None:
    st.fragment(_try)()


def _try() -> None:
    say(_("“What will the weather be in Rome for three days?” The right call: `{call}`").format(call=json.dumps(RIGHT)))
    names = (_("other order"), _("text for a number"), _("one missing"), _("another function"), _("words around it"))
    with st.container(horizontal=True, key="vr_calls"):
        for i, (name, text) in enumerate(zip(names, TRIES, strict=True)):
            st.button(name, key=f"vr_call_{i}", on_click=fill_in, args=("vr_call", text))
    typed = filled_in(st.text_input, _("Call"), key="vr_call", first=TRIES[1], max_chars=LONGEST)[:LONGEST]
    verdict = compare_calls(typed, RIGHT)
    if verdict.right:
        say(_("✓ reward 1: the same function, and every argument equal."))
    else:
        faults = "\n".join(f"- {plain(tell(x), 200)}" for x in verdict.faults)
        say(_("✗ reward 0:") + "\n" + faults)
