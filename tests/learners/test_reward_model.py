"""A reward model's objective and weights against closed forms, autograd and the loss that trains; its trace."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.algorithms.policy_loss import policy_objective
from core.algorithms.preferences import bradley_terry_loss, calibration, pair_accuracy
from core.algorithms.types import Experience
from core.config import RunConfig
from core.errors import RequestError
from core.insight.whatif import stored_step
from core.learners.registry import credit_for, learner, without
from core.training.beginning import begin
from core.training.trace import STEPS, StepTrace

MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0]]).bool()
LAST = [3, 1, 0, 2]


def pairs() -> tuple[Tensor, Experience]:
    """Scores of the prefixes of two labelled pairs, the preferred response first in the one and last in the other."""
    scores = torch.randn(4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    experience = Experience(
        mask=MASK,
        logprobs_old=torch.full((4, 4), torch.nan, dtype=torch.float64),
        logprobs_ref=None,
        rewards=torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=torch.float64),
        group=torch.tensor([0, 0, 1, 1]),
        truncated=torch.zeros(4, dtype=torch.bool),
        extra={"score_after": scores},
    )
    return scores, experience


def objective(scores: Tensor, experience: Experience) -> Tensor:
    settings = learner("reward-model")
    known = replace(experience, logprobs_old=torch.zeros_like(scores))
    return policy_objective(scores, known, credit_for(settings)(experience), settings, 4).loss


def test_its_objective_is_the_loss_that_trains() -> None:
    scores, experience = pairs()
    r = [float(scores[i, t]) for i, t in enumerate(LAST)]
    by_hand = sum(math.log(1 + math.exp(-m)) for m in (r[0] - r[1], r[3] - r[2])) / 2
    assert float(objective(scores, experience)) == pytest.approx(by_hand, rel=1e-7)  # the weights of tokens are float32
    chosen, rejected = torch.tensor([r[0], r[3]]), torch.tensor([r[1], r[2]])
    assert float(bradley_terry_loss(chosen, rejected)) == pytest.approx(by_hand, rel=1e-6)


def test_the_weight_of_a_score_is_its_gradient() -> None:
    """The objective's mean is over two pairs, so a pair's own gradient is twice that."""
    scores, experience = pairs()
    moved = scores.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(-objective(moved, experience), moved)
    credit = credit_for(learner("reward-model"))(experience)
    torch.testing.assert_close(credit.advantages, 2 * gradient)
    assert credit.advantages[0, :3].tolist() == [0, 0, 0], "only the last token's score is read"


def test_without_scores_there_is_no_weight() -> None:
    _, experience = pairs()
    with pytest.raises(RequestError, match="needs the scores"):
        credit_for(learner("reward-model"))(replace(experience, extra={}))


@pytest.fixture(scope="module")
def trace() -> StepTrace:
    """A step with an evaluation, some updates after the start."""
    run: dict[str, Any] = {"steps": 5, "prompts_per_step": 4, "num_generations": 4, "eval_every": 2, "panel_size": 4}
    config = RunConfig(learners=(learner("reward-model", judge_pairs=80),), device="cpu", **run)
    return list(begin(config, "reward-model").steps())[4]


def test_the_steps_numbers_follow_from_its_responses(trace: StepTrace) -> None:
    """Recomputed in a few lines from SAMPLES, as anybody can."""
    rows = trace.samples.to_pandas()
    assert (rows.groupby("group").size() == 2).all()
    sides = rows.pivot(index="group", columns="reward", values="score")
    about = rows.groupby("group")[["heldout", "weight"]].first()
    first = rows["group"].isin(trace.tokens["sample"].to_numpy() // 2).groupby(rows["group"]).first()
    assert about["heldout"][first].all(), "what is shown is held out"
    for held, names in (
        (False, ("pair_loss", "pair_accuracy")),
        (True, ("heldout_pair_loss", "heldout_pair_accuracy")),
    ):
        own = sides[about["heldout"] == held]
        chosen, rejected, weight = (
            torch.tensor(np.asarray(x)) for x in (own[1.0], own[0.0], about["weight"][own.index])
        )
        loss, accuracy = (trace.scalars[x] for x in names)
        assert float(bradley_terry_loss(chosen, rejected, weight)) == pytest.approx(loss, rel=1e-5)
        assert pair_accuracy(chosen, rejected, weight) == pytest.approx(accuracy, rel=1e-6)
    assert sum(x.pairs for x in calibration(chosen, rejected, weight)) == len(own)


def test_the_last_prefix_is_the_response_and_each_begins_where_the_one_before_ended(trace: StepTrace) -> None:
    tokens, rows = trace.tokens.to_pandas(), trace.samples.to_pandas().set_index("sample")
    assert set(tokens["pass"]) == {0}
    for sample, own in tokens.groupby("sample"):
        own = own.sort_values("position")
        assert own["score_after"].iloc[-1] == pytest.approx(rows["score"][sample], rel=1e-6)
        assert own["score_before"].to_numpy()[1:] == pytest.approx(own["score_after"].to_numpy()[:-1])
        assert len(own) == rows["length"][sample]


def test_without_log_probabilities_nothing_is_credited_again_and_that_is_said(trace: StepTrace) -> None:
    with pytest.raises(RequestError, match="no log-probabilities"):
        stored_step(trace.samples, trace.tokens)


def test_what_it_has_none_of_is_null_and_the_rest_is_there(trace: StepTrace) -> None:
    none = without(learner("reward-model"))
    assert {x for x in STEPS.names[2:] if trace.scalars[x] is None} == {x for x in STEPS.names[2:] if x in none}
    empty = {x for x in trace.tokens.column_names if trace.tokens[x].null_count == trace.tokens.num_rows}
    assert empty == {x for x in trace.tokens.column_names if x in none}
