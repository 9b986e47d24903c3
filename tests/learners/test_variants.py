"""Named algorithms: exactly the settings that their papers say, formulas that follow from them, and they train."""

from __future__ import annotations

import math

import pytest
import torch

from core.config import RunConfig
from core.learners.kinds.dpo import DPOSettings
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.offline_pg import OfflinePGSettings
from core.learners.kinds.ppo import PPOSettings
from core.learners.kinds.sft import SFTSettings
from core.learners.kinds.vine import VineSettings
from core.learners.registry import LEARNER_KINDS, AnyLearner, differing, lines
from core.learners.variants import VARIANTS
from core.training.trainer import Trainer

EXPLICIT: dict[str, AnyLearner] = {
    "ppo": PPOSettings(),
    "grpo": GRPOSettings(),
    "dr-grpo": GRPOSettings(scale_rewards="none", aggregation="seq-mean-token-sum-norm"),
    "rloo": GRPOSettings(baseline="leave-one-out", scale_rewards="none", aggregation="seq-mean-token-sum-norm"),
    "reinforce-pp": GRPOSettings(baseline="none", scale_rewards="none", whiten_advantages=True),
    "reinforce-pp-baseline": GRPOSettings(
        baseline="group-mean", scale_rewards="none", whiten_advantages=True, beta=0.01, kl_loss_estimator="k2"
    ),
    "dapo": GRPOSettings(epsilon=0.2, epsilon_high=0.28, dynamic_sampling=True, aggregation="token-mean"),
    "gspo": GRPOSettings(importance_sampling_level="sequence", aggregation="seq-mean-token-mean"),
    "cispo": GRPOSettings(surrogate="cispo", epsilon_high=4.0, aggregation="token-mean"),
    "vine": VineSettings(),
    "sft": SFTSettings(),
    "dpo": DPOSettings(dpo_beta=1.0, aggregation="seq-mean-token-mean", num_generations=2),
    "offline-pg": OfflinePGSettings(epsilon=0.2, baseline="group-mean", scale_rewards="group"),
}


def test_every_variant_of_a_paper_is_among_them_in_this_order() -> None:
    assert [x for x in VARIANTS if x in EXPLICIT] == list(EXPLICIT)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_its_explicit_settings_and_trains_with_them(name: str) -> None:
    """One that is not written down above is compared with its kind and the changes that it names."""
    torch.set_num_threads(1)
    variant = VARIANTS[name]
    settings = variant.settings
    explicit = EXPLICIT.get(name) or LEARNER_KINDS[variant.kind].settings(**variant.changes)
    assert settings == explicit.model_copy(update={"name": name})
    trace: list = []
    changed: list[bool] = []
    for learner in (settings, explicit):
        if hasattr(learner, "data_responses"):  # collecting the default's 2048 takes most of the time
            learner = learner.model_copy(update={"data_responses": 128})
        config = RunConfig(
            learners=(learner,), steps=2, prompts_per_step=4, num_generations=4, eval_every=0, panel_size=8
        )
        trainer = Trainer(config, learner.name)
        before = {k: v.clone() for k, v in trainer.policy.state_dict().items()}
        trace.append(list(trainer.steps()))
        changed.append(any(not torch.equal(v, before[k]) for k, v in trainer.policy.state_dict().items()))
    assert changed == [True, True]
    for a, b in zip(*trace, strict=True):
        assert a.tokens.drop_columns("learner").equals(b.tokens.drop_columns("learner"))
        assert math.isfinite(a.scalars["policy_loss"])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("grpo", "dr-grpo", ["normalisation", "aggregation"]),
        ("grpo", "gspo", ["ratio", "aggregation"]),
        ("grpo", "cispo", ["surrogate"]),
        ("grpo", "dapo", ["questions", "surrogate"]),
        ("dr-grpo", "rloo", ["advantage"]),
        ("reinforce-pp", "reinforce-pp-baseline", ["advantage", "kl"]),
        ("ppo", "grpo", ["reward", "advantage", "normalisation"]),
        ("ppo", "vine", ["reward", "advantage"]),
    ],
)
def test_two_variants_differ_in_these_lines(one: str, other: str, expected: list[str]) -> None:
    assert differing(VARIANTS[one].settings, VARIANTS[other].settings) == expected
    assert differing(VARIANTS[other].settings, VARIANTS[one].settings) == expected


def test_every_setting_of_the_formula_shows_in_it_with_its_number() -> None:
    ppo = {
        "gamma": 0.9,
        "lam": 0.5,
        "kl_coef": 0.07,
        "kl_reward_estimator": "k3",
        "whiten_advantages": False,
        "epsilon": 0.11,
        "epsilon_high": 0.31,
        "dual_clip": 7.0,
        "beta": 0.013,
        "importance_sampling_level": "sequence",
        "aggregation": "seq-mean-token-mean",
    }
    for name, value in ppo.items():
        assert lines(PPOSettings(**{name: value})) != lines(PPOSettings()), name
    shown = lines(PPOSettings(**ppo))
    assert "0.45^l" in shown["advantage"]
    assert "0.07" in shown["reward"]
    assert "0.89" in shown["surrogate"]
    assert "1.31" in shown["surrogate"]
    assert "0.013" in shown["kl"]
    assert "tfrac{1}{5}" in lines(VineSettings(continuations=5))["advantage"]


def test_braces_are_balanced() -> None:
    for variant in VARIANTS.values():
        for text in lines(variant.settings).values():
            plain = text.replace(r"\{", "").replace(r"\}", "")
            assert plain.count("{") == plain.count("}")
