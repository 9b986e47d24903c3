"""Sampling: what is scored is what was sampled, pads never count, and padding or early stopping changes nothing."""

import pytest
import torch

from core.models.start import load
from core.tasks.kinds.chain_sum import ChainSum, ChainSumSettings
from core.training import scoring
from core.training.rollout import inverse_cdf, sample
from core.training.scoring import Sequences


@pytest.fixture(scope="module")
def start():
    torch.set_num_threads(1)
    return load("chain-sum-3x1")


def roll(start, prompts, *, seed=0, generations=4, length=15, temperature=1.0):
    return sample(
        start.model,
        start.codec,
        start.codec.encode(prompts, "cpu"),
        num_generations=generations,
        max_completion_length=length,
        temperature=temperature,
        generator=None if seed is None else torch.Generator().manual_seed(seed),
    )


@pytest.fixture(scope="module")
def prompts():
    return ChainSum(ChainSumSettings()).prompts(0, 0, 8)


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.5])
def test_trap_5_sampled_log_probabilities_equal_those_of_a_full_forward_pass(start, prompts, temperature):
    rollout = roll(start, prompts, temperature=temperature)
    scored = scoring.score(start.model, Sequences.of(rollout), temperature)
    assert ((rollout.logprobs - scored.logprobs) * rollout.mask).abs().max() < 1e-4
    other = scoring.score(start.model, Sequences.of(rollout), temperature + 0.3)
    assert ((rollout.logprobs - other.logprobs) * rollout.mask).abs().max() > 0.01


def test_trap_4_the_end_of_sequence_token_is_inside_the_mask_and_nothing_after_it_is(start, prompts):
    rollout = roll(start, prompts, generations=16)
    (eos,), pad = start.codec.end_ids, start.codec.pad_id
    assert eos == start.codec.tokenizer.eos_token_id
    for ids, mask, cut in zip(rollout.completion_ids, rollout.mask, rollout.truncated, strict=True):
        length = int(mask.sum())
        assert bool(mask[:length].all())
        assert not bool(mask[length:].any())
        assert bool((ids[length:] == pad).all())
        assert (eos in ids[: length - 1].tolist()) is False
        assert (int(ids[length - 1]) == eos) is not bool(cut)
    assert not bool(rollout.truncated.all())


def test_what_does_not_end_in_time_is_marked_as_truncated(start, prompts):
    rollout = roll(start, prompts, length=5)
    assert bool(rollout.truncated.all())
    assert rollout.lengths.tolist() == [5] * 32


def test_the_same_seed_gives_the_same_responses_and_a_shorter_limit_only_cuts_them(start, prompts):
    one, two, other = roll(start, prompts), roll(start, prompts), roll(start, prompts, seed=1)
    assert torch.equal(one.completion_ids, two.completion_ids)
    assert not torch.equal(one.completion_ids, other.completion_ids)


def test_left_padding_changes_neither_responses_nor_log_probabilities(start):
    short, long = "8+1=", "8+1+7="
    together = roll(start, [short, long], seed=None, generations=1)
    for row, prompt in enumerate((short, long)):
        alone = roll(start, [prompt], seed=None, generations=1)
        length = int(alone.lengths[0])
        assert together.completion_ids[row, :length].tolist() == alone.completion_ids[0, :length].tolist()
        torch.testing.assert_close(together.logprobs[row, :length], alone.logprobs[0, :length], atol=1e-5, rtol=0)
    padded = scoring.score(start.model, Sequences.of(together), 1.0).logprobs
    assert ((padded - together.logprobs) * together.mask).abs().max() < 1e-4


def test_responses_stand_in_the_order_of_their_prompts(start, prompts):
    rollout = roll(start, prompts, generations=3)
    assert torch.equal(rollout.prompt_ids[::3], start.codec.encode(prompts, "cpu").ids)
    assert torch.equal(rollout.prompt_ids[1], rollout.prompt_ids[0])


def test_tokens_are_drawn_as_often_as_their_probability_says():
    distribution = torch.tensor([0.5, 0.0, 0.3, 0.2]).log().expand(40_000, 4)
    drawn = inverse_cdf(distribution, torch.rand(40_000, generator=torch.Generator().manual_seed(0)))
    shares = torch.bincount(drawn, minlength=4) / 40_000
    assert shares.tolist() == pytest.approx([0.5, 0.0, 0.3, 0.2], abs=0.01)
    assert int(shares[1] * 40_000) == 0


def test_the_largest_uniform_number_never_draws_past_the_end():
    distribution = torch.tensor([[0.6, 0.4, 0.0]]).log()
    assert inverse_cdf(distribution, torch.tensor([1 - 2**-24])).tolist() == [1]


def test_a_character_that_the_model_does_not_know_is_named(start):
    with pytest.raises(ValueError, match="'x' in '8x1=' is no character of this model"):
        start.codec.encode(["8x1="], "cpu")


def test_a_special_token_inside_a_response_stays_visible_and_is_not_rewarded(start):
    tokenizer = start.codec.tokenizer
    right = tokenizer("8+1=9;9+7=16").input_ids
    smuggled = [*right[:-2], tokenizer.pad_token_id, *right[-2:]]
    ids = torch.tensor([[*right, tokenizer.eos_token_id, tokenizer.pad_token_id], [*smuggled, tokenizer.eos_token_id]])
    plain, strange = start.codec.texts(ids)
    assert (plain, strange) == ("8+1=9;9+7=16", "8+1=9;9+7=<pad>16")
    task = ChainSum(ChainSumSettings())
    assert task.verify("8+1+7=", plain).success
    assert not task.verify("8+1+7=", strange).success
