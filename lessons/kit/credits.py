"""The bridge of a stored step as the lesson draws it: stops, their credit, and how exactly each identity holds.

The credit of a stop comes from core.insight.bridge, hence from the functions that train. The right-hand side of each
identity is worked out here from the trace's raw numbers alone, so the printed gap compares two computations. What is
printed and what is checked stand in one place, `Equation`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.tasks.registry import task_kind
from lessons.i18n import _
from lessons.kit.lesson import Frozen, Group, Reply, engine
from lessons.kit.lesson.replies import clearest, slips

if TYPE_CHECKING:
    from torch import Tensor

    from core.algorithms.types import Credit
    from core.insight import whatif

#: Between λ = 1 and the group's mean: how much of the value is the mean's.
MIXES = {"mix-25": 0.25, "mix-50": 0.5, "mix-75": 0.75}


@dataclass(frozen=True)
class Equation:
    """What a stop says, as LaTeX, and both of its sides: [B, T] for every token, or [B] for every response."""

    latex: str
    left: Any
    right: Any

    def gap(self, mask: Tensor) -> float:
        """The largest difference between the sides."""
        apart = (self.left - self.right).abs()
        return float((apart[mask] if apart.dim() == 2 else apart).max())


@dataclass(frozen=True)
class StopCredit:
    key: str
    advantages: Any  # [B, T]
    surprises: Any  # δ [B, T]; None where the credit is not made of them
    latex: str  # the stop's identity
    gap: float  # largest difference between the two sides of all that `latex` says
    samples: tuple[int, ...]

    def numbers(self, reply: Reply) -> list[float]:
        """The credit of each token of a response."""
        return self._of(self.advantages, reply)

    def deltas(self, reply: Reply) -> list[float]:
        """The surprise of each token of a response. Raises ValueError where the stop has none."""
        if self.surprises is None:
            raise ValueError(f"the credit of {self.key} is not made of surprises")
        return self._of(self.surprises, reply)

    def _of(self, tensor: Any, reply: Reply) -> list[float]:
        numbers: list[float] = tensor[self.samples.index(reply.sample), : len(reply.tokens)].tolist()
        return numbers


@dataclass(frozen=True)
class Crossing:
    """All stops from PPO to GRPO, in order."""

    stops: tuple[StopCredit, ...]
    tokens: int

    def at(self, key: str) -> StopCredit:
        """The stop of this key; raises KeyError if there is none."""
        return {x.key: x for x in self.stops}[key]

    def parts(self, reply: Reply) -> tuple[list[float], list[float]]:
        """PPO's raw credit of a response in two: what critic and reward make of it, and what the KL penalty adds."""
        critic = self.at("score-only").numbers(reply)
        whole = self.at("raw").numbers(reply)
        return critic, [a - b for a, b in zip(whole, critic, strict=True)]


def clear_case(batch: Frozen, group: Group) -> Reply:
    """The response to look at first: the one whose slip the critic sees best. Where it sees none, a wrong one that has
    the form of a right one (for sums: the same number of them), with the most varied credit; where there is none, or
    the task knows no such form, the group's most telling.
    """
    if (slip := clearest(slips([group]))) is not None:
        return slip.reply
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
    registry.discount_of(_batch.settings)  # raises where there are no γ and λ to cross with
    others = [x for x in _batch.run.config.learners if registry.needs_of(x).groups]
    grpo = others[0] if others else registry.learner("grpo")
    crossed = bridge(stored, _batch.settings, grpo)
    credits: dict[str, Credit] = {}
    for stop in crossed:
        if stop.stop == "undiscounted" and not stop.changed:
            continue  # γ is 1 already: nothing to see
        if stop.stop == "group-mean":
            before = crossed[[x.stop for x in crossed].index("outcome")].settings
            for key, share in MIXES.items():
                credits[key] = credit_under(stored, before, mixed_values(stored, share))
        credits[stop.stop] = stop.credit
    stated = _equations(stored, _batch.settings, crossed[-1].settings, credits)
    mask, samples = stored.panel.mask, tuple(stored.panel.samples)
    stops = [
        StopCredit(
            key,
            credit.advantages,
            credit.deltas,
            r",\quad ".join(x.latex for x in stated[key]),
            max(x.gap(mask) for x in stated[key]),
            samples,
        )
        for key, credit in credits.items()
    ]
    return Crossing(tuple(stops), int(mask.sum()))


def _equations(step: whatif.StoredStep, ppo: Any, grpo: Any, credits: dict[str, Credit]) -> dict[str, list[Equation]]:
    """Each stop's identity: its left side is the credit, its right side the trace's raw numbers, with sums written out,
    without a recursion and without credit functions.
    """
    import torch

    from core.algorithms.masked import WHITEN_EPS

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

    score, raw = torch.where(last, reward, 0.0), credits["raw"].advantages
    real = raw[mask]
    average = r"\operatorname{mean}(r)"
    surprises = r"A_t = \textstyle\sum_l (\gamma\lambda)^l\, \delta_{t+l}"
    # As in training, so that credit which is 0 everywhere (a first step without any reward) stays 0.
    deviation = real.std(correction=ppo.whiten_ddof) + WHITEN_EPS
    whitened = (raw - real.mean()) / deviation if ppo.whiten_advantages else raw
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
    for key, share in MIXES.items():
        mixed = rf"A_t = r_i - \bigl({1 - share:g}\, V(s_t) + {share:g}\, {average}\bigr)"
        sides[key] = mixed, reward - torch.lerp(value, mean.expand_as(value), share)
    stated = {key: [Equation(sides[key][0], credit.advantages, sides[key][1])] for key, credit in credits.items()}
    rewards = credits["score-only"].token_rewards
    if rewards is not None:
        stated["score-only"].append(Equation(r"\textstyle\sum_t r_t = r_i", rewards.sum(1), panel.rewards))
    if "undiscounted" in stated and (deltas := credits["undiscounted"].deltas) is not None:
        whole = r"\textstyle\sum_t \delta_t = r_i - V(s_0)"
        stated["undiscounted"].append(Equation(whole, deltas.sum(1), panel.rewards - value[:, 0]))
    return stated


def identity_words(key: str) -> tuple[str, str]:
    """A stop's title, and what it says."""
    table = {
        "ppo": (
            _("PPO as it trains"),
            _("the critic's credit with the KL penalty's, normalised; here over the responses whose tokens were kept."),
        ),
        "raw": (
            _("no whitening"),
            _("credit in units of reward: every surprise from here on, faded by γλ."),
        ),
        "score-only": (
            _("no KL penalty"),
            _("the verifier's score alone, all of it at the last token: what is left is the critic's part."),
        ),
        "undiscounted": (_("γ = 1"), _("later rewards count as much as earlier ones.")),
        "outcome": (
            _("λ = 1"),
            _("all surprises count in full, so every value in between cancels: the outcome against the critic."),
        ),
        "group-mean": (
            _("V = the group's mean"),
            _("the mean does not know the place, so all tokens get the same: GRPO without its division."),
        ),
        "grpo": (_("GRPO"), _("what GRPO's own function gives.")),
    }
    for mix, share in MIXES.items():
        table[mix] = (
            _("{share} the group's mean").format(share=f"{share:.0%}"),
            _("the value is moved towards one number for the whole group, and the strip flattens."),
        )
    return table[key]
