"""The step's numbers, over every token of the step. Means over tokens are masked means: pads never count."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from core.algorithms.advantages import group_std, zero_std_groups
from core.algorithms.kl import kl_k3
from core.algorithms.masked import masked_mean
from core.algorithms.policy_loss import PolicyLoss
from core.algorithms.types import Credit, Experience
from core.algorithms.value_loss import explained_variance
from core.learners.registry import needs_of
from core.learners.settings import LearnerSettings

#: What a whole step was normalised by, where it was.
OF_STEP = ("advantage_mean", "advantage_std", "score_std")


@dataclass
class Meter:
    """Collects what each optimiser step of the update saw."""

    losses: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    kls: list[float] = field(default_factory=list)
    moved: float | None = None  # mean k3 from before the step's first update to after its last, once that is known
    norms: list[float] = field(default_factory=list)
    value_losses: list[float] = field(default_factory=list)

    def policy(self, results: list[PolicyLoss], masks: list[Tensor], kls_old: list[Tensor], norm: float) -> None:
        """One optimiser step of the policy, in the parts that it was computed in.

        `kls_old` [B, T] are k3 of the policy before the step's update to the one now.
        """
        mask = torch.cat(masks)
        clipped = torch.cat([x.clipped for x in results])
        self.losses.append(sum(float(x.loss.detach()) for x in results))
        self.ratios.append(float(masked_mean(torch.cat([x.ratio.detach() for x in results]), mask)))
        self.low.append(float(masked_mean((clipped == -1).float(), mask)))
        self.high.append(float(masked_mean((clipped == 1).float(), mask)))
        self.kls.append(float(masked_mean(torch.cat(kls_old), mask)))
        self.norms.append(norm)


def step_scalars(
    experience: Experience, credit: Credit, settings: LearnerSettings, entropy: Tensor, meter: Meter
) -> dict[str, float | int | None]:
    """The columns of the steps table that follow from tensors. A number that does not exist is None."""
    mask, rewards = experience.mask, experience.rewards
    kl, grouped = None, needs_of(settings).groups and bool((torch.bincount(experience.group) > 1).any())
    if experience.logprobs_ref is not None:
        kl = float(masked_mean(kl_k3(experience.logprobs_old, experience.logprobs_ref), mask))
    explained = None
    if experience.values is not None and credit.returns is not None:
        explained = float(explained_variance(experience.values, credit.returns, mask))
    return {
        "reward": float(rewards.mean()),
        "reward_std": float(rewards.std()) if len(rewards) > 1 else None,
        "group_reward_std": float(group_std(rewards, experience.group).mean()) if grouped else None,
        "frac_reward_zero_std": float(zero_std_groups(rewards, experience.group)) if grouped else None,
        "kl": kl,
        "entropy": float(masked_mean(entropy, mask)),
        "ratio_mean": _mean(meter.ratios),
        "clip_ratio": _mean([low + high for low, high in zip(meter.low, meter.high, strict=True)]),
        "clip_ratio_low": _mean(meter.low),
        "clip_ratio_high": _mean(meter.high),
        "approx_kl": meter.moved,
        "approx_kl_update": _mean(meter.kls),
        "policy_loss": _mean(meter.losses),
        "value_loss": _mean(meter.value_losses),
        "vf_explained_var": None if explained is None or not math.isfinite(explained) else explained,
        "completion_length": float(mask.sum(-1).float().mean()),
        "truncated_frac": float(experience.truncated.float().mean()),
        "grad_norm": _mean(meter.norms),
        **{name: float(credit.step[name]) if name in credit.step else None for name in OF_STEP},
    }


def speed(tokens: float, seconds: float, rollout: float) -> dict[str, float]:
    """The columns of the steps table on how fast a step was: its tokens, and the seconds that all of it and its rollout
    took."""
    return {
        "tokens_per_second": tokens / seconds,
        "step_time_s": seconds,
        "rollout_time_s": rollout,
        "update_time_s": seconds - rollout,
    }


def _mean(numbers: list[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None
