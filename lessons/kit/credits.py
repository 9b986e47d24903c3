"""The bridge of a stored step as the lesson draws it: stops, their credit, and how exactly each identity holds.

The credit of a stop comes from core.insight.bridge, hence from the functions that train. The right-hand side of each
identity is worked out here from the trace's raw numbers alone, so the printed gap compares two computations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.tasks.registry import task_kind
from lessons.i18n import _
from lessons.kit.lesson import Frozen, Group, Reply, engine

if TYPE_CHECKING:
    from torch import Tensor

    from core.insight import whatif

#: Between λ = 1 and the group's mean: how much of the value is the mean's.
MIXES = {"mix-25": 0.25, "mix-50": 0.5, "mix-75": 0.75}


@dataclass(frozen=True)
class StopCredit:
    key: str
    advantages: Any  # [B, T]
    gap: float  # largest difference between the two sides of the stop's identity
    samples: tuple[int, ...]

    def numbers(self, batch: Frozen, reply: Reply) -> list[float]:
        """The credit of each token of a response."""
        numbers: list[float] = self.advantages[self.samples.index(reply.sample), : len(reply.tokens)].tolist()
        return numbers


@dataclass(frozen=True)
class Crossing:
    """All stops from PPO to GRPO, in order."""

    stops: tuple[StopCredit, ...]
    tokens: int

    def at(self, key: str) -> StopCredit:
        """The stop of this key; raises KeyError if there is none."""
        return {x.key: x for x in self.stops}[key]


def clear_case(batch: Frozen, group: Group) -> Reply:
    """The response to look at first: a wrong one that has the form of a right one (for sums: the same number of them),
    with the most varied credit; where there is none, or the task knows no such form, the group's most telling.
    """
    task = batch.run.config.task
    form = task_kind(task).form
    if form is None:
        return group.telling
    right = re.compile(form(task))
    formed = [x for x in group.replies if not x.success and not x.truncated and right.fullmatch(x.text)]
    return max(formed, key=lambda x: x.spread) if formed else group.telling


def crossing(batch: Frozen) -> Crossing:
    """The bridge on a stored PPO step's panel."""
    return _crossing(batch.run.id, batch.run.created, batch.learner, batch.step, batch)


@st.cache_resource(show_spinner=False, max_entries=32)
def _crossing(run_id: str, made: float, learner: str, step: int, _batch: Frozen) -> Crossing:
    engine()
    from core.insight.bridge import bridge
    from core.insight.whatif import credit_under, mixed_values, stored_step
    from core.learners import registry

    stored = stored_step(_batch.samples, _batch.tokens)
    assert registry.needs_of(_batch.settings).critic
    others = [x for x in _batch.run.config.learners if registry.needs_of(x).groups]
    grpo = others[0] if others else registry.learner("grpo")
    crossed = bridge(stored, _batch.settings, grpo)
    credits: dict[str, Tensor] = {}
    for stop in crossed:
        if stop.stop == "undiscounted" and not stop.changed:
            continue  # γ is 1 already: nothing to see
        if stop.stop == "group-mean":
            before = crossed[[x.stop for x in crossed].index("outcome")].settings
            for key, share in MIXES.items():
                credits[key] = credit_under(stored, before, mixed_values(stored, share)).advantages
        credits[stop.stop] = stop.credit.advantages
    sides = _right_hand_sides(stored, _batch.settings, crossed[-1].settings, credits["raw"])
    mask, samples = stored.panel.mask, tuple(stored.panel.samples)
    gaps = {key: float((x - sides[key]).abs()[mask].max()) for key, x in credits.items()}
    return Crossing(tuple(StopCredit(key, x, gaps[key], samples) for key, x in credits.items()), int(mask.sum()))


