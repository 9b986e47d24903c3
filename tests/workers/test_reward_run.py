"""A reward model's training as a run: a worker trains it, it can be stopped and resumed, and leaves a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.given_config import change, parse_config
from core.insight.replay import models_at
from core.models import reward
from core.presets import preset
from core.reward_run import reward_config
from core.rewards import preferences
from core.rewards.judge import judge
from core.rewards.preferences import Preference, read
from core.runs import lifecycle, reward_runs
from core.runs.errors import DataUnreadable
from core.runs.export import export
from core.runs.importing import ImportFailed, import_any
from core.runs.save import SaveError, save_model
from core.runs.script import snippet
from core.runs.store import RunStore
from core.tasks.registry import task_for
from core.training import pairs as pairs_module
from core.training.pairs import sampled_pairs
from core.workers.limits import LimitError, RunLimits
from core.workers.process import supervise
from core.workers.worker import Worker
from tests.workers.test_worker import Interrupted

ROOT = Path(__file__).parents[2]
BASE = change(preset("reply"), {"device": "cpu"})


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def labels() -> tuple[Preference, ...]:
    task = task_for(BASE.task)
    return judge(sampled_pairs(BASE, 40), lambda prompt, text: task.verify(prompt, text).reward, source="me")


@pytest.fixture
def store(tmp_path: Path) -> Interrupted:
    return Interrupted(f"sqlite:///{tmp_path / 'home' / 'runs.sqlite'}", home=tmp_path / "home")


def config_of(labels: tuple[Preference, ...], **settings: object) -> RunConfig:
    made = reward_config(BASE, labels, epochs=2, pairs_per_step=8, name="mine", **settings)
    return change(made, {"checkpoint_every": 2, "eval_every": 2})


def live(store: RunStore, run_id: str, learner: str = "mine") -> int:
    lifecycle.enqueue(store, run_id, [learner])
    assert lifecycle.claim(store, run_id, learner)
    return supervise(Worker(store, run_id, learner))


def files(store: RunStore, run_id: str, folder: Path) -> dict[str, bytes]:
    return {x.name: x.read_bytes() for x in export(store, run_id, folder)}


def test_it_trains_on_the_runs_labels_and_leaves_a_model(
    store: RunStore, labels: tuple[Preference, ...], tmp_path: Path
) -> None:
    config = config_of(labels)
    run_id = store.create(config, preferences=labels)
    assert store.preferences(run_id) == labels
    assert (reward_runs.prefixes(store, run_id), reward_runs.calibration(store, run_id)) == ((), ())
    assert live(store, run_id) == 0
    info = store.get(run_id)
    assert info.status == "finished"
    curve = reward_runs.curve(store, run_id)
    assert [x.step for x in curve] == list(range(config.steps))
    assert curve[0].heldout_loss == pytest.approx(0.6931, abs=1e-4)
    assert (curve[0].heldout_accuracy, curve[1].heldout_loss) == (0.5, None)
    assert curve[-1].loss < curve[0].loss
    left = reward_runs.kept(store, run_id)
    assert left is not None
    assert reward.names() == [left.name]
    assert left.name.startswith("mine-")
    assert reward.card(left.name).preferences == left.preferences == len(labels)
    assert reward.card(left.name).heldout_accuracy == left.heldout_accuracy
    bins = reward_runs.calibration(store, run_id)
    assert (
        sum(x.pairs for x in bins) == len(labels) - curve[-1].pairs_seen // 2
    )  # two epochs of those that are not held
    # What it leaves is a reward that a policy's run may name.
    assert change(preset("reply"), {"reward": "reward-model", "reward_model": left.name})


def test_what_is_shown_are_both_responses_of_held_out_pairs_with_every_prefix(
    store: RunStore, labels: tuple[Preference, ...]
) -> None:
    run_id = store.create(config_of(labels), preferences=labels)
    assert live(store, run_id) == 0
    first, last = reward_runs.prefixes(store, run_id, 0), reward_runs.prefixes(store, run_id)
    assert [(x.pair, x.response) for x in first] == [(x.pair, x.response) for x in last]
    assert all(x.heldout for x in last)
    assert [x.preferred for x in last[:2]].count(True) == 1
    assert {y for x in first for y in x.rewards} == {0.0}  # a head of zeros
    assert all(len(x.rewards) == len(x.tokens) + 1 for x in last)
    made = store.get(run_id).learners[0].step
    scores = {x["sample"]: x["score"] for x in store.samples(run_id, "mine", made).to_pylist()}
    assert [x.rewards[-1] for x in last] == pytest.approx([scores[i] for i in range(len(last))])


def test_stopped_and_resumed_it_is_the_same_to_the_bit(
    store: Interrupted, labels: tuple[Preference, ...], tmp_path: Path
) -> None:
    config = config_of(labels)
    whole = store.create(config, preferences=labels)
    assert live(store, whole) == 0
    cut = store.create(config, preferences=labels)
    store.after = lambda step: store.control(cut, "stop") if step == 2 else None
    assert live(store, cut) == 0
    assert store.get(cut).status == "stopped"
    early = reward_runs.kept(store, cut)
    assert early is not None, "what was learnt until then is left, too"
    store.after = None
    assert live(store, cut) == 0
    assert store.get(cut).status == "finished"
    for name in ("samples.parquet", "tokens.parquet", "preferences.json"):
        assert files(store, cut, tmp_path / "cut")[name] == files(store, whole, tmp_path / "whole")[name]
    assert reward_runs.kept(store, cut) == reward_runs.kept(store, whole) != early
    assert len(reward.names()) == 2  # the same weights are kept once


def test_without_labels_a_judge_makes_them_in_the_worker(store: RunStore) -> None:
    run_id = store.create(change(config_of((), judge_pairs=30, judge_noise=0.2), {"steps": 2}))
    assert store.preferences(run_id) is None
    assert live(store, run_id) == 0
    made = store.preferences(run_id)
    assert made is not None
    assert 10 < len(made) <= 30
    assert {x.source for x in made} == {"judge"}
    task = task_for(BASE.task)
    agrees = [task.verify(x.prompt, x.chosen).reward > task.verify(x.prompt, x.rejected).reward for x in made]
    assert 0 < agrees.count(False) < len(made) / 2  # so often it errs


def test_the_labels_go_with_the_run(store: RunStore, labels: tuple[Preference, ...], tmp_path: Path) -> None:
    run_id = store.create(change(config_of(labels), {"steps": 2}), preferences=labels)
    assert live(store, run_id) == 0
    written = files(store, run_id, tmp_path / "out")
    assert read(written["preferences.json"]) == labels
    back = import_any(store, tmp_path / "out")
    assert store.preferences(back) == labels
    assert reward_runs.curve(store, back) == reward_runs.curve(store, run_id)
    assert reward_runs.kept(store, back) == reward_runs.kept(store, run_id)
    (tmp_path / "out" / "preferences.json").write_text('{"version": 1, "preferences": [{}]}')
    with pytest.raises(ImportFailed, match="preference 1"):
        import_any(store, tmp_path / "out")
    store.delete(run_id)
    assert store.preferences(run_id) is None


@pytest.mark.usefixtures("warm_python")
def test_the_script_of_a_run_makes_it_again(store: RunStore, labels: tuple[Preference, ...], tmp_path: Path) -> None:
    run_id = store.create(change(config_of(labels), {"steps": 2}), preferences=labels)
    assert live(store, run_id) == 0
    files(store, run_id, tmp_path / "out")
    script = tmp_path / "out" / "again.py"
    script.write_text(snippet(store.get(run_id), store.events(run_id)), encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, script.name],
        capture_output=True,
        text=True,
        cwd=script.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    rows, _ = store.rows_since(run_id, 0)
    assert answer.stdout.splitlines() == [
        f"mine {x['step']} loss {round(x['pair_loss'], 4)} prompts {x['prompt_hash'][:8]}" for x in rows
    ]


def test_what_only_a_policy_can_is_refused(store: RunStore, labels: tuple[Preference, ...]) -> None:
    run_id = store.create(change(config_of(labels), {"steps": 2}), preferences=labels)
    assert live(store, run_id) == 0
    with pytest.raises(SaveError, match="with which no run can begin"):
        save_model(store, run_id, "mine")
    with pytest.raises(RequestError, match="no policy that could be asked"):
        models_at(store, run_id, "mine", 1)


def test_damaged_labels_are_said_to_be(store: RunStore, labels: tuple[Preference, ...]) -> None:
    run_id = store.create(config_of(labels), preferences=labels)
    with store.write() as c:
        c.exec_driver_sql("UPDATE preferences SET content = '{'")
    with pytest.raises(DataUnreadable, match="labels"):
        store.preferences(run_id)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"learners": [{"algorithm": "reward-model"}, {"algorithm": "grpo"}]}, "reward-model trains a reward model"),
        ({"learners": [{"algorithm": "reward-model"}], "lora_rank": 4}, "trained whole"),
        (
            {"learners": [{"algorithm": "reward-model", "beta": 0.1}]},
            "beta is 0.1, but a reward model is trained alone",
        ),
        ({"learners": [{"algorithm": "reward-model", "reward": "placebo"}]}, "learns from labels"),
        ({"learners": [{"algorithm": "reward-model", "num_generations": 4}]}, "num_generations"),
        (  # whoever came second would have learnt from the first one's labels
            {
                "learners": [
                    {"algorithm": "reward-model", "name": x, "judge_noise": y} for x, y in (("a", 0), ("b", 0.4))
                ]
            },
            r"judge_noise must be the same for all reward models of a run \(a, b\)",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_config({**BASE.model_dump(exclude={"learners"}), **changes})


def test_labels_that_no_model_can_be_made_of_end_the_run_with_a_sentence(
    store: RunStore, labels: tuple[Preference, ...]
) -> None:
    long = labels[0].model_copy(update={"a": " ".join([labels[0].a] * 20)})
    with pytest.raises(RequestError, match="1 labelled pairs are too few"):
        config_of(labels[:1])
    for given, says in ((labels[:1], "1 labelled pairs are too few"), ((long, *labels[1:]), "max_completion_length")):
        run_id = store.create(config_of(labels), preferences=given)
        assert live(store, run_id) == 1
        [learner] = store.get(run_id).learners
        assert says in str(learner.reason)


def test_a_judges_labels_that_no_store_takes_end_the_run_before_its_first_step(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were written, could not be read again, and no checkpoint could be continued."""
    monkeypatch.setattr(preferences, "MOST_BYTES", 2000)
    run_id = store.create(config_of((), judge_pairs=40))
    assert live(store, run_id) == 1
    [learner] = store.get(run_id).learners
    assert "at most 2000 are possible" in str(learner.reason)
    assert (learner.step, store.preferences(run_id)) == (-1, None)


