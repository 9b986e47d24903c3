"""Dynamic sampling: which groups are replaced, by what, and what stays a function of seed and step."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.config import RunConfig
from core.given_config import change
from core.training.gather import replace_rows
from core.training.rollout import Rollout
from core.training.trace import prompt_hash
from core.training.trainer import Trainer
from tests.training.test_trainer import SMALL


def trainer(**settings):
    torch.set_num_threads(1)
    config = change(RunConfig(), {**SMALL, "num_generations": 2, "prompts_per_step": 8, "trace": "all", **settings})
    return Trainer(config, "grpo")


def spread(trace):
    """How many different rewards each group has, in the order of groups."""
    return trace.samples.to_pandas().groupby("group").reward.nunique().tolist()


@pytest.fixture(scope="module")
def plain():
    return next(trainer().steps())


@pytest.fixture(scope="module")
def dynamic():
    return next(trainer(dynamic_sampling=True, max_sampling_rounds=20).steps())


def test_groups_without_signal_are_replaced_and_the_others_left_alone(plain, dynamic):
    assert 1 in spread(plain)
    assert spread(dynamic) == [2] * 8
    assert dynamic.scalars["frac_reward_zero_std"] == 0
    before, after = plain.samples.to_pandas(), dynamic.samples.to_pandas()
    for group, kinds in enumerate(spread(plain)):
        same = before[before.group == group].equals(after[after.group == group])
        assert same == (kinds == 2)


def test_the_replacements_are_the_next_prompts_of_the_steps_own_stream(plain, dynamic):
    stream = trainer().task.prompts(0, 0, 200)
    asked_at_first = plain.samples["prompt"].to_pylist()[::2]
    kept = dynamic.samples["prompt"].to_pylist()[::2]
    assert asked_at_first == stream[:8]
    assert set(kept) <= set(stream)
    assert kept != asked_at_first
    assert dynamic.prompt_hash == prompt_hash(kept)
    assert plain.prompt_hash == prompt_hash(asked_at_first)


def test_every_response_that_was_sampled_counts_and_the_batch_keeps_its_size(plain, dynamic):
    assert dynamic.samples.num_rows == plain.samples.num_rows == plain.scalars["samples_seen"] == 16
    assert dynamic.scalars["samples_seen"] > 16
    assert dynamic.scalars["samples_seen"] % 2 == 0


def test_after_the_last_round_it_makes_do_with_what_it_has():
    trace = next(trainer(dynamic_sampling=True, max_sampling_rounds=2, max_completion_length=3).steps())
    assert spread(trace) == [1] * 8  # nothing can be right in three tokens
    assert trace.scalars["samples_seen"] == 3 * 16
    assert trace.samples["prompt"].to_pylist()[::2] == trainer().task.prompts(0, 0, 8)


def test_a_resumed_learner_goes_on_exactly_and_keeps_count(tmp_path):
    straight = list(trainer(dynamic_sampling=True, steps=3).steps())
    first = trainer(dynamic_sampling=True, steps=1)
    list(first.steps())
    first.save(tmp_path / "checkpoint")
    resumed = Trainer.load(tmp_path / "checkpoint")
    resumed.change({"steps": 3})
    for a, b in zip(straight[1:], resumed.steps(), strict=True):
        assert a.tokens.equals(b.tokens)
        assert a.scalars["samples_seen"] == b.scalars["samples_seen"]


def a_rollout(prompt: int, length: int, first: int) -> Rollout:
    ids = torch.arange(first, first + 2 * length).view(2, length)
    return Rollout(
        prompt_ids=torch.full((2, prompt), first),
        prompt_attention=None,
        completion_ids=ids,
        mask=torch.ones(2, length, dtype=torch.bool),
        logprobs=-ids.float(),
        truncated=torch.tensor([False, True]),
    )


def test_rows_of_other_lengths_are_padded_on_the_right_sides():
    joined = replace_rows(a_rollout(3, 2, 10), torch.tensor([0]), a_rollout(4, 3, 50), torch.tensor([1]), 0)
    assert joined.prompt_ids.tolist() == [[50] * 4, [0, 10, 10, 10]]
    assert joined.prompt_attention is not None
    assert joined.prompt_attention.tolist() == [[True] * 4, [False, True, True, True]]
    assert joined.completion_ids.tolist() == [[53, 54, 55], [12, 13, 0]]
    assert joined.mask.tolist() == [[True] * 3, [True, True, False]]
    assert joined.logprobs.tolist() == [[-53, -54, -55], [-12, -13, 0]]
    assert joined.truncated.tolist() == [True, True]


def test_rows_of_equal_lengths_need_no_padding():
    mine = a_rollout(3, 2, 10)
    joined = replace_rows(mine, torch.tensor([1]), replace(a_rollout(3, 2, 50)), torch.tensor([0]), 0)
    assert joined.prompt_attention is None
    assert joined.completion_ids.tolist() == [[10, 11], [50, 51]]
