"""What is scored when and how often: ratios of exactly 1, reused log-probabilities, the panel after every pass."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch

from core.errors import ConfigError
from core.models.value import ValueModel
from core.training import passes, scoring
from core.training.drift import DRIFT_ALLOWED
from core.training.meter import Meter
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from core.training.update import Batch, Updater
from tests.tiny import chat_trainer, saved

RESPONSES, PANEL, PASSES = 8, 4, 2
#: Not 1, at which dividing the logits by it, multiplying and leaving it out are one.
TEMPERATURE = 0.7
GRPO, PPO = {"algorithm": "grpo"}, {"algorithm": "ppo", "kl_coef": 0.0}
KL_REWARD = {"algorithm": "ppo", "kl_coef": 0.05}
#: How a step may be computed: (learner, run settings, how often a response is scored by the policy in steps 0 and 1).
WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, int]]] = {
    "whole": (GRPO, {}, (PASSES, PASSES)),
    "whole, critic": (KL_REWARD, {}, (PASSES, PASSES)),
    "in parts, the first pass says": (GRPO, {"micro_batch_size": 3}, (PASSES, PASSES)),
    "in parts, critic, the first pass says": (PPO, {"micro_batch_size": 3}, (PASSES, PASSES)),
    "in parts, KL in the reward": (KL_REWARD, {"micro_batch_size": 3}, (1 + PASSES, PASSES)),
    "in parts, KL in the reward, no reuse": (
        KL_REWARD, {"micro_batch_size": 3, "reuse_logprobs": False}, (1 + PASSES, 1 + PASSES),
    ),
    "mini-batches": (PPO | {"num_mini_batches": 2}, {}, (1 + PASSES, 1 + PASSES)),
    "mini-batches in parts": (GRPO | {"num_mini_batches": 2}, {"micro_batch_size": 3}, (1 + PASSES, 1 + PASSES)),
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("model"))


def trainer(model: str, learner: dict[str, Any], **settings: Any) -> Trainer:
    return chat_trainer(model, learner, **{"trace": "panel", "panel_size": PANEL} | settings)


@dataclass
class Seen:
    """What happened inside a trainer's steps."""

    scored: list[int] = field(default_factory=list)  # responses scored by the policy: with each call, how many
    first_ratios: list[torch.Tensor] = field(default_factory=list)  # of each optimiser step
    after: list[dict[str, torch.Tensor]] = field(default_factory=list)  # the policy's weights, before and after passes
    batches: list[Batch] = field(default_factory=list)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    record = Seen()
    score, policy, one_pass = scoring.score, Meter.policy, Updater.one_pass

    def counting(model: Any, sequences: Any, *given: Any, **more: Any) -> Any:
        if any(x.requires_grad for x in model.parameters()):
            record.scored.append(len(sequences.mask))
        return score(model, sequences, *given, **more)

    def ratios(self: Meter, results: Any, masks: Any, *given: Any) -> None:
        record.first_ratios.append(torch.cat([x.ratio[m] for x, m in zip(results, masks, strict=True)]).detach())
        policy(self, results, masks, *given)

    def passing(self: Updater, batch: Batch, *given: Any, **more: Any) -> Any:
        if not record.after:
            record.after.append(copy.deepcopy(self.policy.state_dict()))
        done = one_pass(self, batch, *given, **more)
        record.after.append(copy.deepcopy(self.policy.state_dict()))
        record.batches.append(batch)
        return done

    monkeypatch.setattr(scoring, "score", counting)
    monkeypatch.setattr(Meter, "policy", ratios)
    monkeypatch.setattr(Updater, "one_pass", passing)
    return record


def rows(trace: StepTrace, number: int) -> pa.Table:
    return trace.tokens.filter(pc.equal(trace.tokens["pass"], number))


