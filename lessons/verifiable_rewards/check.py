"""The check of this lesson, and where its code is."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, Code, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("A response has the right number in the middle and ends with another one. Who errs?"),
            (
                Choice(
                    _("Nobody: the extraction reads the last number, and that is compared"),
                    True,
                    _("A verifier knows only what was read. So prompts say how the answer is to be written."),
                ),
                Choice(
                    _("The comparison, which should look at all numbers"),
                    False,
                    _("Then a response that lists many numbers would always be right."),
                ),
                Choice(
                    _("The model, which cannot calculate"),
                    False,
                    _("It may have calculated well. The reward is for what is read as its answer."),
                ),
            ),
        ),
        QuizQuestion(
            _("What are hidden tests for?"),
            (
                Choice(
                    _("They make the sandbox safe"),
                    False,
                    _("Limits and walls do that, whatever the tests are."),
                ),
                Choice(
                    _("They notice a program that is right only where it can look"),
                    True,
                    _("A table of the visible examples gets each visible test right."),
                ),
                Choice(
                    _("They make the reward larger"),
                    False,
                    _("One more test can only be failed; a program that fails none is paid the same."),
                ),
            ),
        ),
        QuizQuestion(
            _("Why does the program run in a sandbox, although nobody means any harm?"),
            (
                Choice(
                    _("Because the model is paid for what works, and tries whatever it can write"),
                    True,
                    _("Nobody has read what is sampled: endless loops come by chance, and shortcuts are rewarded."),
                ),
                Choice(
                    _("Because it is faster there"),
                    False,
                    _("It costs a process of its own and limits, for safety."),
                ),
                Choice(
                    _("Because the tests need the network"),
                    False,
                    _("There is none inside; inputs and expected outputs are all that a test is."),
                ),
            ),
        ),
    ]


def code() -> list[Code]:
    return [
        Code("core/tasks/extraction.py", "extract", _("What is read as the answer")),
        Code("core/tasks/matching.py", "equal", _("Whether it is the ground truth")),
        Code("core/rewards/unit_tests/running.py", "run_tests", _("A program's unit tests, run in the sandbox")),
        Code("core/insight/gaming_study.py", "train", _("The study of four rules of payment")),
        Code("core/training/turns.py", "environment_of", _("What the task says between two turns")),
        Code("core/tasks/tool_calls.py", "compare_calls", _("A function call, compared as JSON")),
        Code("core/rewards/placebo.py", "score", _("The placebo")),
    ]
