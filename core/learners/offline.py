"""What kinds that learn from a fixed data set have in common."""

from __future__ import annotations

from core.errors import N_, Message
from core.learners.settings import LearnerSettings

#: Columns of the trace that none of them has: there is no critic and no reward per token, nor are true values measured
#: of responses that the policy did not write.
WITHOUT = frozenset(
    {
        *("value", "value_after", "delta", "return", "value_loss", "vf_explained_var"),
        *("token_reward", "score_std"),
        *("value_measured", "value_measured_noise", "advantage_measured", "value_check_scored"),
        *("value_outcome_ceiling", "value_error_group_mean", "value_error_constant"),
    }
)

_PAID = N_("The data set's rewards stay what they were; a KL can be weighed in the loss (beta).")
#: Settings of every learner that mean nothing to any of them, and why.
UNUSED = {
    "kl_coef": _PAID,
    "kl_reward_estimator": _PAID,
    "reward_model": N_("The data set is scored by the task, before the first step."),
}


def refuses_penalty(settings: LearnerSettings) -> Message | None:
    """Why a KL penalty in the reward cannot be; None where there is none."""
    if settings.kl_coef > 0:
        return Message(
            "kl_coef is {given}, but the data set's rewards stay what they were; beta weighs a KL in the loss",
            given=settings.kl_coef,
        )
    return None
