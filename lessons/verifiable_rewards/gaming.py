"""Paid by the visible tests alone: both curves of a learner that games them, beside one that all tests pay."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.insight.gaming_study import GamingResult
from lessons.i18n import _, one_after_another
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Choice, mount, predict
from lessons.kit.numbers import number, table
from lessons.kit.over_seeds import gap_words
from lessons.kit.preset_race import race_in_lab
from lessons.kit.seed_race import first_to_last, race_words, racer
from lessons.verifiable_rewards.results import (
    COMMAND,
    EVERY,
    LAST,
    NUMBERS,
    RULES,
    STEPS,
    change,
    curve,
    difference,
    seeds,
    spread_words,
)

#: Two learners, each with both curves; the pattern says which tests.
_DASHES: dict[str, tuple[int, ...]] = {"visible": (), "hidden": (7, 4)}
_SHOWN = ("visible", "all")


def _visible(x: GamingResult) -> tuple[float, ...]:
    return x.heldout_visible


def _hidden(x: GamingResult) -> tuple[float, ...]:
    return x.heldout_hidden


_SERIES = {"visible": _visible, "hidden": _hidden}


def section() -> None:
    """A prediction, then both curves and what five seeds tell of the four rules."""
    if len(seeds()) < 2:
        st.info(_("This is not recorded here yet."))
        return
    if _predicted():
        mount("race", data(), key="vr_gaming")
        say(_caught())
        with st.container(key="vr_gaming_table"):
            say(_measured())
        say(_by_share())
        say_small(
            _(
                "On held-out questions after {steps} steps, mean ± standard deviation over {seeds} seeds; “games”: "
                "share of the last {last} steps' responses that meet every visible test and fail a hidden one. Repeat "
                "it with `{command}`."
            ).format(steps=STEPS, seeds=len(seeds()), last=LAST, command=COMMAND)
        )
        typed = {"task.scored": "visible"}
        race_in_lab("program", _("Open the lab, paid by visible tests"), key="vr_program", typed=typed)


def _predicted() -> bool:
    end = change("visible", _hidden)
    choices = [
        Choice(
            _("It rises, too"), end.low > 0, _("Whoever finds the rule meets both. A table of the examples is easier.")
        ),
        Choice(
            _("It stays or falls"),
            end.low <= 0,
            _("No hidden test is paid. {change}").format(change=gap_words(end, (_("end"), _("start")))),
        ),
    ]
    setting = _(
        "In task `program` GRPO learnt for {steps} steps, with four visible and six hidden tests. Four are thin: a "
        "table of them, `{{0:1,4:9,7:15,9:19}}[x]`, meets each."
    ).format(steps=STEPS)
    asked = _(
        "Paid when all **visible** tests are met, it meets more and more of them. And the share of **hidden** ones?"
    )
    return predict("vr_gaming_guess", one_after_another(setting, asked), choices)


def data() -> dict[str, Any]:
    """What the picture is handed: two learners' shares of visible and of hidden tests, evaluation by evaluation."""
    shown = [(rule, tests) for rule in _SHOWN for tests in _SERIES]
    curves = {x: curve(x[0], _SERIES[x[1]]) for x in shown}
    tests = {"visible": _("visible"), "hidden": _("hidden")}
    payment = {"visible": _("paid by visible tests"), "all": _("paid by all tests")}
    names = {x: _("{learner}: {tests}").format(learner=payment[x[0]], tests=tests[x[1]]) for x in shown}
    says = [_("Press play: the run's evaluations go by.")]
    for n in range(len(curves[shown[0]][0])):
        each = [number(curves[x][0][n], 2) for x in shown]
        says.append(
            _(
                "After {step} steps. Paid by visible tests: visible {a}, hidden {b}. Paid by all tests: visible {c}, "
                "hidden {d}."
            ).format(step=n * EVERY, a=each[0], b=each[1], c=each[2], d=each[3])
        )
    title = _("Share of tests passed on held-out questions: mean ± standard deviation over {seeds} seeds")
    return {
        "racers": [racer(names[x], RULES[x[0]].colour, _DASHES[x[1]], curves[x]) for x in shown],
        "every": EVERY,
        "says": says,
        "spoken": says,
        "alt": _("Share of tests passed over training steps, start → end: {summary}.").format(
            summary=first_to_last({names[x]: curves[x] for x in shown})
        ),
        "words": race_words(
            title=title.format(seeds=len(seeds())), steps=_("training step"), scrub=_("Evaluations that have gone by")
        ),
    }


def _caught() -> str:
    """What the two learners' curves say, each sentence by its interval."""
    visible, all_ = _("paid by visible tests"), _("paid by all tests")
    seen, hidden = (difference("visible", "all", NUMBERS[x]) for x in ("visible", "hidden"))
    caught = _("The hidden tests catch it: more visible tests passed, and fewer hidden ones.")
    return one_after_another(
        caught if seen.low > 0 and hidden.high < 0 else "",
        _("Visible tests: {gap}").format(gap=gap_words(seen, (visible, all_))),
        _("Hidden tests: {gap}").format(gap=gap_words(hidden, (visible, all_))),
    )


def _measured() -> str:
    head = [_("paid by"), _("visible"), _("hidden"), _("right"), _("games")]
    rows = [[_(rule.title), *(spread_words(x, of) for of in NUMBERS.values())] for x, rule in RULES.items()]
    return table(head, rows)


def _by_share() -> str:
    """Share of tests against all or nothing, by all tests."""
    share, whole = _("share of tests passed"), _("all or nothing")
    right = difference("all-share", "all", NUMBERS["right"])
    tests = difference("all-share", "all", NUMBERS["hidden"])
    return one_after_another(
        _("By all tests, right programs: {gap}").format(gap=gap_words(right, (share, whole))),
        _("Hidden tests passed: {gap}").format(gap=gap_words(tests, (share, whole))),
    )
