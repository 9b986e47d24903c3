"""The check of this lesson, and where its code is."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, Code, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("A reward model gives every reply 5 more than before. What does its loss do?"),
            (
                Choice(
                    _("It falls: all rewards are larger"),
                    False,
                    _("The loss knows only r_j − r_k. What is added to both goes away."),
                ),
                Choice(
                    _("Nothing: only differences count"),
                    True,
                    _("So a run takes the rewards with their mean taken away, divided by their standard deviation."),
                ),
                Choice(
                    _("It rises: the model is too sure"),
                    False,
                    _("How sure it is, is σ of the difference, which stays what it was."),
                ),
            ),
        ),
        QuizQuestion(
            _("You always preferred the shorter of the two. What has the reward model learnt?"),
            (
                Choice(
                    _("That you value your time"),
                    False,
                    _("It never sees a reason, only which of two texts was preferred."),
                ),
                Choice(
                    _("Whatever goes along with being shorter in those pairs"),
                    True,
                    _("Shortness, but also bluntness, if short replies were blunt: labels do not tell the two apart."),
                ),
                Choice(
                    _("Nothing, since the labels give no score"),
                    False,
                    _("Which of two is better is enough: many pairs together make a scale."),
                ),
            ),
        ),
        QuizQuestion(
            _("Two people label the same pair differently. What becomes of it?"),
            (
                Choice(
                    _("Both labels count; the best the model can do is to be unsure about that pair"),
                    True,
                    _("With one label each way, the loss is least at σ = ½, that is r_j = r_k."),
                ),
                Choice(
                    _("The pair is thrown away"),
                    False,
                    _("Disagreement is information: that replies are about equally good."),
                ),
                Choice(
                    _("The label that came last counts"),
                    False,
                    _("Labels are added up, each with its weight."),
                ),
            ),
        ),
    ]


def code() -> list[Code]:
    return [
        Code("core/algorithms/preferences.py", "bradley_terry_loss", _("The loss: −log σ(r_j − r_k)")),
        Code("core/algorithms/preferences.py", "calibration", _("How sure against how often right")),
        Code("core/training/reward_model.py", "RewardTrainer.prefixes", _("The reward of every prefix")),
        Code("core/rewards/judge.py", "judge", _("The machine judge")),
        Code("core/training/proxy.py", "Proxy.score", _("The reward model as a run's reward")),
    ]
