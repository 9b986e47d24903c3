"""The critic's own settings: its λ, its learning rates, its passes, and when it stops."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import parse_config
from core.learners.kinds.ppo import PPOSettings
from core.stored_config import load_config
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from tests.training.test_trainer import SMALL

PPO: dict[str, Any] = {"algorithm": "ppo", "kl_coef": 0.0}


def trainer(*, run: dict[str, Any] | None = None, **settings: Any) -> Trainer:
    torch.set_num_threads(1)
    config = RunConfig.model_validate({**SMALL, "trace": "all", "learners": [{**PPO, **settings}], **(run or {})})
    return Trainer(config, "ppo")


def critic(made: Trainer) -> dict[str, Tensor]:
    assert made.value_model is not None
    return copy.deepcopy(made.value_model.state_dict())


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def columns(trace: StepTrace) -> dict[str, np.ndarray]:
    """Columns of the state before the step's first update, by name."""
    own = trace.tokens.filter(trace.tokens["pass"].to_numpy() == 0)
    return {x: own[x].to_numpy() for x in ("sample", "advantage_raw", "return", "value", "delta")}


def last(made: Trainer) -> StepTrace:
    return list(made.steps())[-1]


# -- λ -----------------------------------------------------------------------------------------------------------------


def test_the_critics_lambda_is_that_of_its_targets_alone() -> None:
    """VAPO (arXiv:2504.05118), section 4.1: at λ = 1 the critic is fitted to the outcome, whatever λ the policy has.

    The third step is looked at, by when the critic says something; its targets are worked out by a double sum.
    """
    gamma, lam, own = 0.9, 0.6, 0.8
    usual = columns(next(trainer(gamma=gamma, lam=lam).steps()))
    made = columns(last(trainer(gamma=gamma, lam=lam, lam_critic=own)))
    assert np.ptp(made["value"]) > 0
    for sample in set(made["sample"]):
        delta, value = (made[x][made["sample"] == sample].astype(float) for x in ("delta", "value"))
        for decay, target in ((gamma * lam, made["advantage_raw"]), (gamma * own, made["return"])):
            sums = [sum(decay**n * x for n, x in enumerate(delta[t:])) for t in range(len(delta))]
            expected = sums if target is made["advantage_raw"] else sums + value
            assert target[made["sample"] == sample] == pytest.approx(np.array(expected), abs=1e-5)
    assert columns(next(trainer(gamma=gamma, lam=lam, lam_critic=own).steps()))["advantage_raw"] == pytest.approx(
        usual["advantage_raw"], abs=0
    )


def test_at_lambda_1_the_critic_is_fitted_to_what_the_response_scored() -> None:
    trace = last(trainer(lam=0.5, lam_critic=1.0))
    rewards, made = trace.samples["reward"].to_numpy(), columns(trace)
    assert made["return"] == pytest.approx(rewards[made["sample"]], abs=1e-5)
    assert made["advantage_raw"] != pytest.approx(made["return"] - made["value"], abs=1e-2)


def test_a_lambda_that_is_the_policys_own_changes_nothing() -> None:
    usual, own = (list(trainer(lam=0.7, **x).steps()) for x in ({}, {"lam_critic": 0.7}))
    assert all(a.tokens.equals(b.tokens) for a, b in zip(usual, own, strict=True))


# -- learning rates ----------------------------------------------------------------------------------------------------


def test_head_and_backbone_move_by_their_own_learning_rates() -> None:
    """Adam's first step moves every weight that has a gradient by its learning rate, whatever the gradient's size."""
    made = trainer(value_learning_rate=1e-4, value_head_learning_rate=3e-3, value_num_iterations=1, max_grad_norm=1000)
    assert made.value_model is not None
    with torch.no_grad():  # a head of zeros passes no gradient on to the backbone
        made.value_model.head.weight.fill_(1.0)
    before = critic(made)
    next(made.steps())
    moved = {name: (x - before[name]).abs().max() for name, x in critic(made).items()}
    assert moved["head.weight"] == pytest.approx(3e-3, rel=0.02)
    assert moved["head.bias"] == pytest.approx(3e-3, rel=0.02)
    assert max(x for name, x in moved.items() if name.startswith("backbone")) == pytest.approx(1e-4, rel=0.02)


def test_a_heads_rate_that_is_the_backbones_changes_nothing() -> None:
    usual, own = (last(trainer(value_learning_rate=1e-3, **x)) for x in ({}, {"value_head_learning_rate": 1e-3}))
    assert usual.tokens.equals(own.tokens)


def test_a_checkpoint_from_before_the_head_stood_apart_goes_on_exactly(tmp_path: Path) -> None:
    straight = list(trainer(run={"steps": 4}).steps())
    made = trainer(run={"steps": 2})
    list(made.steps())
    made.save(tmp_path / "new")
    state = torch.load(tmp_path / "new", weights_only=True)
    value = state["optimizers"]["value"]
    assert len(value["param_groups"]) == 2
    together = [i for group in value["param_groups"] for i in group["params"]]
    value["param_groups"] = [{**value["param_groups"][0], "params": together}]  # as one group, which it was
    torch.save(state, tmp_path / "old")
    for name in ("old", "new"):
        resumed = Trainer.load(tmp_path / name)
        resumed.change({"steps": 4})
        assert [x.tokens.equals(y.tokens) for x, y in zip(resumed.steps(), straight[2:], strict=True)] == [True, True]


