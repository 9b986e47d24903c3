"""The check of this lesson, and where its code is."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, Code, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("Which of these learns offline?"),
            (
                Choice(
                    _("A policy that samples, is scored, and is updated, all on a computer without a network"),
                    False,
                    _("It learns from fresh responses of its own, so it learns online."),
                ),
                Choice(
                    _("A policy that learns from a file of prompts, responses and rewards, for many epochs"),
                    True,
                    _("Nothing fresh is written: the file stays what it was."),
                ),
                Choice(
                    _("A policy whose prompts come from a list"),
                    False,
                    _("Prompts may be fixed in both. What counts is who writes the responses, and when."),
                ),
            ),
        ),
        QuizQuestion(
            _("An offline policy has begun to make a mistake that is in no response of the set. What follows?"),
            (
                Choice(
                    _("The next epoch punishes it"),
                    False,
                    _("Only responses of the set are scored, and it is in none of them."),
                ),
                Choice(
                    _("No reward speaks about it"),
                    True,
                    _("It is neither sampled nor scored. Online, it would be, in the next step."),
                ),
                Choice(
                    _("DPO notices it, as it compares pairs"),
                    False,
                    _("The pairs are of the set as well."),
                ),
            ),
        ),
        QuizQuestion(
            _("Half of the rewards in the set are flipped. What does SFT on the rewarded responses copy?"),
            (
                Choice(
                    _("Right responses only, as it knows the truth"),
                    False,
                    _("It knows the rewards of the set, nothing else."),
                ),
                Choice(
                    _("Right and wrong responses as often as the start model wrote them"),
                    True,
                    _("Flipping half of either kind leaves a reward that says nothing, so it copies a fair mixture."),
                ),
                Choice(
                    _("Nothing: it stops"),
                    False,
                    _("Some responses are rewarded, and those it copies."),
                ),
            ),
        ),
    ]


def code() -> list[Code]:
    return [
        Code("core/training/collecting.py", "Collector.collect", _("The frozen set: written and scored once")),
        Code("core/learners/kinds/dpo.py", "credit", _("DPO: the pull of a pair")),
        Code("core/learners/kinds/sft.py", "credit", _("SFT: every token counts alike")),
        Code("core/learners/kinds/offline_pg.py", "credit", _("Policy gradient on the frozen set")),
        Code("core/training/coverage.py", "measure", _("Coverage: the set under the policy as it is now")),
    ]
