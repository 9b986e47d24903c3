"""Measured values against exact ones: every continuation enumerated, on sums of two numbers."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch

from core.models.codec import Codec
from core.models.lean import Decoder
from core.models.tokenizer import character_tokenizer
from core.tasks.kinds.chain_sum import ALPHABET, ChainSum, ChainSumRecipe, ChainSumSettings, Verdict
from core.training.continuations import Oracle, Responses, distinct_prefixes
from core.training.pretrain import pretrain
from core.training.rollout import sample
from tests.training.exact import exact_values

RECIPE = ChainSumRecipe(
    ChainSumSettings(terms=2, digits=1, heldout=16),
    hidden_size=32,
    layers=1,
    heads=2,
    intermediate_size=64,
    updates=250,
    batch=64,
    learning_rate=1e-2,
)


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    """Of a policy that is right about every second time."""
    task = ChainSum(RECIPE.task)
    policy = pretrain(RECIPE)
    codec = Codec(character_tokenizer(ALPHABET))
    return Oracle(policy, codec, task, temperature=1.0, max_completion_length=task.max_completion_length)


def written(oracle: Oracle, prompts: int = 8, generations: int = 8) -> Responses:
    asked, codec = oracle.task.prompts(0, 1, prompts), oracle.codec
    rollout = sample(
        oracle.policy,
        codec,
        codec.encode(asked, "cpu"),
        num_generations=generations,
        max_completion_length=oracle.max_length,
        temperature=oracle.temperature,
        generator=torch.Generator().manual_seed(1),
    )
    repeated = [p for p in asked for _ in range(generations)]
    texts = codec.tokenizer.batch_decode(rollout.completion_ids, skip_special_tokens=True)
    cut = rollout.truncated.tolist()
    rewards = [oracle.task.verify(p, r, finished=not c).reward for p, r, c in zip(repeated, texts, cut, strict=True)]
    return Responses(repeated, rollout.completion_ids, rollout.mask, torch.tensor(rewards))


@pytest.fixture(scope="module")
def responses(oracle: Oracle) -> Responses:
    return written(oracle)


@pytest.mark.parametrize("continuations", [8, 32, 128])
def test_values_lie_in_their_intervals_against_every_continuation(oracle, responses, continuations) -> None:
    """95 % intervals of 119 prefixes: 90 % at least must hold the exact value, in each of three seeds.

    (Over 20 seeds of these prefixes 92 to 98 % did.) A prefix counts once however many responses begin with it.
    """
    exact = exact_values(oracle, responses, floor=1e-6)
    assert exact.left_out.max() < 0.002
    prefixes, which = distinct_prefixes(responses)
    mask = responses.mask
    once = torch.zeros(len(prefixes), dtype=torch.long).scatter(0, which[mask], torch.arange(int(mask.sum())))
    assert 0.2 < exact.values[mask][once].mean() < 0.8  # worth something, and not the same everywhere
    assert exact.values[mask][once].std() > 0.2
    for seed in range(3):
        estimates = oracle.estimate(responses, continuations=continuations, seed=seed)
        assert (estimates.continuations, estimates.prefixes) == (continuations, len(prefixes))
        low, high = estimates.low[mask][once], estimates.high[mask][once]
        inside = (exact.values + exact.left_out)[mask][once].ge(low) & exact.values[mask][once].le(high)
        assert inside.float().mean() >= 0.9
        error = (estimates.values - exact.values)[mask][once]
        assert error.square().mean().sqrt() < 0.5 / continuations**0.5
        assert abs(error.mean()) < 4 * 0.5 / (continuations * len(prefixes)) ** 0.5  # no bias


def test_the_true_advantage_of_a_token_is_what_it_changed(oracle, responses) -> None:
    estimates = oracle.estimate(responses, seed=3)
    lengths = responses.mask.sum(1)
    for b, length in enumerate(lengths.tolist()):
        values = [*estimates.values[b, :length].tolist(), float(responses.rewards[b])]
        changes = [after - before for before, after in itertools.pairwise(values)]
        assert estimates.advantages[b, :length].tolist() == pytest.approx(changes, abs=1e-6)
        # together they lead from the prompt's value to the reward
        assert sum(changes) == pytest.approx(float(responses.rewards[b]) - values[0])
    for name in ("values", "low", "high", "advantages", "advantages_low", "advantages_high"):
        assert (getattr(estimates, name)[~responses.mask] == 0).all()
    mask = responses.mask
    assert (estimates.advantages_low <= estimates.advantages)[mask].all()
    assert (estimates.advantages <= estimates.advantages_high)[mask].all()


def test_equal_prefixes_are_measured_once_and_have_one_value(oracle, responses) -> None:
    prefixes, which = distinct_prefixes(responses)
    texts = {
        (prompt, tuple(ids[:t].tolist()))
        for prompt, ids, n in zip(
            responses.prompts, responses.completion_ids, responses.mask.sum(1).tolist(), strict=True
        )
        for t in range(n)
    }
    assert len(prefixes) == len(texts)
    estimates = oracle.estimate(responses)
    for number in range(len(prefixes)):
        assert estimates.values[responses.mask & (which == number)].unique().numel() == 1


def test_the_same_seed_gives_the_same_numbers_also_in_small_pieces(oracle, responses, monkeypatch) -> None:
    reports: list[tuple[int, int]] = []
    once = oracle.estimate(responses, continuations=16, seed=7)
    monkeypatch.setattr("core.models.limits.CONTINUATIONS", 200)
    again = oracle.estimate(responses, continuations=16, seed=7, progress=lambda *x: reports.append(x))
    other = oracle.estimate(responses, continuations=16, seed=8)
    assert torch.equal(once.values, again.values)
    assert not torch.equal(once.values, other.values)
    assert [done for done, _ in reports] == sorted({done for done, _ in reports})
    assert len(reports) > 5
    assert reports[-1] == (again.rollouts, again.rollouts) == (again.prefixes * 16,) * 2


def test_where_continuations_are_in_many_states_fewer_prefixes_are_continued_at_once(
    oracle, responses, monkeypatch
) -> None:
    """Keys and values are kept for each state: of a policy that is sure of nothing they would be gigabytes."""
    states: list[int] = []
    write = Decoder.write

    def noted(self: Decoder, *given):  # type: ignore[no-untyped-def]
        written = write(self, *given)
        states.append(len(self.logits))
        return written

    monkeypatch.setattr(Decoder, "write", noted)
    once = oracle.estimate(responses, continuations=16, seed=7)
    most, states[:] = max(states), []
    longest = max(len(oracle.codec.ids(x)) for x in responses.prompts) + oracle.max_length
    monkeypatch.setattr("core.models.limits.STATES", most // 3 * longest)
    again = oracle.estimate(responses, continuations=16, seed=7)
    assert torch.equal(once.values, again.values)
    assert 16 <= max(states) <= most // 3


def test_the_continuations_of_one_prefix_may_be_in_as_many_states_as_they_are(oracle, responses, monkeypatch) -> None:
    once = oracle.estimate(responses, continuations=16, seed=7)
    monkeypatch.setattr("core.models.limits.STATES", 1)
    assert torch.equal(once.values, oracle.estimate(responses, continuations=16, seed=7).values)


def test_a_sharper_temperature_is_the_one_that_is_measured(oracle, responses) -> None:
    sharp = Oracle(oracle.policy, oracle.codec, oracle.task, temperature=0.1, max_completion_length=oracle.max_length)
    estimates = sharp.estimate(responses, continuations=64)
    assert (estimates.values - exact_values(sharp, responses, floor=1e-6).values).abs()[responses.mask].max() < 0.3
    even = oracle.estimate(responses, continuations=64)
    assert estimates.values[responses.mask].std() > even.values[responses.mask].std()


def test_longer_responses_than_the_policy_may_write_are_refused(oracle, responses) -> None:
    short = Oracle(oracle.policy, oracle.codec, oracle.task, temperature=1.0, max_completion_length=3)
    with pytest.raises(ValueError, match="up to 3 tokens are allowed"):
        short.estimate(responses)


# -- rewards that are more than right or wrong, and prompts of two lengths ---------------------------------------------


def points(prompt: str, response: str, *, finished: bool = True) -> Verdict:
    """Made up: some points for each character, different ones for each; half a point for ending."""
    return Verdict(sum(ord(c) % 5 for c in response) / 3 + finished / 2, False, None)


@pytest.fixture
def pairs(oracle: Oracle) -> tuple[Oracle, Responses]:
    """Responses of at most two tokens to prompts of two lengths; one was cut off."""
    scored = SimpleNamespace(verify=points)
    tiny = Oracle(oracle.policy, oracle.codec, scored, temperature=3.0, max_completion_length=2)  # type: ignore[arg-type]
    ids = torch.tensor([[5, 6], [5, 2], [2, 0]])
    mask = torch.tensor([[True, True], [True, True], [True, False]])
    return tiny, Responses(["1+2=", "1+2=", "1+2+3="], ids, mask, torch.tensor([1.0, 0.5, 0.5]))


def test_the_enumeration_is_the_sum_over_all_pairs_of_tokens(pairs) -> None:
    """By transformers' own forward pass, one prompt at a time, in plain Python."""
    tiny, responses = pairs
    exact = exact_values(tiny, responses)
    tokenizer = tiny.codec.tokenizer
    size, end = tiny.policy.config.vocab_size, tokenizer.eos_token_id

    def following(prompt: str, ids: list[int]) -> torch.Tensor:
        tokens = [tokenizer.bos_token_id, *tokenizer(prompt).input_ids, *ids]
        with torch.no_grad():
            return (tiny.policy(torch.tensor([tokens])).logits[0, -1].double() / 3.0).softmax(-1)

    def reward(prompt: str, ids: list[int]) -> float:
        text = tokenizer.decode([x for x in ids if x != end])
        return points(prompt, text, finished=ids[-1] == end).reward

    for b, prompt in ((0, "1+2="), (2, "1+2+3=")):
        first, expected = following(prompt, []), 0.0
        for a in range(size):
            if a == end:
                expected += float(first[a]) * reward(prompt, [a])
                continue
            second = following(prompt, [a])
            expected += sum(float(first[a] * second[c]) * reward(prompt, [a, c]) for c in range(size))
        assert exact.values[b, 0].item() == pytest.approx(expected, abs=1e-5)
    second = following("1+2=", [5])
    expected = sum(float(second[c]) * reward("1+2=", [5, c]) for c in range(size))
    assert exact.values[:2, 1].tolist() == pytest.approx([expected] * 2, abs=1e-5)
    assert exact.left_out.max() == 0


