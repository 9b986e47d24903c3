"""What a pass records, tells and gives back; and an updater that goes on from its state."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from core.algorithms.policy_loss import PolicyLoss
from core.algorithms.surrogates.clip import clipped_side
from core.algorithms.types import Credit
from core.config import RunConfig
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.training import scoring
from core.training.meter import Meter
from core.training.scoring import Scored
from core.training.update import Batch, Taken, Updater, joined
from tests.training.test_update import COUNT, LONGEST, MAX_LENGTH, batch, critic, policy, stepped  # noqa: F401  (fixtures)

PANEL = 5


def weights(updater: Updater) -> list[Tensor]:
    models = [updater.policy, *([] if updater.value_model is None else [updater.value_model])]
    return [x.detach().clone() for model in models for x in model.parameters()]


def one_pass(updater: Updater, batch: Batch, settings: Any, **more: Any) -> Scored | None:  # noqa: F811
    given = {"train_policy": True, "before": None, "keep": PANEL, "own_old": False} | more
    order, meter, micro = given.pop("order", torch.arange(COUNT)), given.pop("meter", Meter()), given.pop("micro", None)
    config = RunConfig(micro_batch_size=micro)
    return updater.one_pass(batch, config, settings, MAX_LENGTH, order, meter, **given)


def test_what_was_taken_is_kept_of_the_first_responses_alone() -> None:
    taken = Taken.of(torch.ones(2, 3, dtype=torch.bool))
    assert (taken.ratio.tolist(), taken.clipped.tolist()) == ([[1.0] * 3] * 2, [[0] * 3] * 2)
    assert (taken.ratio.dtype, taken.clipped.dtype) == (torch.float32, torch.int8)
    ratio = torch.tensor([[7.0, 7, 7], [2, 3, 4], [8, 8, 8]], requires_grad=True)
    clipped = torch.tensor([[1, 1, 1], [-1, 0, 1], [1, 1, 1]], dtype=torch.int8)
    taken.record(torch.tensor([2, 1, 5]), PolicyLoss(ratio.sum(), ratio, clipped, ratio, None, ratio))
    assert taken.ratio.tolist() == [[1, 1, 1], [2, 3, 4]]
    assert taken.clipped.tolist() == [[0, 0, 0], [-1, 0, 1]]
    assert not taken.ratio.requires_grad


@pytest.mark.parametrize("micro", [None, 3])
@pytest.mark.parametrize("batches", [1, 2])
def test_each_gradient_of_the_panel_is_recorded_where_it_was_taken(policy, batch, micro, batches) -> None:  # noqa: F811
    settings = GRPOSettings(num_mini_batches=batches, learning_rate=1e-3)
    updater = Updater(copy.deepcopy(policy), None, settings)
    order = torch.tensor([7, 0, 5, 2, 1, 6, 3, 4])
    taken = Taken.of(batch.experience.mask[:PANEL])
    one_pass(updater, batch, settings, order=order, taken=taken, micro=micro)
    old, mask, advantage = batch.experience.logprobs_old, batch.experience.mask, batch.credit.advantages
    start = (scoring.score(policy, batch.sequences, 1.0).logprobs.detach() - old).exp()
    for row in range(PANEL):
        own = mask[row]
        ratio = taken.ratio[row, own]
        if batches == 1 or row in order[: COUNT // 2].tolist():
            torch.testing.assert_close(ratio, start[row, own], rtol=1e-4, atol=1e-5)
        else:  # the second mini-batch's are taken after the first one's update
            assert not torch.allclose(ratio, start[row, own], rtol=1e-3)
        side = clipped_side(ratio, advantage[row, own], 0.2, 0.2)
        assert taken.clipped[row, own].tolist() == side.tolist()
    assert bool((taken.clipped != 0).any())


@pytest.mark.parametrize("micro", [None, 3])
def test_scores_are_told_while_the_weights_are_those_that_made_them(policy, batch, micro) -> None:  # noqa: F811
    updater = Updater(copy.deepcopy(policy), None, GRPOSettings())
    start, looked_at = weights(updater), []

    def look(scored: Scored) -> None:
        assert all(torch.equal(x, y) for x, y in zip(weights(updater), start, strict=True))
        looked_at.append(scored)

    given = one_pass(updater, batch, GRPOSettings(), look=look, micro=micro)
    assert given is looked_at[0]
    assert len(looked_at) == 1
    assert not any(x.requires_grad for x in (given.logprobs, given.entropy, given.hidden))
    assert any(not torch.equal(x, y) for x, y in zip(weights(updater), start, strict=True))
    with torch.no_grad():
        expected = scoring.score(policy, batch.sequences, 1.0, keep=PANEL)
    for name in ("logprobs", "entropy", "hidden"):
        torch.testing.assert_close(getattr(given, name), getattr(expected, name), rtol=1e-4, atol=1e-4)


def test_with_mini_batches_no_scores_are_those_of_one_state(policy, batch) -> None:  # noqa: F811
    settings = GRPOSettings(num_mini_batches=2)
    assert one_pass(Updater(copy.deepcopy(policy), None, settings), batch, settings) is None


def test_while_the_critic_warms_up_only_it_moves(policy, critic, batch) -> None:  # noqa: F811
    settings, meter = PPOSettings(num_mini_batches=2), Meter()
    updater = Updater(copy.deepcopy(policy), copy.deepcopy(critic), settings)
    assert one_pass(updater, batch, settings, train_policy=False, meter=meter) is None
    assert all(torch.equal(x, y) for x, y in zip(updater.policy.parameters(), policy.parameters(), strict=True))
    assert any(
        not torch.equal(x, y) for x, y in zip(updater.value_model.parameters(), critic.parameters(), strict=True)
    )
    assert (len(meter.value_losses), meter.losses) == (2, [])


@pytest.mark.parametrize("settings", [GRPOSettings(), PPOSettings(vf_coef=0.7)], ids=lambda x: x.name)
def test_an_updater_goes_on_from_its_state_to_the_last_bit(policy, critic, batch, settings) -> None:  # noqa: F811
    whose = copy.deepcopy(critic) if settings.name == "ppo" else None
    updater = Updater(copy.deepcopy(policy), whose, settings)
    one_pass(updater, batch, settings)
    state = copy.deepcopy(updater.state_dict())
    assert set(state) == {"policy", "value"}
    assert (state["value"] is None) == (whose is None)
    again = Updater(copy.deepcopy(updater.policy), copy.deepcopy(updater.value_model), settings)
    fresh = Updater(copy.deepcopy(updater.policy), copy.deepcopy(updater.value_model), settings)
    again.load_state_dict(state)
    for each in (updater, again, fresh):
        one_pass(each, batch, settings)
    assert all(torch.equal(x, y) for x, y in zip(weights(again), weights(updater), strict=True))
    # Without its moments each model goes elsewhere.
    for model in ("policy", "value_model"):
        mine, theirs = getattr(fresh, model), getattr(updater, model)
        if mine is not None:
            assert any(not torch.equal(x, y) for x, y in zip(mine.parameters(), theirs.parameters(), strict=True))


def test_each_model_has_a_learning_rate_of_its_own(policy, critic, batch) -> None:  # noqa: F811
    """Adam's first step is as long as the learning rate, wherever there is a gradient."""
    settings = PPOSettings(learning_rate=1e-3, value_learning_rate=4e-3)
    updater = Updater(copy.deepcopy(policy), copy.deepcopy(critic), settings)
    one_pass(updater, batch, settings)
    for model, start, rate in ((updater.policy, policy, 1e-3), (updater.value_model, critic, 4e-3)):
        pairs = zip(model.parameters(), start.parameters(), strict=True)
        longest = max(float((x - y).detach().abs().max()) for x, y in pairs)
        assert longest == pytest.approx(rate, rel=0.02)


