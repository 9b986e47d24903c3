"""Versions of stored data: what is older is brought up, what is newer is refused in a sentence, columns may differ."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import core.stored_config as stored
from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change
from core.rewards.preferences import Preference
from core.runs.export import export, run_json
from core.runs.feed import Feed
from core.runs.importing import ImportFailed, import_any
from core.runs.migrations import schema, traces
from core.runs.migrations.traces import MOST_FURTHER, conform, widest
from core.runs.recorded import import_recorded
from core.runs.script import snippet
from core.runs.store import RunStore, StoreError
from core.runs.tables import metadata
from core.stored_config import (
    CONFIG_VERSION,
    Migration,
    StoredConfigError,
    dump_config,
    load_config,
    read_config,
)
from core.training.trace import SAMPLES, STEPS, TOKENS
from tests.helpers import step_trace, step_traces

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "v1"
CONFIG = RunConfig(steps=3, num_generations=4)


def opened(file: Path) -> RunStore:
    return RunStore(f"sqlite:///{file}", home=file.parent)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A copy of version 1's store."""
    return Path(shutil.copyfile(DATA / "runs.sqlite", tmp_path / "runs-1.sqlite"))


def layout(file: Path) -> dict[str, set[tuple[Any, ...]]]:
    """Table → its columns: name, type, whether null is refused, whether it is part of the key."""
    with sqlite3.connect(file) as c:
        names = [x for (x,) in c.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")]
        columns = {x: {(r[1], r[2], r[3], r[5]) for r in c.execute(f"PRAGMA table_info({x})")} for x in names}
    return {name: columns for name, columns in columns.items() if not name.startswith("sqlite_")}


# -- the schema --------------------------------------------------------------------------------------------------------


def test_an_older_store_gets_the_tables_that_a_new_one_has(file: Path, tmp_path: Path) -> None:
    assert layout(file) != layout_of_new(tmp_path)
    assert len(opened(file).runs()) == 2
    assert layout(file) == layout_of_new(tmp_path)
    with sqlite3.connect(file) as c:
        assert c.execute("SELECT version FROM schema_version").fetchall() == [(schema.SCHEMA_VERSION,)]
    assert set(metadata.tables) <= set(layout(file))


def layout_of_new(folder: Path) -> dict[str, set[tuple[Any, ...]]]:
    opened(folder / "new.sqlite").runs()
    return layout(folder / "new.sqlite")


def test_a_store_that_is_older_still_is_brought_up_too(file: Path, tmp_path: Path) -> None:
    """The first files of version 1 had no column `preparing`."""
    with sqlite3.connect(file) as c:
        c.execute("ALTER TABLE learners DROP COLUMN preparing")
    assert len(opened(file).runs()) == 2
    assert layout(file) == layout_of_new(tmp_path)


def test_processes_that_open_an_older_store_at_once_all_work(file: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.runs.store import RunStore; "
        "print('there', flush=True); input(); "
        "print(len(RunStore('sqlite:///' + sys.argv[1], home=Path(sys.argv[1]).parent).runs()))"
    )
    command, pipe = [sys.executable, "-c", code, str(file)], subprocess.PIPE
    several = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT) for _ in range(4)]
    assert [x.stdout.readline().strip() for x in several if x.stdout] == [b"there"] * 4
    for each in several:
        assert each.stdin
        each.stdin.write(b"\n")
        each.stdin.flush()
    answers = [x.communicate() for x in several]
    assert [x[0].strip() for x in answers] == [b"2"] * 4, answers
    assert len(opened(file).runs()) == 2


def test_a_migration_that_fails_leaves_the_store_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, (first, *_) = layout(file), schema.STEPS

    def broken(connection: Any) -> None:
        first(connection)
        connection.exec_driver_sql("SELECT nonsense FROM nowhere")

    with monkeypatch.context() as patched:
        patched.setattr(schema, "STEPS", (broken,))
        with pytest.raises(StoreError, match="nowhere"):
            opened(file).runs()
    assert layout(file) == before
    assert len(opened(file).runs()) == 2


