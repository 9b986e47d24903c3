"""What version 1 stored and exported (tests/data/v1) opens today, with the numbers that it had then.

The numbers to compare with are those of its own files, read here by pandas and csv, not by this app.
"""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.__main__ import main
from core.config import RunConfig
from core.runs import lifecycle
from core.runs.export import export
from core.runs.feed import Feed
from core.runs.importing import import_any
from core.runs.learner_views import settings_at
from core.runs.migrations.traces import FIRST, TRACE_VERSION, cuts_of_states, whitening_of
from core.runs.records import RunInfo, known_settings, readable
from core.runs.store import RunStore
from core.stored_config import CONFIG_VERSION, dump_config, load_config
from core.tasks.kinds.imported import ImportedSettings
from core.workers.process import supervise
from core.workers.worker import Worker
from tests.helpers import kl_of_updates

DATA = Path(__file__).parents[1] / "data" / "v1"
TABLES = ("steps", "samples", "tokens")


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """A copy of version 1's store."""
    shutil.copyfile(DATA / "runs.sqlite", tmp_path / "runs-1.sqlite")
    return RunStore(f"sqlite:///{tmp_path / 'runs-1.sqlite'}", home=tmp_path)


def then(name: str) -> pd.DataFrame:
    """A table of "first run" as version 1 exported it."""
    return pd.read_parquet(DATA / "parquet" / f"{name}.parquet")


def same(now: pd.DataFrame, before: pd.DataFrame) -> None:
    """Every column of version 1 has the same values; what came later is null."""
    pd.testing.assert_frame_equal(now[list(before)], before)
    for later in set(now) - set(before):
        assert now[later].isna().all(), later


