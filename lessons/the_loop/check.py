"""The check of this lesson, and where its code is."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, Code, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("What does the update get to see of a prompt?"),
            (
                Choice(
                    _("The right answer, written out"),
                    False,
                    _("Only the reward function compares with it. The model is never shown a response to copy."),
                ),
                Choice(
                    _("The model's own responses, each with a reward"),
                    True,
                    _("(prompt, response, reward): nothing else goes into the update."),
                ),
                Choice(
                    _("Responses that a person wrote"),
                    False,
                    _("That is supervised learning. Here the model writes all responses itself."),
                ),
            ),
        ),
        QuizQuestion(
            _("Why is this learning called online?"),
            (
                Choice(
                    _("Because the model is reached over the internet"),
                    False,
                    _("The model may be anywhere: the word is about when the responses are written."),
                ),
                Choice(
                    _("Because each round's responses are written by the model as it is then"),
                    True,
                    _("Sampled, scored, learnt from, and sampled anew by the changed model."),
                ),
                Choice(
                    _("Because the prompts come from users"),
                    False,
                    _("They may come from a list. What is fresh are the responses."),
                ),
            ),
        ),
        QuizQuestion(
            _("A prompt whose right response the model never samples: what can this loop teach it there?"),
            (
                Choice(
                    _("The right response, after enough rounds"),
                    False,
                    _("A response that is never sampled is never rewarded."),
                ),
                Choice(
                    _("Nothing about that prompt itself, only what carries over from others"),
                    True,
                    _("With rewards of 0 alone there is nothing to prefer. Other prompts may still help."),
                ),
                Choice(
                    _("The reward function corrects it"),
                    False,
                    _("It gives a number. It does not write responses."),
                ),
            ),
        ),
    ]


def code() -> list[Code]:
    return [
        Code("core/training/trainer.py", "Trainer._step", _("One round, from prompts to the update")),
        Code("core/training/rollout.py", "sample", _("The model writes responses")),
        Code("core/tasks/kinds/chain_sum.py", "ChainSum.verify", _("The reward: the task's own verifier")),
        Code("core/training/passes.py", "Passes", _("The update: passes over the step's responses")),
    ]
