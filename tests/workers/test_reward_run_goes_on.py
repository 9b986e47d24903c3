"""What happens to a reward model, and to a policy that trains on one, while its run goes on."""

# ruff: noqa: F811  (arguments are called like the fixtures that they are)

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change, parse_config
from core.models import reward
from core.presets import preset
from core.rewards.preferences import Preference
from core.runs import reward_runs
from core.runs.store import RunStore
from tests.workers.test_reward_run import BASE, _home, config_of, labels, live, store  # noqa: F401  (fixtures)
from tests.workers.test_worker import Interrupted


def events(store: RunStore, run_id: str, kind: str) -> list[dict[str, object]]:
    return [x for x in store.events(run_id) if x["kind"] == kind]


def test_settings_change_from_the_next_update_on_and_what_it_began_with_does_not(
    store: Interrupted, labels: tuple[Preference, ...]
) -> None:
    config = config_of(labels)
    plain = store.create(config, preferences=labels)
    assert live(store, plain, "mine") == 0
    run_id = store.create(config, preferences=labels)

    def ask(step: int) -> None:
        if step == 1:
            store.control(run_id, "change", {"mine.learning_rate": 1e-6, "steps": config.steps + 2})
            store.control(run_id, "change", {"mine.heldout": 0.5})
            with pytest.raises(ConfigError, match="there is no policy whose KL"):
                store.control(run_id, "change", {"mine.beta": 0.1})

    store.after = ask
    assert live(store, run_id, "mine") == 0
    assert [x["value"] for x in events(store, run_id, "change")] == [
        {"mine.learning_rate": 1e-6, "steps": config.steps + 2}
    ]
    [refused] = events(store, run_id, "rejected-change")
    assert str(refused["value"]["reason"]).startswith("mine.heldout: cannot change while a run goes on")  # type: ignore[index]
    before, after = (reward_runs.curve(store, x) for x in (plain, run_id))
    assert [x.loss for x in after[:3]] == [x.loss for x in before[:3]], "the second update was made at the old rate"
    assert after[-1].loss != before[-1].loss
    assert len(after) == config.steps + 2
    assert store.get(run_id).learners[0].steps == config.steps + 2


def test_resumed_after_its_kept_model_was_deleted_it_leaves_one_again(
    store: Interrupted, labels: tuple[Preference, ...]
) -> None:
    run_id = store.create(config_of(labels), preferences=labels)
    store.after = lambda step: store.control(run_id, "stop") if step == 2 else None
    assert live(store, run_id, "mine") == 0
    early = reward_runs.kept(store, run_id)
    assert early is not None
    shutil.rmtree(reward.folder() / early.name)
    store.after = None
    assert live(store, run_id, "mine") == 0
    late = reward_runs.kept(store, run_id)
    assert late is not None
    assert reward.names() == [late.name]


def on_model(model: str) -> RunConfig:
    small = {
        **preset("reply").model_dump(exclude={"learners"}),
        **{"device": "cpu", "steps": 3, "prompts_per_step": 2, "num_generations": 4, "eval_every": 0},
        **{"checkpoint_every": 1, "task": {"kind": "reply", "heldout": 16}},
    }
    learners = [{"algorithm": "grpo", "reward": "reward-model", "reward_model": model}]
    return parse_config({**small, "learners": learners})


def test_a_policy_goes_on_where_its_reward_model_is_deleted_and_resumes_once_that_is_there_again(
    store: Interrupted, labels: tuple[Preference, ...], tmp_path: Path
) -> None:
    made = store.create(change(config_of(labels), {"steps": 1}), preferences=labels)
    assert live(store, made, "mine") == 0
    left = reward_runs.kept(store, made)
    assert left is not None
    place, aside = reward.folder() / left.name, tmp_path / "aside"

    running = store.create(on_model(left.name))
    store.after = lambda step: shutil.copytree(place, aside) and shutil.rmtree(place) if step == 0 else None
    assert live(store, running, "grpo") == 0
    assert store.get(running).status == "finished", "it was read once, at the start"

    shutil.copytree(aside, place)
    run_id = store.create(on_model(left.name))
    store.after = lambda step: store.control(run_id, "stop") if step == 1 else None
    assert live(store, run_id, "grpo") == 0
    assert store.get(run_id).status == "stopped"
    shutil.rmtree(place)
    store.after = None
    assert live(store, run_id, "grpo") != 0
    info = store.get(run_id)
    assert info.status == "failed"
    assert f"there is no reward model called '{left.name}'" in str(info.learners[0].reason)
    assert info.learners[0].step == 1, "what was made is kept"

    shutil.copytree(aside, place)
    assert live(store, run_id, "grpo") == 0
    assert store.get(run_id).status == "finished"
    assert [x["step"] for x in events(store, run_id, "continue")] == [2]