def test_rewards_of_any_size_get_the_normal_interval(pairs) -> None:
    tiny, responses = pairs
    exact = exact_values(tiny, responses)
    inside = []
    for seed in range(40):
        estimates = tiny.estimate(responses, continuations=64, seed=seed)
        covered = (estimates.low <= exact.values) & (exact.values <= estimates.high)
        inside += [bool(covered[0, 0]), bool(covered[0, 1]), bool(covered[2, 0])]  # each prefix once
    assert 0.88 <= sum(inside) / len(inside) < 1  # of 120, 114 are expected, give or take 2.4
    assert estimates.high.max() > 1  # no interval of a probability


def test_what_is_left_out_is_said(oracle, responses) -> None:
    coarse, fine = exact_values(oracle, responses, floor=0.05), exact_values(oracle, responses, floor=1e-6)
    assert coarse.left_out.max() > 0.05
    assert (coarse.values <= fine.values + 1e-12).all()
    assert (fine.values <= coarse.values + coarse.left_out + 1e-12).all()
    assert coarse.followed < fine.followed


def test_prefixes_are_in_lexicographic_order_whatever_holes_the_mask_has() -> None:
    """Against all of them written out; also of responses that begin alike, or are alike."""
    generator = torch.Generator().manual_seed(1)
    for case in range(30):
        count, length = int(torch.randint(1, 30, (1,), generator=generator)), 1 + case % 8
        ids = torch.randint(0, 3, (count, length), generator=generator)
        mask = torch.rand(count, length, generator=generator) < (0.6 if case % 2 else 1.0)
        mask[:, 0] = True
        prompts = [f"q{x}" for x in torch.randint(0, 3, (count,), generator=generator).tolist()]
        names = list(dict.fromkeys(prompts))
        written_out = {
            (b, t): [names.index(prompts[b]), *ids[b, :t].tolist(), *[-1] * (length - t)]
            for b, t in mask.nonzero().tolist()
        }
        distinct, which = distinct_prefixes(Responses(prompts, ids, mask, torch.zeros(count)))
        expected = sorted({tuple(x) for x in written_out.values()})
        assert distinct.rows(slice(None)).tolist() == [list(x) for x in expected]
        assert distinct.rows(slice(1, 3)).tolist() == [list(x) for x in expected[1:3]]
        assert all(expected[int(which[place])] == tuple(x) for place, x in written_out.items())


