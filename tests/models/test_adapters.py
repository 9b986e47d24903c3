"""LoRA: what is trained, what is shared, what a reference is, and what a checkpoint holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.models import adapters, forward
from core.models.start import load
from core.training import scoring
from core.training.scoring import Sequences
from core.training.trainer import Trainer
from tests.tiny import chat_trainer, points, saved

RANK = 3
PPO, GRPO = {"algorithm": "ppo", "value_learning_rate": 3e-3}, {"algorithm": "grpo"}
LEARNERS = pytest.mark.parametrize("learner", [PPO, GRPO], ids=["ppo", "grpo"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("model"))


def trainer(model: str, learner: dict[str, Any], **settings: Any) -> Trainer:
    return chat_trainer(model, learner, lora_rank=RANK, **settings)


def copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: x.detach().clone() for name, x in module.named_parameters()}


def some_text() -> Sequences:
    ids = torch.randint(3, 250, (4, 14), generator=torch.Generator().manual_seed(0))
    return Sequences(ids, None, torch.ones(4, 5, dtype=torch.bool), 9)


@LEARNERS
def test_only_adapters_are_trained(model: str, learner) -> None:
    learning = trainer(model, learner)
    before = copied(learning.policy)
    list(learning.steps())
    moved = {name for name, x in learning.policy.named_parameters() if not torch.equal(x, before[name])}
    assert moved == {name for name in before if "lora_" in name}
    linear = 7 * 2  # four products of attention, three of the MLP, in two layers
    assert len(moved) == 2 * linear
    assert {x.shape[0] for name, x in before.items() if "lora_A" in name} == {RANK}
    if learning.value_model is not None:
        trained = {name for name, x in learning.value_model.named_parameters() if x.requires_grad}
        assert all("lora_" in name or name.startswith("head.") for name in trained)
        assert len(trained) == 2 * linear + 2


@LEARNERS
def test_before_training_adapters_change_nothing_and_afterwards_the_reference_is_the_start(model: str, learner) -> None:
    """To the last bit: with the adapters off, the model is the one that was loaded."""
    learning, start, text = trainer(model, learner), load(model), some_text()
    forward.prepare(start.model)
    with torch.no_grad():
        expected = scoring.score(start.model, text, 1.0).logprobs
        untrained = scoring.score(learning.policy, text, 1.0).logprobs
    torch.testing.assert_close(untrained, expected, rtol=1e-5, atol=1e-5)
    list(learning.steps())
    with torch.no_grad():
        with learning.models.as_reference() as reference:
            assert torch.equal(scoring.score(reference, text, 1.0).logprobs, expected)
        trained = scoring.score(learning.policy, text, 1.0).logprobs
    assert (trained - expected).abs().max() > 0.01
    assert learning.reference is None


def test_adapters_are_on_again_also_after_something_broke_with_them_off(model: str) -> None:
    learning, text = trainer(model, GRPO), some_text()
    list(learning.steps())
    with torch.no_grad():
        before = scoring.score(learning.policy, text, 1.0).logprobs

        def breaks() -> None:
            with adapters.switched_off(learning.policy):
                raise KeyError

        with pytest.raises(KeyError):
            breaks()
        assert torch.equal(scoring.score(learning.policy, text, 1.0).logprobs, before)


def test_the_critic_shares_the_frozen_weights_and_has_adapters_of_its_own(model: str) -> None:
    learning = trainer(model, PPO)
    policy = {x.data_ptr(): name for name, x in learning.policy.named_parameters()}
    shared, own = [], []
    for name, x in learning.value_model.named_parameters():
        (shared if x.data_ptr() in policy else own).append(name)
    assert all("lora_" in name or name.startswith("head.") for name in own)
    assert len(shared) == sum("lora_" not in name for name in policy.values())  # the output is the input's table
    critic = copied(learning.value_model)
    list(learning.steps())
    after = copied(learning.value_model)
    assert all(torch.equal(after[name], critic[name]) for name in shared)
    assert all(not torch.equal(after[name], critic[name]) for name in own)
    # and the two learn different things
    theirs = {name.partition("layers.")[2]: x for name, x in learning.policy.named_parameters() if "lora_B" in name}
    for name, x in after.items():
        if "lora_B" in name:
            assert not torch.allclose(x, theirs[name.partition("layers.")[2]])


@LEARNERS
def test_the_same_config_gives_the_same_run(model: str, learner) -> None:
    """Half of an adapter starts at random, which must not come from whatever the process has drawn before."""
    torch.manual_seed(1)
    first = [trace.tokens for trace in trainer(model, learner).steps()]
    torch.manual_seed(2)
    second = [trace.tokens for trace in trainer(model, learner).steps()]
    assert all(a.equals(b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("settings", [{}, {"micro_batch_size": 3, "gradient_checkpointing": True}], ids=str)
@LEARNERS
def test_a_checkpoint_holds_no_frozen_weights_and_continues_exactly(model: str, tmp_path: Path, learner, settings):
    straight = list(trainer(model, learner, steps=4, **settings).steps())
    begun = trainer(model, learner, steps=2, **settings)
    list(begun.steps())
    begun.save(tmp_path / "checkpoint")
    state = torch.load(tmp_path / "checkpoint", weights_only=True)
    assert state["policy"]
    assert all("lora_" in name for name in state["policy"])
    if learner is PPO:
        assert all("lora_" in name or name.startswith("head.") for name in state["value_model"])
    resumed = Trainer.load(tmp_path / "checkpoint")
    resumed.task.verify = points
    resumed.change({"steps": 4})
    rest = list(resumed.steps())
    assert len(rest) == 2
    for a, b in zip(straight[2:], rest, strict=True):
        assert a.tokens.equals(b.tokens)
        assert a.samples.equals(b.samples)


def test_how_far_adapters_have_moved_a_model_is_told_of_what_they_add(model: str) -> None:
    learning, start = trainer(model, PPO), load(model).model
    assert learning.start_weights.distances(learning.policy, learning.value_model)["policy_distance"] == 0
    norms = {
        "policy": float(sum(x.double().square().sum() for x in copied(start).values())) ** 0.5,
        "value": float(sum(x.double().square().sum() for x in copied(start.base_model).values())) ** 0.5,
    }
    list(learning.steps())
    squares = {"policy": 0.0, "value": 0.0}
    for x in learning.value_model.head.parameters():
        squares["value"] += float(x.detach().double().square().sum())
    for whose, module in (("policy", learning.policy), ("value", learning.value_model)):
        weights = copied(module)
        for name, a in weights.items():
            if "lora_A" in name:  # scale alpha / rank = 2
                added = 2 * weights[name.replace("lora_A", "lora_B")].double() @ a.double()
                squares[whose] += float(added.square().sum())
    moved = learning.start_weights.distances(learning.policy, learning.value_model)
    for whose, square in squares.items():
        x = moved[f"{whose}_distance"]
        assert x == pytest.approx(square**0.5 / norms[whose], rel=1e-4)
        assert x > 1e-4


def test_the_kls_gradient_is_measured_against_the_start_model(model: str) -> None:
    from core.insight.kl_gradient import directions
    from core.insight.replay import ReplayedModels

    learning = trainer(model, GRPO, steps=3)
    steps = learning.steps()
    next(steps), next(steps)
    twin = trainer(model, GRPO, steps=3)
    list(zip(range(2), twin.steps(), strict=False))
    trace = next(steps)
    measured = directions(ReplayedModels(twin, 2, "training again", 0.0), trace.tokens, trace.samples)
    assert measured.expected["k2"].cosine == pytest.approx(1, abs=1e-5)
    assert measured.weights == sum(x.numel() for x in twin.policy.parameters() if x.requires_grad)
