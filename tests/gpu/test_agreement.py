"""The GPU against the CPU: the same seed, the same responses, the same numbers but for rounding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from core.insight.replay import score_ids
from core.training.continuations import Oracle, Responses
from core.training.trainer import Trainer
from tests.gpu.runs import bundled, chat, column

pytestmark = pytest.mark.gpu

PASSES = 2
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "bundled ppo": ("ppo", {}),
    "bundled grpo": ("grpo", {}),
    "bundled grpo, in parts": ("grpo", {"micro_batch_size": 5}),
    "chat ppo": ("ppo", {}),
    "chat grpo, in parts": ("grpo", {"micro_batch_size": 3}),
    "chat ppo, mini-batches": ("ppo", {"own": {"num_mini_batches": 2}}),
    "chat grpo, adapters": ("grpo", {"lora_rank": 2}),
    "chat ppo, adapters, less kept": ("ppo", {"lora_rank": 2, "gradient_checkpointing": True}),
}


@pytest.fixture(scope="module", params=RUNS)
def maker(request: pytest.FixtureRequest, chat_model: str) -> Callable[[str], Trainer]:
    learner, settings = RUNS[request.param]
    if request.param.startswith("bundled"):
        return lambda device: bundled(learner, device, **settings)
    return lambda device: chat(chat_model, learner, device, **settings)


def test_the_first_step_is_the_cpus(maker: Callable[[str], Trainer], device: str) -> None:
    """Responses are the same tokens: the random numbers are the CPU's on every device."""
    ours, theirs = maker(device), maker("cpu")
    assert ours.start_hash == theirs.start_hash
    mine, cpu = next(ours.steps()), next(theirs.steps())
    assert mine.prompt_hash == cpu.prompt_hash
    # (A random number within rounding of a boundary would give another token: one in a hundred thousand.)
    assert mine.samples.equals(cpu.samples)
    for name in ("logprob_old", "logprob_ref", "entropy", "advantage", "value", "token_reward", "return"):
        if cpu.tokens[name].null_count:
            assert mine.tokens[name].null_count == mine.tokens.num_rows
            continue
        np.testing.assert_allclose(column(mine, 0, name), column(cpu, 0, name), atol=1e-3, rtol=1e-3, err_msg=name)
    assert set(column(mine, 0, "ratio")) == {1.0}
    for number in range(1, PASSES + 1):  # Adam takes signs: gradients of nothing but rounding move weights, too
        moved = column(cpu, number, "logprob") - column(cpu, 0, "logprob")
        off = column(mine, number, "logprob") - column(cpu, number, "logprob")
        assert np.abs(moved).max() > 0.01
        assert np.abs(off).max() < 0.1 * np.abs(moved).max()
    for name in ("reward", "entropy", "kl", "policy_loss", "grad_norm", "value_loss"):
        expected = cpu.scalars[name]
        assert mine.scalars[name] == (None if expected is None else pytest.approx(expected, rel=2e-2, abs=1e-3)), name
    assert ours._drift < 1e-3
    assert {x.device.type for x in ours.policy.parameters()} == {device}


def test_it_goes_on_from_a_checkpoint(maker: Callable[[str], Trainer], device: str, tmp_path) -> None:
    """The next step from a checkpoint is the step that the run itself makes, but for rounding."""
    straight = maker(device)
    steps = straight.steps()
    next(steps)
    straight.save(tmp_path / "checkpoint")
    resumed = Trainer.load(tmp_path / "checkpoint")
    assert resumed.step == 1
    resumed.task.verify = straight.task.verify
    mine, theirs = next(resumed.steps()), next(steps)
    assert mine.samples["response"].equals(theirs.samples["response"])
    np.testing.assert_allclose(column(mine, 0, "logprob"), column(theirs, 0, "logprob"), atol=1e-4)
    moved = np.abs(column(theirs, PASSES, "logprob") - column(theirs, 0, "logprob")).max()
    assert np.abs(column(mine, PASSES, "logprob") - column(theirs, PASSES, "logprob")).max() < 0.1 * moved + 1e-4


@pytest.mark.parametrize("kind", ["bundled", "chat"])
def test_scores_and_true_values_are_the_cpus(kind: str, chat_model: str, device: str) -> None:
    def make(where: str) -> Trainer:
        return bundled("ppo", where) if kind == "bundled" else chat(chat_model, "ppo", where)

    ours, theirs = make(device), make("cpu")
    prompts = theirs.task.prompts(0, 0, 2) * 2
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(3, 12, (4, 5), generator=generator)
    mask = torch.arange(5) < torch.tensor([5, 2, 3, 5])[:, None]
    mine, cpu = score_ids(ours, prompts, ids, mask), score_ids(theirs, prompts, ids, mask)
    for a, b in ((mine.logprobs, cpu.logprobs), (mine.logprobs_ref, cpu.logprobs_ref), (mine.values, cpu.values)):
        torch.testing.assert_close(a[mask], b[mask], rtol=1e-3, atol=1e-3)
    responses = Responses(prompts, ids, mask, torch.zeros(4))
    on_device = Responses(prompts, ids.to(device), mask.to(device), torch.zeros(4, device=device))
    estimates = Oracle.of(ours).estimate(on_device, continuations=8)
    expected = Oracle.of(theirs).estimate(responses, continuations=8)
    torch.testing.assert_close(estimates.values.cpu(), expected.values, rtol=0, atol=0.05)
    assert (estimates.values.cpu() == expected.values).float().mean() > 0.95
