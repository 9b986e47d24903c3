"""The check of the lesson on a real instruct model."""

from __future__ import annotations

from lessons.a_real_instruct_model.intervals import change
from lessons.i18n import _
from lessons.kit.lesson import Choice, QuizQuestion, engine


def check() -> list[QuizQuestion]:
    return [_gain_in_form(), _held_out_questions(), _pass_at_4(), _paired_shares()]


def _gain_in_form() -> QuizQuestion:
    return QuizQuestion(
        _("Suppose most of a gain came from form. Was the training worth anything?"),
        (
            Choice(
                _("Yes: what the model could do before, it now says in a way that can be used"),
                True,
                _("How much of it the model could do before, pass@k before tells, and responses that were cut off."),
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
    )


def _held_out_questions() -> QuizQuestion:
    return QuizQuestion(
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
    )


def _pass_at_4() -> QuizQuestion:
    return QuizQuestion(
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
    )


def _paired_shares() -> QuizQuestion:
    return QuizQuestion(
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
    )


def _paired_reason() -> str:
    """What the same two shares mean where few and where many questions changed sides."""
    engine()
    from core.insight.before_after import from_counts

    few, many = from_counts(40, 0, 4, 20), from_counts(30, 10, 14, 10)
    return _(
        "If the second run only adds 4 questions, the difference is {few}; if it wins 14 and loses 10, it is {many}. "
        "More questions, or more seeds, make it narrower."
    ).format(few=change(few), many=change(many))
