"""The check of the lesson on GRPO."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [_all_wrong(), _right_first_step(), _rare_success(), _aggregation()]


def _all_wrong() -> QuizQuestion:
    return QuizQuestion(
        _("All eight responses of a group are wrong. What does GRPO learn from them?"),
        (
            Choice(
                _("To avoid all eight"),
                False,
                _("None of them is worse than the others: each difference from the mean is 0."),
            ),
            Choice(
                _("Nothing: every advantage is 0"),
                True,
                _("The group has no spread and no signal, the same as when all eight are right."),
            ),
            Choice(
                _("It divides by 0 and the training breaks"),
                False,
                _("Differences of 0 are kept at exactly 0; ε is added to the spread besides."),
            ),
        ),
    )


def _right_first_step() -> QuizQuestion:
    return QuizQuestion(
        _("A wrong response begins with a correct first step. What does GRPO tell the tokens of that step?"),
        (
            Choice(_("That they were good"), False, _("Nothing in GRPO looks inside a response.")),
            Choice(
                _("The same as every other token of the response: that they were bad"),
                True,
                _(
                    "One advantage per response. Only over many groups does it show that good steps stand in right "
                    "responses more often."
                ),
            ),
            Choice(
                _("Nothing, since only the last token is credited"),
                False,
                _("The reward comes at the end, but its advantage goes to every token."),
            ),
        ),
    )


def _rare_success() -> QuizQuestion:
    return QuizQuestion(
        _("A question is answered rightly once in 8 tries. You divide by the group's spread. What happens?"),
        (
            Choice(
                _("The success gets an advantage of about 2.5"),
                True,
                _("(G − 1)/√G = 2.47 for G = 8: rare outcomes are made large, successes and failures alike."),
            ),
            Choice(
                _("It gets 1/8, as it is 1 of 8"),
                False,
                _("1/8 is the mean. The success lies 7/8 above it, and that is divided by a small spread."),
            ),
            Choice(
                _("It gets 1, as its reward is 1"),
                False,
                _("The reward is compared with the group, not used as it is."),
            ),
        ),
    )


def _aggregation() -> QuizQuestion:
    return QuizQuestion(
        _("Which aggregation lets a long wrong response pay less per token than a short one?"),
        (
            Choice(
                "`token-mean`",
                False,
                _("There every token weighs the same: a long wrong response pays in proportion to its length."),
            ),
            Choice(
                "`seq-mean-token-mean`",
                True,
                _(
                    "It spreads each response's weight over its tokens. Dr. GRPO's paper (arXiv:2503.20783) names "
                    "it as a cause of wrong responses that grow longer and longer."
                ),
            ),
            Choice(
                "`seq-mean-token-sum-norm`",
                False,
                _("Dr. GRPO was made against just this: one constant for every token."),
            ),
        ),
    )
