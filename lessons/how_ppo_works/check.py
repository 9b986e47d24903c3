"""The check of the lesson on PPO, and where its code is."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Choice, Code, QuizQuestion


def questions() -> list[QuizQuestion]:
    return [_trained(), _credit_in_the_middle(), _at_lambda_0(), _first_ratio()]


def _trained() -> QuizQuestion:
    return QuizQuestion(
        _("Which of these are trained in PPO?"),
        (
            Choice(_("the policy and the value model"), True, _("The update changes just these two.")),
            Choice(
                _("the policy and the reference"),
                False,
                _("The reference is a frozen copy of the start: if it moved, staying near it would mean nothing."),
            ),
            Choice(
                _("the policy and the reward"),
                False,
                _("The reward is fixed while the policy learns; here it has no weights at all."),
            ),
        ),
    )


def _credit_in_the_middle() -> QuizQuestion:
    return QuizQuestion(
        _("The reward comes once, at the end. Where does a token in the middle get its own credit from?"),
        (
            Choice(
                _("from what changed in the critic's expectation there, and later"),
                True,
                _("δ is that change, less the token's KL penalty; GAE adds later ones, faded by γλ."),
            ),
            Choice(
                _("from the reward, divided by the number of tokens"),
                False,
                _("Then all tokens would get the same, the wrong digit as much as the semicolon."),
            ),
            Choice(
                _("from the KL penalty"),
                False,
                _("That comes token by token and is part of the credit, but it knows nothing of the outcome."),
            ),
        ),
    )


def _at_lambda_0() -> QuizQuestion:
    return QuizQuestion(
        _("With λ = 0 and a critic that expects the same everywhere, what credit do tokens before the last get?"),
        (
            Choice(
                _("none but their KL penalty"),
                True,
                _("With γ = 1 no expectation changes: until the end δ is the KL penalty alone."),
            ),
            Choice(
                _("the final reward, each of them"),
                False,
                _("That would need λ = 1: only then does the outcome reach back in full."),
            ),
            Choice(_("a random amount"), False, _("Nothing is random here: δ follows from rewards and expectations.")),
        ),
    )


def _first_ratio() -> QuizQuestion:
    return QuizQuestion(
        _("Why is every ratio 1 before the first update of a step?"),
        (
            Choice(
                _("the policy that is trained is still the one that wrote the tokens"),
                True,
                _(
                    "Both probabilities are of the same weights. Scored alike they are the same number; where the "
                    "sampler's count as the old ones, the same up to rounding."
                ),
            ),
            Choice(
                _("the clip holds it there"),
                False,
                _("The clip never changes a ratio. It only stops the gradient of some tokens."),
            ),
            Choice(
                _("the reference has the same weights"),
                False,
                _("The reference is no part of the ratio; it is compared in the KL."),
            ),
        ),
    )


def code() -> list[Code]:
    return [
        Code("core/learners/kinds/ppo.py", "credit", _("PPO's credit, as a whole")),
        Code("core/algorithms/token_rewards.py", "token_rewards", _("KL and reward for each token")),
        Code("core/algorithms/advantages.py", "gae", _("δ, GAE and returns")),
        Code("core/algorithms/masked.py", "whitened", _("whitening")),
        Code("core/algorithms/surrogates/clip.py", "clipped_surrogate", _("ratio and clip in the objective")),
        Code("core/training/trainer.py", "Trainer._step", _("one training step")),
    ]
