"""What the GPU's bench says of a card and of a step; on the CPU, for a model that nobody waits for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benches import gpu
from benches.gpu import SMALL_SHAPE, TINY, Case, Measured, Part, count, line, make_model, measure, peak_of, run_of
from core.training.trainer import Trainer


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H200", 989), ("NVIDIA H100 80GB HBM3", 989), ("NVIDIA H100 PCIe", 756), ("NVIDIA H100 NVL", 835),
        ("NVIDIA GH200 480GB", 989), ("NVIDIA A100-SXM4-80GB", 312), ("NVIDIA A10", 125), ("NVIDIA A10G", 70),
        ("NVIDIA L4", 121), ("NVIDIA L40S", 362), ("NVIDIA L40", 181), ("NVIDIA GeForce RTX 4090", 165),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None), ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", None), ("Tesla T4", None),
        ("NVIDIA GeForce RTX 4080", None),
    ],
)  # fmt: skip
def test_a_cards_peak_is_its_own_and_none_is_guessed(name: str, peak: float | None) -> None:
    assert peak_of(name) == (None if peak is None else peak * 1e12)


def test_a_peak_that_is_not_known_is_measured() -> None:
    assert 1e9 < gpu.measured_peak(torch.device("cpu")) < 1e15


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("tiny")
    make_model(json.loads(json.dumps(TINY)), folder)
    return str(folder)


def test_the_counted_arithmetic_is_six_operations_a_weight_and_token_that_is_computed(model: str) -> None:
    """Two forward and four backward; of the vocabulary's projection at response tokens only, each in float32."""
    shape = SMALL_SHAPE | {"micro_batch_size": 8, "dtype": "float32"}
    trainer = Trainer(run_of(Case("tiny", TINY, shape, "grpo"), model, "cpu"), "grpo")
    prompts = trainer.codec.encode(trainer.task.prompts(trainer.config.seed, 0, 2), "cpu").ids
    rollout, update, tokens = count(trainer)
    assert trainer.step == 1
    linear = sum(x.numel() for name, x in trainer.policy.named_parameters() if "proj" in name)
    head = trainer.policy.lm_head.weight.numel()
    passed = prompts.numel() + tokens  # prompts once, responses each: an untrained model repeats none
    # two passes with gradient, and the panel, which is all, once more
    expected = (6 * 2 + 2) * (linear * passed + head * tokens)
    assert expected < update < 1.15 * expected  # attention's products are the rest
    # one token before the last is written; each prompt's first is chosen from one state
    expected = 2 * (linear * (passed - 8) + head * (tokens - 8 + 2))
    assert expected < rollout < 1.15 * expected


def test_a_case_is_measured_and_told(model: str) -> None:
    measured = measure(run_of(Case("tiny", TINY, SMALL_SHAPE, "ppo"), model, "cpu"), steps=1)
    assert measured.dtype == "bfloat16"
    assert measured.peak_bytes is None
    assert measured.predicted_bytes > 16 * 2e6
    for part in (measured.rollout, measured.update):
        assert part.seconds > 0
        assert part.rate == pytest.approx(part.flops / part.seconds)
    assert measured.update.tokens == 2 * measured.rollout.tokens > 0
    assert measured.update.flops > 5 * measured.rollout.flops


def test_what_is_told_is_tokens_a_second_and_the_share_of_the_peak() -> None:
    measured = Measured(Part(2.0, 1000.0, 2e12), Part(0.5, 2000.0, 20e12), 1_100_000_000, 1_000_000_000, "bfloat16")
    text = line("a case", measured, 100e12)
    for part in ("500 tokens/s", "4,000 tokens/s", "1.0% of the peak", "40.0% of the peak", "1.10 GB", "(-9.1%)"):
        assert part in text
