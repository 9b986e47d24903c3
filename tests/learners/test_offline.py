"""Offline learners: their losses against closed forms, TRL and finite differences; what they learn from is as drawn."""

from __future__ import annotations

import collections
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from core.algorithms.policy_loss import policy_objective
from core.algorithms.types import Credit, Experience, take
from core.config import RunConfig
from core.learners.collected import Collected, CollectedResponse, drawn
from core.learners.registry import AnyLearner, credit_for, learner, unused, without
from core.training import scoring
from core.training.collecting import rollout_of
from core.training.scoring import Sequences
from core.training.trainer import Trainer

SMALL: dict[str, Any] = {"steps": 1, "prompts_per_step": 4, "num_generations": 4, "eval_every": 0}

#: Another value than the usual one of every setting that may mean nothing to a learner, and is not refused then.
OTHER: dict[str, Any] = {
    "epsilon": 0.01,
    "epsilon_high": 0.02,
    "importance_sampling_level": "sequence",
    "kl_reward_estimator": "k3",
}
#: Of these any other value is refused, with a sentence.
REFUSED = {"kl_coef", "dual_clip", "reward_model"}


@pytest.mark.parametrize(
    "own",
    [
        learner("sft", data_responses=64, data_best="best-of-group"),
        learner("dpo", data_responses=64),
        learner("offline-pg", data_responses=64),
        learner("grpo", surrogate="unclipped"),
        learner("grpo", surrogate="log-likelihood"),
    ],
    ids=lambda x: f"{x.name}-{x.surrogate}",
)
def test_what_is_said_to_mean_nothing_to_a_learner_changes_nothing(own: AnyLearner) -> None:
    names = unused(own)
    assert names
    assert set(names) <= {*OTHER, *REFUSED, "dpo_beta"}
    other = own.model_copy(update={x: value for x, value in OTHER.items() if x in names})
    usual, changed = (
        list(Trainer(RunConfig(**{**SMALL, "steps": 2}, learners=(x,)), own.name).steps()) for x in (own, other)
    )
    assert usual[-1].tokens.equals(changed[-1].tokens)


def test_what_a_learner_reads_is_not_said_to_mean_nothing() -> None:
    assert not unused(learner("grpo"))
    assert not unused(learner("ppo"))
    assert "epsilon" not in unused(learner("offline-pg"))
    assert "epsilon" in unused(learner("grpo", surrogate="log-likelihood"))


MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0]]).bool()


def pairs(seed: int = 0) -> tuple[Tensor, Experience]:
    """Two pairs, the chosen response first in the one and last in the other; float64."""
    draw = torch.Generator().manual_seed(seed)
    now, old, ref = (-torch.rand(4, 4, generator=draw, dtype=torch.float64) for _ in range(3))
    experience = Experience(
        mask=MASK,
        logprobs_old=old,
        logprobs_ref=ref,
        rewards=torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=torch.float64),
        group=torch.tensor([0, 0, 1, 1]),
        truncated=torch.zeros(4, dtype=torch.bool),
    )
    return now, experience


def loss_of(logprob: Tensor, experience: Experience, settings: AnyLearner, credit: Credit | None = None) -> Tensor:
    credit = credit or credit_for(settings)(experience)
    return policy_objective(logprob, experience, credit, settings, 4).loss


def sums(x: Tensor) -> Tensor:
    return torch.where(MASK, x, 0).sum(1)


def by_hand(logprob: Tensor, experience: Experience, beta: float) -> float:
    """The mean over pairs of −log σ(β[(log π − log π_ref)(chosen) − (log π − log π_ref)(rejected)])."""
    assert experience.logprobs_ref is not None
    ratio = sums(logprob - experience.logprobs_ref).tolist()
    margins = [beta * (ratio[0] - ratio[1]), beta * (ratio[3] - ratio[2])]
    return sum(math.log(1 + math.exp(-m)) for m in margins) / 2


@pytest.mark.parametrize("beta", [0.1, 1.0, 7.0])
def test_dpos_loss_is_the_papers(beta: float) -> None:
    now, experience = pairs()
    settings = learner("dpo", dpo_beta=beta)
    assert float(loss_of(now, experience, settings)) == pytest.approx(by_hand(now, experience, beta), rel=1e-6)


class Table:
    """What a model gives TRL's trainer: log-probabilities of the tokens of all responses, chosen ones first."""

    training = False

    def __init__(self, logprobs: Tensor) -> None:
        self.logprobs = logprobs

    def __call__(self, **_: object) -> SimpleNamespace:
        zero = torch.zeros_like(self.logprobs)
        return SimpleNamespace(log_probs=self.logprobs, entropy=zero, mean_logits=zero, is_top1=zero.bool())


