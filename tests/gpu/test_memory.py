"""Predicted against allocated memory of the GPU, on made-up models of real sizes."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
import torch

from benches.gpu import predicted
from benches.memory import QWEN, WIDE, Case, every_group_followed, make_model, settings
from core.training.trainer import Trainer

pytestmark = pytest.mark.gpu

ROOMY: dict[str, Any] = {"prompts_per_step": 8, "num_generations": 8, "max_completion_length": 64}
CASES = {
    "wide grpo": (WIDE, {"micro_batch_size": 16}, "grpo"),
    "wide grpo, float32": (WIDE, {"micro_batch_size": 16, "dtype": "float32"}, "grpo"),
    "wide grpo, whole": (WIDE, {}, "grpo"),
    "wide ppo": (WIDE, {"micro_batch_size": 16}, "ppo"),
    "wide ppo, whole, reference": (WIDE, {"measure_kl": True}, "ppo"),
    "wide ppo, adapters": (WIDE, {"micro_batch_size": 16, "lora_rank": 16}, "ppo"),
    "wide grpo, less kept": (WIDE, {"gradient_checkpointing": True}, "grpo"),
    "qwen grpo, reference": (QWEN, {"micro_batch_size": 16, "measure_kl": True}, "grpo"),
    "qwen ppo": (QWEN, {"micro_batch_size": 16}, "ppo"),
}


@pytest.fixture(scope="module")
def folders(device: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    if device != "cuda":
        pytest.skip("only CUDA says what it has allocated")
    by_name = {}
    for name, config in (("wide", WIDE), ("qwen", QWEN)):
        by_name[name] = tmp_path_factory.mktemp(name)
        make_model(config, by_name[name])
    return by_name


@pytest.mark.parametrize("case", CASES)
def test_the_peak_is_within_fifteen_per_cent_of_what_was_predicted(case: str, folders, record_property) -> None:
    config, run, learner = CASES[case]
    run = {**ROOMY, "device": "cuda", "dtype": "auto", **run}
    gc.collect()
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    trainer = Trainer(settings(Case(case, config, run, learner), str(folders[case.split()[0]])), learner)
    with every_group_followed():
        for _ in trainer.steps():
            pass
    trainer.final_evaluation()
    measured = torch.cuda.max_memory_allocated() - before
    prediction = predicted(trainer)
    record_property("measured_over_predicted", measured / prediction)
    assert prediction / measured == pytest.approx(1, abs=0.15)
