"""PPO's and GRPO's credit, and the loss they share, from the outside."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch

from core.algorithms.policy_loss import policy_objective
from core.algorithms.types import Credit, Experience, take
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.learners.registry import credit_for

BATCH, LENGTH = 8, 5


def an_experience(reference: bool = True, values: bool = True) -> Experience:
    torch.manual_seed(0)
    lengths = torch.tensor([5, 1, 3, 2, 5, 4, 1, 2])
    logprobs = -torch.rand(BATCH, LENGTH, dtype=torch.float64) * 3
    return Experience(
        mask=torch.arange(LENGTH) < lengths[:, None],
        logprobs_old=logprobs,
        logprobs_ref=logprobs + torch.randn(BATCH, LENGTH, dtype=torch.float64) * 0.3 if reference else None,
        rewards=torch.tensor([1.0, 0, 0, 1, 1, 1, 0, 0], dtype=torch.float64),
        group=torch.tensor([0, 1] * 4),
        truncated=torch.tensor([True, *[False] * 7]),
        values=torch.randn(BATCH, LENGTH, dtype=torch.float64) if values else None,
        value_after=torch.randn(BATCH, dtype=torch.float64) if values else None,
    )


def test_ppo_credits_tokens_and_grpo_responses() -> None:
    experience = an_experience()
    mask = experience.mask
    ppo, grpo = credit_for(PPOSettings())(experience), credit_for(GRPOSettings())(experience)
    assert ppo.advantages[0, :5].unique().numel() == 5
    assert (grpo.advantages[0] == grpo.advantages[0, 0]).all()
    for credit in (ppo, grpo):
        assert (credit.advantages[~mask] == 0).all()
        assert (credit.advantages_raw[~mask] == 0).all()
    assert ppo.deltas is not None
    assert ppo.returns is not None
    assert grpo.deltas is None
    assert grpo.returns is None
    assert grpo.token_rewards is None  # unassigned and zero are different facts


def test_ppos_reward_per_token_is_score_minus_kl() -> None:
    experience = an_experience()
    credit = credit_for(PPOSettings(kl_coef=0.1))(experience)
    assert credit.token_rewards is not None
    assert experience.logprobs_ref is not None
    k1 = experience.logprobs_old - experience.logprobs_ref
    totals = experience.rewards - 0.1 * torch.where(experience.mask, k1, 0).sum(1)
    torch.testing.assert_close(credit.token_rewards.sum(1), totals)
    assert credit.token_rewards[1, 0].item() == pytest.approx(totals[1].item())


def test_returns_are_taken_before_whitening() -> None:
    experience = an_experience()
    white = credit_for(PPOSettings(whiten_advantages=True))(experience)
    plain = credit_for(PPOSettings(whiten_advantages=False))(experience)
    assert white.returns is not None
    assert plain.returns is not None
    torch.testing.assert_close(white.returns, plain.returns)
    torch.testing.assert_close(white.advantages_raw, plain.advantages)
    assert not torch.allclose(white.advantages, plain.advantages)


def test_bootstrap_is_an_option_and_touches_only_truncated_responses() -> None:
    experience = an_experience()
    with_it = credit_for(PPOSettings(bootstrap_truncated=True))(experience).advantages_raw
    without = credit_for(PPOSettings(bootstrap_truncated=False))(experience).advantages_raw
    assert (with_it[0] != without[0]).all()
    torch.testing.assert_close(with_it[1:], without[1:])


def test_grpo_with_kl_in_the_reward_compares_penalised_rewards() -> None:
    experience = an_experience()
    credit = credit_for(GRPOSettings(kl_coef=0.1, scale_rewards="none"))(experience)
    assert credit.token_rewards is not None
    penalised = credit.token_rewards.sum(1)
    expected = penalised - torch.stack([penalised[experience.group == g].mean() for g in (0, 1)])[experience.group]
    torch.testing.assert_close(credit.advantages_raw[:, 0], expected)


@pytest.mark.parametrize(
    ("settings", "lacks"),
    [
        (PPOSettings(), {"values": None}),
        (PPOSettings(kl_coef=0.1), {"logprobs_ref": None}),
        (PPOSettings(bootstrap_truncated=True), {"value_after": None}),
        (GRPOSettings(kl_coef=0.1), {"logprobs_ref": None}),
    ],
)
def test_what_is_missing_is_named(settings, lacks: dict) -> None:
    with pytest.raises(ValueError, match=r"^(ppo|grpo): .*(values|value after|reference)"):
        credit_for(settings)(replace(an_experience(), **lacks))


def test_take_keeps_rows_together_and_none_none() -> None:
    experience, index = an_experience(reference=False), torch.tensor([6, 2])
    part = take(experience, index)
    torch.testing.assert_close(part.logprobs_old, experience.logprobs_old[[6, 2]])
    assert part.group.tolist() == [0, 0]
    assert part.logprobs_ref is None


SETTINGS = [
    GRPOSettings(beta=0.1, kl_loss_estimator=kl, aggregation=mode, dual_clip=dual, epsilon_high=0.28, entropy_coef=0.01)
    for kl, mode, dual in [
        ("k1", "token-mean", None),
        ("k2", "seq-mean-token-mean", 3.0),
        ("k3", "seq-mean-token-sum-norm", 1.5),
    ]
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: s.aggregation)
def test_the_gradient_of_the_whole_loss(settings: GRPOSettings) -> None:
    """Against central differences in float64, with ratios on every side of the clip range."""
    experience = an_experience()
    credit = credit_for(settings)(experience)
    logprob = experience.logprobs_old + torch.randn(BATCH, LENGTH, dtype=torch.float64) * 0.5
    entropy = torch.rand(BATCH, LENGTH, dtype=torch.float64)

    def loss(at: torch.Tensor) -> torch.Tensor:
        return policy_objective(at, experience, credit, settings, 6, entropy).loss

    result = policy_objective(logprob, experience, credit, settings, 6, entropy)
    assert {-1, 0, 1} <= set(result.clipped[experience.mask].tolist())
    variable = logprob.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(variable), variable)
    step = 1e-6
    for b, t in itertools.product(range(BATCH), range(LENGTH)):
        nudge = torch.zeros_like(logprob)
        nudge[b, t] = step
        numeric = (loss(logprob + nudge) - loss(logprob - nudge)).item() / (2 * step)
        assert gradient[b, t].item() == pytest.approx(numeric, abs=1e-6)
    assert (gradient[~experience.mask] == 0).all()


def test_the_loss_is_the_objective_aggregated() -> None:
    experience = an_experience()
    settings = GRPOSettings(beta=0.2)
    result = policy_objective(experience.logprobs_old - 0.1, experience, credit_for(settings)(experience), settings, 6)
    assert result.kl is not None
    torch.testing.assert_close(result.objective, result.surrogate - 0.2 * result.kl)
    assert result.loss.item() == pytest.approx(-result.objective[experience.mask].mean().item(), rel=1e-6)


def test_terms_without_their_input_are_refused() -> None:
    experience = an_experience(reference=False)
    credit = credit_for(GRPOSettings())(experience)
    for settings, missing in ((GRPOSettings(beta=0.1), "reference"), (GRPOSettings(entropy_coef=0.1), "entropy")):
        with pytest.raises(ValueError, match=f"no {missing}"):
            policy_objective(experience.logprobs_old, experience, credit, settings, 6)


@pytest.mark.parametrize(("size", "p"), [(2, 0.5), (3, 0.2), (4, 0.7)])
def test_a_bandits_expected_grpo_gradient(size: int, p: float) -> None:
    """Two arms, one token, reward 1 for arm 1 with logit θ: over all 2^G outcomes the expected gradient of the mean
    objective is (1 - 1/G) p (1 - p), by hand: the group's own mean as baseline costs the factor 1 - 1/G."""
    theta = torch.tensor(math.log(p / (1 - p)), dtype=torch.float64, requires_grad=True)
    arms = torch.stack([torch.nn.functional.logsigmoid(-theta), torch.nn.functional.logsigmoid(theta)])
    settings = GRPOSettings(scale_rewards="none")
    expected = 0.0
    for outcome in itertools.product((0, 1), repeat=size):
        chosen = torch.tensor(outcome)
        logprob = arms[chosen][:, None]
        experience = Experience(
            mask=torch.ones(size, 1).bool(),
            logprobs_old=logprob.detach(),
            logprobs_ref=None,
            rewards=chosen.double(),
            group=torch.zeros(size, dtype=torch.long),
            truncated=torch.zeros(size).bool(),
        )
        credit: Credit = credit_for(settings)(experience)
        loss = policy_objective(logprob, experience, credit, settings, 1).loss
        (gradient,) = torch.autograd.grad(-loss, theta, retain_graph=True)
        expected += gradient.item() * p ** sum(outcome) * (1 - p) ** (size - sum(outcome))
    assert expected == pytest.approx((1 - 1 / size) * p * (1 - p))


def test_what_a_kind_has_beyond_the_others_is_taken_along_and_the_steps_own_stays() -> None:
    further = torch.arange(BATCH * LENGTH).view(BATCH, LENGTH)
    index = torch.tensor([6, 1])
    part = take(replace(an_experience(), extra={"hint": further, "each": further[:, 0]}), index)
    assert set(part.extra) == {"hint", "each"}
    assert torch.equal(part.extra["hint"], further[index])
    assert torch.equal(part.extra["each"], further[index, 0])
    mean = torch.tensor(3.0)
    credit = take(Credit(further, further, extra={"own": further}, step={"advantage_mean": mean}), index)
    assert torch.equal(credit.extra["own"], further[index])
    assert credit.step == {"advantage_mean": mean}
    assert credit.returns is None