def _right_hand_sides(step: whatif.StoredStep, ppo: Any, grpo: Any, raw: Tensor) -> dict[str, Tensor]:
    """Each identity's right side, [B, T]: sums written out, without a recursion and without credit functions."""
    import torch

    panel, mask = step.panel, step.panel.mask
    value, reward = panel.column("value"), panel.rewards[:, None]
    last = mask & (mask.cumsum(1) == mask.sum(1, keepdim=True))
    same = panel.group[:, None] == panel.group[None]
    mean = (same.float() @ panel.rewards / same.sum(1))[:, None]
    squares = torch.where(same, (panel.rewards[None] - mean) ** 2, 0.0).sum(1)
    spread = (squares / (same.sum(1) - grpo.scale_ddof).clamp(min=1)).sqrt()[:, None]
    if grpo.scale_rewards == "batch":
        spread = panel.rewards.std(correction=grpo.scale_ddof)
    divided = reward - mean if grpo.scale_rewards == "none" else (reward - mean) / (spread + grpo.scale_eps)
    penalty = panel.column("token_reward") - torch.where(last, reward, 0.0)  # beside the score

    def discounted(rewards: Tensor, gamma: float) -> Tensor:
        after = torch.cat([value[:, 1:], torch.zeros_like(value[:, :1])], 1)
        delta = torch.where(mask, rewards + gamma * torch.where(last, 0.0, after) - value, 0.0)
        places = torch.arange(mask.shape[1])
        ahead = places[None] - places[:, None]  # [t, t + l] -> l
        weights = torch.where(ahead >= 0, (gamma * ppo.lam) ** ahead.clamp(min=0).float(), 0.0)
        return delta @ weights.T

    score = torch.where(last, reward, 0.0)
    real = raw[mask]
    sides = {
        "ppo": (raw - real.mean()) / real.std(correction=ppo.whiten_ddof) if ppo.whiten_advantages else raw,
        "raw": discounted(score + penalty, ppo.gamma),
        "score-only": discounted(score, ppo.gamma),
        "undiscounted": discounted(score, 1.0),
        "outcome": reward - value,
        "group-mean": (reward - mean).expand_as(value),
        "grpo": divided.expand_as(value),
    }
    return sides | {key: reward - torch.lerp(value, mean.expand_as(value), share) for key, share in MIXES.items()}


def identity_words(key: str) -> tuple[str, str, str]:
    """A stop's title, its identity as LaTeX, and what it says."""
    mean = r"\operatorname{mean}(r)"
    table = {
        "ppo": (
            _("PPO as it trains"),
            r"\hat A_t = (A_t - \operatorname{mean}(A)) \,/\, \operatorname{std}(A)",
            _("the critic's credit, whitened; here over the responses whose tokens were kept."),
        ),
        "raw": (
            _("no whitening"),
            r"A_t = \textstyle\sum_l (\gamma\lambda)^l\, \delta_{t+l}",
            _("credit in units of reward: every surprise from here on, faded by γλ."),
        ),
        "score-only": (
            _("no KL penalty"),
            r"A_t = \textstyle\sum_l (\gamma\lambda)^l\, \delta_{t+l},\quad \textstyle\sum_t r_t = r_i",
            _("the verifier's score alone, all of it at the last token."),
        ),
        "undiscounted": (
            _("γ = 1"),
            r"\textstyle\sum_t \delta_t = r_i - V(s_0)",
            _("later rewards count as much as earlier ones."),
        ),
        "outcome": (
            _("λ = 1"),
            r"A_t = r_i - V(s_t)",
            _("all surprises count in full, so every value in between cancels: the outcome against the critic."),
        ),
        "group-mean": (
            _("V = the group's mean"),
            rf"A_t = r_i - {mean}",
            _("the mean does not know the place, so all tokens get the same: GRPO without its division."),
        ),
        "grpo": (
            _("GRPO"),
            rf"A_t = (r_i - {mean}) \,/\, (\operatorname{{std}}(r) + \epsilon)",
            _("divided by the spread of the group's rewards."),
        ),
    }
    for mix, share in MIXES.items():
        percent = f"{share:.0%}"
        table[mix] = (
            _("{share} the group's mean").format(share=percent),
            rf"A_t = r_i - \bigl({1 - share:g}\, V(s_t) + {share:g}\, {mean}\bigr)",
            _("the value is moved towards one number for the whole group, and the strip flattens."),
        )
    return table[key]
