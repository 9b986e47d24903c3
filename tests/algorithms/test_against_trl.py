"""Our GRPO against TRL 1.16's: loss, gradient, clip fractions and advantages.

TRL's methods are called on a stub that carries just the settings they read and gives out our log-probabilities, so what
is compared is TRL's own arithmetic. Its imports take seconds: everything that needs them is in this file.
"""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core.algorithms.advantages import group_advantages, zero_std_groups
from core.algorithms.kl import entropy_of
from core.algorithms.policy_loss import policy_objective
from core.algorithms.types import Experience
from core.learners.kinds.grpo import GRPOSettings
from core.learners.registry import credit_for

BATCH, LENGTH, MAX_LENGTH = 12, 7, 9

#: TRL's name of each of our aggregations; bnpo normalises within the batch that it is given, as ours does.
LOSS_TYPES = [
    ("seq-mean-token-mean", "grpo"),
    ("token-mean", "bnpo"),
    ("token-mean", "dapo"),
    ("seq-mean-token-sum-norm", "dr_grpo"),
]


@pytest.fixture(scope="module")
def trl_trainer() -> Any:
    grpo_trainer = pytest.importorskip("trl.trainer.grpo_trainer", reason="TRL is a test-only dependency")
    return grpo_trainer.GRPOTrainer


class Accelerator:
    """One process: nothing to gather."""

    device = torch.device("cpu")
    num_processes = 1
    process_index = 0
    sync_gradients = True

    def gather(self, x: torch.Tensor) -> torch.Tensor:
        return x

    def reduce(self, x: torch.Tensor, reduction: str = "sum") -> torch.Tensor:
        return x


@pytest.fixture
def experience() -> Experience:
    torch.manual_seed(0)
    lengths = torch.randint(1, LENGTH + 1, (BATCH, 1))
    logprobs = -torch.rand(BATCH, LENGTH) * 3
    return Experience(
        mask=torch.arange(LENGTH) < lengths,
        logprobs_old=logprobs,
        logprobs_ref=logprobs + 0.5 * torch.randn(BATCH, LENGTH),
        rewards=torch.rand(BATCH),
        group=torch.arange(3).repeat_interleave(4),
        truncated=torch.zeros(BATCH).bool(),
    )


def trl_loss(
    trainer: Any,
    logprob: torch.Tensor,
    entropies: torch.Tensor,
    experience: Experience,
    loss_type: str,
    **settings: Any,
) -> tuple[torch.Tensor, dict[str, list[float]]]:
    """TRL's loss for these log-probabilities, and the metrics it logged."""
    delta, entropy_coef = settings.pop("delta"), settings.pop("entropy_coef")
    level = settings.pop("importance_sampling_level", "token")
    stub = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *a, **k: (logprob, entropies, None),
        model=SimpleNamespace(training=True),
        args=SimpleNamespace(use_bias_correction_kl=False, delta=delta, steps_per_generation=1),
        accelerator=Accelerator(),
        loss_type=loss_type,
        importance_sampling_level=level,
        max_completion_length=MAX_LENGTH,
        current_gradient_accumulation_steps=1,
        aux_loss_enabled=False,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        use_vllm=False,
        vllm_importance_sampling_correction=False,
        use_adaptive_entropy=False,
        entropy_coef=entropy_coef,
        _entropy_bonus_enabled=entropy_coef > 0,
        _metrics={"train": defaultdict(list)},
        **settings,
    )
    advantages, _ = group_advantages(experience.rewards, experience.group)
    inputs = {
        "prompt_ids": torch.zeros(BATCH, 2, dtype=torch.long),
        "prompt_mask": torch.ones(BATCH, 2, dtype=torch.long),
        "completion_ids": torch.zeros(BATCH, LENGTH, dtype=torch.long),
        "completion_mask": experience.mask.long(),
        "advantages": advantages,
        "old_per_token_logps": experience.logprobs_old,
        "ref_per_token_logps": experience.logprobs_ref,
        "num_items_in_batch": experience.mask.sum(),
    }
    return trainer._compute_loss(stub, None, inputs), stub._metrics["train"]


