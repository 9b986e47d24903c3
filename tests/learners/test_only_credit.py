"""The preset in which only the credit differs: its two learners agree in every setting that both have."""

from __future__ import annotations

from core.learners.registry import critic_of, differing, lines, needs_of, unlike_settings
from core.presets import preset


def test_the_two_learners_agree_in_every_setting_that_both_have() -> None:
    ppo, grpo = preset("chain-sum-only-credit").learners
    assert (ppo.kind, grpo.kind) == ("ppo", "grpo")
    assert unlike_settings(ppo, grpo) == {}
    assert (ppo.kl_coef, grpo.kl_coef) == (0, 0)
    # The reward is the same number; where PPO's formula puts it, at the last token, is part of its credit.
    assert set(differing(ppo, grpo)) == {"reward", "advantage"}
    assert lines(ppo)["normalisation"] == lines(grpo)["normalisation"]
    assert grpo.scale_rewards == "none"
    assert not needs_of(grpo).replacement_rounds


def test_what_only_one_of_them_has_is_its_credits() -> None:
    ppo, grpo = preset("chain-sum-only-credit").learners
    own = {x: set(type(x).model_fields) for x in (ppo, grpo)}
    critic = {"gamma", "lam", "vf_coef", "cliprange_value", "value_learning_rate", "value_warmup_steps"}
    critic |= {"lam_critic", "value_head_learning_rate", "value_num_iterations", "value_freeze_after"}
    critic |= {"value_model", "value_pretrain_updates", "value_pretrain_learning_rate", "value_replay_steps"}
    critic |= {"oracle_continuations"}
    assert critic_of(ppo) is not None
    assert own[ppo] - own[grpo] == critic | {"bootstrap_truncated"}
    group = {"baseline", "scale_rewards", "scale_ddof", "scale_eps", "dynamic_sampling", "max_sampling_rounds"}
    assert own[grpo] - own[ppo] == group


def test_the_usual_presets_learners_differ_in_more() -> None:
    ppo, grpo = preset("chain-sum").learners
    assert set(unlike_settings(ppo, grpo)) == {"kl_coef", "whiten_advantages"}
    assert unlike_settings(ppo, grpo)["kl_coef"] == (0.05, 0.0)
    assert set(differing(ppo, grpo)) == {"reward", "advantage", "normalisation"}


def test_run_and_start_are_the_usual_presets() -> None:
    usual, only = preset("chain-sum").model_dump(), preset("chain-sum-only-credit").model_dump()
    assert {x for x in usual if usual[x] != only[x]} == {"preset", "learners"}
