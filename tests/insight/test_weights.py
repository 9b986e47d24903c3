"""How large models are and how far they have moved: by hand on a few numbers, and on the models of a learner."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from core.config import RunConfig
from core.insight.weights import Weights, weights, weights_of
from core.models import adapters
from core.models.start import load
from core.models.value import ValueModel
from tests.tiny import chat_model


def test_the_distance_is_that_of_all_numbers_together() -> None:
    start = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))  # 3·2 + 2 + 2·1 + 1 numbers
    model = copy.deepcopy(start)
    assert weights(model, start) == Weights(11, 0.0)
    with torch.no_grad():
        model[0].weight[1, 2] += 3
        model[1].bias[0] -= 4
    moved = weights(model, start)
    assert (moved.parameters, moved.distance) == (11, pytest.approx(5))
    assert weights(start, model).distance == pytest.approx(5)


def test_shared_parameters_count_once_and_what_has_no_start_has_no_distance() -> None:
    start = nn.ModuleDict({"into": nn.Embedding(5, 2), "out": nn.Linear(2, 5, bias=False)})
    start["out"].weight = start["into"].weight
    model = copy.deepcopy(start)
    with torch.no_grad():
        model["into"].weight += 1
    moved = weights(model, start)
    assert (moved.parameters, moved.distance) == (10, pytest.approx(10**0.5))
    model["new"] = nn.Linear(1, 1)
    assert weights(model, start) == Weights(12, moved.distance)


def test_adapters_move_a_model_by_what_they_add() -> None:
    start = chat_model()
    model = copy.deepcopy(start)
    adapters.add(model, rank=2)
    size = sum(x.numel() for x in model.parameters())
    assert weights(model, start) == Weights(size, 0.0)
    squares = 0.0
    with torch.no_grad():
        weight = dict(model.named_parameters())
        for i, (name, b) in enumerate(x for x in weight.items() if "lora_B" in x[0]):
            b.fill_(0.01 * (i + 1))
            added = 2 * b.double() @ weight[name.replace("lora_B", "lora_A")].double()  # the scale alpha / rank is 2
            squares += float(added.square().sum())
        own = weight["model.norm.weight"]
        own[0] += 2
    assert squares > 0.01
    assert weights(model, start) == Weights(size, pytest.approx((squares + 4) ** 0.5, rel=1e-6))


def test_each_model_of_a_learner_is_measured_from_the_start_model() -> None:
    name = RunConfig().model
    start = load(name).model
    policy, reference, critic = copy.deepcopy(start), copy.deepcopy(start), ValueModel(start)
    with torch.no_grad():
        next(policy.parameters()).view(-1)[0] += 3
        critic.head.bias += 2
        next(critic.backbone.parameters()).view(-1)[0] += 1.5
    size = sum(x.numel() for x in start.parameters())
    critics = sum(x.numel() for x in start.base_model.parameters()) + start.config.hidden_size + 1
    config, device = SimpleNamespace(model=name), torch.device("cpu")
    learner = SimpleNamespace(config=config, device=device, policy=policy, reference=reference, value_model=critic)
    assert weights_of(learner) == {
        "policy": Weights(size, pytest.approx(3, rel=1e-6)),
        "reference": Weights(size, 0.0),
        "value": Weights(critics, pytest.approx(2.5, rel=1e-6)),
    }
    alone = SimpleNamespace(config=config, device=device, policy=policy, reference=None, value_model=None)
    assert set(weights_of(alone)) == {"policy"}