@pytest.mark.parametrize(("aggregation", "loss_type"), LOSS_TYPES)
@pytest.mark.parametrize("beta", [0.0, 0.04])
@pytest.mark.parametrize("epsilon_high", [None, 0.28])
@pytest.mark.parametrize("dual_clip", [None, 2.0])
def test_loss_gradient_and_clip_fractions(
    trl_trainer: Any, experience: Experience, aggregation, loss_type: str, beta: float, epsilon_high, dual_clip
) -> None:
    settings = GRPOSettings(aggregation=aggregation, beta=beta, epsilon_high=epsilon_high, dual_clip=dual_clip)
    start = experience.logprobs_old + 0.6 * torch.randn(BATCH, LENGTH)
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    result = policy_objective(ours, experience, credit_for(settings)(experience), settings, MAX_LENGTH)
    expected, metrics = trl_loss(
        trl_trainer,
        theirs,
        torch.zeros(BATCH, LENGTH),
        experience,
        loss_type,
        beta=beta,
        epsilon_low=settings.epsilon,
        epsilon_high=settings.clip_high,
        delta=dual_clip,
        entropy_coef=0.0,
    )
    assert expected.abs() > 1e-3
    torch.testing.assert_close(result.loss, expected, rtol=1e-5, atol=1e-7)
    (our_gradient,), (their_gradient,) = (
        torch.autograd.grad(loss, x) for loss, x in ((result.loss, ours), (expected, theirs))
    )
    torch.testing.assert_close(our_gradient, their_gradient, rtol=1e-5, atol=1e-7)

    clipped = result.clipped[experience.mask]
    assert (clipped == -1).float().mean().item() == pytest.approx(metrics["clip_ratio/low_mean"][0])
    if dual_clip is None:  # TRL does not count what its delta cuts; ours does, its gradient being cut
        assert (clipped == 1).float().mean().item() == pytest.approx(metrics["clip_ratio/high_mean"][0])
    else:
        assert (clipped == 1).float().mean().item() > metrics["clip_ratio/high_mean"][0]
    if beta:
        assert result.kl is not None
        assert result.kl[experience.mask].mean().item() == pytest.approx(metrics["kl"][0], rel=1e-5)


@pytest.mark.parametrize(("aggregation", "loss_type"), LOSS_TYPES)
@pytest.mark.parametrize("beta", [0.0, 0.04])
def test_gspo(trl_trainer: Any, experience: Experience, aggregation, loss_type: str, beta: float) -> None:
    settings = GRPOSettings(
        importance_sampling_level="sequence", aggregation=aggregation, beta=beta, epsilon=0.1, epsilon_high=0.15
    )
    start = experience.logprobs_old + 0.6 * torch.randn(BATCH, LENGTH)
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    result = policy_objective(ours, experience, credit_for(settings)(experience), settings, MAX_LENGTH)
    expected, metrics = trl_loss(
        trl_trainer,
        theirs,
        torch.zeros(BATCH, LENGTH),
        experience,
        loss_type,
        beta=beta,
        epsilon_low=0.1,
        epsilon_high=0.15,
        delta=None,
        entropy_coef=0.0,
        importance_sampling_level="sequence",
    )
    torch.testing.assert_close(result.loss, expected, rtol=1e-5, atol=1e-7)
    gradients = [torch.autograd.grad(loss, x)[0] for loss, x in ((result.loss, ours), (expected, theirs))]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-7)
    clipped = result.clipped[:, 0].float()  # TRL counts responses there, as all tokens of one are clipped together
    assert clipped.abs().sum() > 0
    assert (clipped == -1).float().mean().item() == pytest.approx(metrics["clip_ratio/low_mean"][0])
    assert (clipped == 1).float().mean().item() == pytest.approx(metrics["clip_ratio/high_mean"][0])


@pytest.mark.parametrize("level", ["token", "sequence"])
@pytest.mark.parametrize("beta", [0.0, 0.04])
def test_cispo(trl_trainer: Any, experience: Experience, level, beta: float) -> None:
    """TRL's epsilon_high is the bound itself, ours what it is above 1; its loss type has token-mean built in."""
    settings = GRPOSettings(surrogate="cispo", epsilon_high=0.3, beta=beta, importance_sampling_level=level)
    start = experience.logprobs_old + 0.6 * torch.randn(BATCH, LENGTH)
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    result = policy_objective(ours, experience, credit_for(settings)(experience), settings, MAX_LENGTH)
    expected, metrics = trl_loss(
        trl_trainer,
        theirs,
        torch.zeros(BATCH, LENGTH),
        experience,
        "cispo",
        beta=beta,
        epsilon_low=0.2,
        epsilon_high=1.3,
        delta=None,
        entropy_coef=0.0,
        importance_sampling_level=level,
    )
    torch.testing.assert_close(result.loss, expected, rtol=1e-5, atol=1e-7)
    gradients = [torch.autograd.grad(loss, x)[0] for loss, x in ((result.loss, ours), (expected, theirs))]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-7)
    if level == "token":  # TRL counts only tokens with A > 0; ours counts all that are bounded
        praised = (result.clipped == 1) & (credit_for(settings)(experience).advantages > 0)
        assert praised.any()
        share = praised[experience.mask].float().mean().item()
        assert share == pytest.approx(metrics["cispo_clip_ratio"][0])
        assert (result.clipped[experience.mask] == 1).float().mean().item() > share


