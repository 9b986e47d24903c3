"""The check of this lesson, and where its code is."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, Code, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("What makes PPO and GRPO two methods, where all settings that both have are the same?"),
            (
                Choice(
                    _("Only the advantage of each token"),
                    True,
                    _(
                        "Ratio, clip and update are the same code. The usual settings differ in more, as this page "
                        "says."
                    ),
                ),
                Choice(_("The ratio and its clip"), False, _("Both use the same ratio and the same clip.")),
                Choice(
                    _("The reward of a response"),
                    False,
                    _("The verifier scores both alike; a KL penalty may be taken off in either."),
                ),
            ),
        ),
        QuizQuestion(
            _("With γ = λ = 1 and no KL penalty, what is PPO's advantage of a token (before whitening)?"),
            (
                Choice(
                    _("The response's reward minus the critic's value before the token"),
                    True,
                    _("All later surprises add up: every value in between cancels."),
                ),
                Choice(_("The change of the critic's value at that token"), False, _("That is λ = 0.")),
                Choice(
                    _("The reward minus the group's mean"),
                    False,
                    _("Only if the critic's value is replaced by the group's mean, which is the next stop."),
                ),
            ),
        ),
        QuizQuestion(
            _("You make a wrong response of a group a right one. What happens to the other responses' credit?"),
            (
                Choice(
                    _("GRPO's falls for all of them; PPO's stays as it was (both before normalisation)"),
                    True,
                    _("The group's mean rises for all. A critic values each response by itself."),
                ),
                Choice(_("Both stay"), False, _("GRPO compares within the group, so its neighbours feel it.")),
                Choice(_("PPO's falls too"), False, _("The critic's value of another response does not change.")),
            ),
        ),
        QuizQuestion(
            _("Why is GRPO's credit the same for all tokens of a response?"),
            (
                Choice(
                    _("Its baseline, the group's mean, does not depend on the place in the response"),
                    True,
                    _("Reward and baseline are both numbers of the whole response."),
                ),
                Choice(
                    _("It divides by the length"),
                    False,
                    _("That is aggregation in the loss, and not what makes it flat."),
                ),
                Choice(_("Because its λ is 0"), False, _("It has no λ; on the bridge it corresponds to λ = 1.")),
            ),
        ),
    ]


def code() -> list[Code]:
    return [
        Code("core/insight/bridge.py", "bridge", _("The bridge from PPO to GRPO")),
        Code("core/insight/whatif.py", "credit_under", _("A stored step's credit under any settings")),
        Code("core/learners/kinds/ppo.py", "credit", _("PPO's credit")),
        Code("core/learners/kinds/grpo.py", "credit", _("GRPO's credit")),
    ]
