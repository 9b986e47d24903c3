r"""LaTeX that several kinds' formulas share.

Words in a formula stand in \text{…}, each a message (N_) by itself: pages show them in the viewer's language.
"""

from __future__ import annotations

from core.errors import N_
from core.learners.settings import LearnerSettings

OF_DATA, WITH, ALL = N_("of the data set"), N_("with"), N_("all")
PROMPTS = r"q_1,\dots,q_P"
WHITENED = r"A \leftarrow (A - \operatorname{mean}(A)) \,/\, \operatorname{std}(A)"
NONE = r"\text{none}"


def penalty(settings: LearnerSettings) -> str:
    """The KL penalty of a token's reward, with its sign; "" where there is none."""
    return "" if settings.kl_coef == 0 else rf" - {settings.kl_coef:g}\,k_{{{settings.kl_reward_estimator[1]},t}}"


def token_reward(settings: LearnerSettings) -> str:
    """A reward per token: the penalty everywhere, the response's reward at its end."""
    return rf"r_t = \mathbb{{1}}[t = T]\,r_i{penalty(settings)}"


def measured_value(continuations: int) -> str:
    """A prefix's value as it is measured: the mean reward of so many fresh continuations."""
    return rf"V(s) = \tfrac{{1}}{{{continuations}}}\textstyle\sum_k r(s\,o^k)"
