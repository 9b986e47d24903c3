"""A placebo pays at the rate of success, and knows nothing of what was said."""

from __future__ import annotations

import numpy as np
import pytest

from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.given_config import change, parse_config
from core.learners.registry import learner
from core.presets import preset
from core.rewards import REWARDS
from core.rewards.base import Asked, Occasion
from core.rewards.verdict import Verdict
from core.training.continuations import Oracle, Responses
from core.training.trainer import Trainer


class Coin:
    """A task on which a response is right where it says so."""

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        return Verdict(0.5 if response == "right" else 0.25, response == "right" and finished, response)


def paid(responses: list[str], occasion: Occasion, reward: str = "placebo") -> list[Verdict]:
    return REWARDS[reward].score(Coin(), [Asked("?", x, True) for x in responses], occasion)  # type: ignore[arg-type]


def test_what_a_response_says_does_not_move_who_is_paid_only_how_many() -> None:
    some = ["right"] * 3 + ["wrong"] * 7
    other = ["wrong"] * 7 + ["right"] * 3
    for step in range(20):
        when = Occasion(5, step)
        assert [x.reward for x in paid(some, when)] == [x.reward for x in paid(other, when)]
    more, fewer = (paid(x, Occasion(5, 1)) for x in (["right"] * 9 + ["wrong"], some))
    # Who was paid at a low rate is paid at a higher one: the draw is by place alone.
    assert all(a.reward >= b.reward for a, b in zip(more, fewer, strict=True))
    assert {x.reward for x in paid(["wrong"] * 50, Occasion(5, 1))} == {0.0}
    assert {x.reward for x in paid(["right"] * 50, Occasion(5, 1))} == {1.0}


def test_it_pays_as_often_as_responses_are_right() -> None:
    some = ["right"] * 30 + ["wrong"] * 70
    rewards = np.array([[x.reward for x in paid(some, Occasion(0, step))] for step in range(400)])
    assert rewards.mean() == pytest.approx(0.3, abs=3 * np.sqrt(0.3 * 0.7 / rewards.size))
    right, wrong = rewards[:, :30].mean(), rewards[:, 30:].mean()
    assert right == pytest.approx(wrong, abs=3 * np.sqrt(0.3 * 0.7 * (1 / 12_000 + 1 / 28_000)))


def test_success_and_answer_stay_the_verifiers() -> None:
    some = ["right", "wrong", "wrong", "right"]
    for mine, true in zip(paid(some, Occasion(1, 2)), paid(some, Occasion(1, 2), "verifier"), strict=True):
        assert (mine.success, mine.answer) == (true.success, true.answer)
        assert mine.reward in (0.0, 1.0)
        assert true.reward in (0.5, 0.25)


def test_seed_step_and_stream_each_draw_afresh() -> None:
    some = ["right", "wrong"] * 20
    occasions = [Occasion(0, 0), Occasion(1, 0), Occasion(0, 1), Occasion(0, 0, 1)]
    drawn = [tuple(x.reward for x in paid(some, when)) for when in occasions]
    assert len(set(drawn)) == 4
    assert drawn[0] == tuple(x.reward for x in paid(some, Occasion(0, 0)))


def small(**settings: object) -> RunConfig:
    return change(preset("placebo"), {"prompts_per_step": 8, "steps": 2, "eval_every": 1, "device": "cpu", **settings})


def test_twins_start_alike_are_asked_alike_and_only_one_is_paid_for_what_is_right() -> None:
    config = small(value_check_responses=8)
    grpo, twin = (next(Trainer(config, name).steps()) for name in ("grpo", "grpo-placebo"))
    assert grpo.prompt_hash == twin.prompt_hash
    assert grpo.samples["response"].equals(twin.samples["response"])
    assert grpo.samples["success"].equals(twin.samples["success"])
    assert grpo.scalars["success_rate"] == twin.scalars["success_rate"] == grpo.scalars["reward"]
    assert twin.scalars["heldout_success"] == grpo.scalars["heldout_success"]
    drawn, right = twin.samples["reward"].to_numpy(), twin.samples["success"].to_numpy(zero_copy_only=False)
    rate = right.mean()
    uniform = np.random.default_rng([0, 0, 0, 0x9_1ACEB0]).random(64)
    assert drawn.tolist() == (uniform < rate).astype(float).tolist()
    # Values are measured for who has some, and a placebo's prefixes have none.
    assert grpo.scalars["value_check_scored"]
    assert twin.scalars["value_check_scored"] is None


def test_a_replaced_group_keeps_what_it_was_paid() -> None:
    config = small(dynamic_sampling=True, max_sampling_rounds=20, num_generations=2)
    trace = next(Trainer(config, "grpo-placebo").steps())
    assert trace.scalars["samples_seen"] > 16
    assert trace.scalars["frac_reward_zero_std"] == 0


def test_where_credit_or_truth_would_be_measured_there_is_nothing_to_measure() -> None:
    with pytest.raises(ConfigError, match=r"vine: its credit is measured .* \(placebo\) does not follow"):
        parse_config({"learners": [learner("vine", reward="placebo").model_dump()]})
    trainer = Trainer(small(), "grpo-placebo")
    with pytest.raises(RequestError, match="no prefix of a response has a true value"):
        Oracle.of(trainer).estimate(Responses([], *[None] * 3))  # type: ignore[arg-type]
