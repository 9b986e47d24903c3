"""The check of this lesson, and where its code is."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, Code, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("The reward of a run rises to the end. It is paid by a reward model. What do you know?"),
            (
                Choice(
                    _("The replies get better and better"),
                    False,
                    _("Only the proxy is known to rise. What it stands for must be measured apart, or read."),
                ),
                Choice(
                    _("The policy writes more of what the reward model likes"),
                    True,
                    _("Whether somebody likes it, too, the curve does not say."),
                ),
                Choice(
                    _("The reward model gets worse"),
                    False,
                    _("It is frozen. What changes is which replies it is asked about."),
                ),
            ),
        ),
        QuizQuestion(
            _("Why does a reward model that is right about most pairs go wrong far from the start policy?"),
            (
                Choice(
                    _("It forgets its labels during the run"),
                    False,
                    _("It is frozen, and forgets nothing."),
                ),
                Choice(
                    _("No label was about replies of that kind"),
                    True,
                    _("The start policy wrote the labelled pairs. Further away nobody told it what is liked."),
                ),
                Choice(
                    _("Its scores are too large there"),
                    False,
                    _("GRPO, as it is set here, divides by its group's spread: a constant or a scale changes nothing."),
                ),
            ),
        ),
        QuizQuestion(
            _("What does best-of-n do to the weights of the policy?"),
            (
                Choice(
                    _("Nothing: n replies are sampled, and the one that the reward model likes best is taken"),
                    True,
                    _("So its distance from the start is known from n alone, and grows slowly with it."),
                ),
                Choice(
                    _("It updates them n times"),
                    False,
                    _("There is no update at all."),
                ),
                Choice(
                    _("It pulls them back to the start"),
                    False,
                    _("They never leave it. A KL penalty pulls back."),
                ),
            ),
        ),
    ]


def code() -> list[Code]:
    return [
        Code("core/rewards/judge.py", "judge", _("The judge: labels by a hidden taste, with noise")),
        Code("core/training/proxy.py", "Proxy.score", _("The proxy: what a reward model pays")),
        Code("core/algorithms/over_optimisation.py", "fit", _("The fitted curves")),
        Code("core/algorithms/over_optimisation.py", "best_of_n", _("The best of n, over all ways to draw them")),
        Code("core/insight/proxy_push.py", "push", _("The study: one policy, pushed")),
    ]
