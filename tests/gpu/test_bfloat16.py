"""bfloat16 on a GPU: how far sampled and scored log-probabilities drift apart, and that the page is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from core.training.drift import DRIFT_ALLOWED
from core.training.trainer import Trainer
from tests.gpu.runs import bundled, chat, column

pytestmark = pytest.mark.gpu


def drifted(trainer: Trainer) -> tuple[float, list[float]]:
    """(largest drift of two steps, what was told of it)."""
    drifts, events = [], []
    for trace in trainer.steps():
        drifts.append(trainer._drift)
        events += [x["value"] for x in trace.events if x["kind"] == "drift"]
        assert np.isfinite(trace.tokens["logprob"].to_numpy()).all()
        if trace.step == 0:
            assert set(column(trace, 0, "ratio")) == {1.0}
        assert np.ptp(column(trace, 2, "ratio")) > 1e-3  # no weights of before the update
    return max(drifts), events


@pytest.mark.parametrize("kind", ["bundled", "chat"])
@pytest.mark.parametrize("learner", ["ppo", "grpo"])
def test_in_float32_nothing_drifts_and_nothing_is_told(kind: str, learner: str, chat_model: str, device: str) -> None:
    trainer = bundled(learner, device) if kind == "bundled" else chat(chat_model, learner, device)
    drift, events = drifted(trainer)
    assert drift < DRIFT_ALLOWED
    assert events == []


@pytest.mark.parametrize("settings", [{}, {"micro_batch_size": 3}, {"lora_rank": 2}], ids=str)
def test_in_bfloat16_the_drift_is_measured_and_told_where_it_is_more_than_allowed(
    settings: dict[str, Any], chat_model: str, device: str, record_property
) -> None:
    """The made-up model's weights are so large that rounding shows."""
    drift, events = drifted(chat(chat_model, "ppo", device, dtype="bfloat16", **settings))
    record_property("drift", drift)
    assert drift < 0.5
    if device == "cuda":
        assert drift > DRIFT_ALLOWED
    assert bool(events) == (drift > DRIFT_ALLOWED)
    if events:
        assert events[0] > DRIFT_ALLOWED
        assert len(events) <= 2  # again only where it has doubled


def test_the_bundled_model_trains_in_bfloat16_where_asked_to(device: str, record_property) -> None:
    drift, _ = drifted(bundled("grpo", device, dtype="bfloat16"))
    record_property("drift", drift)
    assert drift < 0.5


def test_auto_is_bfloat16_for_real_models_and_float32_for_the_bundled_one(chat_model: str, device: str) -> None:
    assert chat(chat_model, "grpo", device, dtype="auto").dtype == (
        "bfloat16" if device == "cpu" or torch.cuda.is_bf16_supported() else "float32"
    )
    assert bundled("grpo", device, dtype="auto").dtype == "float32"


def test_weights_moments_and_scores_stay_in_float32(chat_model: str, device: str) -> None:
    trainer = chat(chat_model, "ppo", device, dtype="bfloat16")
    [*_] = trainer.steps()
    for model in (trainer.policy, trainer.value_model, trainer.reference):
        assert {x.dtype for x in model.parameters()} == {torch.float32}
    for state in trainer._updater.state_dict().values():
        moments = [x for one in state["state"].values() for x in one.values() if isinstance(x, torch.Tensor)]
        assert {x.dtype for x in moments} == {torch.float32}
        assert {x.device.type for x in moments} == {device}