def test_a_newer_store_is_refused_in_one_sentence_and_left_alone(file: Path) -> None:
    opened(file).runs()
    with sqlite3.connect(file) as c:
        c.execute("UPDATE schema_version SET version = 9")
    content = file.read_bytes()
    with pytest.raises(StoreError) as caught:
        opened(file).runs()
    reason = f"version 9, but this version of the app knows them up to version {schema.SCHEMA_VERSION}"
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == content


def test_runs_of_before_there_were_labels_have_none_and_new_ones_take_some(file: Path) -> None:
    """Version 4 brought a table for them."""
    with sqlite3.connect(file) as c:
        assert not c.execute("SELECT name FROM sqlite_master WHERE name = 'preferences'").fetchall()
    store = opened(file)
    assert [store.preferences(x.id) for x in store.runs()] == [None, None]
    labels = (Preference(prompt="1+1=", a="2", b="3", preferred="a", weight=4, source="me"),)
    run_id = store.create(CONFIG, preferences=labels)
    assert opened(file).preferences(run_id) == labels
    store.delete(run_id)
    with sqlite3.connect(file) as c:
        assert c.execute("SELECT count(*) FROM preferences").fetchone() == (0,)


# -- configs -----------------------------------------------------------------------------------------------------------


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    """For the test: what version 1 called `gae` is now `lam`. Numbers stay comparable."""
    return {**values, "learners": [{("lam" if k == "gae" else k): v for k, v in x.items()} for x in values["learners"]]}


def _renamed_assignments(values: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("gae", "lam"): value for key, value in values.items()}


@pytest.fixture
def version_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version of the app, in which the setting `gae` is called `lam`."""
    import core.runs.reading
    import core.runs.recorded
    import core.runs.writing

    monkeypatch.setattr(stored, "MIGRATIONS", (Migration(_renamed, _renamed_assignments),))
    for module in (stored, core.runs.reading, core.runs.writing, core.runs.lifecycle):
        monkeypatch.setattr(module, "CONFIG_VERSION", 2)
    monkeypatch.setitem(core.runs.writing.VERSIONS, "config_version", 2)
    core.runs.reading._config.cache_clear()


def test_a_config_says_its_version_and_reads_back_equal() -> None:
    values = dump_config(CONFIG)
    assert values["config_version"] == CONFIG_VERSION
    assert values["made_by"]
    assert read_config(json.dumps(values)) == CONFIG
    assert load_config(CONFIG.model_dump(mode="json")) == CONFIG  # without a word it is of version 1


def test_of_replies_the_score_of_a_success_is_read_under_its_first_name() -> None:
    """Up to version 4 it was called as the run's own setting, which is about questions."""
    config = change(RunConfig(), {"task.kind": "reply", "task.success_score": 0.55, "success_from": 0.1})
    values = dump_config(config)
    task = {("success_from" if name == "success_score" else name): x for name, x in values["task"].items()}
    assert load_config({**values, "task": task, "config_version": 4}) == config
    assert load_config({**values, "task": {"kind": "chain-sum"}, "config_version": 4}).success_from == 0.1
    with pytest.raises(StoredConfigError, match=r"no setting task\.success_from"):
        load_config({**values, "task": task})  # of this version there is none


@pytest.mark.usefixtures("version_2")
def test_an_older_config_and_the_changes_made_under_it_are_brought_up(file: Path) -> None:
    with sqlite3.connect(file) as c:
        c.execute("""UPDATE runs SET config = replace(config, '"lam":0.95', '"gae":0.5')""")
        c.execute("""UPDATE events SET value = '{"ppo.gae": 0.25}' WHERE kind = 'change' AND learner = 'ppo'""")
    store = opened(file)
    run: Any = store.get("v1-changed")
    assert run.config.learner("ppo").lam == 0.5
    assert next(x["value"] for x in store.events(run.id) if x["kind"] == "change") == {"ppo.lam": 0.25}
    step = json.loads(Feed(store).step(run.id, 1).text())
    assert step["learners"]["ppo"]["settings"]["lam"] == 0.25
    # What is written now is of the new version, and is not brought up again.
    store.add_event(run.id, "ppo", 1, "change", {"ppo.lam": 0.75})
    assert store.events(run.id)[-1]["value"] == {"ppo.lam": 0.75}
    assert run_json(store, run)["config_version"] == CONFIG_VERSION  # of export.py, which the test leaves as it is
    new = store.create(CONFIG)
    assert store.get(new).config == CONFIG


