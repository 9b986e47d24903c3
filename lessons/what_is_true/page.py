"""What is true? Every prefix finished afresh many times says what each token really did; then who knew it?"""

from __future__ import annotations

import streamlit as st

from lessons.i18n import _, prose, tell
from lessons.kit.display import plain
from lessons.kit.lesson import FOUR, Choice, Code, Frozen, QuizQuestion, frozen, lesson_page, quiz, say_where
from lessons.kit.lesson.worked import Line, worked
from lessons.kit.linked import linked
from lessons.kit.restored import too_large
from lessons.kit.truth import CONTINUATIONS
from lessons.what_is_true.accuse import accuse, wrong_reply
from lessons.what_is_true.panel import show_panel
from lessons.what_is_true.race import race
from lessons.what_is_true.reply import show_reply
from lessons.what_is_true.study import study_section

KEY = "what-is-true"


def code() -> list[Code]:
    return [
        Code("core/training/continuations.py", "Oracle.estimate", _("True values: every prefix finished K times")),
        Code("core/insight/agreement.py", "compare", _("Correlation, error and blame accuracy")),
        Code("core/algorithms/value_loss.py", "explained_variance", _("Explained variance of a critic")),
        Code("core/insight/replay.py", "models_at", _("The policy of a step, restored")),
        Code("core/learners/kinds/vine.py", "credit", _("VinePPO: credit from measured values")),
    ]


def four_tokens() -> None:
    """Measured values instead of a critic's, on the four tokens that the other lessons use."""
    from core.learners.registry import learner

    st.header(_("Four tokens, measured"))
    st.markdown(
        _(
            "A policy answers 9+7= with the tokens 1, 6, 0, end. Before each token we let it finish ten times afresh "
            "and count how often the answer comes out right."
        )
    )

    lines = [
        Line("value", "V^*_t", _("the share of the ten fresh endings that are right, from before the token")),
        Line(
            "token_reward",
            "r_t",
            _("the reward comes with the last token; this answer is wrong, so it is 0"),
            given=True,
        ),
        Line("advantage_raw", "A^*_t", _("what the token really changed: the value after it minus before")),
    ]
    worked(FOUR, learner("vine", whiten_advantages=False), lines, key="truth_four", param="wt_ex")
    st.caption(
        _(
            "The third token, 0, takes the value from 0.7 to 0.1: it ruined the answer. Truth here means: under this "
            "policy, which might still have made a mistake later or repaired one."
        )
    )


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("What is the true value of a prefix?"),
            (
                Choice(
                    _("The mean reward of the policy's own continuations of it"),
                    True,
                    _("Value is an expectation over how this policy goes on, so it can be measured by letting it."),
                ),
                Choice(
                    _("1 if everything so far is right, else 0"),
                    False,
                    _("A right beginning may still be ruined later, and a wrong one is sometimes repaired."),
                ),
                Choice(
                    _("What the critic says once it has converged"),
                    False,
                    _("The critic estimates it; how well is just what this page measures."),
                ),
            ),
        ),
        QuizQuestion(
            _("A right intermediate sum has a true advantage of nearly 0. Why?"),
            (
                Choice(
                    _("It was expected: the policy would nearly always have written it"),
                    True,
                    _("An advantage is a change of expectation. What was expected changes nothing."),
                ),
                Choice(_("Only wrong tokens have advantages"), False, _("A lucky right token has a positive one.")),
                Choice(
                    _("Rewards come only at the end"),
                    False,
                    _("Values carry the reward back to where it was decided; that is what they are for."),
                ),
            ),
        ),
        QuizQuestion(
            _("The critic's explained variance is −0.4. What does that mean?"),
            (
                Choice(
                    _("Its values are a worse prediction than one constant number"),
                    True,
                    _("0 is what a constant reaches; below it the critic adds errors of its own."),
                ),
                Choice(
                    _("There is a bug: a variance cannot be negative"),
                    False,
                    _("It is 1 minus a quotient of variances, which may be larger than 1."),
                ),
                Choice(
                    _("It predicts the opposite of every reward"),
                    False,
                    _("That would be one way to get there; being noisy or late is the usual one."),
                ),
            ),
        ),
        QuizQuestion(
            _("GRPO blames all tokens of a wrong response alike. Why does it still learn?"),
            (
                Choice(
                    _("Over many responses, innocent tokens are also praised in right ones; the ruinous one is not"),
                    True,
                    _("The errors average out. That takes samples, which is GRPO's price for having no critic."),
                ),
                Choice(
                    _("Clipping keeps the innocent tokens from being changed"),
                    False,
                    _("The clip knows nothing of guilt: it looks at the ratio alone."),
                ),
                Choice(
                    _("It does not; it only learns from right responses"),
                    False,
                    _("Wrong responses push their tokens down, with the same machinery."),
                ),
            ),
        ),
    ]


def measure(batch: Frozen) -> None:
    """The prediction, and then the truth about one response and about all of the step."""
    reply = wrong_reply(batch)
    continuations = linked(
        st.radio,
        _("Continuations per prefix (K)"),
        [str(x) for x in CONTINUATIONS],
        key="wt_k",
        first="32",
        horizontal=True,
    )
    if reply is None:
        return
    try:
        measured = accuse(batch, reply, int(continuations))
    except ValueError as error:
        st.warning(plain(tell(error), 400), icon=":material/hourglass_disabled:")
        return
    if measured is not None:
        show_reply(batch, reply, measured)
        show_panel(batch, measured)


def page() -> None:
    st.markdown(prose(KEY))
    four_tokens()
    st.header(_("Which token ruined this answer?"))
    batch = frozen("ppo")
    if batch is not None:
        say_where(batch)
        if why_not := too_large(batch.run):
            st.info(plain(why_not, 400), icon=":material/hourglass_disabled:")
        else:
            measure(batch)
    study_section()
    race()
    quiz("truth_quiz", questions())


with lesson_page(
    KEY,
    question=_("One token ruined the answer. Which one, and did PPO or GRPO know?"),
    summary=_(
        "The truth about a token is how much it changed the expected reward. It can be measured by finishing prefixes "
        "afresh; a critic guesses it cheaply and sometimes wrongly; GRPO does without it and needs more samples."
    ),
    code=code(),
):
    page()
