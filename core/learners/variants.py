"""The algorithms by name: each is a kind of learner with some settings.

A new one is an entry here. Its formula is written from the settings themselves (`registry.lines`), so what a page shows
is what trains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.learners.registry import AnyLearner, learner


@dataclass(frozen=True)
class Variant:
    """One named algorithm."""

    name: str  # also what a learner of it is called
    title: str
    paper: str  # authors, year, arXiv number
    kind: str  # whose credit it has
    changes: dict[str, Any]  # settings other than the model's defaults
    note: str = ""  # where it is not the paper to the letter

    @property
    def settings(self) -> AnyLearner:
        """A learner of this variant."""
        return learner(self.kind, name=self.name, **self.changes)


#: Constant length instead of the response's own: what makes Dr. GRPO and RLOO unbiased by length.
_SUM = {"aggregation": "seq-mean-token-sum-norm"}

VARIANTS: dict[str, Variant] = {
    x.name: x
    for x in (
        Variant(
            "ppo",
            "PPO",
            "Schulman et al. 2017, arXiv:1707.06347; Ouyang et al. 2022, arXiv:2203.02155",
            "ppo",
            {},
        ),
        Variant(
            "grpo",
            "GRPO",
            "Shao et al. 2024, arXiv:2402.03300",
            "grpo",
            {},
            "The paper averages over each response first (aggregation=seq-mean-token-mean) and has beta=0.04; "
            "the defaults here, token-mean and 0, are TRL's.",
        ),
        Variant(
            "dr-grpo",
            "Dr. GRPO",
            "Liu et al. 2025, arXiv:2503.20783",
            "grpo",
            {"scale_rewards": "none", **_SUM},
        ),
        Variant(
            "rloo",
            "RLOO",
            "Ahmadian et al. 2024, arXiv:2402.14740",
            "grpo",
            {"baseline": "leave-one-out", "scale_rewards": "none", **_SUM},
            "The paper takes one on-policy update; the clip keeps further passes near it.",
        ),
        Variant(
            "reinforce-pp",
            "REINFORCE++",
            "Hu et al. 2025, arXiv:2501.03262",
            "grpo",
            {"baseline": "none", "scale_rewards": "none", "whiten_advantages": True},
            "With kl_coef > 0 the paper takes off each token only the penalty that is still to come; "
            "here the whole response's is taken off.",
        ),
        Variant(
            "reinforce-pp-baseline",
            "REINFORCE++-baseline",
            "Hu et al. 2025, arXiv:2501.03262",
            "grpo",
            {"scale_rewards": "none", "whiten_advantages": True, "beta": 0.01, "kl_loss_estimator": "k2"},
        ),
        Variant(
            "dapo",
            "DAPO",
            "Yu et al. 2025, arXiv:2503.14476",
            "grpo",
            {"epsilon_high": 0.28, "dynamic_sampling": True, "aggregation": "token-mean"},
            "Without the paper's softer punishment of overlong responses: these are short.",
        ),
        Variant(
            "gspo",
            "GSPO",
            "Zheng et al. 2025, arXiv:2507.18071",
            "grpo",
            {"importance_sampling_level": "sequence", "aggregation": "seq-mean-token-mean"},
            "The paper's clip range (3e-4 and 4e-4) is for responses of thousands of tokens, whose mean moves little.",
        ),
        Variant(
            "cispo",
            "CISPO",
            "MiniMax-M1 2025, arXiv:2506.13585",
            "grpo",
            {"surrogate": "cispo", "epsilon_high": 4.0, "aggregation": "token-mean"},
            "The bound, 1 + 4, is the one that ScaleRL (arXiv:2510.13786) and TRL recommend.",
        ),
        Variant(
            "vine",
            "VinePPO",
            "Kazemnejad et al. 2024, arXiv:2410.01679",
            "vine",
            {},
            "The paper measures values at the borders of reasoning steps, with K = 9 continuations; here it is at "
            "every token, with the K of the settings.",
        ),
        Variant(
            "sft",
            "SFT",
            "Yuan et al. 2023, arXiv:2308.01825; Touvron et al. 2023, arXiv:2307.09288",
            "sft",
            {},
            "Rejection sampling with one round: every right response of the data set is learnt from, also several to "
            "one question.",
        ),
        Variant(
            "dpo",
            "DPO",
            "Rafailov et al. 2023, arXiv:2305.18290",
            "dpo",
            {},
            "The paper's β is 0.1 to 0.5, at a learning rate of 1e-6; its pairs are people's preferences, here the "
            "right answer is preferred.",
        ),
        Variant(
            "offline-pg",
            "Offline PG",
            "Degris et al. 2012, arXiv:1205.4839; Levine et al. 2020, arXiv:2005.01643",
            "offline-pg",
            {},
            "With GRPO's advantages, and PPO's clip around the policy that collected the data.",
        ),
    )
}