@pytest.mark.usefixtures("version_2")
def test_an_older_export_is_brought_up_when_it_is_imported(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA / "parquet", tmp_path / "old"))
    text = (folder / "run.json").read_text().replace('"lam": 0.95', '"gae": 0.5')
    head = json.loads(text)
    head["events"].append({"learner": "ppo", "step": 1, "kind": "change", "value": {"ppo.gae": 0.25}, "time": 0.0})
    (folder / "run.json").write_text(json.dumps(head))
    store = opened(tmp_path / "runs.sqlite")
    import_recorded(store, folder, "old")
    run: Any = store.get("old")
    assert run.config.learner("ppo").lam == 0.5
    assert store.events("old")[-1]["value"] == {"ppo.lam": 0.25}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"epsilom": 1}, "there is no setting epsilom here"),
        ({"task": {"kind": "chain-sum", "colour": 1}}, "there is no setting task.colour here"),
        ({"learners": [{"algorithm": "ppo", "lambda_": 1}]}, "there is no setting ppo.lambda_ here"),
        ({"learners": [{"algorithm": "kto", "name": "d"}]}, "there is no learner of the kind kto here"),
        ({"task": {"kind": "chess"}}, "there is no task of the kind chess here"),
        ({"config_version": 7}, "of version 7, and this version of the app reads them up to version"),
        ({"config_version": "new"}, "not JSON that describes a run"),
        ({"config_version": 0}, "not JSON that describes a run"),
        ({"learners": 3}, "not JSON that describes a run"),
        ({"x" * 5000: 1, "\x1b[31m": 1}, "there is no setting x"),
        ({"steps": 0}, "steps: must be at least 1"),
    ],
)
def test_a_config_that_cannot_be_read_says_what_was_found(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({**dump_config(CONFIG), **change})
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", "[" * 100_000, '{"steps": NaN}'])
def test_a_text_that_is_no_config_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read_config(text)


def test_a_runs_script_reads_its_config_in_later_versions_too(tmp_path: Path) -> None:
    store = opened(tmp_path / "runs.sqlite")
    script = snippet(store.get(store.create(CONFIG)))
    values: dict[str, Any] = {}
    exec(script.split("# learner →")[0], values)
    assert values["CONFIG"] == CONFIG
    assert f'"config_version": {CONFIG_VERSION}' in script


# -- traces ------------------------------------------------------------------------------------------------------------


def test_missing_columns_are_null_further_ones_stay_and_types_are_the_contracts() -> None:
    table = pa.table({"extra": ["a", "b"], "step": pa.array([1, 2], pa.int64()), "learner": ["x", "y"]})
    made = conform(table, SAMPLES)
    assert made.schema.names == [*SAMPLES.names, "extra"]
    assert made.schema.types[: len(SAMPLES)] == SAMPLES.types
    assert made["step"].to_pylist() == [1, 2]
    assert made["extra"].to_pylist() == ["a", "b"]
    assert made["reward"].null_count == 2
    assert conform(made, SAMPLES).equals(made)
    with pytest.raises(ValueError, match="two columns called step"):
        conform(pa.table([[1], [2]], names=["step", "step"]), STEPS)
    with pytest.raises(ValueError, match="parse"):
        conform(pa.table({"step": ["one"]}), STEPS)


def test_one_file_has_the_columns_of_all_steps() -> None:
    some, more = pa.schema([("a", pa.int64()), ("b", pa.null())]), pa.schema([("a", pa.float32()), ("b", pa.string())])
    made = widest(STEPS, [some, more, pa.schema([("a", pa.int8()), ("c", pa.bool_())])])
    assert made.names == [*STEPS.names, "a", "b", "c"]
    assert made.types[-3:] == [pa.float64(), pa.string(), pa.bool_()]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version of the app, whose contract has a column more in each table."""
    import core.runs.export
    import core.runs.reading
    import core.runs.store

    more = {
        "STEPS": STEPS.append(pa.field("further_std", pa.float64())),
        "SAMPLES": SAMPLES.append(pa.field("further_value", pa.float32())),
        "TOKENS": TOKENS.append(pa.field("depth", pa.int32())),
    }
    modules = (core.runs.export, core.runs.reading, core.runs.store, traces)
    for name, made in more.items():
        for module in modules:
            if hasattr(module, name):
                monkeypatch.setattr(module, name, made)
        monkeypatch.setitem(traces.CONTRACT, name.lower(), made)


@pytest.mark.usefixtures("later")
def test_a_contract_with_more_columns_reads_version_1(file: Path, tmp_path: Path) -> None:
    store = opened(file)
    assert {x["further_std"] for x in store.rows_since("v1-first", 0)[0]} == {None}
    assert store.samples("v1-first", "ppo", 1)["further_value"].null_count == 8
    tokens = store.tokens("v1-first", "ppo", 1)
    assert tokens["depth"].null_count == tokens.num_rows > 0
    assert json.loads(Feed(store).group("v1-first", 1, 0).text())["learners"]["ppo"]["responses"]
    export(store, "v1-first", tmp_path / "out")
    assert pq.read_schema(tmp_path / "out" / "steps.parquet").names == [*STEPS.names, "further_std"]
    again = import_any(store, DATA / "parquet")
    assert {x["further_std"] for x in store.rows_since(again, 0)[0]} == {None}


def with_extras(config: RunConfig) -> list[Any]:
    """Made-up traces, of which only PPO's have further columns, one of them of another type at every second step."""
    made = []
    for trace in step_traces(config, 2):
        if trace.learner == "ppo":
            depth = pa.array(range(trace.tokens.num_rows), pa.int32() if trace.step else pa.float32())
            trace = dataclasses.replace(
                trace,
                scalars={**trace.scalars, "temperature": 0.5 + trace.step, "note": "warm"},
                samples=trace.samples.append_column("length_bonus", pa.array([0.25] * trace.samples.num_rows)),
                tokens=trace.tokens.append_column("depth", depth),
            )
        made.append(trace)
    return made


def test_columns_that_only_one_learner_has_are_kept_exported_and_imported(tmp_path: Path) -> None:
    store = opened(tmp_path / "runs.sqlite")
    run_id = store.create(CONFIG)
    for trace in with_extras(CONFIG):
        store.append(run_id, trace)
    assert store.tokens(run_id, "ppo", 1)["depth"].to_pylist()[:3] == [0, 1, 2]
    assert store.tokens(run_id, "grpo", 1).schema.names == TOKENS.names
    assert set(store.rows_since(run_id, 0)[0][0]) == {*STEPS.names, "prompt_hash"}  # what browsers are sent
    assert json.loads(Feed(store).step(run_id, 1).text())["learners"]["ppo"]["panel"]
    for format in ("parquet", "csv", "unipo"):
        export(store, run_id, tmp_path / format, format)
    tokens = pd.read_parquet(tmp_path / "parquet" / "tokens.parquet")
    assert list(tokens)[-1] == "depth"
    assert tokens.query("learner == 'grpo'")["depth"].isna().all()
    assert (tokens.query("learner == 'ppo'").groupby("step")["depth"].nth(2) == 2).all()
    steps = pd.read_csv(tmp_path / "csv" / "steps.csv").query("learner == 'ppo'")
    assert steps[["temperature", "note"]].to_numpy().tolist() == [[0.5, "warm"], [1.5, "warm"]]
    again = import_any(store, tmp_path / "parquet")
    export(store, again, tmp_path / "again")
    for name in ("steps", "samples", "tokens"):
        assert (tmp_path / "again" / f"{name}.parquet").read_bytes() == (
            tmp_path / "parquet" / f"{name}.parquet"
        ).read_bytes()


def test_every_table_says_its_version(tmp_path: Path) -> None:
    store = opened(tmp_path / "runs.sqlite")
    run_id = store.create(CONFIG)
    store.append(run_id, step_trace(CONFIG, "ppo", 0))
    export(store, run_id, tmp_path / "out")
    for name in ("steps", "samples", "tokens"):
        assert traces.version_of(pq.read_schema(tmp_path / "out" / f"{name}.parquet")) == traces.TRACE_VERSION
        assert b"trace_version" in pq.read_schema(tmp_path / "out" / f"{name}.parquet").metadata
    _, samples, tokens = next(store.layouts(run_id, "ppo"))
    assert {(x.metadata or {}).get(b"trace_version") for x in (samples, tokens)} == {str(traces.TRACE_VERSION).encode()}
    head = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (head["config_version"], head["trace_version"]) == (CONFIG_VERSION, traces.TRACE_VERSION)


def _halved(name: str, table: pa.Table) -> pa.Table:
    """For the test: the version after this one gives rewards in halves."""
    if name == "tokens":
        return table
    place = table.schema.names.index("reward")
    halves = pa.array([None if x is None else x / 2 for x in table["reward"].to_pylist()], table["reward"].type)
    return table.set_column(place, "reward", halves)


def test_older_tables_go_through_the_steps_once(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import core.runs.reading
    import core.runs.store
    import core.runs.writing

    export(opened(file), "v1-first", tmp_path / "this version")
    new = traces.TRACE_VERSION + 1
    monkeypatch.setattr(traces, "MIGRATIONS", (*traces.MIGRATIONS, _halved))
    for module in (traces, core.runs.store, core.runs.export):
        monkeypatch.setattr(module, "TRACE_VERSION", new)
    monkeypatch.setitem(core.runs.writing.VERSIONS, "trace_version", new)
    store = opened(file)
    for run_id in ("v1-first", import_any(store, tmp_path / "this version"), import_any(store, DATA / "parquet")):
        assert [x["reward"] for x in store.rows_since(run_id, 0)[0] if x["learner"] == "ppo"] == [0.375, 0.3125]
        rewards = store.samples(run_id, "ppo", 0)["reward"].to_pylist()
        assert sum(rewards) == 3  # of 8 responses 6 were right
        export(store, run_id, tmp_path / run_id)
        assert pd.read_parquet(tmp_path / run_id / "steps.parquet")["reward"].tolist()[:2] == [0.375, 0.3125]
    assert import_any(store, tmp_path / "v1-first")  # what it exported is of the new version


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"trace_version": 9}, "another version of the app: its steps are of version 9, and this"),
        ({"config_version": 9}, "another version of the app: its settings are of version 9, and this"),
        ({"trace_version": 0}, "trace_version"),
        ({"config_version": "x"}, "config_version"),
    ],
)
def test_files_of_a_newer_version_are_refused_in_a_sentence(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    folder = Path(shutil.copytree(DATA / "parquet", tmp_path / "newer"))
    head = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(head | change))
    store = opened(tmp_path / "runs.sqlite")
    with pytest.raises(ImportFailed, match=sentence):
        import_any(store, folder)
    assert store.runs() == []


