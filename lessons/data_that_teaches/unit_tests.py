"""Thin and wrong unit tests: what was measured of them, and a program that they paid and that is wrong."""

from __future__ import annotations

import streamlit as st

from core.insight.curation_study import LAST, STEPS
from core.insight.unit_test_study import COMMAND, UnitTestResult, WrongProgram
from lessons.data_that_teaches.results import OF_TESTS, TOPICS, Topic, gap, heldout, mean, of, seeds_of, spread_words
from lessons.i18n import _, listed, one_after_another
from lessons.kit.display import in_code
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import predict_number
from lessons.kit.numbers import number, table
from lessons.kit.over_seeds import gap_words

#: What is predicted, and the prediction's key.
FEWEST, GUESS = "tests-1", "data_tests_guess"


def guess() -> None:
    """Guess what a single test teaches, then see, with a program that it paid."""
    topic = TOPICS[OF_TESTS[0]]
    asked = _(
        "Programs: each training question is paid by **one** of its ten unit tests. What is held-out success after "
        "{steps} steps, by all ten? With all ten paying it is {all}."
    ).format(steps=STEPS, all=number(mean(topic.base, heldout), 2))
    names = tuple(_(topic.conditions[x].title) for x in (FEWEST, topic.base))
    if predict_number(
        GUESS,
        asked,
        low=0.0,
        high=1.0,
        step=0.05,
        outcome=round(mean(FEWEST, heldout), 2),
        tolerance=0.05,
        reason=gap_words(gap(FEWEST, topic.base), (names[0], names[1])),
    ):
        titles = listed(f"“{_(TOPICS[x].title)}”" for x in OF_TESTS)
        say(_("Their lines and numbers are now topics under the picture, too: {topics}.").format(topics=titles))


def numbers(topic: Topic) -> None:
    """What was measured of a topic, as a table, how far the seeds tell its conditions apart, and what was learnt."""
    head = [_("data"), _("held-out"), _("groups without a signal"), _("paid, yet wrong"), _("right, yet unpaid")]
    rows = [
        [
            _(label.title),
            spread_words(name, heldout),
            *(number(mean(name, value), 2) for value in (_silent, _wrongly_paid, _unpaid)),
        ]
        for name, label in topic.conditions.items()
    ]
    say(table(head, rows))
    names = {x: _(label.title) for x, label in topic.conditions.items()}
    lines = [gap_words(gap(x, topic.base), (names[x], names[topic.base])) for x in topic.conditions if x != topic.base]
    if topic is TOPICS[OF_TESTS[1]]:
        fewest = TOPICS[OF_TESTS[0]].conditions[FEWEST]
        both = names["tests-1-wrong-40"], _(fewest.title)
        lines.append(gap_words(gap("tests-1-wrong-40", FEWEST), both))
    apart, about = st.columns([2, 1])
    with apart:
        say("\n".join(f"- {x}" for x in lines))
        last = list(topic.conditions)[-1]
        if words := learnt_wrongly(last):
            say(words)
    with about:
        say_small(
            _(
                "Task `program`. Success after {steps} steps by all ten tests, each of them right: mean ± standard "
                "deviation over {seeds} seeds, 4 responses a question. The last two columns: shares of the last {last} "
                "steps' responses. Repeat it with `{command}`."
            ).format(steps=STEPS, seeds=len(seeds_of(list(topic.conditions))), last=LAST, command=COMMAND)
        )


def example_of(condition: str) -> WrongProgram | None:
    """The first seed's program that the condition's tests paid and that is wrong; None where no seed has one."""
    return next((x.example for x in of(condition).values() if x.example is not None), None)


def learnt_wrongly(condition: str) -> str:
    """The condition's example in words; "" where there is none."""
    example = example_of(condition)
    return "" if example is None else wrong_program(example)


def wrong_program(example: WrongProgram) -> str:
    """What was paid, and where it is wrong."""
    paid = listed(f"f({x}) = {y}" for x, y in example.paid_by)
    (argument, expected, got), count = example.fails[0], len(example.fails)
    came = _("an error") if not got else f"`{in_code(got)}`"
    learnt = _(
        "Learnt wrongly, in the last {last} steps: to `{prompt}` comes `{response}`. The data ask {paid} and pay it."
    )
    wrong = _("Right is `{right}`: {count} of ten tests fail; f({argument}) gives {came}, not {expected}.")
    return one_after_another(
        learnt.format(last=LAST, prompt=in_code(example.prompt), response=in_code(example.response), paid=paid),
        wrong.format(right=in_code(example.right), count=count, argument=argument, came=came, expected=expected),
    )


def _silent(x: UnitTestResult) -> float:
    return x.silent


def _wrongly_paid(x: UnitTestResult) -> float:
    return x.wrongly_paid


def _unpaid(x: UnitTestResult) -> float:
    return x.unpaid