@pytest.mark.parametrize("way", WAYS)
def test_a_response_is_scored_as_often_as_needed_and_every_first_ratio_is_1(model, seen, way: str) -> None:
    learner, settings, often = WAYS[way]
    run = trainer(model, learner, **settings).steps()
    for step, times in enumerate(often):
        seen.scored.clear()
        seen.first_ratios.clear()
        trace = next(run)
        extra = PANEL * (1 + (PASSES - 1) * ("mini-batches" in way))  # after the last pass; with mini-batches, each
        assert sum(seen.scored) == RESPONSES * times + extra
        first, scores_again = rows(trace, 0), "critic" in way or "KL in the reward" in way
        reused = step > 0 and way == "in parts, KL in the reward"
        if reused:  # the sampler's: as good as scored, not the same to the last bit
            np.testing.assert_allclose(first["ratio"].to_numpy(), 1, atol=1e-4)
            torch.testing.assert_close(seen.first_ratios[0], torch.ones_like(seen.first_ratios[0]), atol=1e-4, rtol=0)
        else:
            assert set(first["ratio"].to_pylist()) == {1.0}
            assert first["logprob"].equals(first["logprob_old"])
            exact = torch.ones_like(seen.first_ratios[0])
            # A mini-batch is another matrix than the whole: its products may differ in the last bit.
            rounding = 1e-5 if "mini-batches" in way else 0
            torch.testing.assert_close(seen.first_ratios[0], exact, atol=rounding, rtol=0)
        if "mini-batches" not in way:  # else the second one's gradients are taken after an update
            assert set(first["clipped"].to_pylist()) == {0}
            assert first["ratio_update"].equals(first["ratio"])
        last = rows(trace, PASSES)
        assert last["clipped"].null_count == last["ratio_update"].null_count == last.num_rows
        assert np.ptp(rows(trace, PASSES)["ratio"].to_numpy()) > 1e-3
        assert scores_again or trace.scalars["value_loss"] is None or learner["algorithm"] == "ppo"


@pytest.mark.parametrize("way", WAYS)
def test_each_passs_rows_are_what_the_policy_says_after_that_pass(model, seen, way: str) -> None:
    learner, settings, _ = WAYS[way]
    learning = trainer(model, learner, temperature=TEMPERATURE, **settings)
    trace = next(learning.steps())
    assert len(seen.after) == 1 + PASSES
    sequences = seen.batches[0].sequences.rows(slice(0, PANEL))
    mask, policy = sequences.mask, learning.policy
    with torch.no_grad():
        reference = scoring.distributions(learning.reference, sequences, TEMPERATURE)
    for number, weights in enumerate(seen.after):
        policy.load_state_dict(weights)
        with torch.no_grad():
            scored = scoring.score(policy, sequences, TEMPERATURE)
            now = scoring.distributions(policy, sequences, TEMPERATURE)
        recorded = rows(trace, number)
        expected = {
            "logprob": scored.logprobs,
            "entropy": scored.entropy,
            "kl_exact": (now.exp() * (now - reference)).sum(-1),
            "kl_k1": scored.logprobs - reference.gather(-1, sequences.completion_ids[..., None])[..., 0],
            # The last pass is given them in any case; the first may be the one that says them.
            "ratio": (scored.logprobs - seen.batches[-1].experience.logprobs_old[:PANEL]).exp(),
        }
        for column, values in expected.items():
            np.testing.assert_allclose(
                recorded[column].to_numpy(), values[mask].numpy(), atol=2e-4, rtol=1e-3, err_msg=f"{column} {number}"
            )
    moved = rows(trace, PASSES)["logprob"].to_numpy() - rows(trace, 0)["logprob"].to_numpy()
    assert np.abs(moved).max() > 0.01


@pytest.mark.parametrize("drift", [None, DRIFT_ALLOWED, DRIFT_ALLOWED * 1.001])
def test_only_where_sampling_and_scoring_agreed_the_samplers_are_used_again(model, seen, drift) -> None:
    learning = trainer(model, KL_REWARD, micro_batch_size=3)
    steps = learning.steps()
    next(steps)
    assert learning._drift.last < 1e-4
    learning._drift.last = drift
    seen.scored.clear()
    next(steps)
    again = drift is None or drift > DRIFT_ALLOWED
    assert sum(seen.scored) == RESPONSES * (PASSES + again) + PANEL
    assert learning._drift.last < 1e-4  # measured anew, also in a step that used the sampler's


def test_reuse_changes_no_result_beyond_rounding(model) -> None:
    """Each training is Adam's, which takes every gradient's sign: hence numbers of the second step, not weights."""
    both = [
        list(trainer(model, KL_REWARD, micro_batch_size=3, reuse_logprobs=reuse, trace="all").steps())
        for reuse in (True, False)
    ]
    for once, again in zip(*both, strict=True):
        assert once.samples.equals(again.samples)
        for number in range(PASSES + 1):
            for column in ("logprob_old", "logprob", "ratio", "token_reward", "advantage", "objective"):
                mine, theirs = (rows(x, number)[column].to_numpy() for x in (once, again))
                np.testing.assert_allclose(mine, theirs, atol=2e-3, err_msg=column)
        for name in ("policy_loss", "value_loss", "grad_norm", "entropy", "approx_kl", "kl"):
            assert once.scalars[name] == pytest.approx(again.scalars[name], rel=1e-2, abs=1e-4), name
    assert not both[0][1].tokens.equals(both[1][1].tokens)  # or nothing was reused