def test_entropy_bonus(trl_trainer: Any, experience: Experience) -> None:
    settings = GRPOSettings(entropy_coef=0.05)
    logprob, entropies = experience.logprobs_old + 0.1, torch.rand(BATCH, LENGTH)
    credit = credit_for(settings)(experience)
    result = policy_objective(logprob, experience, credit, settings, MAX_LENGTH, entropies)
    expected, _ = trl_loss(
        trl_trainer,
        logprob,
        entropies,
        experience,
        "bnpo",
        beta=0.0,
        epsilon_low=0.2,
        epsilon_high=0.2,
        delta=None,
        entropy_coef=0.05,
    )
    torch.testing.assert_close(result.loss, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_advantages(trl_trainer: Any, scale) -> None:
    """TRL's whole scoring step, given rewards of ours: four groups of four, one of them without signal."""
    rewards = some_rewards()
    stub = scoring_stub(rewards, scale_rewards=scale)
    expected = trl_trainer._generate_and_score_completions(stub, [{"prompt": "p"}] * 16)["advantages"]
    group = torch.arange(4).repeat_interleave(4)
    advantage, _ = group_advantages(rewards, group, scale)
    torch.testing.assert_close(advantage, expected, rtol=1e-5, atol=1e-6)
    if scale != "batch":  # TRL reports a batch-wide standard deviation there
        assert zero_std_groups(rewards, group).item() == stub._metrics["train"]["frac_reward_zero_std"][0] == 0.25


@pytest.mark.parametrize("normalize", [False, True])
def test_leave_one_out_advantages(normalize: bool) -> None:
    """TRL's RLOO trainer. It normalises over responses; ours over tokens, so the responses here have equal lengths."""
    rloo_trainer = pytest.importorskip("trl.trainer.rloo_trainer", reason="TRL is a test-only dependency")
    rewards = some_rewards()
    stub = scoring_stub(rewards, normalize_advantages=normalize, reward_clip_range=None)
    logprobs = torch.zeros(16, 2)
    stub._generate = lambda prompts: ([[1]] * 16, [[2, 3]] * 16, [""] * 16)
    stub._get_per_token_logps_and_entropies = lambda *a, **k: (logprobs, None, None)
    expected = rloo_trainer.RLOOTrainer._generate_and_score_completions(stub, [{"prompt": "p"}] * 16)["advantages"]
    settings = GRPOSettings(baseline="leave-one-out", scale_rewards="none", whiten_advantages=normalize, whiten_ddof=1)
    experience = Experience(
        mask=torch.ones(16, 1).bool(),
        logprobs_old=logprobs[:, :1],
        logprobs_ref=None,
        rewards=rewards,
        group=torch.arange(4).repeat_interleave(4),
        truncated=torch.zeros(16).bool(),
    )
    # TRL adds 1e-4 to the standard deviation and we 1e-8: a part in four thousand of these.
    torch.testing.assert_close(credit_for(settings)(experience).advantages[:, 0], expected, rtol=5e-4, atol=1e-6)


def some_rewards() -> torch.Tensor:
    """Four groups of four, one of them without signal."""
    torch.manual_seed(0)
    rewards = torch.rand(16)
    rewards[4:8] = 1.0
    return rewards


def scoring_stub(rewards: torch.Tensor, **settings: Any) -> SimpleNamespace:
    """What TRL's scoring step reads of its trainer, with the rewards given out."""
    return SimpleNamespace(
        accelerator=SimpleNamespace(device=torch.device("cpu"), process_index=0, gather=lambda x: x),
        model=SimpleNamespace(training=True, is_gradient_checkpointing=False),
        args=SimpleNamespace(
            per_device_train_batch_size=16,
            steps_per_generation=1,
            gradient_accumulation_steps=1,
            gradient_checkpointing_kwargs=None,
        ),
        _tokenizer=SimpleNamespace(pad_token_id=0),
        _generate=lambda prompts: ([[1]] * 16, [[2, 3]] * 16, None, [""] * 16, None, {}, None, None),
        _calculate_rewards=lambda *a: rewards[:, None],
        _metrics={"train": defaultdict(list)},
        _logs=defaultdict(list, rewards=defaultdict(list), extra=defaultdict(list)),
        _pending_extra_logs=defaultdict(list),
        _pending_metrics=defaultdict(list),
        environment_factories=None,
        environments=None,
        tools=[],
        pad_to_multiple_of=None,
        mask_truncated_completions=False,
        num_iterations=1,
        num_generations=4,
        use_vllm=False,
        beta=0.0,
        multi_objective_aggregation="sum_then_normalize",
        reward_weights=torch.ones(1),
        reward_funcs=[None],
        reward_func_names=["r"],
        log_multimodal=False,
        **settings,
    )


def test_entropy_from_logits(trl_trainer: Any) -> None:
    from trl.trainer.utils import entropy_from_logits

    torch.manual_seed(0)
    logits = torch.randn(3, 4, 11)
    torch.testing.assert_close(entropy_of(logits.log_softmax(-1)), entropy_from_logits(logits), rtol=1e-5, atol=1e-6)
