"""Learners whose groups differ in size: who may have groups of one, and that all take one stream of questions."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change, parse_config
from core.runs.feed import Feed
from core.runs.store import RunStore
from core.runs.views import run_view, step_view
from core.training.trace import StepTrace, prompt_hash
from core.training.trainer import Trainer
from lessons.kit.fields import changeable, fields
from tests.training.test_trainer import SMALL

ALONE = {"baseline": "none", "scale_rewards": "none", "whiten_advantages": True}


def config(*learners: dict[str, Any], **run: Any) -> RunConfig:
    return RunConfig.model_validate({**SMALL, "learners": learners, **run})


def first(run: RunConfig, learner: str) -> StepTrace:
    torch.set_num_threads(1)
    return next(Trainer(run, learner).steps())


@pytest.mark.parametrize("learner", [{"algorithm": "ppo"}, {"algorithm": "grpo", **ALONE}])
def test_who_compares_no_responses_may_ask_each_question_once(learner: dict[str, Any]) -> None:
    run = config(learner, num_generations=1, prompts_per_step=16)
    trace = first(run, learner["algorithm"])
    assert trace.samples["group"].to_pylist() == list(range(16))
    assert trace.samples["prompt"].to_pylist() == Trainer(run, learner["algorithm"]).task.prompts(0, 0, 16)
    # What speaks of a group's rewards does not exist; it is not 0.
    assert trace.scalars["group_reward_std"] is trace.scalars["frac_reward_zero_std"] is None
    assert max(abs(x) for x in trace.tokens["advantage"].to_pylist()) > 0


def test_without_a_baseline_a_lone_response_is_credited_as_it_would_be_in_a_group() -> None:
    """REINFORCE++ whitens its reward over the batch's tokens (Hu et al. 2025): nothing of it knows the groups."""
    trace = first(config({"algorithm": "grpo", **ALONE}, num_generations=1, prompts_per_step=16, trace="all"), "grpo")
    tokens = trace.tokens.filter(trace.tokens["pass"].to_numpy() == 0).to_pandas()
    rewards = tokens["sample"].map(dict(enumerate(trace.samples["reward"].to_pylist())))
    expected = (rewards - rewards.mean()) / rewards.std(ddof=1)
    assert tokens["advantage"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-5)


@pytest.mark.parametrize("learner", [{}, {"baseline": "leave-one-out"}, {**ALONE, "dynamic_sampling": True}])
def test_who_needs_a_group_is_refused_with_the_numbers(learner: dict[str, Any]) -> None:
    refusal = "num_generations must be at least 2 for GRPO, but is 1 for grpo: one response has no group"
    with pytest.raises(ConfigError, match=refusal):
        parse_config({**SMALL, "learners": [{"algorithm": "grpo", **learner}], "num_generations": 1})
    with pytest.raises(ConfigError, match=refusal):
        change(config({"algorithm": "ppo"}, {"algorithm": "grpo", **learner}), {"grpo.num_generations": 1})


@pytest.fixture
def seen(tmp_path: Any) -> tuple[RunStore, str, dict[str, StepTrace]]:
    """A first step of PPO 16 × 1 and GRPO 4 × 4."""
    run = config({"algorithm": "ppo", "num_generations": 1}, {"algorithm": "grpo"})
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    run_id, made = store.create(run), {name: first(run, name) for name in ("ppo", "grpo")}
    for trace in made.values():
        store.append(run_id, trace)
    return store, run_id, made


def test_a_learner_with_more_questions_takes_more_of_the_same_stream(seen: Any) -> None:
    store, run_id, made = seen
    questions = {name: x.samples["prompt"].to_pylist() for name, x in made.items()}
    assert len(questions["ppo"]) == len(questions["grpo"]) == 16
    assert questions["ppo"][:4] == questions["grpo"][::4]
    assert len(set(questions["ppo"])) > 8
    view = step_view(store, store.get(run_id), 0, ["ppo", "grpo"], "1")
    assert view["shared_prompts"] == 4
    hashes = {name: x["first_prompts_hash"] for name, x in view["learners"].items()}
    assert set(hashes.values()) == {prompt_hash(questions["grpo"][::4])}
    assert made["ppo"].prompt_hash != made["grpo"].prompt_hash
    assert b"first_prompts_hash" in Feed(store).step(run_id, 0).text().encode()


def test_of_one_learner_alone_all_its_questions_are_the_first_ones(seen: Any) -> None:
    store, run_id, made = seen
    view = step_view(store, store.get(run_id), 0, ["ppo"], "1")
    assert view["learners"]["ppo"]["first_prompts_hash"] == made["ppo"].prompt_hash
    assert view["shared_prompts"] == 16


def test_where_each_question_has_one_response_a_page_says_none_of_the_groups_numbers(tmp_path: Any) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    alone = {"algorithm": "grpo", "name": "alone", "num_generations": 1, **ALONE}
    run = store.get(store.create(config(alone, {"algorithm": "grpo", "name": "group"})))
    without = {x["name"]: set(x["without"]) for x in run_view(run)["learners"]}
    assert without["alone"] - without["group"] == {"group_reward_std", "frac_reward_zero_std", "value_error_group_mean"}


def test_a_run_under_way_keeps_its_learners_group_sizes() -> None:
    """Pages compare its learners, and put groups together, by the sizes that it began with."""
    run = config({"algorithm": "ppo"}, {"algorithm": "grpo"})
    made = Trainer(run, "grpo")
    with pytest.raises(ConfigError, match=r"grpo.num_generations: cannot change while a run goes on"):
        made.change({"grpo.num_generations": 2})
    made.change({"grpo.learning_rate": 1e-3})
    known = {x.key: x for x in fields(run)}
    assert not changeable(known["grpo.num_generations"], run)
    assert changeable(known["grpo.learning_rate"], run)
