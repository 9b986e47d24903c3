"""Where PPO's reward stands: a KL penalty at every token, the response's score at its last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from core.algorithms.kl import ESTIMATORS, kl_terms
from core.algorithms.masked import last_token
from core.algorithms.types import Experience
from core.errors import N_, RequestError
from core.lazy import lazy
from core.terms import Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")


class Penalty(Protocol):
    """The settings of a KL penalty in the reward; every learner has them."""

    @property
    def name(self) -> str: ...
    @property
    def kl_coef(self) -> float: ...
    @property
    def kl_reward_estimator(self) -> str: ...


def token_rewards(score: Tensor, mask: Tensor, kl: Tensor | None = None, kl_coef: float = 0.0) -> Tensor:
    """r_t = -kl_coef * kl_t, plus the score at the last real token; score [B], mask and kl [B, T] -> [B, T].

    Ziegler et al. 2019 (arXiv:1909.08593), eq. 2, spread over tokens as in Ouyang et al. 2022 (arXiv:2203.02155). The
    last real token is the end-of-sequence token, or the last that fitted; never padding. 0 where the mask is False.
    """
    rewards = torch.where(last_token(mask), score[:, None], 0)
    if kl is None or kl_coef == 0:
        return rewards
    return rewards - torch.where(mask, kl_coef * kl, 0)


def rewards_of(experience: Experience, settings: Penalty) -> Tensor:
    """A step's token rewards under a learner's settings [B, T]. Raises RequestError if its KL term has no reference."""
    kl = None
    if settings.kl_coef > 0:
        if experience.logprobs_ref is None:
            raise RequestError(
                "{learner}: kl_coef is {given}, but there are no reference log-probabilities",
                learner=settings.name,
                given=settings.kl_coef,
            )
        kl = ESTIMATORS[settings.kl_reward_estimator](experience.logprobs_old, experience.logprobs_ref)
    return token_rewards(experience.rewards, experience.mask, kl, settings.kl_coef)


def token_reward_terms(settings: Penalty) -> tuple[Term, ...]:
    """How `rewards_of` leads from a response's reward to the column token_reward."""
    given = ("kl_coef", "kl_reward_estimator")
    score, penalty = "(reward if last else 0)", f"old_{settings.kl_reward_estimator}"
    charged = settings.kl_coef > 0
    reward = Term(
        "token_reward",
        f"{score} - kl_coef * {penalty}" if charged else "reward if last else 0",
        title=N_("reward"),
        help=(
            N_(
                "The KL penalty, at every token: kl_coef × the KL when sampled is taken off. At the response's last "
                "token the verifier's reward comes on top."
            )
            if charged
            else N_("0 except at the response's last token, where it is the verifier's reward.")
        ),
        tex="r_t",
        source="core/algorithms/token_rewards.py:token_rewards",
        given=given,
    )
    if not charged:
        return (reward,)
    return (*kl_terms([settings.kl_reward_estimator], sampled=True), reward)


def score_terms(settings: Penalty) -> tuple[Term, ...]:
    """What a response is compared by: its reward, less its KL penalty (the sum over its tokens) where that is charged.

    The penalty is column token_reward's; the trace has that column only where it is charged.
    """
    if settings.kl_coef == 0:
        return (Term("score", "reward", title=N_("reward"), tex="r_i", given=("kl_coef",)),)
    total = Term(
        "score",
        "sum_response(token_reward)",
        title=N_("reward less KL penalties"),
        help=N_("What the response is compared by: its tokens' rewards, added up."),
        tex="r_i",
        source="core/algorithms/token_rewards.py:rewards_of",
        given=("kl_coef",),
    )
    return (*token_reward_terms(settings), total)
