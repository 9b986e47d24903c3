"""What a server allows a visitor's run, with both numbers in the refusal, and how long it keeps runs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.__main__ import main
from core.config import RunConfig
from core.given_config import change
from core.places import critics_folder
from core.presets import preset
from core.runs import lifecycle
from core.runs.keeping import bytes_used, delete_old
from core.runs.recorded import SHIPPED
from core.runs.store import RunStore
from core.runs.tables import learners, runs
from core.tasks.registry import longest_response
from core.workers.launcher import LauncherError, LocalLauncher
from core.workers.limits import LimitError, RunLimits
from lessons.i18n import tell, use_language
from lessons.lab import settings as lab
from tests.helpers import step_trace

CONFIG = preset("chain-sum")  # 150 steps of 16 × 8 responses


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    return RunStore()


def over(
    store: RunStore, name: str, days_ago: float = 0.0, config: RunConfig = CONFIG, run_id: str | None = None
) -> str:
    """A run that ended so long ago."""
    run_id = store.create(config, name, run_id=run_id)
    for learner in config.learners:
        lifecycle.mark(store, run_id, learner.name, "finished")
    with store.write() as c:
        then = time.time() - days_ago * 86_400
        c.execute(learners.update().filter_by(run=run_id).values(updated=then))
    return run_id


def names(store: RunStore) -> set[str]:
    return {x.name for x in store.runs()}


def test_a_data_set_is_no_way_around_the_limits_of_a_run(store: RunStore) -> None:
    """Its responses are written before the first step: as many as the longest run here may write, and no more."""
    offline = preset("online-or-offline")  # 60 steps of 128 responses, and as many in each data set
    RunLimits(steps=60, responses=128).check(offline, store)
    large = change(offline, {"sft.data_responses": 8192})
    with pytest.raises(LimitError, match="sft: 8192 responses in its data set") as refused:
        RunLimits(steps=60, responses=128).check(large, store)
    assert "7680" in str(refused.value)
    for free in (RunLimits(steps=60), RunLimits(responses=128)):  # no number follows from one of them
        free.check(large, store)


@pytest.mark.parametrize(
    ("limits", "settings", "numbers"),
    [
        (RunLimits(steps=100), {}, ("150", "100")),
        (RunLimits(responses=127), {}, ("128", "127")),
        (RunLimits(tokens=20), {"max_completion_length": 21}, ("21", "20")),
        (RunLimits(value_updates=40), {"ppo.value_pretrain_updates": 41}, ("41", "40")),
        (RunLimits(steps=150), {"ppo.value_pretrain_updates": 151}, ("151", "150")),  # where nothing else is set
        (RunLimits(tokens=12), {}, ("15", "12")),  # what the task needs, where the run names nothing
    ],
)
def test_each_limit_refuses_with_both_numbers(
    store: RunStore, limits: RunLimits, settings: dict[str, int], numbers: tuple[str, str]
) -> None:
    config = change(CONFIG, settings)
    with pytest.raises(LimitError) as caught:
        limits.check(config, store)
    for number in numbers:
        assert number in str(caught.value)
    with use_language("zh-TW"):
        shown = tell(caught.value)
    assert all(number in shown for number in numbers)
    assert "伺服器" in shown


LONG = preset("long-sums-critics")  # 16 × 8 responses of up to 60 tokens


def tokens_of(config: RunConfig) -> int:
    return longest_response(config.task)


def test_continuations_are_limited_by_what_each_learner_may_write(store: RunStore) -> None:
    """A prefix before every token: of all responses for VinePPO, and of those that are checked."""
    length = tokens_of(LONG)
    vine, checked = 128 * length * 8, 32 * length * 16
    RunLimits(continuations=vine + checked).check(LONG, store)
    with pytest.raises(LimitError) as caught:
        RunLimits(continuations=vine + checked - 1).check(LONG, store)
    assert len(caught.value.messages) == 1
    for words in ("vine: ", f"{vine + checked} continuations", f"which is {vine + checked - 1}."):
        assert words in str(caught.value)
    with pytest.raises(LimitError, match="grpo: up to") as caught:
        RunLimits(continuations=checked - 1).check(LONG, store)
    assert len(caught.value.messages) == 4
    RunLimits(continuations=vine).check(change(LONG, {"eval_every": 0}), store)
    RunLimits(continuations=vine).check(change(LONG, {"value_check_responses": 0}), store)
    measured = change(CONFIG, {"ppo.oracle_continuations": 256})
    with pytest.raises(LimitError, match=f"ppo: up to {128 * tokens_of(CONFIG) * 256} continuations"):
        RunLimits(continuations=1).check(measured, store)


def test_passes_are_limited_with_those_over_earlier_responses(store: RunStore) -> None:
    RunLimits(passes=4).check(CONFIG, store)
    costly = change(CONFIG, {"ppo.value_num_iterations": 64, "ppo.value_replay_steps": 32})
    with pytest.raises(LimitError, match=r"^ppo: 2114 passes .* which is 2113\.$"):
        RunLimits(passes=2113).check(costly, store)
    RunLimits(passes=2114).check(costly, store)
    with pytest.raises(LimitError, match="grpo: 16 passes"):
        RunLimits(passes=15).check(change(CONFIG, {"grpo.num_iterations": 16}), store)


def test_a_run_under_way_takes_nothing_over_that_a_new_one_could_not_have(store: RunStore) -> None:
    """What it has already is no reason to refuse it another change."""
    limits = RunLimits(continuations=128 * tokens_of(LONG) * 24, passes=4, steps=60)
    for assignments in ({"vine.continuations": 256}, {"ppo-zero.value_replay_steps": 1}, {"steps": 61}):
        with pytest.raises(LimitError):
            limits.check_change(LONG, assignments)
    limits.check_change(LONG, {"vine.learning_rate": 1e-3})
    limits.check_change(change(LONG, {"vine.continuations": 200}), {"vine.learning_rate": 1e-3})


def test_what_is_just_allowed_is_allowed_and_all_that_is_not_is_named(store: RunStore) -> None:
    RunLimits(steps=150, responses=128, tokens=16, disk_gb=1).check(CONFIG, store)
    RunLimits().check(change(CONFIG, {"steps": 100_000, "max_completion_length": 4096}), store)
    with pytest.raises(LimitError) as caught:
        RunLimits(steps=1, responses=1, tokens=1).check(CONFIG, store)
    assert [str(x).partition(":")[0] for x in caught.value.messages] == [
        "steps", "prompts_per_step × num_generations", "max_completion_length",
    ]  # fmt: skip


def test_a_full_place_refuses_and_what_is_deleted_counts_as_free(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    for step in range(20):
        store.append(run_id, step_trace(CONFIG, "ppo", step, groups=16))
    folder = store.home / "checkpoints" / run_id
    folder.mkdir(parents=True)
    (folder / "000001.pt").write_bytes(bytes(1_000_000))
    used = bytes_used(store)
    assert 5_000_000 < used < 14_000_000
    limits = RunLimits(disk_gb=(used - 100_000) / 1e9)
    with pytest.raises(LimitError, match=r"take 0.01 GB here, and no run is started beyond"):
        limits.check(CONFIG, store)
    store.delete(run_id)
    assert bytes_used(store) < used - 1_300_000
    limits.check(CONFIG, store)


def test_the_launcher_starts_and_lengthens_no_run_beyond_the_limits(store: RunStore) -> None:
    launcher = LocalLauncher(store, limit=1, limits=RunLimits(steps=100))
    run_id = store.create(CONFIG)
    with pytest.raises(LauncherError, match="150 are more than this server allows, which is 100"):
        launcher.start(run_id)
    assert store.get(run_id).status == "failed"
    short = over(store, "short", config=change(CONFIG, {"steps": 50}))
    with pytest.raises(LimitError, match="101 are more"):
        launcher.resume(short, steps=101)
    lifecycle.enqueue(store, short, ["ppo"])
    assert lifecycle.claim(store, short, "ppo")  # under way
    with pytest.raises(LimitError, match="101 are more"):
        launcher.resume(short, steps=101)
    assert store.take_controls(short, "ppo") == []


@pytest.mark.usefixtures("warm_python")
def test_the_command_line_is_limited_where_its_run_goes_into_the_servers_store(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_STEPS", "1")
    small = ["--steps", "2", "--set", "num_generations=2", "prompts_per_step=2", "task.heldout=16", "eval_every=0"]
    assert main(["train", *small, "--keep", "--out", str(tmp_path / "a")]) == 2
    assert "steps: 2 are more than this server allows, which is 1." in capsys.readouterr().err
    assert store.runs() == []
    assert main(["train", *small, "--out", str(tmp_path / "b")]) == 0


def test_the_oldest_runs_go_and_only_those_that_are_over(store: RunStore) -> None:
    shipped = over(store, "recorded", days_ago=1000, run_id=next(iter(SHIPPED)))
    for age in (1, 2, 3, 4):
        over(store, f"{age} days", age)
    waiting = store.create(CONFIG, "just created")
    lifecycle.enqueue(store, store.create(CONFIG, "in the queue"), ["ppo", "grpo"])
    with store.write() as c:
        c.execute(runs.update().filter_by(id=waiting).values(created=0.0))
    (store.home / "checkpoints" / store.runs()[-1].id).mkdir(parents=True)
    assert delete_old(store, None, None) == []
    assert len(delete_old(store, 3, None)) == 1
    assert names(store) == {"recorded", "1 days", "2 days", "3 days", "just created", "in the queue"}
    delete_old(store, None, time.time() - 1.5 * 86_400)
    assert names(store) == {"recorded", "1 days", "just created", "in the queue"}
    assert delete_old(store, 1, time.time() - 1.5 * 86_400) == []
    assert store.get(shipped).id == shipped


def test_a_new_run_makes_room_first(store: RunStore) -> None:
    over(store, "old", 3)
    over(store, "new", 1)
    RunLimits(keep_days=2).check(CONFIG, store)
    assert names(store) == {"new"}
    RunLimits().tidy(store)  # nothing is deleted unless that is set
    assert names(store) == {"new"}


def test_a_critics_updates_have_a_limit_of_their_own(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of short runs may allow the 1,200 updates that a critic takes."""
    monkeypatch.setenv("CREDIT_LAB_MAX_STEPS", "200")
    monkeypatch.setenv("CREDIT_LAB_MAX_VALUE_UPDATES", "1200")
    RunLimits.of_server().check(change(CONFIG, {"ppo.value_pretrain_updates": 1200}), store)
    with pytest.raises(LimitError, match="value_pretrain_updates: 1201 are more than this server allows"):
        RunLimits.of_server().check(change(CONFIG, {"ppo.value_pretrain_updates": 1201}), store)


