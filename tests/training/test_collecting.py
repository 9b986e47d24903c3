"""The data set of an offline learner: deterministic, spoiled as asked, kept by a checkpoint; and its coverage."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.learners.collected import Collected
from core.learners.registry import learner
from core.training import coverage, gather, scoring
from core.training.collecting import from_state, rollout_of, state_of
from core.training.scoring import Sequences
from core.training.trainer import Trainer

SMALL: dict[str, Any] = {"steps": 3, "prompts_per_step": 4, "num_generations": 4, "eval_every": 0}


def trainer(kind: str = "sft", run: dict[str, Any] | None = None, **changes: Any) -> Trainer:
    settings = learner(kind, **{"data_responses": 64, **changes})
    return Trainer(RunConfig(learners=(settings,), **{**SMALL, **(run or {})}), kind)


def data_of(**changes: Any) -> Collected:
    made = trainer(**changes).data
    assert made is not None
    return made


def test_the_same_settings_collect_the_same_set_of_the_runs_own_questions() -> None:
    first, task = trainer(), trainer().task
    assert first.data is not None
    assert first.data == data_of() == data_of(kind="dpo")
    assert first.data != data_of(data_seed=7)
    asked = [x.prompt for x in first.data.responses[::4]]
    assert asked == [x for step in range(4) for x in task.prompts(0, step, 4)], "as every learner of the run is asked"
    assert [x.group for x in first.data.responses] == [i // 4 for i in range(64)]
    for x in first.data.responses:
        assert x.success == task.verify(x.prompt, x.response, finished=not x.truncated).success
        assert x.answer == task.truth(x.prompt)


@pytest.mark.parametrize("temperature", [None, 2.0])
def test_log_probabilities_are_the_start_models_at_the_temperature_of_collection(temperature: float | None) -> None:
    made = trainer(data_temperature=temperature, data_random=0.25)
    assert made.data is not None
    rows = made.data.responses
    rollout = rollout_of(made.policy, made.codec, [x.prompt for x in rows], [x.tokens for x in rows])
    with torch.no_grad():
        scored = scoring.score(made.policy, Sequences.of(rollout), temperature or 1.0).logprobs
    own = torch.tensor([y for x in rows for y in x.logprobs])
    torch.testing.assert_close(scored[rollout.mask], own, atol=1e-4, rtol=0)


def test_spoiling_touches_just_the_share_that_was_asked_for() -> None:
    clean, flipped, random = data_of(), data_of(data_flipped=0.25), data_of(data_random=0.5)
    changed = [(a, b) for a, b in zip(clean.responses, flipped.responses, strict=True) if a != b]
    assert len(changed) == 16
    for a, b in changed:
        assert (b.reward, b.success, b.flipped) == (1 - a.reward, a.success, True)
        assert b.tokens == a.tokens
    replaced = [(a, b) for a, b in zip(clean.responses, random.responses, strict=True) if b.random]
    assert len(replaced) == 32
    for a, b in replaced:
        assert len(a.tokens) == len(b.tokens)
        assert (a.prompt, a.group, a.truncated) == (b.prompt, b.group, b.truncated)
        assert a.tokens[-1] == b.tokens[-1] or a.truncated
    assert sum(a.tokens != b.tokens for a, b in replaced) > 28
    assert sum(b.reward for _, b in replaced) <= 2
    assert [x for x in random.responses if not x.random] == [
        a for a, b in zip(clean.responses, random.responses, strict=True) if not b.random
    ]
    everything = data_of(data_flipped=1.0)
    assert [x.reward for x in everything.responses] == [1 - x.reward for x in clean.responses]


def test_a_set_with_nothing_to_learn_from_is_refused_before_the_first_step() -> None:
    run = {"max_completion_length": 1}  # every response is cut off, and wrong
    with pytest.raises(RequestError, match="none is better than another"):
        trainer("sft", run)
    with pytest.raises(RequestError, match="no pair can be made"):
        trainer("dpo", run)
    with pytest.raises(RequestError, match="nothing to compare"):
        trainer("offline-pg", run)


@pytest.mark.parametrize("kind", ["sft", "dpo", "offline-pg"])
def test_a_resumed_run_goes_on_as_the_straight_one(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = list(trainer(kind).steps())
    begun = trainer(kind)
    next(begun.steps())
    begun.save(tmp_path / "1.pt")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing is sampled again")

    monkeypatch.setattr("core.training.collecting.sample", never)
    monkeypatch.setattr(gather, "sample", never)
    resumed = Trainer.load(tmp_path / "1.pt")
    assert resumed.data == begun.data
    for a, b in zip(straight[1:], resumed.steps(), strict=True):
        assert a.tokens.equals(b.tokens)
        assert a.samples.equals(b.samples)
        assert a.scalars["samples_seen"] == b.scalars["samples_seen"] == 64
        assert b.collected is None


def test_a_run_that_was_stopped_before_its_first_step_still_keeps_its_set(tmp_path: Path) -> None:
    """The set goes into the store with the first step, whichever life of the learner makes that."""
    begun = trainer()
    begun.save(tmp_path / "0.pt")
    first = next(begun.steps())
    resumed = next(Trainer.load(tmp_path / "0.pt").steps())
    assert first.collected is not None
    assert resumed.collected is not None
    assert resumed.collected.equals(first.collected)


def test_a_set_of_a_newer_version_is_refused() -> None:
    state = state_of(data_of())
    assert from_state(state) == data_of()
    with pytest.raises(ConfigError, match="is of version 2"):
        from_state({**state, "version": 2})


def test_pairs_stay_together_whatever_the_parts() -> None:
    """Mini-batches and parts in memory take no pair apart, so that parts change no number."""
    whole = list(trainer("dpo", {"micro_batch_size": None}, num_mini_batches=2).steps())
    parts = list(trainer("dpo", {"micro_batch_size": 3}, num_mini_batches=2).steps())
    for a, b in zip(whole, parts, strict=True):
        assert a.scalars["policy_loss"] == pytest.approx(b.scalars["policy_loss"], rel=1e-4)
        assert a.scalars["grad_norm"] == pytest.approx(b.scalars["grad_norm"], rel=1e-3)
    assert whole[0].scalars["policy_loss"] == pytest.approx(math.log(2), abs=0.2)


def test_the_ratio_of_offline_policy_gradient_stays_against_the_collector() -> None:
    traces = list(trainer("offline-pg", {"steps": 4, "trace": "all"}, learning_rate=2e-3).steps())
    first = [x.tokens.filter(x.tokens["pass"].to_numpy() == 0)["ratio"].to_numpy() for x in traces]
    assert abs(first[0] - 1).max() < 1e-3
    assert abs(first[-1] - 1).max() > 0.05, "the policy is not its collector any more"


def test_effective_sample_size_in_closed_form() -> None:
    assert coverage.effective_share([0.3] * 7) == pytest.approx(1)
    assert coverage.effective_share([0, -1e6, -1e6, -1e6]) == pytest.approx(0.25)
    weights = [1.0, 2.0, 5.0]
    assert coverage.effective_share([math.log(x) - 900 for x in weights]) == pytest.approx(64 / 30 / 3)


def test_a_policy_that_moves_finds_its_data_less_likely_than_its_own_responses() -> None:
    run = {"steps": 31, "eval_every": 30, "prompts_per_step": 16, "num_generations": 8}
    made = trainer("sft", run, data_responses=512)
    traces = list(made.steps())
    before, after = traces[0].scalars, traces[30].scalars
    assert before["coverage_ess"] == pytest.approx(1, abs=1e-3)
    assert before["coverage_data_logprob"] == pytest.approx(before["coverage_fresh_logprob"], abs=0.03)  # type: ignore[arg-type]
    assert after["coverage_fresh_logprob"] > after["coverage_data_logprob"] + 0.05  # type: ignore[operator]
    assert after["coverage_ess"] < 0.8  # type: ignore[operator]
    assert after["kl"] > 0.01  # type: ignore[operator]
    assert traces[1].scalars["kl"] is traces[1].scalars["coverage_ess"] is None
    online = Trainer(RunConfig(learners=(learner("grpo"),), **{**SMALL, "eval_every": 1, "steps": 1}), "grpo")
    assert made.data is not None
    assert coverage.measure(online, made.data).ess == pytest.approx(1, abs=1e-3)
    assert next(online.steps()).scalars["coverage_ess"] is None