@pytest.mark.parametrize("settings", [{"lora_rank": 0}, {"lora_rank": 2}], ids=str)
def test_without_a_kl_no_start_model_is_kept_and_none_is_told(model, settings) -> None:
    learning = trainer(model, PPO, measure_kl=False, **settings)
    assert learning.reference is None
    assert learning.models.frozen is None
    with learning.models.as_reference() as reference:
        assert reference is None
    steps = learning.steps()
    trace = next(steps)
    for column in ("logprob_ref", "kl_k1", "kl_k2", "kl_k3", "kl_exact"):
        assert trace.tokens[column].null_count == trace.tokens.num_rows
    assert trace.scalars["kl"] is None
    assert trace.tokens["logprob"].null_count == trace.tokens["entropy"].null_count == 0
    before = learning.config
    for assignments in ({"beta": 0.1}, {"ppo.kl_coef": 0.1}):
        with pytest.raises(ConfigError) as refused:
            learning.change(assignments)
        assert str(refused.value).count("\n") == 0
        assert "ppo: a KL in the loss or reward needs the start model" in str(refused.value)
    assert learning.config == before
    assert next(steps).events == []


@pytest.mark.parametrize("settings", [{"lora_rank": 0}, {"lora_rank": 2}], ids=str)
def test_where_it_is_kept_a_kl_can_be_turned_on(model, settings) -> None:
    learning = trainer(model, GRPO, steps=3, **settings)
    steps = learning.steps()
    next(steps)
    learning.change({"beta": 0.5})
    trace = next(steps)
    last = rows(trace, PASSES).to_pandas()
    assert last.kl_k3.max() > 1e-3
    cut = np.minimum(last.ratio * last.advantage, last.ratio.clip(0.8, 1.2) * last.advantage)
    np.testing.assert_allclose(last.objective, cut - 0.5 * last.kl_k3, atol=1e-4)


def test_a_kl_in_loss_or_reward_keeps_the_start_model_whatever_measure_kl_says(model) -> None:
    for learner in (GRPO | {"beta": 0.1}, KL_REWARD):
        learning = trainer(model, learner, measure_kl=False, steps=1)
        [trace] = learning.steps()
        assert learning.reference is not None
        assert trace.tokens["logprob_ref"].null_count == 0


@pytest.mark.parametrize("way", [way for way, (learner, *_) in WAYS.items() if learner["algorithm"] == "ppo"])
def test_while_the_critic_warms_up_every_pass_finds_the_same_policy(model, way: str) -> None:
    learner, settings, _ = WAYS[way]
    learning = trainer(model, learner | {"value_warmup_steps": 1}, **settings)
    policy = copy.deepcopy(learning.policy.state_dict())
    critic = copy.deepcopy(learning.value_model.state_dict())
    steps = learning.steps()
    trace = next(steps)
    assert all(torch.equal(x, policy[name]) for name, x in learning.policy.state_dict().items())
    assert any(not torch.equal(x, critic[name]) for name, x in learning.value_model.state_dict().items())
    for number in range(PASSES + 1):
        np.testing.assert_allclose(rows(trace, number)["ratio"].to_numpy(), 1, atol=1e-5)
    assert set(rows(trace, 0)["ratio"].to_pylist()) == {1.0}
    for name in ("policy_loss", "ratio_mean", "grad_norm", "approx_kl"):
        assert trace.scalars[name] is None
    assert trace.scalars["value_loss"] > 0
    after = next(steps)
    assert after.scalars["policy_loss"] is not None
    assert np.ptp(rows(after, PASSES)["ratio"].to_numpy()) > 1e-3