def test_fitted_critics_count_with_what_runs_take(store: RunStore) -> None:
    before = bytes_used(store)
    critics_folder().mkdir()
    (critics_folder() / "one.pt").write_bytes(bytes(3_000_000))
    assert bytes_used(store) == before + 3_000_000
    with pytest.raises(LimitError, match=r"fitted critics take 0.00 GB here"):
        RunLimits(disk_gb=(before + 2_000_000) / 1e9).check(CONFIG, store)


def test_the_lab_asks_no_run_under_way_for_more_than_the_server_allows(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_CONTINUATIONS", str(128 * tokens_of(LONG) * 24))
    noted: dict[str, object] = {}
    monkeypatch.setattr(lab.st, "session_state", noted)
    run_id = store.create(LONG)
    lifecycle.enqueue(store, run_id, ["vine"])
    assert lifecycle.claim(store, run_id, "vine")
    lab.apply_to(store, run_id, {"vine.continuations": 256})
    assert "more than this server allows" in str(noted["lab_note"])
    assert store.take_controls(run_id, "vine") == []
    lab.apply_to(store, run_id, {"vine.continuations": 8, "vine.learning_rate": 1e-3})
    assert [x.value for x in store.take_controls(run_id, "vine")] == [
        {"vine.continuations": 8, "vine.learning_rate": 1e-3}
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ppo.value_model": "none-such"}, "there is no fitted critic called 'none-such'; there are chain-sum-6x1"),
        ({"model": "chain-sum-3x1"}, "was fitted to the responses of chain-sum-6x1, which is not the start model"),
        ({"lora_rank": 2}, "with lora_rank a critic has only adapters"),
    ],
)
def test_a_critic_that_cannot_be_the_runs_refuses_it_before_anybody_trains(
    store: RunStore, settings: dict[str, object], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = LocalLauncher(store, limit=1)
    monkeypatch.setattr(launcher, "_enqueue", lambda *_: None)
    run_id = store.create(change(preset("long-sums"), settings))
    with pytest.raises(LauncherError, match=words):
        launcher.start(run_id)
    assert [x.status for x in store.get(run_id).learners] == ["failed", "failed"]
    launcher.start(store.create(preset("long-sums")))
    begun = over(store, "begun", config=change(preset("long-sums"), settings))
    store.append(begun, step_trace(CONFIG, "ppo", 0))
    launcher.resume(begun, steps=61)  # its critic is in its checkpoints
