"""GRPO: a response is worth what it scores above the other answers to its question; every token gets that.

Shao et al. 2024, DeepSeekMath (arXiv:2402.03300). No critic: values, deltas and returns do not exist.

By its settings the same function gives the credit of Dr. GRPO (no division), RLOO (leave-one-out baseline) and
REINFORCE++ (no baseline or the group's mean, then whitening over the batch: Hu et al. 2025, arXiv:2501.03262); see
variants.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from core.algorithms.advantages import group_advantages, group_terms
from core.algorithms.masked import advantage_terms, whitened_credit
from core.algorithms.token_rewards import rewards_of, score_terms
from core.algorithms.types import Credit, Experience
from core.errors import N_, Message
from core.lazy import lazy
from core.learners.kind import LearnerKind, Needs
from core.learners.lines import ALL, NONE, PROMPTS, WHITENED, WITH, penalty
from core.learners.settings import LearnerSettings
from core.terms import Term

if TYPE_CHECKING:
    import torch
else:
    torch = lazy("torch")


class GRPOSettings(LearnerSettings):
    """Credit per response: its reward against its group's, the same for every token. No critic."""

    algorithm: Literal["grpo"] = "grpo"
    name: str = Field("grpo", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    baseline: Literal["group-mean", "leave-one-out", "none"] = Field(
        "group-mean", description="What a response is compared with: its group, the others in it (RLOO), or nothing."
    )
    scale_rewards: Literal["group", "batch", "none"] = Field(
        "group", description="Divide by the group's standard deviation, the batch's, or not at all."
    )
    scale_ddof: Literal[0, 1] = Field(1, description="Divide by G (0) or G − 1 (1) in the standard deviation.")
    scale_eps: float = Field(1e-4, ge=0, le=1, description="Added to the standard deviation before dividing by it.")
    whiten_advantages: bool = Field(False, description="Shift and scale advantages to mean 0 and standard deviation 1.")
    whiten_ddof: Literal[0, 1] = Field(1, description="Divide by N (0) or N − 1 (1) in the standard deviation.")
    dynamic_sampling: bool = Field(
        False, description="Ask other questions in place of those whose responses all score the same (DAPO)."
    )
    max_sampling_rounds: int = Field(
        3, ge=1, le=20, description="How often a step may ask other questions before it makes do with what it has."
    )


def credit(experience: Experience, settings: GRPOSettings) -> Credit:
    """One advantage per response, the same for all its tokens.

    With kl_coef > 0 a response's KL penalty (the sum over its tokens) is taken off its reward before the comparison.
    Raises RequestError if there is then no reference.
    """
    rewards, mask, per_token = experience.rewards, experience.mask, None
    if settings.kl_coef > 0:
        per_token = rewards_of(experience, settings)
        rewards = per_token.sum(1)
    advantage, raw = group_advantages(
        rewards,
        experience.group,
        settings.scale_rewards,
        settings.scale_ddof,
        settings.scale_eps,
        settings.baseline,
    )
    advantages = torch.where(mask, advantage[:, None], 0)
    by = {}
    if settings.scale_rewards == "batch" and len(rewards) > 1:
        by["score_std"] = rewards.var(correction=settings.scale_ddof).sqrt()
    raw_tokens = torch.where(mask, raw[:, None], 0)
    plain = Credit(advantages, raw_tokens, token_rewards=per_token, scores=rewards, step=by)
    return whitened_credit(plain, mask, settings.whiten_ddof) if settings.whiten_advantages else plain


def _terms(settings: GRPOSettings) -> tuple[Term, ...]:
    return (
        *score_terms(settings),
        *group_terms(settings.baseline, settings.scale_rewards),
        *advantage_terms("per_token(credit)", whiten=settings.whiten_advantages),
    )


def _lines(settings: GRPOSettings) -> dict[str, str]:
    less = penalty(settings)
    against = {
        "group-mean": r"A_{i,t} = r_i - \operatorname{mean}(r_1,\dots,r_G)",
        "leave-one-out": r"A_{i,t} = r_i - \tfrac{1}{G-1}\textstyle\sum_{j \ne i} r_j",
        "none": r"A_{i,t} = r_i",
    }
    normalisation = []
    if settings.scale_rewards != "none":
        of = r"r_1,\dots,r_G" if settings.scale_rewards == "group" else rf"\text{{{ALL} }} r"
        spread = rf"\operatorname{{std}}({of}) + {settings.scale_eps:g}"
        normalisation.append(rf"A \leftarrow A \,/\, ({spread})")
    if settings.whiten_advantages:
        normalisation.append(WHITENED)
    # DAPO's 0 < right ones < G, said of any rewards: not all of them are equal.
    mixed = rf"{PROMPTS} \text{{ {WITH} }} \min(r_1,\dots,r_G) < \max(r_1,\dots,r_G)"
    return {
        "questions": mixed if settings.dynamic_sampling else PROMPTS,
        "reward": rf"r_i \leftarrow r_i + \textstyle\sum_t ({less.strip()})" if less else "r_i",
        "advantage": against[settings.baseline],
        "normalisation": r",\quad ".join(normalisation) or NONE,
    }


def _strip_title(settings: GRPOSettings) -> str:
    return {
        "group-mean": N_("{name}: one credit a response, from its group of {size}"),
        "leave-one-out": N_("{name}: one credit a response, from the others of its group of {size}"),
        "none": N_("{name}: one credit a response, from its own reward"),
    }[settings.baseline]


def _refuses(settings: GRPOSettings) -> Message | None:
    if settings.baseline == "none" and settings.scale_rewards != "none":
        return Message(
            "without a baseline, scale_rewards must be none, but is {given} (rewards that are all equal have no spread "
            "to be divided by); whiten_advantages is possible",
            given=settings.scale_rewards,
        )
    return None


def _needs(settings: GRPOSettings) -> Needs:
    """Without a baseline a response stands alone, unless its group says whether it is to be replaced."""
    return Needs(
        groups=True,
        smallest_group=1 if settings.baseline == "none" and not settings.dynamic_sampling else 2,
        replacement_rounds=settings.max_sampling_rounds if settings.dynamic_sampling else 0,
    )


def _without(settings: GRPOSettings) -> frozenset[str]:
    critic = {"value", "value_after", "delta", "return", "value_loss", "vf_explained_var"}
    return frozenset(critic if settings.kl_coef > 0 else critic | {"token_reward"})


KIND = LearnerKind(
    name="grpo",
    title="GRPO",
    summary=N_("One credit for all tokens of a response: its reward against its group's. No critic."),
    settings=GRPOSettings,
    colour="orange",
    credit=credit,
    terms=_terms,
    lines=_lines,
    strip_title=_strip_title,
    source="core/learners/kinds/grpo.py:credit",
    needs=_needs,
    without=_without,
    refuses=_refuses,
    fixed=frozenset({"dynamic_sampling", "max_sampling_rounds"}),
    usual=True,
    order=20,
)
