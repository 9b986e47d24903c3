"""The check of this lesson, and where its code is."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, Code, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("A > 0 and ρ = 0.6, with ε = 0.2. What happens to this token?"),
            (
                Choice(
                    _("Its gradient is 0, since 0.6 is below 0.8"),
                    False,
                    _("The min takes 0.6·A, the smaller product; that one moves with the policy."),
                ),
                Choice(
                    _("It learns as usual and is pulled back up"),
                    True,
                    _("ρ·A is smaller than 0.8·A, so the unclipped branch wins and its gradient stays."),
                ),
                Choice(
                    _("It is pushed further down"),
                    False,
                    _("A positive advantage always raises the token's probability, or does nothing."),
                ),
            ),
        ),
        QuizQuestion(
            _("You go only once over each rollout (μ = 1, one mini-batch). How many tokens does the clip cut?"),
            (
                Choice(
                    _("None, whatever ε is"),
                    True,
                    _("Every gradient is taken at ratio 1, up to rounding. A clip share of 0 is no fault then."),
                ),
                Choice(
                    _("About as many as with two passes"),
                    False,
                    _("The ratios drift only after the first update, and with μ = 1 nobody looks again."),
                ),
                Choice(
                    _("All of them, as the ratio cannot move"),
                    False,
                    _("A ratio of 1 is inside every range: nothing is cut, and the policy does learn."),
                ),
            ),
        ),
        QuizQuestion(
            _("A log counts every token whose ratio is outside the range as clipped. What is wrong with that?"),
            (
                Choice(
                    _("It counts tokens whose gradient is not cut"),
                    True,
                    _("One side only is cut; which one, the sign of A decides. On the other the token still learns."),
                ),
                Choice(
                    _("It misses tokens within the range that are cut"),
                    False,
                    _("Within the range both products are the same, and nothing is cut."),
                ),
                Choice(
                    _("Nothing: outside the range is what clipped means"),
                    False,
                    _("The ratio is clipped there; the token's gradient, which is what learns, need not be."),
                ),
            ),
        ),
    ]


def code() -> list[Code]:
    return [
        Code(
            "core/algorithms/surrogates/clip.py",
            "clipped_surrogate",
            _("The min of the two products, and the dual clip"),
        ),
        Code("core/algorithms/surrogates/clip.py", "clipped_side", _("Where a token's gradient is really cut")),
    ]