def test_pieces_are_joined_in_order_whatever_was_kept_of_each() -> None:
    pieces = [
        Scored(
            torch.full((n, LONGEST), float(n)), torch.full((n, LONGEST), -float(n)), torch.full((k, LONGEST, 2), 9.0)
        )
        for n, k in ((2, 2), (3, 1), (1, 0))
    ]
    whole = joined(pieces)
    assert whole.logprobs[:, 0].tolist() == [2, 2, 3, 3, 3, 1]
    assert whole.entropy[:, 0].tolist() == [-2, -2, -3, -3, -3, -1]
    assert whole.hidden.shape == (3, LONGEST, 2)


@pytest.mark.parametrize("micro", [None, 3])
@pytest.mark.parametrize("clip", [None, 0.2])
def test_the_critics_loss_and_gradient_are_the_formulas(policy, critic, batch, monkeypatch, micro, clip) -> None:  # noqa: F811
    """Half the squared error, the clipped one where it is larger, every token alike; told without vf_coef."""
    settings = PPOSettings(vf_coef=2.0, cliprange_value=clip)
    done = stepped(policy, critic, batch, settings, monkeypatch, micro_batch_size=micro)
    own = copy.deepcopy(critic)
    old, target, mask = batch.experience.values, batch.credit.returns, batch.experience.mask
    values = scoring.values(own, batch.sequences)[0]
    error = (values - target) ** 2
    if clip is not None:
        held = torch.minimum(torch.maximum(values, old - clip), old + clip)
        error = torch.maximum(error, (held - target) ** 2)
    loss = error[mask].mean() / 2
    assert done.meter.value_losses == [pytest.approx(float(loss.detach()), rel=1e-5)]
    (2.0 * loss).backward()
    gradient = torch.cat([x.grad.flatten() for x in own.parameters() if x.grad is not None])
    torch.testing.assert_close(done.gradients[0], gradient, rtol=1e-3, atol=1e-4 * float(gradient.abs().max()))


