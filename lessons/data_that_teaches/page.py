"""Data that teach: what wrong truths, few questions, their difficulty, repeats and leaks do to the same run."""

from __future__ import annotations

import statistics

import streamlit as st

from core.learners.registry import learner
from lessons.data_that_teaches import unit_tests
from lessons.data_that_teaches.check import check_list, code, questions
from lessons.data_that_teaches.own import own_data
from lessons.data_that_teaches.picture import moving_picture
from lessons.data_that_teaches.results import (
    COMMAND,
    OF_TESTS,
    STEPS,
    TOPICS,
    Topic,
    at_equal_count,
    difficulty_words,
    gap,
    heldout,
    mean,
    never_asked,
    of,
    spread_words,
    there,
)
from lessons.i18n import _, prose
from lessons.kit import jump
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Example, Line, engine, lesson_page, predict_number, quiz, revealed, worked
from lessons.kit.linked import linked
from lessons.kit.numbers import known, number, table, whole
from lessons.kit.over_seeds import gap_words

KEY = "data-that-teaches"
#: Where a topic's table stands.
MEASURED = "data_measured"
#: The topic that is predicted, and the prediction's key.
GUESSED, GUESS = "wrong", "data_wrong_guess"
#: Topic → the prediction after which it is shown.
GUESSES = {GUESSED: GUESS, **dict.fromkeys(OF_TESTS, unit_tests.GUESS)}
SETTINGS = learner("grpo")
#: The right response “1 6” to 9+7=, where 17 was put down as the ground truth: one of the others said so and was paid.
FOUR_MISJUDGED = Example(
    tokens=("1", "6", "␣", "<eos>"),
    logprobs_old=(-0.2, -0.5, -0.1, -0.1),
    logprobs_ref=(-0.2, -0.5, -0.1, -0.1),
    logprobs_new=(-0.25, -0.8, -0.12, -0.1),
    reward=0.0,
    others=(0.0, 1.0, 0.0),
)


def lines() -> list[Line]:
    return [
        Line("logprob_old", r"\log\pi_{\text{old}}", _("the policy's log-probability when it sampled the token")),
        Line("advantage", "A_t", _("reward against the group: the right response was not paid, so it is below it")),
        Line("logprob", r"\log\pi_\theta", _("the policy's log-probability after an update")),
        Line("ratio", r"\rho_t", _("ratio of the new probability to the old one")),
        Line("objective", "J_t", _("what the update makes larger, by making the right response rarer")),
    ]


def predictions() -> None:
    """Guess what 40 % wrong ground truths do, then see."""
    topic = TOPICS[GUESSED]
    if not there(topic):
        return
    st.header(_("How much harm do wrong ground truths do?"))
    end = mean("wrong-40", heldout)
    clean = mean(topic.base, heldout)
    asked = _(
        "For {share} of the training questions the ground truth is wrong, and so is what is paid. What is held-out "
        "success after {steps} steps? With none wrong it is {clean}."
    )
    if predict_number(
        GUESS,
        asked.format(share="40 %", steps=STEPS, clean=number(clean, 2)),
        low=0.0,
        high=1.0,
        step=0.05,
        outcome=round(end, 2),
        tolerance=0.05,
        reason=gap_words(gap("wrong-40", topic.base), (_("40 % wrong"), _("none wrong"))),
    ):
        say(_("Its lines and numbers are now a topic under the picture, too: “{topic}”.").format(topic=_(topic.title)))


def numbers(topic: Topic) -> None:
    """What was measured of a topic, as a table, and how far the seeds tell its conditions apart."""
    has_wrong = any(x.paid is not None for name in topic.conditions for x in of(name).values())
    head = [_("data"), _("held-out"), _("never asked"), _("groups without a signal")]
    head += [_("wrong truths: paid"), _("wrong truths: right")] if has_wrong else [_("different questions")]
    rows = []
    for name, label in topic.conditions.items():
        silent = number(mean(name, lambda x: x.silent), 2)
        cells = [spread_words(name, heldout), spread_words(name, lambda x: x.unseen), silent]
        if has_wrong:
            own = list(of(name).values())
            for value in ("paid", "right"):
                shares = [getattr(x, value) for x in own if getattr(x, value) is not None]
                cells.append(known(statistics.fmean(shares) if shares else None))
        else:
            cells.append(whole(round(mean(name, lambda x: x.asked))))
        rows.append([_(label.title), *cells])
    with st.container(key="data_table"):
        say(table(head, rows))
    base = topic.base
    names = {x: _(label.title) for x, label in topic.conditions.items()}
    apart, about = st.columns([2, 1])
    with apart:
        say("\n".join(f"- {gap_words(gap(x, base), (names[x], names[base]))}" for x in topic.conditions if x != base))
        if topic is TOPICS["difficulty"]:
            equal_count()
    with about:
        say_small(
            _(
                "Success after {steps} steps, mean ± standard deviation over seeds, 4 responses a question. “Never "
                "asked”: {count} questions that were neither held out nor trained on. Repeat it with `{command}`."
            ).format(steps=STEPS, count=never_asked(topic), command=COMMAND)
        )


def equal_count() -> None:
    """Choosing by difficulty leaves fewer questions: each choice beside as many questions taken at random."""
    known = at_equal_count()
    if not known:
        return
    say(
        _(
            "Choosing by difficulty also leaves fewer different questions (last column). Against as many that were "
            "taken at random, the difficulty alone makes this difference:"
        )
    )
    say("\n".join(f"- {difficulty_words(chosen, difference)}" for chosen, difference in known.items()))


def page() -> None:
    engine()
    # What a prediction is about is shown once it was made.
    hidden = {key for key, guess in GUESSES.items() if not revealed(guess)}
    shown = {key: topic for key, topic in TOPICS.items() if there(topic) and key not in hidden}
    topic: Topic | None = None
    if shown:
        with st.container(key="data_picture"):  # one piece: on a projector the choice stays beside what it changes
            place = st.container()
            chosen = linked(
                st.segmented_control,
                _("What is done to the data"),
                list(shown),
                key="topic",
                first=next(iter(shown)),
                format_func=lambda x: _(TOPICS[x].title),
            )
            topic = TOPICS[chosen]
            with place:
                moving_picture(chosen, topic)
    else:
        st.info(_("This is not recorded here yet."))
    say(prose(KEY))
    st.header(_("Four tokens, paid wrongly"))
    say(_("“1 6” is right for 9+7=, but the ground truth says 17."))
    worked(FOUR_MISJUDGED, SETTINGS, lines(), key="data_four", param="data_ex")
    predictions()
    if there(TOPICS[OF_TESTS[0]]):
        st.header(_("And too few unit tests?"))
        unit_tests.guess()
    if topic is not None:
        with st.container(key=MEASURED):
            st.header(_("What was measured"))
            say(_("Of “{topic}”; choose another under the picture.").format(topic=_(topic.title)))
            of_tests = any(topic is TOPICS[x] for x in OF_TESTS)
            (unit_tests.numbers if of_tests else numbers)(topic)
    st.header(_("Your own data"))
    own_data()
    if shown:
        st.header(_("A check-list"))
        check_list(shown)
        jump.here(MEASURED)
    quiz("data_quiz", questions())


with lesson_page(
    KEY,
    question=_("The same method, the same number of responses. How much do the data decide?"),
    summary=_(
        "Check the ground truths, ask many different questions, do without those that are mostly right already, and "
        "keep what you measure on apart."
    ),
    code=code(),
):
    page()