def test_pairs_of_texts_that_no_label_may_have_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them would end the run as a fault of the program."""
    pairs = sampled_pairs(BASE, 20)
    longest = sorted(len(y) for _, *both in pairs for y in both)[20]
    monkeypatch.setattr(pairs_module, "MOST_RESPONSE", longest)
    fewer = sampled_pairs(BASE, 20)
    assert fewer
    assert all(len(y) <= longest for _, *both in fewer for y in both)


def test_a_server_bounds_what_a_judge_labels(store: RunStore) -> None:
    config = change(config_of((), judge_pairs=200), {"steps": 5})
    RunLimits(steps=25, responses=16).check(config, store)
    with pytest.raises(LimitError, match="200 pairs that a judge labels"):
        RunLimits(steps=24, responses=16).check(config, store)


def test_reward_models_count_on_the_disk_and_the_oldest_go(
    store: RunStore, labels: tuple[Preference, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.runs.keeping import bytes_used

    run_id = store.create(change(config_of(labels), {"steps": 2}), preferences=labels)
    before = bytes_used(store)
    assert live(store, run_id) == 0
    [first] = reward.names()
    size = sum(x.stat().st_size for x in (reward.folder() / first).iterdir())
    assert bytes_used(store) - before > size
    monkeypatch.setenv("CREDIT_LAB_MAX_DISK_GB", str(15 * size / 1e9))  # of which they may take a tenth: one and a half
    other = store.create(change(config_of(labels), {"steps": 3}), preferences=labels)
    assert live(store, other) == 0
    assert reward.names() == [reward_runs.kept(store, other).name]  # type: ignore[union-attr]
    assert json.loads((reward.folder() / reward.names()[0] / reward.CARD).read_text())["preferences"] == len(labels)