def test_prefixes_of_long_responses_are_not_all_written_out() -> None:
    """As N · T numbers these would take 2.6 GB."""
    ids = torch.randint(0, 9, (20, 4000), generator=torch.Generator().manual_seed(0))
    distinct, _which = distinct_prefixes(Responses(["q"] * 20, ids, torch.ones(20, 4000).bool(), torch.zeros(20)))
    assert len(distinct) > 20 * 3900
    assert sum(x.numel() for x in vars(distinct).values()) < 20 * 4001 + 2 * len(distinct) + 1


def test_what_is_remembered_of_verdicts_is_bounded_and_changes_nothing(oracle, responses, monkeypatch) -> None:
    sizes: list[int] = []
    scored = Oracle._scores

    def noted(self: Oracle, *given):  # type: ignore[no-untyped-def]
        sizes.append(len(given[-1]))
        return scored(self, *given)

    monkeypatch.setattr(Oracle, "_scores", noted)
    monkeypatch.setattr("core.models.limits.CONTINUATIONS", 200)
    once = oracle.estimate(responses, continuations=16, seed=7)
    most, sizes[:] = max(sizes), []
    monkeypatch.setattr("core.training.continuations.REMEMBERED", 20 * oracle.max_length)
    again = oracle.estimate(responses, continuations=16, seed=7)
    assert torch.equal(once.values, again.values)
    assert max(sizes) <= 20 < most