def test_a_newer_table_in_a_file_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA / "parquet", tmp_path / "newer"))
    tokens = pq.read_table(folder / "tokens.parquet")
    pq.write_table(tokens.replace_schema_metadata({"trace_version": "9"}), folder / "tokens.parquet")
    with pytest.raises(ImportFailed, match="its steps are of version 9"):
        import_any(opened(tmp_path / "runs.sqlite"), folder)


def test_foreign_files_bring_only_plain_columns_and_not_too_many(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA / "parquet", tmp_path / "files"))
    samples = pq.read_table(folder / "samples.parquet")
    odd = samples.append_column("nested", pa.array([[1]] * samples.num_rows)).append_column(
        "plain", pa.array([1.5] * samples.num_rows)
    )
    pq.write_table(odd.select(odd.schema.names[::-1]), folder / "samples.parquet")  # in any order
    store = opened(tmp_path / "runs.sqlite")
    run_id = import_any(store, folder)
    assert store.samples(run_id, "ppo", 0).schema.names == [*SAMPLES.names, "plain"]
    export(store, run_id, tmp_path / "csv", "csv")
    for number in range(MOST_FURTHER + 1):
        samples = samples.append_column(f"x{number}", pa.array([1] * samples.num_rows))
    pq.write_table(samples, folder / "samples.parquet")
    with pytest.raises(ImportFailed, match="at most 64 are allowed"):
        import_any(store, folder)