def trl_loss(now: Tensor, ref: Tensor, beta: float) -> Tensor:
    """DPO's loss by TRL's trainer, of the pairs of `pairs`."""
    trl = pytest.importorskip("trl")
    order = torch.tensor([0, 3, 1, 2])
    model = Table(torch.where(MASK, now, 0)[order])
    of_ref = sums(ref)[order].chunk(2)

    def same(x: Tensor) -> Tensor:
        return x

    trainer = SimpleNamespace(
        model=model,
        accelerator=SimpleNamespace(device="cpu", gather=same, gather_for_metrics=same),
        aux_loss_enabled=False,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=["sigmoid"],
        loss_weights=[1.0],
        label_smoothing=0.0,
        use_weighting=False,
        beta=beta,
        _metrics={"eval": collections.defaultdict(list)},
        _total_train_tokens=0,
    )
    mask = torch.cat([torch.zeros(4, 1).long(), MASK[order].long()], 1)
    inputs = {
        "input_ids": torch.zeros(4, 5).long(),
        "completion_mask": mask,
        "ref_chosen_logps": of_ref[0],
        "ref_rejected_logps": of_ref[1],
    }
    loss: Tensor = trl.DPOTrainer._compute_loss(trainer, model, inputs, return_outputs=False)
    return loss


def test_dpos_loss_and_gradient_are_trls() -> None:
    now, experience = pairs(1)
    assert experience.logprobs_ref is not None
    gradients = []
    for make in (
        lambda x: trl_loss(x, experience.logprobs_ref, 0.3),
        lambda x: loss_of(x, experience, learner("dpo", dpo_beta=0.3)),
    ):
        logprob = now.clone().requires_grad_()
        loss = make(logprob)
        gradients.append((loss.detach(), *torch.autograd.grad(loss, logprob)))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-6, atol=1e-9)


def test_dpos_credit_is_the_weight_in_its_gradient_by_finite_differences() -> None:
    """Before the first update, of a loss that is worked out by hand."""
    _, experience = pairs(2)
    credit = credit_for(learner("dpo", dpo_beta=0.7))(experience)
    for i, t in MASK.nonzero().tolist():
        ends = []
        for sign in (1, -1):
            moved = experience.logprobs_old.clone()
            moved[i, t] += sign * 1e-5
            ends.append(by_hand(moved, experience, 0.7))
        slope = (ends[0] - ends[1]) / 2e-5
        assert float(credit.advantages[i, t]) == pytest.approx(-2 * slope, rel=1e-5)  # the mean of two pairs
    assert not credit.advantages[~MASK].any()
    assert (credit.advantages[[0, 3]][MASK[[0, 3]]] > 0).all()
    assert (credit.advantages[[1, 2]][MASK[[1, 2]]] < 0).all()


def test_parts_of_whole_pairs_add_up_to_dpos_loss() -> None:
    now, experience = pairs(3)
    settings = learner("dpo")
    credit = credit_for(settings)(experience)
    weights = torch.where(MASK, 1 / MASK.sum(1, keepdim=True) / 4, 0)
    total = 0.0
    for rows in (torch.tensor([0, 1]), torch.tensor([2, 3])):
        own, part = take(experience, rows), take(credit, rows)
        total += float(policy_objective(now[rows], own, part, settings, 4, None, weights[rows]).loss)
    assert total == pytest.approx(by_hand(now, experience, settings.dpo_beta), rel=1e-6)  # type: ignore[attr-defined]


def test_supervised_loss_is_the_models_own_cross_entropy() -> None:
    """That of transformers, which TRL's SFTTrainer takes, on the bundled model."""
    trainer = Trainer(RunConfig(learners=(learner("sft", data_responses=64),), **SMALL), "sft")
    assert trainer.data is not None
    rows = [x for x in trainer.data.responses if x.success][:5]
    rollout = rollout_of(trainer.policy, trainer.codec, [x.prompt for x in rows], [x.tokens for x in rows])
    sequences = Sequences.of(rollout)
    experience = Experience(
        mask=rollout.mask,
        logprobs_old=rollout.logprobs,
        logprobs_ref=None,
        rewards=torch.ones(5),
        group=torch.arange(5),
        truncated=rollout.truncated,
    )
    settings = learner("sft")
    scored = scoring.score(trainer.policy, sequences, 1.0).logprobs
    labels = torch.cat([torch.full_like(rollout.prompt_ids, -100), rollout.completion_ids], 1)
    labels[:, sequences.prompt :][~rollout.mask] = -100
    theirs = trainer.policy(input_ids=sequences.ids, attention_mask=sequences.attention, labels=labels).loss
    mine = policy_objective(scored, experience, credit_for(settings)(experience), settings, 12).loss
    assert float(mine.detach()) == pytest.approx(float(theirs.detach()), rel=1e-5)


