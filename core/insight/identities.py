"""What each stop from PPO to GRPO (bridge.py) says, as an equation whose two sides are worked out apart.

The left side is the stop's credit, by the functions that train. The right side is worked out from the trace's raw
numbers alone, with sums written out, so that the gap between the sides compares two computations. B responses, T
positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.algorithms.masked import WHITEN_EPS
from core.algorithms.types import Credit
from core.insight.whatif import StoredStep


@dataclass(frozen=True)
class Equation:
    """What a stop says, as LaTeX, and both of its sides: [B, T] for every token, or [B] for every response."""

    latex: str
    left: Tensor
    right: Tensor

    def gap(self, mask: Tensor) -> float:
        """The largest difference between the sides."""
        apart = (self.left - self.right).abs()
        return float((apart[mask] if apart.dim() == 2 else apart).max())


def equations(
    step: StoredStep, ppo: Any, grpo: Any, credits: Mapping[str, Credit], mixes: Mapping[str, float]
) -> dict[str, list[Equation]]:
    """Each stop's identities: their left side is its credit, by key in `credits`, their right side the trace's numbers.

    The right side has no recursion and no credit function. `ppo` and `grpo` are the settings at both ends of the way;
    `mixes` are the keys of stops between λ = 1 and the group's mean, and how much of the value is the mean's there.
    """
    panel, mask = step.panel, step.panel.mask
    value, reward = panel.column("value"), panel.rewards[:, None]
    last = mask & (mask.cumsum(1) == mask.sum(1, keepdim=True))
    mean, divided = _against_group(panel.rewards, panel.group, grpo)
    penalty = panel.column("token_reward") - torch.where(last, reward, 0.0)  # beside the score

    def discounted(rewards: Tensor, gamma: float) -> Tensor:
        return _summed_surprises(rewards, value, mask, last, gamma, ppo.lam)

    score, raw = torch.where(last, reward, 0.0), credits["raw"].advantages
    average = r"\operatorname{mean}(r)"
    surprises = r"A_t = \textstyle\sum_l (\gamma\lambda)^l\, \delta_{t+l}"
    whitened = _whitened(raw, mask, ppo.whiten_ddof) if ppo.whiten_advantages else raw
    white = r"\hat A_t = (A_t - \operatorname{mean}(A)) \,/\, \operatorname{std}(A)"
    division = {
        "none": rf"A_t = r_i - {average}",
        "group": rf"A_t = (r_i - {average}) \,/\, (\operatorname{{std}}(r) + \epsilon)",
        "batch": rf"A_t = (r_i - {average}) \,/\, (\operatorname{{std}}(\text{{all }} r) + \epsilon)",
    }
    # By stop: what is printed and the right side of it for every token, then what else is printed.
    sides: dict[str, tuple[str, Tensor]] = {
        "ppo": (white if ppo.whiten_advantages else r"\hat A_t = A_t", whitened),
        "raw": (surprises, discounted(score + penalty, ppo.gamma)),
        "score-only": (surprises, discounted(score, ppo.gamma)),
        "undiscounted": (r"A_t = \textstyle\sum_l \lambda^l\, \delta_{t+l}", discounted(score, 1.0)),
        "outcome": (r"A_t = r_i - V(s_t)", reward - value),
        "group-mean": (rf"A_t = r_i - {average}", (reward - mean).expand_as(value)),
        "grpo": (division[grpo.scale_rewards], divided.expand_as(value)),
    }
    for key, share in mixes.items():
        mixed = rf"A_t = r_i - \bigl({1 - share:g}\, V(s_t) + {share:g}\, {average}\bigr)"
        sides[key] = mixed, reward - torch.lerp(value, mean.expand_as(value), share)
    stated = {key: [Equation(sides[key][0], credit.advantages, sides[key][1])] for key, credit in credits.items()}
    return _with_sums(stated, credits, panel.rewards, value)


def _against_group(rewards: Tensor, group: Tensor, grpo: Any) -> tuple[Tensor, Tensor]:
    """The mean reward of each response's group, and the reward less that, divided as `grpo` wants; both [B, 1]."""
    reward, same = rewards[:, None], group[:, None] == group[None]
    mean = (same.float() @ rewards / same.sum(1))[:, None]
    squares = torch.where(same, (rewards[None] - mean) ** 2, 0.0).sum(1)
    spread = (squares / (same.sum(1) - grpo.scale_ddof).clamp(min=1)).sqrt()[:, None]
    if grpo.scale_rewards == "batch":
        spread = rewards.std(correction=grpo.scale_ddof)
    return mean, reward - mean if grpo.scale_rewards == "none" else (reward - mean) / (spread + grpo.scale_eps)


def _summed_surprises(rewards: Tensor, value: Tensor, mask: Tensor, last: Tensor, gamma: float, lam: float) -> Tensor:
    """GAE as a double sum: each token's surprise and those after it, faded by gamma * lam; all tensors [B, T]."""
    after = torch.cat([value[:, 1:], torch.zeros_like(value[:, :1])], 1)
    delta = torch.where(mask, rewards + gamma * torch.where(last, 0.0, after) - value, 0.0)
    places = torch.arange(mask.shape[1])
    ahead = places[None] - places[:, None]  # [t, t + l] -> l
    weights = torch.where(ahead >= 0, (gamma * lam) ** ahead.clamp(min=0).float(), 0.0)
    return delta @ weights.T


def _whitened(raw: Tensor, mask: Tensor, ddof: int) -> Tensor:
    """Less the mean, over the standard deviation, of the step's tokens; [B, T]."""
    real = raw[mask]
    # As in training, so that credit which is 0 everywhere (a first step without any reward) stays 0.
    deviation = real.std(correction=ddof) + WHITEN_EPS
    return (raw - real.mean()) / deviation


def _with_sums(
    stated: dict[str, list[Equation]], credits: Mapping[str, Credit], scores: Tensor, value: Tensor
) -> dict[str, list[Equation]]:
    """What holds of a response's sums besides: rewards come to its score [B], surprises to what was not expected."""
    rewards = credits["score-only"].token_rewards
    if rewards is not None:
        stated["score-only"].append(Equation(r"\textstyle\sum_t r_t = r_i", rewards.sum(1), scores))
    if "undiscounted" in stated and (deltas := credits["undiscounted"].deltas) is not None:
        whole = r"\textstyle\sum_t \delta_t = r_i - V(s_0)"
        stated["undiscounted"].append(Equation(whole, deltas.sum(1), scores - value[:, 0]))
    return stated
