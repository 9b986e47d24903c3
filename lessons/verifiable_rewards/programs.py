"""Code: the body of a one-line function, its visible and hidden unit tests, and what the reward makes of them."""

from __future__ import annotations

import streamlit as st

from core.errors import RequestError
from core.rewards.unit_tests import ProgramResult, UnitResult, UnitTest
from lessons.i18n import _, one_after_another, tell
from lessons.kit.display import plain
from lessons.kit.filled_in import fill_in, filled_in
from lessons.kit.glossary import say
from lessons.kit.numbers import number, table
from lessons.verifiable_rewards.running import ran

LONGEST = 120  # characters
#: A square: what the examples say, and what they leave open.
TESTS = tuple(UnitTest((x,), x * x, hidden) for x, hidden in ((0, False), (2, False), (3, False), (1, True), (5, True)))
TESTS = (*TESTS, UnitTest((-4,), 16, True))
#: A table of the visible tests, which knows nothing else.
GAMING = "{0: 0, 2: 4, 3: 9}[x]"
BODIES = ("x * x", "x ** 2", "x + x", GAMING, "abs(x) * x", "x *")


def program_of(body: str) -> str:
    return f"def f(x):\n    return {body}"


def outcome(body: str) -> ProgramResult:
    """The tests of one body. RequestError where no program can be run."""
    return ran(program_of(body[:LONGEST]), TESTS, "square")


def section(without: str | None = None) -> None:
    """Bodies to try; `without` one, whose tests are still to be predicted."""
    st.fragment(_try)(without)


def _try(without: str | None) -> None:
    typing, tested = st.columns([1, 2])
    with typing:
        with st.container(horizontal=True, key="vr_bodies"):
            for i, body in enumerate(BODIES):
                if body != without:
                    st.button(f"`{body}`", key=f"vr_body_{i}", on_click=fill_in, args=("vr_body", body))
        body = filled_in(st.text_input, _("def f(x): return …"), key="vr_body", first="x + x", max_chars=LONGEST)
        try:
            result = outcome(body)
        except RequestError as error:
            st.info(plain(tell(error), 400))
            return
        say(summed_up(result))
    head = [_("unit test"), _("expected output"), _("output"), _("verdict")]
    rows = [_row(x, y) for x, y in zip(result.tests, result.results, strict=True)]
    with tested, st.container(key="vr_tests"):
        say(table(head, rows, left=4))


def _row(test: UnitTest, result: UnitResult) -> list[str]:
    verdict = "✓" if result.passed else "✗ " + plain("" if result.reason is None else tell(result.reason), 200)
    if test.hidden:
        return [_("hidden"), _("hidden"), _("hidden"), verdict]
    call = f"f({', '.join(map(repr, test.arguments))})"
    return [f"`{call}`", f"`{test.expected!r}`", _("none") if result.got is None else plain(result.got, 60), verdict]


def summed_up(result: ProgramResult) -> str:
    """What the reward is by each of three rules, and whether the visible tests were gamed."""
    passed = [sum(x.passed for x in result.results), len(result.results)]
    rules = _(
        "{passed} of {all} tests passed. Reward by share: **{share}**; all or nothing: **{whole:g}**, by visible tests "
        "alone **{visible:g}**."
    ).format(
        passed=passed[0],
        all=passed[1],
        share=number(result.share, 2),
        whole=float(result.passed),
        visible=float(result.visible == 1.0),
    )
    caught = _("It is right wherever it can look, and wrong elsewhere: only the hidden tests notice.")
    return one_after_another(rules, caught if result.games else "")
