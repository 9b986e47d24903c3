"""The learner whose credit is measured: its columns, its count of samples, and that it repeats itself exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.config import RunConfig
from core.given_config import change
from core.learners.kinds.vine import VineSettings
from core.learners.registry import credit_for
from core.training.continuations import Oracle, Responses
from core.training.trainer import Trainer
from tests.learners.test_credit import an_experience


def trainer(**settings):
    torch.set_num_threads(1)
    config = RunConfig(
        learners=(VineSettings(),), prompts_per_step=4, num_generations=4, steps=3, eval_every=0, trace="all"
    )
    return Trainer(change(config, settings), "vine")


@pytest.fixture(scope="module")
def traces():
    return list(trainer().steps())


def test_credit_is_what_each_token_changed_of_the_measured_value() -> None:
    experience = an_experience()
    assert experience.values is not None
    credit = credit_for(VineSettings(whiten_advantages=False))(experience)
    for b, n in enumerate(experience.mask.sum(1).tolist()):
        values = [*experience.values[b, :n].tolist(), float(experience.rewards[b])]
        np.testing.assert_allclose(credit.advantages[b, :n], np.diff(values))
        assert (credit.advantages[b, n:] == 0).all()
    assert credit.returns is None
    white = credit_for(VineSettings(whiten_ddof=0))(experience)
    tokens = white.advantages[experience.mask].numpy()
    assert (tokens.mean(), tokens.std()) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
    torch.testing.assert_close(white.advantages_raw, credit.advantages)


def test_a_kl_penalty_in_the_reward_is_taken_off_each_token() -> None:
    experience = an_experience()
    plain = credit_for(VineSettings(whiten_advantages=False))(experience)
    less = credit_for(VineSettings(whiten_advantages=False, kl_coef=0.2))(experience)
    k1 = (experience.logprobs_old - experience.logprobs_ref) * experience.mask
    torch.testing.assert_close(plain.advantages - less.advantages, 0.2 * k1)


@pytest.mark.parametrize(("lacks", "message"), [("values", "measured values"), ("logprobs_ref", "reference")])
def test_what_is_missing_is_named(lacks: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^vine: .*{message}"):
        credit_for(VineSettings(kl_coef=0.1))(replace(an_experience(), **{lacks: None}))


def test_the_trace_has_what_it_measured_and_null_where_it_has_nothing(traces) -> None:
    for trace in traces:
        tokens = trace.tokens
        for name in ("value", "delta", "token_reward", "advantage_raw"):
            assert tokens[name].null_count == 0
        assert tokens["return"].null_count == tokens.num_rows
        assert trace.scalars["value_loss"] is None
        assert trace.scalars["vf_explained_var"] is None
        assert trace.scalars["frac_reward_zero_std"] is None
        k = np.array(tokens["value"].to_pylist()) * 8
        np.testing.assert_allclose(k, k.round(), atol=1e-5)  # shares of 8 continuations


def test_its_values_are_the_oracles_of_the_policy_that_answered() -> None:
    trace, learner = next(trainer(continuations=128).steps()), trainer()
    first, table = trace.samples.to_pandas(), trace.tokens.to_pandas()
    table = table[table["pass"] == 0].sort_values(["sample", "position"])
    mask = torch.arange(int(first.length.max())) < torch.tensor(first.length.to_numpy())[:, None]
    ids = torch.zeros(mask.shape, dtype=torch.long).masked_scatter(mask, torch.tensor(table.token_id.to_numpy()).long())
    responses = Responses(first.prompt.tolist(), ids, mask, torch.tensor(first.reward.to_numpy()))
    estimates = Oracle.of(learner).estimate(responses, continuations=400, seed=5)
    stored = torch.zeros(mask.shape).masked_scatter(mask, torch.tensor(table.value.to_numpy()))
    gap = (stored - estimates.values)[mask]
    assert gap.square().mean().sqrt() < 0.5 * (1 / 128 + 1 / 400) ** 0.5  # both estimates' own noise, at most
    assert np.corrcoef(stored[mask], estimates.values[mask])[0, 1] > 0.97


def test_every_continuation_counts_as_a_sample(traces) -> None:
    seen = [trace.scalars["samples_seen"] for trace in traces]
    one = next(trainer(continuations=1).steps())
    prefixes = one.scalars["samples_seen"] - 16
    assert prefixes > 20
    assert seen[0] == 16 + 8 * prefixes
    assert seen == sorted(seen)


def test_it_is_asked_what_the_others_are_asked_and_answers_as_they_do_at_first(traces) -> None:
    config = RunConfig(prompts_per_step=4, num_generations=4, steps=1, eval_every=0)
    other = next(Trainer(config, "grpo").steps())
    assert traces[0].samples["response"].equals(other.samples["response"])
    assert traces[0].prompt_hash == other.prompt_hash


def test_it_repeats_itself_and_continues_exactly(traces, tmp_path) -> None:
    first = trainer(steps=1)
    list(first.steps())
    first.save(tmp_path / "checkpoint")
    resumed = Trainer.load(tmp_path / "checkpoint")
    resumed.change({"steps": 3})
    for a, b in zip(traces, [*trainer(steps=1).steps(), *resumed.steps()], strict=True):
        assert a.tokens.equals(b.tokens)
        assert a.samples.equals(b.samples)
        assert a.scalars["samples_seen"] == b.scalars["samples_seen"]


def test_it_learns() -> None:
    learner = trainer(prompts_per_step=16, num_generations=8, steps=20, trace="panel")
    list(learner.steps())
    assert learner.final_evaluation()["sampled"] > 0.60  # from 0.44
