"""The trainer as a whole: what it trains, what it leaves behind, and that it does so twice alike."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change
from core.training.trace import SAMPLES, STEPS, TOKENS
from core.training.trainer import Trainer

SMALL = {"prompts_per_step": 4, "num_generations": 4, "steps": 3, "eval_every": 0, "panel_size": 8}


def trainer(learner, **settings):
    torch.set_num_threads(1)
    return Trainer(change(RunConfig(), {**SMALL, **settings}), learner)


def traces(learner, **settings):
    return list(trainer(learner, **settings).steps())


@pytest.fixture(scope="module")
def both():
    return {name: traces(name, trace="all", eval_every=2, num_iterations=2) for name in ("ppo", "grpo")}


def test_the_trace_keeps_its_contract(both):
    for learner, steps in both.items():
        for number, trace in enumerate(steps):
            assert (trace.learner, trace.step) == (learner, number)
            assert set(trace.scalars) == {f.name for f in STEPS} - {"learner", "step"}
            assert trace.samples.schema == SAMPLES
            assert trace.tokens.schema == TOKENS
            assert trace.samples.num_rows == 16
            assert sorted(set(trace.tokens["pass"].to_pylist())) == [0, 1, 2]


def test_both_learners_start_from_the_same_weights_prompts_and_responses(both):
    assert trainer("ppo").start_hash == trainer("grpo").start_hash
    for a, b in zip(both["ppo"], both["grpo"], strict=True):
        assert a.prompt_hash == b.prompt_hash
        assert a.samples["prompt"].equals(b.samples["prompt"])
    first = both["ppo"][0].samples["response"].to_pylist()
    assert first == both["grpo"][0].samples["response"].to_pylist()
    assert both["ppo"][2].samples["response"].to_pylist() != both["grpo"][2].samples["response"].to_pylist()


def test_every_sample_stands_beside_the_right_answer(both):
    for row in both["grpo"][1].samples.to_pylist():
        assert row["answer"] == str(sum(int(x) for x in row["prompt"][:-1].split("+")))
        assert row["success"] == (not row["truncated"] and row["response"].rpartition("=")[2] == row["answer"])


def test_a_group_holds_exactly_the_responses_to_one_prompt(both):
    for row in pa.Table.from_batches(both["ppo"][1].samples.to_batches()).group_by("group").aggregate(
        [("prompt", "count_distinct"), ("sample", "count")]
    ).to_pylist():  # fmt: skip
        assert (row["prompt_count_distinct"], row["sample_count"]) == (1, 4)


def test_trap_13_every_ratio_is_exactly_1_before_the_first_update_and_moves_after_it(both):
    for steps in both.values():
        for trace in steps:
            before = trace.tokens.filter(pc.equal(trace.tokens["pass"], 0))
            assert set(before["ratio"].to_pylist()) == {1.0}
            assert set(before["clipped"].to_pylist()) == {0}
            after = trace.tokens.filter(pc.equal(trace.tokens["pass"], 2))
            assert np.ptp(after["ratio"].to_numpy()) > 0


def test_trap_13_with_mini_batches_the_ratio_still_starts_at_1():
    [trace] = traces("ppo", steps=1, num_mini_batches=4)
    before = trace.tokens.filter(pc.equal(trace.tokens["pass"], 0))
    assert set(before["ratio"].to_pylist()) == {1.0}


def test_trap_10_and_13_weights_are_fp32_and_dropout_is_off_while_training():
    learner = trainer("ppo")
    next(learner.steps())
    for model in (learner.policy, learner.reference, learner.value_model):
        assert not model.training
        assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_trap_4_the_end_of_sequence_token_is_credited(both):
    tokens = both["grpo"][0].tokens
    ends = tokens.filter(pc.equal(tokens["token"], "<eos>"))
    samples = both["grpo"][0].samples
    assert ends.num_rows == 3 * pc.sum(pc.invert(samples["truncated"])).as_py()
    assert any(a != 0 for a in ends["advantage"].to_pylist())
    assert "<pad>" not in tokens["token"].to_pylist()


def test_trap_6_truncated_responses_are_counted_and_shown():
    [trace] = traces("grpo", steps=1, max_completion_length=5)
    assert trace.scalars["truncated_frac"] == 1.0
    assert trace.scalars["reward"] == 0.0
    assert trace.samples["truncated"].to_pylist() == [True] * 16


def test_trap_9_with_one_update_per_rollout_the_loss_is_about_0_and_yet_it_learns():
    learner = trainer("grpo", num_iterations=1, steps=1)
    before = {k: v.clone() for k, v in learner.policy.state_dict().items()}
    [trace] = learner.steps()
    assert trace.scalars["ratio_mean"] == 1.0
    assert trace.scalars["clip_ratio_low"] == trace.scalars["clip_ratio_high"] == 0.0
    assert abs(trace.scalars["policy_loss"]) < 0.05
    assert any(not torch.equal(v, before[k]) for k, v in learner.policy.state_dict().items())


def test_what_a_learner_does_not_have_is_null_and_never_0(both):
    for name in ("value", "delta", "return", "token_reward"):
        assert both["grpo"][0].tokens[name].null_count == both["grpo"][0].tokens.num_rows
        assert both["ppo"][0].tokens[name].null_count == 0
    scalars = both["grpo"][0].scalars
    assert scalars["value_loss"] is None
    assert scalars["vf_explained_var"] is None
    assert both["ppo"][0].scalars["frac_reward_zero_std"] is None
    assert both["ppo"][0].scalars["group_reward_std"] is None
    assert both["ppo"][1].scalars["heldout_success"] is None
    assert both["ppo"][2].scalars["heldout_success"] is not None


def test_the_steps_numbers_follow_from_the_tokens(both):
    for trace in both["ppo"] + both["grpo"]:
        s, tokens, samples = trace.scalars, trace.tokens.to_pandas(), trace.samples.to_pandas()
        start, middle = tokens[tokens["pass"] == 0], tokens[tokens["pass"] == 1]
        assert s["kl"] == pytest.approx(start.kl_k3.mean(), abs=1e-6)
        assert s["entropy"] == pytest.approx(start.entropy.mean(), abs=1e-5)
        # One mini-batch: the update's two passes saw the states 0 and 1.
        assert s["ratio_mean"] == pytest.approx((1 + middle.ratio.mean()) / 2, abs=1e-5)
        assert s["clip_ratio_low"] == pytest.approx((middle.clipped == -1).mean() / 2, abs=1e-6)
        assert s["clip_ratio_high"] == pytest.approx((middle.clipped == 1).mean() / 2, abs=1e-6)
        assert s["clip_ratio"] == pytest.approx((middle.clipped != 0).mean() / 2, abs=1e-6)
        assert s["reward"] == pytest.approx(samples.reward.mean())
        assert s["reward_std"] == pytest.approx(samples.reward.std(ddof=1))
        assert s["completion_length"] == pytest.approx(samples.length.mean())
        assert s["success_rate"] == samples.success.mean()
        if trace.learner == "grpo":
            tied = samples.groupby("group").reward.nunique() == 1
            assert s["frac_reward_zero_std"] == pytest.approx(tied.mean())
            assert s["group_reward_std"] == pytest.approx(samples.groupby("group").reward.std(ddof=1).mean())
        else:
            r, v = start["return"], start["value"]
            if r.var() > 0:
                assert s["vf_explained_var"] == pytest.approx(1 - (r - v).var() / r.var(), abs=1e-3)


def test_the_panel_keeps_whole_groups_of_the_same_tokens(both):
    for learner in ("ppo", "grpo"):
        for few, all_ in zip(traces(learner, num_iterations=2), both[learner], strict=True):
            assert sorted(set(few.tokens["sample"].to_pylist())) == list(range(8))
            kept = all_.tokens.filter(pc.less(all_.tokens["sample"], 8))
            assert kept["token_id"].to_pylist() == few.tokens["token_id"].to_pylist()
            np.testing.assert_allclose(kept["ratio"].to_numpy(), few.tokens["ratio"].to_numpy(), atol=1e-5)


@pytest.mark.parametrize("learner", ["ppo", "grpo"])
def test_the_same_config_gives_the_same_trace_bit_for_bit(learner):
    for a, b in zip(traces(learner), traces(learner), strict=True):
        assert a.tokens.equals(b.tokens)
        assert a.samples.equals(b.samples)


@pytest.mark.parametrize("learner", ["ppo", "grpo"])
def test_a_saved_learner_continues_exactly(learner, tmp_path):
    straight = traces(learner, steps=4)
    first = trainer(learner, steps=2)
    list(first.steps())
    first.save(tmp_path / "checkpoint")
    resumed = Trainer.load(tmp_path / "checkpoint")
    assert resumed.step == 2
    resumed.change({"steps": 4})
    rest = list(resumed.steps())
    assert [t.step for t in rest] == [2, 3]
    for a, b in zip(straight[2:], rest, strict=True):
        assert a.tokens.equals(b.tokens)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint"]


def test_a_setting_changed_on_the_way_holds_from_the_next_step_and_is_an_event():
    learner = trainer("ppo")
    steps = learner.steps()
    next(steps)
    learner.change({"epsilon": 0.05, "lam": 0.5})
    trace = next(steps)
    assert trace.events == [{"kind": "changed", "value": {"epsilon": 0.05, "lam": 0.5}}]
    last = trace.tokens.filter(pc.equal(trace.tokens["pass"], 1))
    ratio, advantage, clipped = (last[x].to_numpy() for x in ("ratio", "advantage", "clipped"))
    cut = ((advantage > 0) & (ratio > 1.05)) | ((advantage < 0) & (ratio < 0.95))
    assert (clipped != 0).tolist() == cut.tolist()


@pytest.mark.parametrize("assignments", [{"num_generations": 8}, {"seed": 3}, {"task.terms": 2}, {"model": "x"}])
def test_what_cannot_change_on_the_way_is_refused_and_nothing_changes(assignments):
    learner = trainer("grpo")
    before = learner.config
    with pytest.raises(ConfigError, match="cannot change while a run goes on"):
        learner.change(assignments)
    assert learner.config == before


def test_while_the_critic_warms_up_only_it_learns():
    learner = trainer("ppo", value_warmup_steps=1, steps=2)
    policy = {k: v.clone() for k, v in learner.policy.state_dict().items()}
    critic = {k: v.clone() for k, v in learner.value_model.state_dict().items()}
    steps = learner.steps()
    warm = next(steps)
    assert all(torch.equal(v, policy[k]) for k, v in learner.policy.state_dict().items())
    assert any(not torch.equal(v, critic[k]) for k, v in learner.value_model.state_dict().items())
    assert warm.scalars["policy_loss"] is None
    assert next(steps).scalars["policy_loss"] is not None


def test_the_reference_never_moves(both):
    learner = trainer("ppo")
    before = {k: v.clone() for k, v in learner.reference.state_dict().items()}
    list(learner.steps())
    assert all(torch.equal(v, before[k]) for k, v in learner.reference.state_dict().items())


def test_a_gradient_out_of_range_stops_with_a_sentence():
    learner = trainer("grpo")
    with torch.no_grad():
        learner.policy.model.norm.weight.fill_(math.inf)
    with pytest.raises((FloatingPointError, ValueError, RuntimeError)):
        next(learner.steps())


def test_a_device_that_is_not_there_is_answered_with_those_that_are():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ConfigError, match=r"cuda is not available on this machine; available are .*cpu"):
        trainer("grpo", device="cuda")


@pytest.mark.parametrize("learner", ["ppo", "grpo"])
def test_it_learns(learner):
    learner = trainer(learner, prompts_per_step=16, num_generations=8, steps=25)
    list(learner.steps())
    assert learner.final_evaluation()["sampled"] > 0.60  # from 0.44
