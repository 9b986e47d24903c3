"""Sentences that several parts of this lesson say, each chosen by the numbers on the page."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Frozen
from lessons.kit.numbers import signed


def penalty_words(batch: Frozen) -> str:
    """What the KL penalty costs in this run, if anything."""
    estimate = batch.settings.kl_reward_estimator
    if batch.settings.kl_coef == 0:
        return _("In this run no KL penalty is taken off the reward (β = 0).")
    if estimate == "k1":
        return _(
            "Where the policy finds a token likelier than the reference does, k1 is above 0 and costs β = {beta:g} "
            "times as much reward; where it finds it less likely, it is paid as much."
        ).format(beta=batch.settings.kl_coef)
    return _("The estimate {estimate} of the KL costs β = {beta:g} times as much reward at each token.").format(
        estimate=estimate, beta=batch.settings.kl_coef
    )


def surprise_words(n: int, whole: float, critic: float, penalty: float) -> str:
    """A token's surprise in its two parts; `n` counts from 1."""
    sentence = _("The surprise δ of token {n} itself is {delta}").format(n=n, delta=signed(whole, 3))
    parts = _("{critic} from the critic and the reward, {penalty} from the KL penalty").format(
        critic=signed(critic, 3), penalty=signed(penalty, 3)
    )
    return _("{whole}: {parts}.").format(whole=sentence, parts=parts)