def test_offline_policy_gradient_weighs_by_who_collected_the_data() -> None:
    """Its gradient without a clip, per token: ρ A, with ρ against the collector and A from the group."""
    now, experience = pairs(4)
    settings = learner("offline-pg", surrogate="unclipped", scale_rewards="none", aggregation="seq-mean-token-sum-norm")
    logprob = now.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss_of(logprob, experience, settings), logprob)
    ratio = (now - experience.logprobs_old).exp()
    wanted = -ratio * torch.tensor([0.5, -0.5, -0.5, 0.5])[:, None] / 4 / 4
    torch.testing.assert_close(gradient[MASK], wanted[MASK], rtol=1e-12, atol=0)


# -- what is drawn -----------------------------------------------------------------------------------------------------


def collected(rewards: list[list[float]]) -> Collected:
    rows = [
        CollectedResponse(group, f"q{group}", f"a{i}", "", reward, reward > 0, False, (i,), (-1.0,))
        for group, own in enumerate(rewards)
        for i, reward in enumerate(own)
    ]
    return Collected(tuple(rows), 1.0)


def test_what_each_kind_learns_from() -> None:
    data = collected([[1, 0, 0], [0, 0, 0], [1, 1, 0], [1, 1, 1]])
    assert data.right == ((0,), (6, 7), (9, 10, 11))
    assert data.best == ((0,), (3,), (6,), (9,))
    assert data.pairs == ((0, 1), (0, 2), (6, 8), (7, 8))
    assert data.groups == ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11))
    assert collected([[0, 0], [0, 0]]).right == ()
    assert collected([[0.2, 1.0], [0.2, 0.2]]).pairs == ((1, 0),)


def test_an_epoch_takes_everything_once_and_each_in_another_order() -> None:
    units = [(0, 1), (2,), (3, 4, 5), (6,)]
    steps = [drawn(units, 5, step, 3) for step in range(7)]
    flat = [x for step in steps for group in step for x in group]
    assert all(sum(map(len, step)) == 3 for step in steps)
    assert sorted(flat[:7]) == sorted(flat[7:14]) == sorted(flat[14:]) == list(range(7))
    assert len({tuple(flat[i : i + 7]) for i in (0, 7, 14)}) > 1
    assert [drawn(units, 5, step, 3) for step in range(7)] == steps
    assert [drawn(units, 6, step, 3) for step in range(7)] != steps
    assert drawn(units, 5, 0, 21)[:1] == steps[0][:1], "a large step runs through several epochs"


@pytest.mark.parametrize(
    ("kind", "changes", "says"),
    [
        ("dpo", {"kl_coef": 0.1}, "the data set's rewards stay"),
        ("sft", {"data_responses": 65}, "no multiple of the 4"),
        ("offline-pg", {"data_generations": 2}, "its groups of 4"),
        ("dpo", {"num_mini_batches": 16}, "takes groups of 2 apart"),
        ("offline-pg", {"surrogate": "unclipped", "dual_clip": 2.0}, "dual_clip has no meaning"),
    ],
)
def test_what_cannot_be_is_a_sentence(kind: str, changes: dict[str, Any], says: str) -> None:
    settings = learner(kind, **{"data_responses": 64, **changes})
    with pytest.raises(ValueError, match=says):
        RunConfig(learners=(settings,), **SMALL)


def test_columns_that_a_kind_has_none_of_are_null_in_its_trace() -> None:
    for kind in ("sft", "dpo", "offline-pg"):
        settings = learner(kind, data_responses=64)
        [trace] = Trainer(RunConfig(learners=(settings,), **{**SMALL, "eval_every": 1}), kind).steps()
        for name in without(settings):
            if name in trace.tokens.column_names:
                assert trace.tokens[name].null_count == trace.tokens.num_rows, (kind, name)
            assert trace.scalars.get(name) is None, (kind, name)
        assert trace.tokens["logprob"].null_count == 0
        assert trace.scalars["samples_seen"] == 64
        assert trace.scalars["coverage_ess"] == pytest.approx(1, abs=1e-3)
        assert trace.scalars["kl"] == pytest.approx(0, abs=1e-6)
    assert {"ratio", "clipped", "advantage", "ratio_mean"} <= without(learner("sft"))
    assert {"ratio", "clipped"} <= without(learner("dpo"))
    assert not {"ratio", "clipped", "advantage"} & without(learner("offline-pg"))
    assert "coverage_ess" in without(learner("grpo"))
