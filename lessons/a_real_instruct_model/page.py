"""A real instruct model: its answers before, a prediction, the same questions afterwards, and a run of one's own."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import streamlit as st

from lessons.a_real_instruct_model.begin import untrained
from lessons.a_real_instruct_model.changes import changed, keep_it
from lessons.a_real_instruct_model.choose import own_run
from lessons.a_real_instruct_model.compare import form_or_arithmetic, measures, success
from lessons.a_real_instruct_model.guess import guesses
from lessons.a_real_instruct_model.intervals import change
from lessons.a_real_instruct_model.opening import opening
from lessons.a_real_instruct_model.pairs import questions
from lessons.a_real_instruct_model.shown import RECORDED_REAL, Shown, choose_run, read
from lessons.a_real_instruct_model.watch import watch
from lessons.board.rooms import room_key, without_room
from lessons.i18n import _, prose, tell
from lessons.kit.display import plain
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Choice, Code, QuizQuestion, engine, lesson_page, more, no_screen, quiz

KEY = "a-real-instruct-model"

CODE = [
    Code("core/insight/before_after.py", "before_after", _("The same questions, before and after")),
    Code("core/insight/before_after.py", "split", _("Form or arithmetic: two parts of one change")),
    Code("core/algorithms/intervals.py", "wilson", _("Wilson's interval of a share")),
    Code("core/insight/pass_at_k.py", "chance", _("pass@k from k samples")),
    Code("core/models/codec.py", "Codec.ids", _("A question in its chat template, as tokens")),
]


def where(shown: Shown) -> None:
    """One line on which run the numbers are of."""
    run = shown.run
    kind = _("a recorded run") if run.recorded else _("the run “{name}”").format(name=plain(run.name, 60))
    say_small(
        _("Real numbers of {run}: {model}, {learners}, seed {seed}.").format(
            run=kind,
            model=plain(run.config.model),
            learners=" + ".join(plain(x.title) for x in shown.learners),
            seed=run.config.seed,
        )
    )
    for seen in shown.learners:
        if seen.problem:
            st.warning(f"{plain(seen.title)}: {plain(tell(seen.problem), 300)}", icon=":material/error:")


def nothing_yet() -> None:
    """No run has answers: what to do about it."""
    st.info(
        _(
            "There is no run with responses to held-out questions here yet: the recorded one did not come with this "
            "copy of the app. Start one below; this page then shows it."
        ),
        icon=":material/play_circle:",
    )


def results(shown: Shown, guessed: bool) -> None:
    """Before and after, once the predictions are made (or left out)."""
    if not shown.done:
        if shown.live:
            st.info(
                _("The run is under way. When it is through, its responses stand here beside those from before."),
                icon=":material/hourglass_empty:",
            )
        else:
            again = _(
                "This run ended before it was through, so nobody asked again. Resume it in the lab, or choose another."
            )
            over = _("This run ended before it was through, so nobody asked again. Choose another.")
            st.warning(over if shown.run.recorded else again, icon=":material/hourglass_disabled:")
        return
    if not _revealed(guessed):
        st.info(
            _("Commit to the three predictions above first: what follows gives them away."),
            icon=":material/psychology:",
        )
        st.button(_("Skip the predictions"), type="tertiary", on_click=_skip, key="real_skip_button")
        return
    success(shown.done)
    measures(shown.done)
    form_or_arithmetic(shown.done)
    questions(shown.done)
    st.header(_("What changed"))
    changed(shown)


def _revealed(guessed: bool) -> bool:
    """Whether what came out may be shown: predicted, or left out."""
    return guessed or bool(st.session_state.get("real_skip"))


def _skip() -> None:
    st.session_state["real_skip"] = True


def _paired_reason() -> str:
    """What the same two shares mean where few and where many questions changed sides."""
    engine()
    from core.insight.before_after import from_counts

    few, many = from_counts(40, 0, 4, 20), from_counts(30, 10, 14, 10)
    return _(
        "If the second run only adds 4 questions, the difference is {few}; if it wins 14 and loses 10, it is {many}. "
        "More questions, or more seeds, make it narrower."
    ).format(few=change(few), many=change(many))


def check() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("Suppose most of a gain came from form. Was the training worth anything?"),
            (
                Choice(
                    _("Yes: what the model could do before, it now says in a way that can be used"),
                    True,
                    _(
                        "How much of it the model could do before, pass@k before tells, and responses that were "
                        "cut off."
                    ),
                ),
                Choice(
                    _("No: it learnt no arithmetic, so nothing changed"),
                    False,
                    _("A response in which nobody can read an answer helps nobody. But do not call it arithmetic."),
                ),
                Choice(
                    _("That cannot be told without the weights"),
                    False,
                    _("The responses tell: readable or not, and right or not among the readable."),
                ),
            ),
        ),
        QuizQuestion(
            _("Why are the questions of the measurement kept apart from those of the training?"),
            (
                Choice(
                    _("Otherwise it trains more slowly"),
                    False,
                    _("Speed is not touched by it. What would be measured is."),
                ),
                Choice(
                    _("A model may learn answers by heart; only new questions show what it can do"),
                    True,
                    _("64 questions seen at every step could simply be remembered."),
                ),
                Choice(
                    _("The rule that checks answers only works on new questions"),
                    False,
                    _("It works on any question whose right answer is known."),
                ),
            ),
        ),
        QuizQuestion(
            _("Suppose pass@4 barely moved and the greedy share rose a lot. What happened?"),
            (
                Choice(
                    _("The model learnt to solve questions that it never could before"),
                    False,
                    _("Then pass@4 would have risen: it counts a question if one of four samples is right."),
                ),
                Choice(
                    _("The model does more reliably what it could do with luck before"),
                    True,
                    _("The right answer was among its samples already. Training made it the likely one."),
                ),
                Choice(_("One of the two numbers is wrong"), False, _("Both are right; they count different things.")),
            ),
        ),
        QuizQuestion(
            _("Of 64 greedy responses 40 are right; 44 are, to the same questions, after another run. Is it better?"),
            (
                Choice(_("Yes, by 6 points"), False, _("6 points may be within what 64 questions leave open.")),
                Choice(
                    _("No: the intervals of the two shares overlap"),
                    False,
                    _("Overlap says little: both answered the same questions, and an easy one is easy for both."),
                ),
                Choice(
                    _("The two shares do not tell; one has to look question by question"),
                    True,
                    _paired_reason(),
                ),
            ),
        ),
    ]


def page() -> None:
    # It stands first, and knows last whether somebody has predicted.
    room = room_key("answers", "opening")
    picture = st.container(key=room)
    picture.empty()  # a container with nothing in it is not on the page, and keeps no room
    say(prose(KEY))
    run = choose_run()
    shown = read(run) if run is not None else None
    guessed = False
    st.header(_("Before any training"))
    if shown is None:
        nothing_yet()
    else:
        where(shown)
        untrained(shown)
        st.header(_("Predict"))
        guessed = guesses(shown)
        with picture:
            opening(shown, _revealed(guessed))
    if shown is None or shown.before is None:
        picture.html(without_room(room))
    if shown is not None:
        st.header(_("Watch it train"))
        if shown.done and not _revealed(guessed):
            # Its curves would give away what is to be predicted.
            with no_screen("real_watch"):
                words = _("The curves stand here once you have committed to your predictions.")
                st.info(words, icon=":material/timeline:")
        else:
            watch(shown)
        st.header(_("Before and after"))
        results(shown, guessed)
    st.header(_("A run of your own"))
    if shown is not None and shown.run.id == RECORDED_REAL:
        with no_screen("real_own"):  # nor has a projector the fold
            say(_("All above is of the recorded run. Here you start one yourself; the page then shows it."))
        choices: AbstractContextManager[object] = more(_("whose questions, which model, who learns"), key="real_own")
    else:
        choices = nullcontext()  # whoever has no run to look at, or looks at one of their own, goes on from here
    with choices:
        own_run(run)
    if shown is not None and shown.done and _revealed(guessed):
        keep_it(shown)
    quiz("real_quiz", check())


with lesson_page(
    KEY,
    question=_("A real instruct model fails at sums that a child can do. What does reinforcement learning teach it?"),
    summary=_(
        "Rewarding right answers to verifiable questions can make a real model answer better on questions that it "
        "never saw. Held-out questions with intervals tell how much of a gain is real, and how much of that is form."
    ),
    code=CODE,
):
    page()
