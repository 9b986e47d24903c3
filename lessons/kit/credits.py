"""The bridge of a stored step as the lesson draws it: stops, their credit, and how exactly each identity holds.

The credit of a stop comes from core.insight.bridge, hence from the functions that train. What is printed and checked of
it are the equations of core.insight.identities.
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
    from core.algorithms.types import Credit

#: Between λ = 1 and the group's mean: how much of the value is the mean's.
MIXES = {"mix-25": 0.25, "mix-50": 0.5, "mix-75": 0.75}


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
    from core.insight.identities import equations
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
    stated = equations(stored, _batch.settings, crossed[-1].settings, credits, MIXES)
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