@pytest.mark.parametrize("settings", [{"lora_rank": 0}, {"lora_rank": 2}], ids=str)
def test_gradient_checkpointing_changes_no_number_and_leaves_dropout_off(tmp_path: Path, settings) -> None:
    """Of a model that comes with dropout. Sampling, too, must see the whole prompt."""
    model = saved(tmp_path, attention_dropout=0.5)
    kept, again = (
        list(trainer(model, KL_REWARD, gradient_checkpointing=x, steps=1, **settings).steps()) for x in (False, True)
    )
    assert again[0].samples.equals(kept[0].samples)
    for number in range(PASSES + 1):
        for column in ("logprob_old", "logprob", "logprob_ref", "value", "advantage", "objective"):
            mine, theirs = (rows(x[0], number)[column].to_numpy() for x in (again, kept))
            np.testing.assert_allclose(mine, theirs, atol=1e-4, err_msg=column)


def test_gradient_checkpointing_keeps_less_and_computes_again(model, monkeypatch) -> None:
    learning = trainer(model, KL_REWARD, gradient_checkpointing=True, steps=1)
    layer, critics = learning.policy.model.layers[0], learning.value_model.backbone.layers[0]
    calls = []
    for x in (layer, critics):
        x.input_layernorm.register_forward_hook(lambda m, *_: calls.append((m, torch.is_grad_enabled())))
    list(learning.steps())
    for x in (layer, critics):
        with_gradient = sum(m is x.input_layernorm and grad for m, grad in calls)
        assert with_gradient == 2 * PASSES  # once forward and once on the way back, in each pass
        assert not x.training


def test_what_serves_the_first_update_is_the_whole_batch_with_its_gradient(model, monkeypatch) -> None:
    """The critic's too: in a whole step it is run once for the credit and the first update together."""
    calls = []
    real = scoring.values

    def counting(critic: ValueModel, sequences: Any) -> Any:
        calls.append(len(sequences.mask))
        return real(critic, sequences)

    monkeypatch.setattr(passes.scoring, "values", counting)
    next(trainer(model, KL_REWARD).steps())
    assert calls == [RESPONSES] * PASSES
    calls.clear()
    next(trainer(model, KL_REWARD, micro_batch_size=3).steps())
    assert calls == [3, 3, 2] * (1 + PASSES)


@pytest.mark.parametrize("learner", [GRPO | {"entropy_coef": 0.5}, GRPO | {"aggregation": "seq-mean-token-sum-norm"}])
def test_the_first_updates_gradient_is_the_same_from_kept_scores_as_from_parts(model, learner) -> None:
    """An entropy bonus, too, has its gradient where a step's first scores serve its first update."""
    norms = {}
    for micro in (None, 3):
        run = trainer(model, learner | {"num_iterations": 1}, micro_batch_size=micro, steps=1)
        norms[micro] = next(run.steps()).scalars["grad_norm"]
    assert norms[None] == pytest.approx(norms[3], rel=1e-3)
    if "entropy_coef" in learner:  # or the bonus would be too small to see
        plain = next(trainer(model, GRPO | {"num_iterations": 1}, steps=1).steps()).scalars["grad_norm"]
        assert norms[None] != pytest.approx(plain, rel=5e-3)


def test_the_order_of_mini_batches_is_the_seeds(model) -> None:
    """Not that of whatever else has drawn random numbers in this process."""
    once, again, other = (
        next(trainer(model, GRPO | {"num_mini_batches": 4}, seed=seed, steps=1).steps()) for seed in (0, 0, 1)
    )
    assert once.tokens.equals(again.tokens)
    assert not once.tokens.equals(other.tokens)


def test_while_the_critic_warms_up_no_gradient_of_the_policy_is_recorded(model) -> None:
    trace = next(trainer(model, PPO | {"value_warmup_steps": 1}, steps=1).steps())
    for name in ("clipped", "ratio_update"):
        assert trace.tokens[name].null_count == trace.tokens.num_rows


@pytest.mark.parametrize("batches", [1, 2, 4])
def test_mini_batches_are_drawn_anew_in_every_pass(model, monkeypatch, batches: int) -> None:
    orders, one_pass = [], Updater.one_pass

    def telling(self: Updater, batch: Batch, config: Any, settings: Any, longest: int, order: Any, *rest: Any, **more):
        orders.append(order.tolist())
        return one_pass(self, batch, config, settings, longest, order, *rest, **more)

    monkeypatch.setattr(Updater, "one_pass", telling)
    next(trainer(model, GRPO | {"num_mini_batches": batches}, steps=1).steps())
    assert [sorted(x) for x in orders] == [list(range(RESPONSES))] * PASSES
    assert (orders[0] == sorted(orders[0])) == (batches == 1)
    assert (orders[0] == orders[1]) == (batches == 1)