# -- passes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [{}, {"num_mini_batches": 2}])
@pytest.mark.parametrize(("policy", "own"), [(2, 4), (3, 1)])
def test_the_critic_has_passes_of_its_own(policy: int, own: int, parts: dict[str, Any]) -> None:
    """Policy and critic share no weights: in a first step, each is as in a run with as many passes of both."""
    made = trainer(num_iterations=policy, value_num_iterations=own, **parts)
    trace = next(made.steps())
    as_policy, as_critic = (trainer(num_iterations=x, **parts) for x in (policy, own))
    alike, _ = next(as_policy.steps()), next(as_critic.steps())
    assert same(made.policy.state_dict(), as_policy.policy.state_dict())
    assert same(critic(made), critic(as_critic))
    assert not same(critic(made), critic(as_policy))
    assert trace.tokens.equals(alike.tokens)
    assert made._updater.value_optimizer is not None
    steps = {int(x["step"]) for x in made._updater.value_optimizer.state_dict()["state"].values()}
    assert steps == {own * parts.get("num_mini_batches", 1)}


# -- the end -----------------------------------------------------------------------------------------------------------


def test_a_frozen_critic_stays_as_it_is_and_is_still_asked() -> None:
    made = trainer(run={"steps": 4}, value_freeze_after=2)
    seen = [(critic(made), copy.deepcopy(made.policy.state_dict()), trace) for trace in made.steps()]
    assert not same(seen[0][0], seen[1][0])
    assert same(seen[1][0], seen[3][0])
    assert not same(seen[2][1], seen[3][1]), "the policy goes on"
    assert [x.scalars["value_loss"] is None for _, _, x in seen] == [False, False, True, True]
    assert all(np.ptp(columns(x)["value"]) > 0 for _, _, x in seen[1:])
    straight = list(trainer(run={"steps": 2}).steps())
    assert [x.tokens.equals(y.tokens) for x, (_, _, y) in zip(straight, seen, strict=False)] == [True, True]


def test_a_critic_that_never_learns_says_nothing() -> None:
    traces = list(trainer(value_freeze_after=0).steps())
    assert all(not columns(x)["value"].any() for x in traces)


def test_steps_in_which_nothing_learns_are_refused() -> None:
    learner = {**PPO, "value_freeze_after": 1, "value_warmup_steps": 2}
    with pytest.raises(ConfigError, match="ppo: value_freeze_after=1 is below value_warmup_steps=2"):
        parse_config({**SMALL, "learners": [learner]})
    parse_config({**SMALL, "learners": [{**learner, "value_freeze_after": 2}]})


# -- runs from before --------------------------------------------------------------------------------------------------


def test_a_run_from_before_these_settings_has_their_defaults_and_so_what_it_did() -> None:
    head = json.loads((Path(__file__).parents[1] / "data" / "v1" / "parquet" / "run.json").read_text())
    stored = next(x for x in head["config"]["learners"] if x["algorithm"] == "ppo")
    later = set(PPOSettings.model_fields) - set(stored)
    assert {"lam_critic", "value_head_learning_rate", "value_num_iterations", "value_freeze_after"} <= later
    settings = load_config(head["config"]).learner("ppo")
    assert isinstance(settings, PPOSettings)
    later.discard("value_pretrain_learning_rate")  # of no account without updates
    assert {getattr(settings, x) for x in later if x.startswith(("lam_", "value_"))} <= {None, 0}


# -- measured values in the critic's place -----------------------------------------------------------------------------


def test_with_an_oracle_the_values_are_measured_and_no_critic_is_there() -> None:
    """At γ = 1, λ = 0 and without a KL penalty that is VinePPO (arXiv:2410.01679): the same credit to the bit."""
    made = trainer(oracle_continuations=4, lam=0.0)
    assert made.value_model is None
    vine = {"algorithm": "vine", "continuations": 4}
    other = Trainer(RunConfig.model_validate({**SMALL, "trace": "all", "learners": [vine]}), "vine")
    for one, two in zip(made.steps(), other.steps(), strict=True):
        for name in ("value", "delta", "advantage_raw", "advantage", "logprob"):
            assert one.tokens[name].equals(two.tokens[name]), name
        assert one.scalars["samples_seen"] == two.scalars["samples_seen"] > 16
        assert one.tokens["return"].null_count == one.tokens.num_rows
        assert one.scalars["value_loss"] is one.scalars["vf_explained_var"] is None


def test_an_oracles_surprises_fade_by_lambda_as_a_critics_do() -> None:
    made = columns(next(trainer(oracle_continuations=2, lam=0.8, gamma=0.9).steps()))
    for sample in set(made["sample"]):
        delta, raw = (made[x][made["sample"] == sample].astype(float) for x in ("delta", "advantage_raw"))
        sums = [sum(0.72**n * x for n, x in enumerate(delta[t:])) for t in range(len(delta))]
        assert raw == pytest.approx(np.array(sums), abs=1e-5)


@pytest.mark.parametrize(
    "setting",
    [
        {"bootstrap_truncated": True},
        {"value_warmup_steps": 1},
        {"value_pretrain_updates": 4},
        {"lam_critic": 1.0},
        {"value_replay_steps": 1},
    ],
    ids=lambda x: next(iter(x)),
)
def test_with_an_oracle_no_critic_can_be_set(setting: dict[str, Any]) -> None:
    [name] = setting
    with pytest.raises(ConfigError, match=f"ppo: with oracle_continuations=8 there is no critic, so {name} cannot be"):
        parse_config({**SMALL, "learners": [{**PPO, "oracle_continuations": 8, **setting}]})


@pytest.mark.parametrize(("first", "then"), [(None, 4), (4, None)])
def test_a_run_keeps_its_critic_or_its_oracle(first: int | None, then: int | None) -> None:
    made = trainer(oracle_continuations=first)
    with pytest.raises(ConfigError, match=r"ppo\.oracle_continuations.*cannot change while a run goes on"):
        made.change({"oracle_continuations": then})
