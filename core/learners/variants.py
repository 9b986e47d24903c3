"""The algorithms by name: each is PPO, GRPO or VinePPO with some settings, and a formula whose lines show which.

The lines are written from the settings themselves, so what a page shows is what trains. `lines(a)` and `lines(b)`
compared line by line say where two algorithms differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core.config import AnyLearner, GRPOSettings, PPOSettings, VineSettings

Line = Literal["questions", "reward", "advantage", "normalisation", "ratio", "surrogate", "kl", "aggregation"]


@dataclass(frozen=True)
class Variant:
    """One named algorithm."""

    name: str  # also what a learner of it is called
    title: str
    paper: str  # authors, year, arXiv number
    model: type[PPOSettings] | type[GRPOSettings] | type[VineSettings]
    changes: dict[str, Any]  # settings other than the model's defaults
    note: str = ""  # where it is not the paper to the letter

    @property
    def settings(self) -> AnyLearner:
        """A learner of this variant."""
        return self.model.model_validate({"name": self.name, **self.changes})


#: Constant length instead of the response's own: what makes Dr. GRPO and RLOO unbiased by length.
_SUM = {"aggregation": "seq-mean-token-sum-norm"}

VARIANTS: dict[str, Variant] = {
    x.name: x
    for x in (
        Variant(
            "ppo",
            "PPO",
            "Schulman et al. 2017, arXiv:1707.06347; Ouyang et al. 2022, arXiv:2203.02155",
            PPOSettings,
            {},
        ),
        Variant(
            "grpo",
            "GRPO",
            "Shao et al. 2024, arXiv:2402.03300",
            GRPOSettings,
            {},
            "The paper averages over each response first (aggregation=seq-mean-token-mean) and has beta=0.04; "
            "the defaults are those of today's libraries.",
        ),
        Variant(
            "dr-grpo",
            "Dr. GRPO",
            "Liu et al. 2025, arXiv:2503.20783",
            GRPOSettings,
            {"scale_rewards": "none", **_SUM},
        ),
        Variant(
            "rloo",
            "RLOO",
            "Ahmadian et al. 2024, arXiv:2402.14740",
            GRPOSettings,
            {"baseline": "leave-one-out", "scale_rewards": "none", **_SUM},
            "The paper takes one on-policy update; the clip keeps further passes near it.",
        ),
        Variant(
            "reinforce-pp",
            "REINFORCE++",
            "Hu et al. 2025, arXiv:2501.03262",
            GRPOSettings,
            {"baseline": "none", "scale_rewards": "none", "whiten_advantages": True},
            "With kl_coef > 0 the paper takes off each token only the penalty that is still to come; "
            "here the whole response's is taken off.",
        ),
        Variant(
            "reinforce-pp-baseline",
            "REINFORCE++-baseline",
            "Hu et al. 2025, arXiv:2501.03262",
            GRPOSettings,
            {"scale_rewards": "none", "whiten_advantages": True, "beta": 0.01, "kl_loss_estimator": "k2"},
        ),
        Variant(
            "dapo",
            "DAPO",
            "Yu et al. 2025, arXiv:2503.14476",
            GRPOSettings,
            {"epsilon_high": 0.28, "dynamic_sampling": True, "aggregation": "token-mean"},
            "Without the paper's softer punishment of overlong answers: these are short.",
        ),
        Variant(
            "gspo",
            "GSPO",
            "Zheng et al. 2025, arXiv:2507.18071",
            GRPOSettings,
            {"importance_sampling_level": "sequence", "aggregation": "seq-mean-token-mean"},
            "The paper's clip range (3e-4 and 4e-4) is for responses of thousands of tokens, whose mean moves little.",
        ),
        Variant(
            "cispo",
            "CISPO",
            "MiniMax-M1 2025, arXiv:2506.13585",
            GRPOSettings,
            {"surrogate": "cispo", "epsilon_high": 4.0, "aggregation": "token-mean"},
            "The bound, 1 + 4, is the one that ScaleRL (arXiv:2510.13786) and TRL recommend.",
        ),
        Variant("vine", "VinePPO", "Kazemnejad et al. 2024, arXiv:2410.01679", VineSettings, {}),
    )
}


def lines(settings: AnyLearner) -> dict[Line, str]:
    """The algorithm's formula as LaTeX, line by line, in the order in which it is computed."""
    return {
        "questions": _questions(settings),
        "reward": _reward(settings),
        "advantage": _advantage(settings),
        "normalisation": _normalisation(settings),
        "ratio": _ratio(settings),
        "surrogate": _surrogate(settings),
        "kl": _kl(settings),
        "aggregation": _aggregation(settings),
    }