@pytest.mark.parametrize(
    ("settings", "moves"),
    [
        (GRPOSettings(), False),
        (GRPOSettings(beta=0.1), True),
        (GRPOSettings(entropy_coef=0.1), True),
        (GRPOSettings(beta=0.1, entropy_coef=0.1), True),
    ],
    ids=["neither", "beta", "entropy", "both"],
)
def test_responses_without_credit_still_move_a_policy_that_has_a_kl_or_a_bonus(policy, batch, settings, moves) -> None:  # noqa: F811
    nothing = torch.zeros_like(batch.credit.advantages)
    quiet, meter = replace(batch, credit=Credit(nothing, nothing)), Meter()
    updater = Updater(copy.deepcopy(policy), None, settings)
    one_pass(updater, quiet, settings, meter=meter, micro=3)
    assert (meter.norms[0] > 0) is moves
    start = (x.detach() for x in policy.parameters())
    assert any(not torch.equal(x, y) for x, y in zip(weights(updater), start, strict=True)) is moves


@pytest.mark.parametrize("bonus", [0.0, 0.1])
def test_an_entropy_keeps_its_gradient_only_for_a_bonus(policy, batch, monkeypatch, bonus) -> None:  # noqa: F811
    """It costs a second tensor of the vocabulary's size."""
    asked, score = [], scoring.score

    def asking(*given: Any, entropy_gradient: bool, **more: Any) -> Scored:
        asked.append(entropy_gradient)
        return score(*given, entropy_gradient=entropy_gradient, **more)

    monkeypatch.setattr(scoring, "score", asking)
    settings = GRPOSettings(entropy_coef=bonus)
    one_pass(Updater(copy.deepcopy(policy), None, settings), batch, settings, micro=4)
    assert asked == [bonus > 0] * 2


def test_a_critic_that_a_learner_does_not_train_has_no_optimiser(policy, critic) -> None:  # noqa: F811
    assert Updater(policy, critic, GRPOSettings()).value_optimizer is None
    assert Updater(policy, None, PPOSettings()).value_optimizer is None