def test_the_fixture_is_of_version_1() -> None:
    with sqlite3.connect(DATA / "runs.sqlite") as c:
        tables = {x for (x,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert "schema_version" not in tables
        assert all("config_version" not in x for (x,) in c.execute("SELECT config FROM runs"))
        assert all(x.startswith("[") for (x,) in c.execute("SELECT scalars FROM steps"))
    assert "config_version" not in (DATA / "parquet" / "run.json").read_text()
    assert b"trace_version" not in (DATA / "parquet" / "tokens.parquet").read_bytes()
    for name in TABLES:
        assert tuple(pq.read_schema(DATA / "parquet" / f"{name}.parquet").names) == FIRST[name]


def test_its_runs_are_listed_and_their_configs_are_those_that_it_exported(store: RunStore) -> None:
    listed = store.runs()
    assert [x.name for x in listed] == ["first run", "changed run"]
    first = listed[0]
    assert isinstance(first, RunInfo)
    head = json.loads((DATA / "parquet" / "run.json").read_text())
    assert first.config == RunConfig.model_validate(head["config"])
    assert (first.status, first.created, first.versions) == ("finished", head["created"], head["versions"])
    assert store.events("v1-first") == head["events"]


def test_its_numbers_are_read_from_the_store_as_it_had_them(store: RunStore) -> None:
    rows = pd.DataFrame(store.rows_since("v1-first", 0)[0]).drop(columns="prompt_hash")
    same(rows.astype(then("steps").dtypes), then("steps"))
    for learner in ("ppo", "grpo"):
        for step in (0, 1):
            for name, read in (("samples", store.samples), ("tokens", store.tokens)):
                before = then(name).query("learner == @learner and step == @step").reset_index(drop=True)
                same(read("v1-first", learner, step).to_pandas(), before)


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_its_runs_are_exported_with_the_same_numbers(store: RunStore, tmp_path: Path, format: str) -> None:
    export(store, "v1-first", tmp_path / "now", format)
    for name in TABLES:
        if format == "parquet":
            same(pd.read_parquet(tmp_path / "now" / f"{name}.parquet"), then(name))
            continue
        texts = []
        for folder in (DATA / "csv", tmp_path / "now"):
            with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
                texts.append([{x: row[x] for x in FIRST[name]} for row in csv.DictReader(file)])
        assert texts[0]
        assert texts[1] == texts[0]
    now, before = (json.loads((x / "run.json").read_text()) for x in (tmp_path / "now", DATA / format))
    assert (now["config_version"], now["trace_version"]) >= (1, 1)
    for name in ("id", "name", "created", "seed", "start_hash", "versions", "events"):
        assert now[name] == before[name], name


def test_its_runs_are_shown(store: RunStore) -> None:
    feed = Feed(store)
    live = json.loads(feed.live("v1-first").text())
    assert [(x["learner"], x["step"]) for x in live["rows"]] == [("ppo", 0), ("ppo", 1), ("grpo", 0), ("grpo", 1)]
    steps, tokens = then("steps"), then("tokens").query("step == 1")
    for row, before in zip(live["rows"], steps.to_dict("records"), strict=True):
        for name, value in before.items():
            expected = value if isinstance(value, str) else pytest.approx(value, rel=1e-5)
            assert row[name] == (expected if pd.notna(value) else None), name
    step = json.loads(feed.step("v1-first", 1).text())
    for learner in ("ppo", "grpo"):
        own = tokens.query("learner == @learner").sort_values(["sample", "position"])
        for number, shown in enumerate(step["learners"][learner]["passes"]):
            np.testing.assert_allclose(shown["ratio"], own[own["pass"] == number]["ratio"], rtol=1e-5)
    for number in (0, 1):
        group = json.loads(feed.group("v1-first", 1, number).text())
        for learner in ("ppo", "grpo"):
            for response in group["learners"][learner]["responses"]:
                own = tokens.query("learner == @learner and sample == @response['sample'] and `pass` == 0")
                assert response["token"] == own["token"].tolist()
                for column in ("advantage", "advantage_raw", "logprob_old"):
                    np.testing.assert_allclose(response["once"][column], own[column], rtol=1e-6)


def test_its_export_is_imported_with_the_same_numbers(tmp_path: Path) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    run_id = import_any(store, DATA / "parquet")
    assert store.get(run_id).recorded
    assert store.events(run_id) == json.loads((DATA / "parquet" / "run.json").read_text())["events"]
    export(store, run_id, tmp_path / "now")
    for name in TABLES:
        same(pd.read_parquet(tmp_path / "now" / f"{name}.parquet"), then(name))


def test_a_change_of_settings_on_the_way_holds_from_its_step_on(store: RunStore) -> None:
    run = store.get("v1-changed")
    rates = [settings_at(store, run, "ppo", step)["learning_rate"] for step in (0, 1)]
    assert rates == [4e-4, 4e-3]
    trained_as_changed(store)


def trained_as_changed(store: RunStore) -> None:
    """What is cut follows from the clip range that held at the step; since version 2, where gradients were taken."""
    for step, epsilon in ((0, 0.2), (1, 0.05)):
        t = store.tokens("v1-changed", "grpo", step).to_pandas()
        up = (t["advantage"] > 0) & (t["ratio"] > 1 + epsilon)
        down = (t["advantage"] < 0) & (t["ratio"] < 1 - epsilon)
        known = t["clipped"].notna()
        assert known.all() or (t["pass"][~known] == t["pass"].max()).all()
        assert (up.astype(int) - down.astype(int) == t["clipped"])[known].all()
    assert (t["clipped"].dropna() != 0).any()


def test_the_command_line_lists_exports_and_imports_it(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    monkeypatch.delenv("CREDIT_LAB_DATABASE_URL", raising=False)
    assert main(["runs"]) == 0
    assert "ppo 2/2, grpo 2/2  first run" in capsys.readouterr().out
    assert main(["export", "v1-changed", "--out", str(tmp_path / "out"), "--format", "unipo"]) == 0
    assert main(["import", str(DATA / "parquet"), "--name", "again"]) == 0
    assert len(store.runs()) == 3


def test_a_run_of_it_is_trained_again_in_this_version(store: RunStore) -> None:
    """The change made on the way is made again; learners of both versions then stand side by side."""
    old = {(x["learner"], x["step"]): x["prompt_hash"] for x in store.rows_since("v1-changed", 0)[0]}
    lifecycle.enqueue(store, "v1-changed", ["grpo"])
    assert lifecycle.claim(store, "v1-changed", "grpo")
    assert supervise(Worker(store, "v1-changed", "grpo")) == 0
    rows = store.rows_since("v1-changed", 0)[0]
    assert {(x["learner"], x["step"]): x["prompt_hash"] for x in rows} == old
    assert all(x["reward"] is not None for x in rows)
    trained_as_changed(store)
    export(store, "v1-changed", store.home / "both")
    tokens = pd.read_parquet(store.home / "both" / "tokens.parquet")
    assert set(zip(tokens["learner"], tokens["step"], strict=True)) == set(old)


# -- what version 1 meant by its numbers -------------------------------------------------------------------------------


def test_what_it_called_cut_was_measured_at_each_pass_and_says_so(store: RunStore, tmp_path: Path) -> None:
    """Also after it was imported, or exported and imported: its files are then of this version."""
    export(store, "v1-first", tmp_path / "again")
    again = import_any(store, tmp_path / "again")
    assert json.loads((tmp_path / "again" / "run.json").read_text())["trace_version"] == TRACE_VERSION > 1
    for run_id in ("v1-first", import_any(store, DATA / "parquet"), again):
        tokens = store.tokens(run_id, "grpo", 1)
        assert tokens["clipped"].null_count == 0
        assert cuts_of_states(tokens)
        for view in (Feed(store).step(run_id, 1), Feed(store).group(run_id, 1, 0)):
            assert {x["cut_at"] for x in json.loads(view.text())["learners"].values()} == {"state"}
        assert all(kl_of_updates(row) for row in store.rows_since(run_id, 0)[0])


def test_a_table_without_the_column_at_all_is_of_the_older_kind() -> None:
    table = pq.read_table(DATA / "parquet" / "tokens.parquet")
    assert "ratio_update" not in table.column_names
    assert cuts_of_states(table)


# -- what version 1 did not record -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [0, 1])
def test_what_advantages_were_whitened_with_is_recovered(store: RunStore, step: int) -> None:
    tokens = store.tokens("v1-first", "ppo", step)
    first = tokens.to_pandas().query("`pass` == 0")
    raw = first["advantage_raw"].astype(float)
    whitening = whitening_of(tokens)
    assert whitening is not None
    assert whitening == pytest.approx((raw.mean(), raw.std(ddof=1)), rel=1e-4, abs=1e-6)
    part = tokens.filter(np.isin(tokens["sample"].to_numpy(), [0, 5]))  # a panel: the whole step's numbers all the same
    assert whitening_of(part) == pytest.approx(whitening, rel=1e-4, abs=1e-6)


def test_no_whitening_is_made_up(store: RunStore) -> None:
    tokens: Any = store.tokens("v1-first", "ppo", 0)
    assert whitening_of(tokens.slice(0, 0)) is None
    assert whitening_of(tokens.slice(0, 1)) is None
    crooked = tokens.to_pandas()
    crooked.loc[crooked["sample"] == 3, "advantage_raw"] *= 2  # as if groups had been divided by spreads of their own
    assert whitening_of(type(tokens).from_pandas(crooked, schema=tokens.schema)) is None


# -- runs that version 1 had imported ----------------------------------------------------------------------------------

#: Settings that version 1 did not have: what its imported runs cannot tell.
LATER = {"grpo.reward", "grpo.num_generations", "grpo.reward_model"}
OF_RUN = {"keep_level", "value_check_responses", "value_check_continuations"}
OF_RUN |= {"distinct_questions", "repeated_questions", "leaked_questions", "wrong_truths", "success_from", "success_to"}
OF_RUN |= {"tests_per_question", "wrong_tests"}


@pytest.fixture
def imported(tmp_path: Path) -> RunStore:
    """A copy of a store of version 1 with a log in UNIPO's format, and completions of TRL's."""
    shutil.copyfile(DATA / "imported.sqlite", tmp_path / "runs-1.sqlite")
    return RunStore(f"sqlite:///{tmp_path / 'runs-1.sqlite'}", home=tmp_path)


def gaps_of(run: RunInfo) -> set[str]:
    assert isinstance(run.config.task, ImportedSettings)
    return set(run.config.task.unrecorded)


def test_an_imported_run_of_version_1_claims_no_setting_that_came_later(imported: RunStore, tmp_path: Path) -> None:
    with sqlite3.connect(DATA / "imported.sqlite") as c:
        before = {name: json.loads(x) for name, x in c.execute("SELECT name, config FROM runs")}
    runs = {x.name: x for x in readable(imported.runs())}
    assert runs.keys() == before.keys() == {"a log", "completions"}
    for name, run in runs.items():
        assert not LATER & set(before[name]["task"]["unrecorded"])
        assert gaps_of(run) == LATER | OF_RUN | set(before[name]["task"]["unrecorded"])
        assert {
            f"grpo.{x}" for x in type(run.config.learners[0]).model_fields if x not in before[name]["learners"][0]
        } == (LATER), "a setting is younger than version 1: its imported runs cannot tell it"
        [shown] = json.loads(Feed(imported).live(run.id).text())["learners"]
        known = {x: value for x, value in shown["settings"].items() if value is not None}
        assert not {x.partition(".")[2] for x in gaps_of(run) if "." in x} & known.keys()
        for x, value in before[name]["learners"][0].items():
            if f"grpo.{x}" not in gaps_of(run) and value is not None:
                assert known[x] == value, "what its files told is still told"


def test_nothing_of_it_is_claimed_when_it_goes_on(imported: RunStore, tmp_path: Path) -> None:
    """Exported by this version, imported again, and written in UNIPO's format."""
    run = next(x for x in readable(imported.runs()) if x.name == "a log")
    export(imported, run.id, tmp_path / "out")
    head = json.loads((tmp_path / "out" / "run.json").read_text())
    assert head["config_version"] == CONFIG_VERSION > 1
    assert set(head["config"]["task"]["unrecorded"]) >= LATER
    again = imported.get(import_any(imported, tmp_path / "out"))
    assert gaps_of(again) == gaps_of(run)
    [written] = export(imported, run.id, tmp_path / "unipo", "unipo")
    hparams = json.loads(written.read_text())["header"]["hparams"]
    theirs = {"kl_coef"}  # which is our beta in a log of GRPO's
    assert not {x.rpartition(".")[2] for x in gaps_of(run)} & (hparams.keys() - theirs)
    assert (hparams["clip_eps"], hparams["kl_coef"], hparams["group_size"]) == ([0.2, 0.28], 0.04, 2)


def test_its_export_of_an_imported_run_claims_no_more(tmp_path: Path) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    assert gaps_of(store.get(import_any(store, DATA / "imported"))) >= LATER
    # Opened and exported in between, when those settings were there and version 1 was still the version:
    head = json.loads((DATA / "imported" / "run.json").read_text())
    head["config_version"] = 1
    head["config"]["learners"][0] |= {"reward": "verifier", "num_generations": None}
    shutil.copytree(DATA / "imported", tmp_path / "between")
    (tmp_path / "between" / "run.json").write_text(json.dumps(head))
    assert gaps_of(store.get(import_any(store, tmp_path / "between"))) >= LATER
    # A size of its own was no default: somebody's log told it.
    head["config"]["learners"][0]["num_generations"] = 2
    (tmp_path / "between" / "run.json").write_text(json.dumps(head))
    assert LATER & gaps_of(store.get(import_any(store, tmp_path / "between"))) == {"grpo.reward", "grpo.reward_model"}


def test_a_setting_that_comes_later_still_is_not_known_of_any_run_imported_before() -> None:
    """Of a run or of a learner, without a migration; where a migration gives it a value, that is what holds."""
    head = json.loads((DATA / "imported" / "run.json").read_text())
    whole = dump_config(load_config(head["config"], 1))
    for place, name in ((whole, "seed"), (whole["learners"][0], "beta"), (whole["learners"][0], "epsilon_high")):
        assert name in place
        older = json.loads(json.dumps(whole))
        (older if place is whole else older["learners"][0]).pop(name)
        older["task"]["unrecorded"] = [x for x in older["task"]["unrecorded"] if x.rpartition(".")[2] != name]
        config = load_config(older)
        assert isinstance(config.task, ImportedSettings)
        assert (name if place is whole else f"grpo.{name}") in config.task.unrecorded
        assert known_settings(config, None if place is whole else "grpo")(name) is None


def test_what_follows_from_settings_that_were_not_recorded_is_not_claimed_either(imported: RunStore) -> None:
    heads = {}
    for run in readable(imported.runs()):
        [heads[run.name]] = json.loads(Feed(imported).live(run.id).text())["learners"]
    assert "group" in heads["a log"]["strip_title"], "its log says what responses were compared with"
    assert "token_reward" not in heads["a log"]["without"], "whether a penalty was taken off, it does not say"
    assert "token_reward" in heads["completions"]["without"], "as TRL never takes one off"
    assert "value" in heads["a log"]["without"]


def test_of_a_run_that_was_trained_here_a_later_setting_is_what_it_did() -> None:
    head = json.loads((DATA / "parquet" / "run.json").read_text())
    config = load_config(head["config"])
    assert known_settings(config, "grpo")("reward") == config.learner("grpo").reward == "verifier"


def test_viewers_of_an_older_run_hear_how_many_responses_it_had_trained_on(store: RunStore) -> None:
    """Version 1 did not write it down; its steps trained on the responses that they left."""
    run = next(x for x in readable(store.runs()) if x.name == "first run")
    rows = json.loads(Feed(store).live(run.id, 0).text())["rows"]
    samples = then("samples")
    assert {x["learner"] for x in rows} == set(samples["learner"])
    for row in rows:
        before = samples[(samples["learner"] == row["learner"]) & (samples["step"] <= row["step"])]
        assert row["responses_trained"] == len(before) > 0
    assert "responses_trained" not in then("steps")


def test_of_another_programs_older_run_nobody_knows_it(imported: RunStore) -> None:
    for run in readable(imported.runs()):
        if isinstance(run.config.task, ImportedSettings):
            rows = json.loads(Feed(imported).live(run.id, 0).text())["rows"]
            assert [x["responses_trained"] for x in rows] == [None] * len(rows) != []
