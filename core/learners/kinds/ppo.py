"""PPO: a critic says what each prefix is worth, and each token is credited with what it changed.

Schulman et al. 2017 (arXiv:1707.06347) with the token-level KL reward of Ouyang et al. 2022 (arXiv:2203.02155).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.algorithms.advantages import gae, gae_terms
from core.algorithms.masked import advantage_terms, whitened_credit
from core.algorithms.token_rewards import rewards_of, token_reward_terms
from core.algorithms.types import Credit, Experience
from core.errors import N_, RequestError
from core.learners.kind import LearnerKind, Needs
from core.learners.lines import NONE, PROMPTS, WHITENED, token_reward
from core.learners.settings import LearnerSettings
from core.terms import Term


class PPOSettings(LearnerSettings):
    """Credit per token: a critic predicts each prefix's value, GAE turns surprises into advantages."""

    algorithm: Literal["ppo"] = "ppo"
    name: str = Field("ppo", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    kl_coef: float = Field(0.05, ge=0, le=10, description="Weight of the KL penalty in the reward.")
    gamma: float = Field(1.0, ge=0, le=1, description="Discount: how much a reward one token later counts.")
    lam: float = Field(0.95, ge=0, le=1, description="GAE's λ: 0 trusts the critic alone, 1 the outcome alone.")
    whiten_advantages: bool = Field(True, description="Shift and scale advantages to mean 0 and standard deviation 1.")
    whiten_ddof: Literal[0, 1] = Field(1, description="Divide by N (0) or N − 1 (1) in the standard deviation.")
    vf_coef: float = Field(1.0, ge=0, le=100, description="Weight of the value loss.")
    cliprange_value: float | None = Field(
        0.2, gt=0, le=100, description="How far a value may move per rollout; none: free."
    )
    value_learning_rate: float = Field(6e-4, gt=0, le=1, description="Step size of the critic's Adam optimiser.")
    value_warmup_steps: int = Field(0, ge=0, le=1000, description="First steps in which only the critic learns.")
    bootstrap_truncated: bool = Field(
        False, description="Count the critic's value after a cut-off response; otherwise nothing follows it."
    )


def credit(experience: Experience, settings: PPOSettings) -> Credit:
    """Advantages per token, from the critic's values. Raises RequestError if the experience lacks what they need."""
    if experience.values is None:
        raise RequestError(
            "{learner}: PPO needs the critic's values of the responses, but there are none", learner=settings.name
        )
    if settings.bootstrap_truncated and experience.value_after is None:
        raise RequestError(
            "{learner}: bootstrap_truncated needs the critic's value after each response", learner=settings.name
        )
    rewards = rewards_of(experience, settings)
    raw, returns, deltas = gae(
        rewards,
        experience.values,
        experience.mask,
        settings.gamma,
        settings.lam,
        value_after=experience.value_after if settings.bootstrap_truncated else None,
        truncated=experience.truncated,
    )
    plain = Credit(raw, raw, rewards, deltas, returns)
    return whitened_credit(plain, experience.mask, settings.whiten_ddof) if settings.whiten_advantages else plain


def _terms(settings: PPOSettings) -> tuple[Term, ...]:
    *whitening, advantage = advantage_terms("advantage_raw", whiten=settings.whiten_advantages)
    # The advantage is a kind's last term; before it the return is the last, since the advantage does not need it.
    return (
        *token_reward_terms(settings),
        *gae_terms("gamma * lam", bootstrap=settings.bootstrap_truncated),
        *whitening,
        Term(
            "return",
            "advantage_raw + value",
            title=N_("return R"),
            help=N_("What the critic learns to predict: raw advantage + value. Not part of the advantage."),
            tex="R_t",
            source="core/algorithms/advantages.py:gae",
        ),
        advantage,
    )


def _lines(settings: PPOSettings) -> dict[str, str]:
    discount = "" if settings.gamma == 1 else rf"{settings.gamma:g}\,"
    delta = rf"\delta_t = r_t + {discount}V_\phi(s_{{t+1}}) - V_\phi(s_t)"
    return {
        "questions": PROMPTS,
        "reward": token_reward(settings),
        "advantage": rf"A_t = \textstyle\sum_l {settings.gamma * settings.lam:g}^l\,\delta_{{t+l}},\quad {delta}",
        "normalisation": WHITENED if settings.whiten_advantages else NONE,
    }


KIND = LearnerKind(
    name="ppo",
    title="PPO",
    summary=N_("Each token its own credit, from a critic that trains beside the policy."),
    settings=PPOSettings,
    colour="blue",
    credit=credit,
    terms=_terms,
    lines=_lines,
    strip_title=lambda _settings: N_("{name}: each token its own credit, from the critic"),
    source="core/learners/kinds/ppo.py:credit",
    needs=lambda _settings: Needs(critic=True),
    without=lambda _settings: frozenset({"frac_reward_zero_std", "group_reward_std", "score", "score_std"}),
    order=10,
)
