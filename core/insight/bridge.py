"""From PPO to GRPO on the same responses, one change at a time; every stop is an identity that a test proves.

ppo           as it trains: a critic's values, γ, λ, a KL penalty in the reward, whitening
raw           no whitening                  A_t = Σ_l (γλ)^l δ_{t+l}
score-only    no KL in the reward           Σ_t r_t = r_i, all of it at the last token
undiscounted  γ = 1                         Σ_t δ_t = r_i - V(s_0)
outcome       λ = 1                         A_t = r_i - V(s_t)
group-mean    V = the group's mean reward   A_t = r_i - mean(r), at every token: GRPO without the division
grpo          divided by the group's spread A_t = (r_i - mean(r)) / (std(r) + ε)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core.algorithms.types import Credit
from core.insight.whatif import StoredStep, ValueSource, adjusted, credit_under
from core.learners.registry import AnyLearner

Stop = Literal["ppo", "raw", "score-only", "undiscounted", "outcome", "group-mean", "grpo"]

#: What each stop changes, in order; the last is GRPO's own function.
CHANGES: dict[Stop, dict[str, Any]] = {
    "ppo": {},
    "raw": {"whiten_advantages": False},
    "score-only": {"kl_coef": 0.0},
    "undiscounted": {"gamma": 1.0},
    "outcome": {"lam": 1.0},
    "group-mean": {},
    "grpo": {},
}


@dataclass(frozen=True)
class Credited:
    """One stop of the bridge, with all that came before it."""

    stop: Stop
    changed: dict[str, Any]  # settings that this stop sets; empty where they were so already
    settings: AnyLearner
    values: ValueSource
    credit: Credit


def bridge(step: StoredStep, ppo: AnyLearner, grpo: AnyLearner) -> list[Credited]:
    """All stops, PPO's first. The trace must have a critic's values (PPO's does).

    Cut-off responses are taken as over (bootstrap_truncated is off: the value after one is not in a trace), and GRPO
    has no KL in its reward here, compares with its group and is not whitened.
    """
    settings = adjusted(ppo, {"bootstrap_truncated": False})
    stops = []
    for stop, change in CHANGES.items():
        if stop == "grpo":
            plain = {"kl_coef": 0.0, "baseline": "group-mean", "whiten_advantages": False}
            last = adjusted(grpo, plain)
            stops.append(Credited(stop, {}, last, "group-mean", credit_under(step, last)))
            continue
        changed = {name: value for name, value in change.items() if getattr(settings, name) != value}
        settings = adjusted(settings, changed)
        values: ValueSource = "group-mean" if stop == "group-mean" else "stored"
        stops.append(Credited(stop, changed, settings, values, credit_under(step, settings, values)))
    return stops
