"""The check of this lesson, and where its code is."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, Code, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("Your log shows a negative KL for one batch. What does it mean?"),
            (
                Choice(
                    _("The policy has moved closer than the reference is to itself"),
                    False,
                    _("The KL itself is never below 0."),
                ),
                Choice(
                    _("The log averages k1, an estimate whose single values can be negative"),
                    True,
                    _("On sampled tokens k1 has both signs; over few tokens even its mean may fall below 0."),
                ),
                Choice(
                    _("β was set to a negative number"),
                    False,
                    _("β weighs the KL in the loss; the KL that is logged is the same without it."),
                ),
            ),
        ),
        QuizQuestion(
            _("Which estimate, used as the loss itself, has the gradient of KL(policy ‖ reference)?"),
            (
                Choice("k1", False, _("Its gradient is ∇ log π, which averages to 0 over the policy's own samples.")),
                Choice("k2", True, _("Its factor is the log-ratio: just the score-function gradient of the KL.")),
                Choice(
                    "k3", False, _("On average its gradient is that of KL(reference ‖ policy), the other way round.")
                ),
            ),
        ),
        QuizQuestion(
            _("A KL penalty is part of the reward, and λ is above 0. Which of it reaches a token's advantage?"),
            (
                Choice(
                    _("Its own and that of the tokens after it"),
                    True,
                    _("Token rewards go through GAE, which carries what comes later back to the token."),
                ),
                Choice(
                    _("Only its own"),
                    False,
                    _("That is the KL in the loss: there each token answers for itself alone."),
                ),
                Choice(
                    _("That of all tokens before it"),
                    False,
                    _("GAE looks ahead: what came before a token is no part of its advantage."),
                ),
            ),
        ),
    ]


def code() -> list[Code]:
    return [
        Code("core/algorithms/kl.py", "kl_k3", _("The estimate k3")),
        Code("core/algorithms/kl.py", "kl_exact", _("The exact KL")),
        Code("core/insight/kl_gradient.py", "directions", _("The gradient that each really gives")),
    ]
