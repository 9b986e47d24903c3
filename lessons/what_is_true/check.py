"""The check of the lesson on what is true."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, QuizQuestion
from lessons.kit.records import efficiency_words


def questions() -> list[QuizQuestion]:
    return [_value(), _expected_token(), _explained_variance(), _wrong_response()]


def _value() -> QuizQuestion:
    return QuizQuestion(
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
                _("A right beginning may still be ruined later, and a wrong one can be repaired."),
            ),
            Choice(
                _("What the critic says once it has converged"),
                False,
                _("The critic estimates it; how well is just what this page measures."),
            ),
        ),
    )


def _expected_token() -> QuizQuestion:
    return QuizQuestion(
        _("A right token that the policy writes nearly always has a true advantage of nearly 0. Why?"),
        (
            Choice(
                _("It was expected"),
                True,
                _("An advantage is a change of expectation. What was expected changes nothing."),
            ),
            Choice(
                _("Only wrong tokens have advantages"),
                False,
                _("A right token that was unlikely has a positive one, if it raises the value."),
            ),
            Choice(
                _("Rewards come only at the end"),
                False,
                _("Values carry the reward back to where it was decided; that is what they are for."),
            ),
        ),
    )


def _explained_variance() -> QuizQuestion:
    return QuizQuestion(
        _("A critic explains 0.35 of the true values' variance. Is it better than one constant number?"),
        (
            Choice(
                _("That cannot be told from it"),
                True,
                _(
                    "Explained variance does not see a constant error: add 10 to every value, and it stays. "
                    "Compare mean squared errors."
                ),
            ),
            Choice(
                _("Yes, as it is above 0"),
                False,
                _("Below 0 a critic is worse than the best constant; above 0 it may be either."),
            ),
            Choice(
                _("No, as it is below 1"),
                False,
                _("1 is a perfect critic, up to a constant; a worse one may still beat a constant."),
            ),
        ),
    )


def _wrong_response() -> QuizQuestion:
    return QuizQuestion(
        _("GRPO blames all tokens of a wrong response alike. Why does it still learn?"),
        (
            Choice(
                _("Over many responses, innocent tokens are praised in right ones, too; a ruinous one seldom is"),
                True,
                _("The errors average out over samples. What that costs here: {measured}").format(
                    measured=efficiency_words("chain-sum")
                ),
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
    )
