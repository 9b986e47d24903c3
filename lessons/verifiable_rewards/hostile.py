"""Hostile code: programs that try to do harm, and what becomes of them behind the two walls."""

from __future__ import annotations

import textwrap

import streamlit as st

from core.errors import RequestError
from core.rewards.unit_tests import ProgramResult, UnitTest
from lessons.i18n import N_, _, tell
from lessons.kit.display import plain
from lessons.kit.filled_in import fill_in, filled_in
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import more
from lessons.kit.numbers import number
from lessons.verifiable_rewards.running import ran, standing
from lessons.verifiable_rewards.stopped import who_stopped

LONGEST = 1500  # characters
#: One test, whose call begins whatever the program is up to.
TEST = (UnitTest((2,), 4),)


def _body(lines: str) -> str:
    return "def f(x):\n" + textwrap.indent(textwrap.dedent(lines).strip(), "    ")


#: What is tried → its name and the program.
ATTACKS = {
    "loop": (N_("endless loop"), _body("while True:\n    pass")),
    "memory": (N_("memory bomb"), _body("parts = []\nwhile True:\n    parts.append('a' * 1_000_000)")),
    "file": (N_("read a file"), _body("return open('/etc/passwd').read()")),
    "network": (N_("network"), _body("import socket\nreturn socket.create_connection(('127.0.0.1', 80))")),
    "import": (N_("import"), _body("import subprocess\nreturn subprocess.run('ls')")),
    "output": (N_("huge output"), _body("while True:\n    print('spam' * 1000)")),
    "recursion": (N_("recursion"), _body("return f(x) + f(x)")),
    "fork": (N_("fork"), _body("import os\nwhile True:\n    os.fork()")),
}


def section() -> None:
    st.fragment(_try)()


def _try() -> None:
    with st.container(horizontal=True, key="vr_attacks"):
        for key, (name, program) in ATTACKS.items():
            st.button(_(name), key=f"vr_attack_{key}", on_click=_run, args=(program,))
    first = ATTACKS["loop"][1]
    typing, outcome = st.columns([3, 2], vertical_alignment="bottom")
    program = filled_in(
        typing.text_area, _("Program"), key="vr_hostile", first=first, max_chars=LONGEST, height="content"
    )
    with outcome:
        if st.button(_("Run it in the sandbox"), icon=":material/shield:", key="vr_run_hostile"):
            _run(program, typed=True)
        shown = st.session_state.get("vr_hostile_ran")
        if shown is None:
            return
        try:
            result = ran(shown, TEST, "hostile")
        except RequestError as error:
            st.info(plain(tell(error), 400))
            return
        say(became(result))
    if lines := who_stopped(result.results[0], standing()):
        with st.container(key="vr_stopped"):
            say("\n".join(f"- {x}" for x in lines))
    with more(_("the walls that stand on this machine"), key="vr_walls"):
        _walls()


def _run(program: str, *, typed: bool = False) -> None:
    if not typed:
        fill_in("vr_hostile", program)
    st.session_state["vr_hostile_ran"] = program[:LONGEST]


def became(result: ProgramResult) -> str:
    """How the program ended, why, and what it is paid."""
    (test,) = result.results
    if test.reason is None:
        sentence = _("It ran to its end after {seconds} s, and did no harm. Reward **{reward:g}**.")
        return sentence.format(seconds=number(result.seconds, 2), reward=result.share)
    sentence = _("Over after {seconds} s, reward **{reward:g}**: {reason}.")
    reason = plain(tell(test.reason), 300)
    return sentence.format(seconds=number(result.seconds, 2), reward=result.share, reason=reason)


def _walls() -> None:
    lines = []
    for part in standing():
        why = "" if part.missing is None else " – " + plain(tell(part.missing), 200)
        mark = "✓" if part.on else "◐" if part.partly else "✗"
        lines.append(f"- {mark} {plain(tell(part.says), 200)}{why}")
    say("\n".join(lines))
    say_small(_("The first is the interpreter; the others hold even a worker that has broken out of it."))
    if not all(x.on for x in standing()):
        say_small(
            _("What is marked ✗ holds nothing here: on macOS, or in some containers, the second wall is smaller.")
        )
