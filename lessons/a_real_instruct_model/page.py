"""A real instruct model: its answers before, a prediction, the same questions afterwards, and a run of one's own."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import streamlit as st

from lessons.a_real_instruct_model.begin import untrained
from lessons.a_real_instruct_model.changes import changed, keep_it
from lessons.a_real_instruct_model.check import check
from lessons.a_real_instruct_model.choose import own_run
from lessons.a_real_instruct_model.compare import form_or_arithmetic, measures, success
from lessons.a_real_instruct_model.guess import guesses
from lessons.a_real_instruct_model.opening import opening
from lessons.a_real_instruct_model.pairs import questions
from lessons.a_real_instruct_model.shown import RECORDED_REAL, Shown, choose_run, read
from lessons.a_real_instruct_model.watch import watch
from lessons.board.rooms import room_key, without_room
from lessons.i18n import _, prose, tell
from lessons.kit.display import plain
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Code, lesson_page, more, no_screen, quiz

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