def differing(one: AnyLearner, other: AnyLearner) -> list[Line]:
    """The lines in which two algorithms differ."""
    first, second = lines(one), lines(other)
    return [line for line in first if first[line] != second[line]]


def _questions(settings: AnyLearner) -> str:
    if isinstance(settings, GRPOSettings) and settings.dynamic_sampling:
        return r"q_1,\dots,q_P \text{ with } 0 < \textstyle\sum_i r_i < G"
    return r"q_1,\dots,q_P"


def _reward(settings: AnyLearner) -> str:
    penalty = "" if settings.kl_coef == 0 else rf" - {settings.kl_coef:g}\,k_{{{settings.kl_reward_estimator[1]},t}}"
    if isinstance(settings, GRPOSettings):
        return "r_i" if not penalty else rf"r_i \leftarrow r_i + \textstyle\sum_t ({penalty.strip()})"
    return rf"r_t = \mathbb{{1}}[t = T]\,r_i{penalty}"


def _advantage(settings: AnyLearner) -> str:
    match settings:
        case PPOSettings():
            delta = rf"\delta_t = r_t + {_factor(settings.gamma)}V_\phi(s_{{t+1}}) - V_\phi(s_t)"
            decay = settings.gamma * settings.lam
            return rf"A_t = \textstyle\sum_l {decay:g}^l\,\delta_{{t+l}},\quad {delta}"
        case VineSettings():
            values = rf"V(s) = \tfrac{{1}}{{{settings.continuations}}}\textstyle\sum_k r(s\,o^k)"
            return rf"A_t = r_t + V(s_{{t+1}}) - V(s_t),\quad {values}"
        case GRPOSettings():
            return {
                "group-mean": r"A_{i,t} = r_i - \operatorname{mean}(r_1,\dots,r_G)",
                "leave-one-out": r"A_{i,t} = r_i - \tfrac{1}{G-1}\textstyle\sum_{j \ne i} r_j",
                "none": r"A_{i,t} = r_i",
            }[settings.baseline]


def _normalisation(settings: AnyLearner) -> str:
    found = []
    if isinstance(settings, GRPOSettings) and settings.scale_rewards != "none":
        of = r"r_1,\dots,r_G" if settings.scale_rewards == "group" else r"\text{all } r"
        found.append(rf"A \leftarrow A \,/\, (\operatorname{{std}}({of}) + {settings.scale_eps:g})")
    if settings.whiten_advantages:
        found.append(r"A \leftarrow (A - \operatorname{mean}(A)) \,/\, \operatorname{std}(A)")
    return r",\quad ".join(found) or r"\text{none}"


def _ratio(settings: AnyLearner) -> str:
    ratio = r"\frac{\pi_\theta(o_t \mid s_t)}{\pi_{\text{old}}(o_t \mid s_t)}"
    if settings.importance_sampling_level == "token":
        return rf"\rho_t = {ratio}"
    return rf"\rho_t = s_i = \Bigl(\textstyle\prod_t {ratio}\Bigr)^{{1/|o_i|}}"


def _surrogate(settings: AnyLearner) -> str:
    high = f"{1 + settings.clip_high:g}"
    if settings.surrogate == "cispo":
        return rf"J_t = \operatorname{{sg}}(\min(\rho_t,\, {high}))\,A_t \log \pi_\theta(o_t \mid s_t)"
    smaller = rf"\min(\rho_t A_t,\ \operatorname{{clip}}(\rho_t,\, {1 - settings.epsilon:g},\, {high})\,A_t)"
    if settings.dual_clip is None:
        return rf"J_t = {smaller}"
    return rf"J_t = {smaller},\quad J_t \ge {settings.dual_clip:g} A_t \text{{ if }} A_t < 0"


def _kl(settings: AnyLearner) -> str:
    return (
        r"\text{none}" if settings.beta == 0 else rf"J_t - {settings.beta:g}\,k_{{{settings.kl_loss_estimator[1]},t}}"
    )


def _aggregation(settings: AnyLearner) -> str:
    return {
        "token-mean": r"L = -\frac{1}{\sum_i |o_i|}\sum_{i,t} J_{i,t}",
        "seq-mean-token-mean": r"L = -\frac{1}{B}\sum_i \frac{1}{|o_i|}\sum_t J_{i,t}",
        "seq-mean-token-sum-norm": r"L = -\frac{1}{B\,T_{\max}}\sum_{i,t} J_{i,t}",
    }[settings.aggregation]


def _factor(number: float) -> str:
    return "" if number == 1 else rf"{number:g}\,"
