"""PPO: a critic says what each prefix is worth, and each token is credited with what it changed.

Schulman et al. 2017 (arXiv:1707.06347) with the token-level KL reward of Ouyang et al. 2022 (arXiv:2203.02155).
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from pydantic import Field

from core.algorithms.advantages import gae, gae_terms
from core.algorithms.masked import advantage_terms, whitened_credit
from core.algorithms.token_rewards import rewards_of, token_reward_terms
from core.algorithms.types import Credit, Experience
from core.errors import N_, Message, RequestError
from core.learners.kind import LearnerKind, Needs
from core.learners.lines import NONE, PROMPTS, WHITENED, measured_value, token_reward
from core.learners.settings import LearnerSettings
from core.terms import Term


class PPOSettings(LearnerSettings):
    """Credit per token: a critic predicts each prefix's value, GAE turns surprises into advantages."""

    algorithm: Literal["ppo"] = "ppo"
    name: str = Field("ppo", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    kl_coef: float = Field(0.05, ge=0, le=10, description="Weight of the KL penalty in the reward.")
    gamma: float = Field(1.0, ge=0, le=1, description="Discount: how much a reward one token later counts.")
    lam: float = Field(0.95, ge=0, le=1, description="GAE's λ: 0 trusts the critic alone, 1 the outcome alone.")
    lam_critic: float | None = Field(
        None, ge=0, le=1, description="GAE's λ in what the critic is fitted to (VAPO has 1); none: the same as lam."
    )
    whiten_advantages: bool = Field(True, description="Shift and scale advantages to mean 0 and standard deviation 1.")
    whiten_ddof: Literal[0, 1] = Field(1, description="Divide by N (0) or N − 1 (1) in the standard deviation.")
    vf_coef: float = Field(1.0, ge=0, le=100, description="Weight of the value loss.")
    cliprange_value: float | None = Field(
        0.2, gt=0, le=100, description="How far a value may move per rollout; none: free."
    )
    value_learning_rate: float = Field(6e-4, gt=0, le=1, description="Step size of the critic's Adam optimiser.")
    value_head_learning_rate: float | None = Field(
        None, gt=0, le=1, description="Step size of the critic's head alone; none: the same as its backbone's."
    )
    value_num_iterations: int | None = Field(
        None, ge=1, le=64, description="The critic's passes over each rollout; none: as many as the policy's."
    )
    value_replay_steps: int = Field(
        0,
        ge=0,
        le=32,
        description="So many earlier steps' responses the critic learns from beside the newest, with the targets that "
        "they had (PPG).",
    )
    value_warmup_steps: int = Field(0, ge=0, le=1000, description="First steps in which only the critic learns.")
    value_freeze_after: int | None = Field(
        None, ge=0, le=100_000, description="Steps after which the critic learns no more; none: it never stops."
    )
    value_model: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        description="Start weights of the critic: one that comes with the app, fitted to the start model, by its name; "
        "none: the start model's, with a head of zeros.",
    )
    value_pretrain_updates: int = Field(
        0,
        ge=0,
        le=20_000,
        description="Updates of the critic before the first step, on fresh responses of the start policy.",
    )
    value_pretrain_learning_rate: float = Field(
        1e-3, gt=0, le=1, description="Largest step size of the critic before the first step; it rises and falls again."
    )
    oracle_continuations: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Measured values in the critic's place, the mean of so many fresh continuations of each prefix, as "
        "VinePPO has them; none: a critic learns.",
    )
    bootstrap_truncated: bool = Field(
        False, description="Count the critic's value after a cut-off response; otherwise nothing follows it."
    )


def credit(experience: Experience, settings: PPOSettings) -> Credit:
    """Advantages per token, from the critic's values or measured ones.

    Raises RequestError if the experience lacks what they need.
    """
    if experience.values is None:
        raise RequestError(
            "{learner}: PPO needs the critic's values of the responses, but there are none", learner=settings.name
        )
    if settings.bootstrap_truncated and experience.value_after is None:
        raise RequestError(
            "{learner}: bootstrap_truncated needs the critic's value after each response", learner=settings.name
        )
    rewards = rewards_of(experience, settings)
    estimate = partial(
        gae,
        rewards,
        experience.values,
        experience.mask,
        settings.gamma,
        value_after=experience.value_after if settings.bootstrap_truncated else None,
        truncated=experience.truncated,
    )
    raw, returns, deltas = estimate(settings.lam)
    if settings.lam_critic is not None:
        _, returns, _ = estimate(settings.lam_critic)
    measured = settings.oracle_continuations is not None  # and fitted to nothing
    plain = Credit(raw, raw, rewards, deltas, None if measured else returns)
    return whitened_credit(plain, experience.mask, settings.whiten_ddof) if settings.whiten_advantages else plain


