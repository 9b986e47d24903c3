"""An optimiser step, whole or in parts: the same gradient, the same step, the same numbers told."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.algorithms.types import Credit, Experience
from core.config import RunConfig
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.learners.registry import AnyLearner
from core.models import forward
from core.models.value import ValueModel
from core.training import scoring, update
from core.training.meter import Meter
from core.training.optimizer import Optimizer
from core.training.scoring import Sequences
from core.training.update import Batch, Updater, parts
from tests.tiny import chat_model

COUNT, PROMPT, LONGEST, MAX_LENGTH = 8, 9, 5, 7


@pytest.fixture(scope="module")
def policy() -> PreTrainedModel:
    model = chat_model()
    forward.prepare(model)
    return model


@pytest.fixture(scope="module")
def critic(policy: PreTrainedModel) -> ValueModel:
    model = ValueModel(policy)
    torch.nn.init.normal_(model.head.weight, std=0.1, generator=torch.Generator().manual_seed(4))
    return model


@pytest.fixture(scope="module")
def batch(policy: PreTrainedModel, critic: ValueModel) -> Batch:
    """Responses of many lengths, an old policy and a critic's old values so far away that all kinds of clips happen."""
    random = torch.Generator().manual_seed(5)
    prompts = torch.randint(3, 200, (2, PROMPT), generator=random).repeat_interleave(COUNT // 2, 0)
    own = torch.randint(3, 200, (COUNT, LONGEST), generator=random)
    mask = torch.arange(LONGEST) < torch.tensor([5, 1, 3, 2, 5, 4, 1, 2])[:, None]
    sequences = Sequences(torch.cat([prompts, own.masked_fill(~mask, 0)], 1), None, mask, PROMPT)
    with torch.no_grad():
        now, values = scoring.score(policy, sequences, 1.0).logprobs, scoring.values(critic, sequences)[0]

    def noise(size: float) -> Tensor:
        return size * torch.randn(now.shape, generator=random)

    experience = Experience(
        mask, now + noise(0.5), now + noise(0.5), torch.randn(COUNT, generator=random),
        torch.arange(2).repeat_interleave(COUNT // 2), torch.zeros(COUNT, dtype=torch.bool), values + noise(0.3),
    )  # fmt: skip
    advantages = torch.where(mask, noise(1), 0)
    return Batch(sequences, experience, Credit(advantages, advantages, returns=values + noise(0.5)))


class Stepped(NamedTuple):
    gradients: list[Tensor]  # each optimiser step's, before it is clipped
    weights: Tensor
    meter: Meter


def stepped(policy, critic, batch: Batch, settings: AnyLearner, monkeypatch, order=None, **config: Any) -> Stepped:
    policy, critic = copy.deepcopy(policy), copy.deepcopy(critic) if isinstance(settings, PPOSettings) else None
    gradients: list[Tensor] = []
    real = Optimizer.step

    def step(self: Optimizer, *given: Any) -> float:
        gradients.append(torch.cat([x.grad.flatten() for x in self._parameters if x.grad is not None]).clone())
        return real(self, *given)

    updater, meter = Updater(policy, critic, settings), Meter()
    with monkeypatch.context() as patched:
        patched.setattr(Optimizer, "step", step)
        updater.one_pass(
            batch, RunConfig(**config), settings, MAX_LENGTH, torch.arange(COUNT) if order is None else order, meter,
            train_policy=True, before=None, keep=0, own_old=False,
        )  # fmt: skip
    models = [policy] if critic is None else [policy, critic]
    weights = torch.cat([x.detach().flatten() for model in models for x in model.parameters()])
    return Stepped(gradients, weights, meter)


SETTINGS: dict[str, AnyLearner] = {
    "token-mean": GRPOSettings(aggregation="token-mean"),
    "seq-mean-token-mean": GRPOSettings(aggregation="seq-mean-token-mean"),
    "seq-mean-token-sum-norm": GRPOSettings(aggregation="seq-mean-token-sum-norm"),
    "gspo": GRPOSettings(importance_sampling_level="sequence", aggregation="seq-mean-token-mean"),
    "cispo": GRPOSettings(surrogate="cispo", epsilon_high=0.3),
    "dual clip": GRPOSettings(dual_clip=1.3),
    "entropy": GRPOSettings(entropy_coef=0.5),
    "beta": GRPOSettings(beta=0.5, kl_loss_estimator="k3"),
    "ppo": PPOSettings(cliprange_value=0.2, vf_coef=2.0),
    "mini-batches": PPOSettings(num_mini_batches=2),
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_in_parts_of_any_size_a_step_is_the_same_step(policy, critic, batch, monkeypatch, kind: str) -> None:
    settings = SETTINGS[kind]
    order = torch.randperm(COUNT, generator=torch.Generator().manual_seed(6))
    whole = stepped(policy, critic, batch, settings, monkeypatch, order)
    steps = settings.num_mini_batches * (1 + isinstance(settings, PPOSettings))
    assert len(whole.gradients) == steps
    for size in (1, 3, COUNT):
        in_parts = stepped(policy, critic, batch, settings, monkeypatch, order, micro_batch_size=size)
        assert len(in_parts.gradients) == steps
        for ours, theirs in zip(in_parts.gradients, whole.gradients, strict=True):
            assert theirs.abs().max() > 1e-3
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=2e-5 * float(theirs.abs().max()))
        if steps == 1:
            # Adam's first step is the gradient's sign, so weights whose gradient is nothing but rounding stand aside.
            sure = whole.gradients[0].abs() > 1e-4 * whole.gradients[0].abs().max()
            assert sure.float().mean() > 0.5
            torch.testing.assert_close(in_parts.weights[sure], whole.weights[sure], rtol=0, atol=1e-6)
        for name in ("losses", "ratios", "low", "high", "kls", "norms", "value_losses"):
            numbers = getattr(whole.meter, name)
            assert getattr(in_parts.meter, name) == pytest.approx(numbers, rel=1e-4, abs=1e-6), name
            assert numbers or name == "value_losses"


def test_the_kinds_differ_from_one_another(policy, critic, batch, monkeypatch) -> None:
    """Or the test above would prove less than it says."""
    gradients = [
        stepped(policy, critic, batch, SETTINGS[kind], monkeypatch).gradients[0]
        for kind in SETTINGS
        if kind not in ("ppo", "mini-batches")
    ]
    for i, one in enumerate(gradients):
        for other in gradients[:i]:
            assert not torch.allclose(one, other, rtol=0.05, atol=1e-3 * float(one.abs().max()))


def test_a_step_is_the_gradient_of_the_formula_on_the_models_own_pass(policy, critic, batch, monkeypatch) -> None:
    """Response by response, PPO's clipped objective in plain Python, every token alike."""
    settings = GRPOSettings(epsilon=0.2, beta=0.1, entropy_coef=0.03, aggregation="token-mean")
    [gradient] = stepped(policy, critic, batch, settings, monkeypatch, micro_batch_size=3).gradients
    model, experience = copy.deepcopy(policy), batch.experience
    objective, tokens = torch.zeros(()), 0
    for row, length in enumerate(experience.mask.sum(1).tolist()):
        ids = batch.sequences.ids[row, : PROMPT + length]
        logprobs = model(input_ids=ids[None]).logits[0, PROMPT - 1 : -1].log_softmax(-1)
        for t in range(length):
            logprob = logprobs[t, ids[PROMPT + t]]
            ratio = (logprob - experience.logprobs_old[row, t]).exp()
            advantage = batch.credit.advantages[row, t]
            gap = experience.logprobs_ref[row, t] - logprob
            entropy = -(logprobs[t].exp() * logprobs[t]).sum()
            kept = torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)
            objective = objective + kept - 0.1 * (gap.exp() - 1 - gap) + 0.03 * entropy
            tokens += 1
    (-objective / tokens).backward()
    own = torch.cat([x.grad.flatten() for x in model.parameters()])
    torch.testing.assert_close(gradient, own, rtol=1e-3, atol=1e-4 * float(own.abs().max()))


def test_old_log_probabilities_of_a_passs_own_make_every_ratio_exactly_1(policy, critic, batch, monkeypatch) -> None:
    """Also in parts, and whatever stood there before."""
    wrong = replace(batch, experience=replace(batch.experience, logprobs_old=batch.experience.logprobs_old + 3))
    for size in (None, 3):
        updater, meter = Updater(copy.deepcopy(policy), None, SETTINGS["token-mean"]), Meter()
        scored = updater.one_pass(
            wrong, RunConfig(micro_batch_size=size), SETTINGS["token-mean"], MAX_LENGTH, torch.arange(COUNT), meter,
            train_policy=True, before=None, keep=5, own_old=True,
        )  # fmt: skip
        assert (meter.ratios, meter.low, meter.high, meter.kls) == ([1.0], [0.0], [0.0], [0.0])
        with torch.no_grad():
            expected = scoring.score(policy, batch.sequences, 1.0, keep=5)
        torch.testing.assert_close(scored.logprobs, expected.logprobs, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(scored.hidden, expected.hidden, rtol=1e-4, atol=1e-4)
        assert not scored.logprobs.requires_grad


@pytest.mark.parametrize("silent", [slice(4, 8), slice(0, 8)], ids=["one group", "all"])
def test_a_group_without_signal_is_not_followed_back_and_changes_nothing(
    policy, critic, batch, monkeypatch, silent: slice
) -> None:
    """Its gradient is exactly 0, and a step without any gradient still goes on with Adam's momentum."""
    advantages = batch.credit.advantages.clone()
    advantages[silent] = 0
    quiet = replace(batch, credit=Credit(advantages, advantages))
    scored, score = [], scoring.score
    for follow in (False, True):
        followed: list[bool] = []

        def seen(*given: Any, followed: list[bool] = followed, **named: Any) -> Any:
            followed.append(torch.is_grad_enabled())
            return score(*given, **named)

        with monkeypatch.context() as patched:
            patched.setattr(scoring, "score", seen)
            if follow:
                patched.setattr(update, "_teaches", lambda *_: True)
            mine, settings, meter = copy.deepcopy(policy), GRPOSettings(), Meter()
            updater = Updater(mine, None, settings)
            for each in (batch, quiet):
                updater.one_pass(
                    each, RunConfig(micro_batch_size=4), settings, MAX_LENGTH, torch.arange(COUNT), meter,
                    train_policy=True, before=None, keep=0, own_old=False,
                )  # fmt: skip
        teaching = [bool(advantages[:4].any()), bool(advantages[4:].any())]
        assert followed == [True, True] + ([True, True] if follow else teaching)
        scored.append((torch.cat([x.detach().flatten() for x in mine.parameters()]), meter))
    assert torch.equal(scored[0][0], scored[1][0])
    assert scored[0][1] == scored[1][1]


def test_a_gradient_longer_than_allowed_is_scaled_down_and_told_as_it_was(policy, critic, batch, monkeypatch) -> None:
    free, short = (
        stepped(policy, critic, batch, GRPOSettings(max_grad_norm=x), monkeypatch, micro_batch_size=3)
        for x in (1000.0, 1e-9)
    )
    assert free.meter.norms[0] == pytest.approx(float(free.gradients[0].norm()), rel=1e-4)
    assert short.meter.norms[0] == pytest.approx(free.meter.norms[0], rel=1e-5)
    start = torch.cat([x.detach().flatten() for x in policy.parameters()])
    assert (short.weights - start).abs().max() < 0.2 * (free.weights - start).abs().max()


def test_a_loss_that_is_no_number_stops_with_a_sentence(policy, critic, batch, monkeypatch) -> None:
    endless = replace(batch, credit=replace(batch.credit, advantages=batch.credit.advantages * math.inf))
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        stepped(policy, critic, endless, SETTINGS["token-mean"], monkeypatch)


@pytest.mark.parametrize(("count", "size"), [(8, None), (8, 3), (8, 8), (8, 100), (1, 1), (0, None)])
def test_parts_cover_all_in_order(count: int, size: int | None) -> None:
    slices = list(parts(count, size))
    assert [i for x in slices for i in range(count)[x]] == list(range(count))
    assert all(x.stop - x.start <= (size or max(1, count)) for x in slices)