def _terms(settings: PPOSettings) -> tuple[Term, ...]:
    *whitening, advantage = advantage_terms("advantage_raw", whiten=settings.whiten_advantages)
    # The advantage is a kind's last term; before it the return is the last, since the advantage does not need it.
    measured = settings.oracle_continuations is not None
    return (
        *token_reward_terms(settings),
        *gae_terms("gamma * lam", bootstrap=settings.bootstrap_truncated, measured=measured),
        *whitening,
        *(() if measured else (_return_term(settings),)),
        advantage,
    )


def _return_term(settings: PPOSettings) -> Term:
    """What the critic is fitted to: GAE's with a λ of its own where it has one (VAPO, arXiv:2504.05118)."""
    own = settings.lam_critic is not None
    return Term(
        "return",
        "scan(delta, gamma * lam_critic) + value" if own else "advantage_raw + value",
        title=N_("return R"),
        help=(
            N_("What the critic learns to predict: value + GAE with the critic's own λ. Not part of the advantage.")
            if own
            else N_("What the critic learns to predict: raw advantage + value. Not part of the advantage.")
        ),
        tex="R_t",
        source="core/algorithms/advantages.py:gae",
        given=("lam_critic",),
    )


def _lines(settings: PPOSettings) -> dict[str, str]:
    discount = "" if settings.gamma == 1 else rf"{settings.gamma:g}\,"
    value, measured = "V" if settings.oracle_continuations else r"V_\phi", settings.oracle_continuations
    parts = [
        rf"A_t = \textstyle\sum_l {settings.gamma * settings.lam:g}^l\,\delta_{{t+l}}",
        rf"\delta_t = r_t + {discount}{value}(s_{{t+1}}) - {value}(s_t)",
    ]
    if settings.lam_critic is not None and not measured:
        fading = settings.gamma * settings.lam_critic
        parts.append(rf"R_t = {value}(s_t) + \textstyle\sum_l {fading:g}^l\,\delta_{{t+l}}")
    if measured:
        parts.append(measured_value(measured))
    return {
        "questions": PROMPTS,
        "reward": token_reward(settings),
        "advantage": r",\quad ".join(parts),
        "normalisation": WHITENED if settings.whiten_advantages else NONE,
    }


def _strip_title(settings: PPOSettings) -> str:
    if settings.oracle_continuations is None:
        if settings.value_model is not None or settings.value_pretrain_updates:
            return N_("{name}: each token its own credit, from a critic fitted beforehand")
        return N_("{name}: each token its own credit, from the critic")
    if settings.oracle_continuations == 1:
        return N_("{name}: each token its own credit, measured by one fresh ending")
    return N_("{name}: each token its own credit, measured by {oracle_continuations} fresh endings")


def _needs(settings: PPOSettings) -> Needs:
    measured = settings.oracle_continuations
    return Needs(critic=True) if measured is None else Needs(continuations=measured)


def _without(settings: PPOSettings) -> frozenset[str]:
    of_scores = {"score", "score_std"}
    of_critics = {"return", "value_loss", "vf_explained_var", "value_after"}
    return frozenset(of_scores if settings.oracle_continuations is None else of_scores | of_critics)


#: What only a critic that learns can have; the others (its learning rates …) lead to nothing where there is none.
_OF_CRITIC = (
    *("bootstrap_truncated", "lam_critic", "value_num_iterations", "value_head_learning_rate"),
    *("value_replay_steps", "value_warmup_steps", "value_freeze_after", "value_pretrain_updates", "value_model"),
)


def _refuses(settings: PPOSettings) -> Message | None:
    until, first = settings.value_freeze_after, settings.value_warmup_steps
    if until is not None and until < first:
        return Message(
            "value_freeze_after={until} is below value_warmup_steps={first}: after the critic had stopped learning, "
            "there would be steps in which nothing learns",
            until=until,
            first=first,
        )
    if settings.value_model is not None and settings.value_pretrain_updates:
        return Message(
            "value_model={given} is a critic that was fitted already, so value_pretrain_updates must be 0, but is "
            "{updates}; or leave value_model out",
            given=settings.value_model,
            updates=settings.value_pretrain_updates,
        )
    asked = [x for x in _OF_CRITIC if getattr(settings, x) != type(settings).model_fields[x].default]
    if settings.oracle_continuations is not None and asked:
        return Message(
            "with oracle_continuations={given} there is no critic, so {settings} cannot be set",
            given=settings.oracle_continuations,
            settings=asked,
        )
    return None


KIND = LearnerKind(
    name="ppo",
    title="PPO",
    summary=N_("Each token its own credit, from a critic that trains beside the policy."),
    settings=PPOSettings,
    colour="blue",
    credit=credit,
    terms=_terms,
    lines=_lines,
    strip_title=_strip_title,
    source="core/learners/kinds/ppo.py:credit",
    needs=_needs,
    without=_without,
    refuses=_refuses,
    fixed=frozenset({"oracle_continuations", "value_model", "value_pretrain_updates", "value_pretrain_learning_rate"}),
    usual=True,
    order=10,
)
