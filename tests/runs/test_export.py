"""Files for others: exactly the contract's columns, every derived one recomputable, and readable back.

The recomputation below is written from formulas.md's definitions in numpy and pandas; it shares no code with core/.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.config import RunConfig
from core.given_config import change
from core.runs import lifecycle
from core.runs.export import ExportError, export, export_zip, snippet
from core.runs.recorded import TraceFilesError, import_recorded
from core.runs.store import RunNotFound, RunStore
from core.training.trace import SAMPLES, STEPS, TOKENS, prompt_hash
from core.workers.process import supervise
from core.workers.worker import Worker
from tests.helpers import step_traces

SCHEMAS = {"steps": STEPS, "samples": SAMPLES, "tokens": TOKENS}
ROOT = Path(__file__).parents[2]
SMALL: dict[str, Any] = {"steps": 3, "prompts_per_step": 4, "num_generations": 4, "eval_every": 2, "trace": "all"}
#: Everything switched on that has a place in the tables, and everything at its default.
VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "options": {
        "learning_rate": 0.004,
        "epsilon": 0.05,
        "epsilon_high": 0.1,
        "beta": 0.1,
        "ppo.gamma": 0.9,
        "ppo.lam": 0.7,
        "ppo.whiten_ddof": 0,
        "ppo.kl_coef": 0.2,
        "grpo.scale_ddof": 0,
        "grpo.kl_loss_estimator": "k2",
    },
}


def trained(config: RunConfig, home: Path) -> tuple[RunStore, str]:
    """A store with a run that was really trained, in this process."""
    store = RunStore(f"sqlite:///{home / 'runs.sqlite'}", home=home)
    run_id = store.create(config, "a run")
    for learner in config.learners:
        lifecycle.enqueue(store, run_id, [learner.name])
        assert lifecycle.claim(store, run_id, learner.name)
        assert supervise(Worker(store, run_id, learner.name)) == 0
    return store, run_id


@pytest.fixture(scope="module", params=VARIANTS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunStore, str]:
    config = change(RunConfig(device="cpu"), {**SMALL, **VARIANTS[request.param], "task.heldout": 16})
    return trained(config, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def folder(run: tuple[RunStore, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("parquet")
    export(*run, where)
    return where


@pytest.fixture
def made_up(tmp_path: Path) -> tuple[RunStore, str]:
    """A store with a run of made-up traces, some of them hostile text."""
    config = RunConfig(steps=2, num_generations=4)
    store = RunStore(f"sqlite:///{tmp_path / 'home' / 'runs.sqlite'}", home=tmp_path / "home")
    run_id = store.create(config)
    for trace in step_traces(config, 2, hostile=True):
        store.append(run_id, trace)
    return store, run_id


# -- the contract ------------------------------------------------------------------------------------------------------


def test_the_four_files_have_exactly_the_contracts_columns(run: tuple[RunStore, str], folder: Path) -> None:
    assert sorted(x.name for x in folder.iterdir()) == [
        "run.json",
        "samples.parquet",
        "steps.parquet",
        "tokens.parquet",
    ]
    for name, schema in SCHEMAS.items():
        assert pq.read_schema(folder / f"{name}.parquet").equals(schema), name
    steps, samples = (pd.read_parquet(folder / f"{name}.parquet") for name in ("steps", "samples"))
    assert list(zip(steps["learner"], steps["step"], strict=True)) == [
        (x, s) for x in ("ppo", "grpo") for s in range(3)
    ]
    assert len(samples) == 2 * 3 * 16
    assert steps["heldout_success"].notna().tolist() == [True, False, True] * 2
    head = json.loads((folder / "run.json").read_text())
    info = run[0].get(run[1])
    assert RunConfig.model_validate(head["config"]) == info.config
    assert (head["seed"], head["status"], head["device"]) == (0, "finished", "cpu")
    assert head["start_hash"] == info.learners[0].start_hash == info.learners[1].start_hash
    assert {"torch", "python", "credit-lab"} <= set(head["versions"])
    assert [x["kind"] for x in head["events"]] == ["start", "final", "start", "final"]
    assert [(x["name"], x["step"]) for x in head["learners"]] == [("ppo", 2), ("grpo", 2)]


def test_all_learners_met_the_same_prompts(folder: Path) -> None:
    samples = pd.read_parquet(folder / "samples.parquet")
    ppo, grpo = (samples[samples["learner"] == x] for x in ("ppo", "grpo"))
    assert ppo["prompt"].tolist() == grpo["prompt"].tolist()
    assert (samples.groupby(["learner", "step", "group"])["prompt"].nunique() == 1).all()
    assert (samples.groupby(["learner", "step", "group"]).size() == 4).all()


def near(recomputed: Any, column: Any, scale: float = 1.0) -> None:
    np.testing.assert_allclose(np.asarray(recomputed, float), np.asarray(column, float), rtol=2e-4, atol=2e-5 * scale)


def test_ratio_clipping_and_kl_follow_from_the_log_probabilities(run: tuple[RunStore, str], folder: Path) -> None:
    config = run[0].get(run[1]).config
    tokens = pd.read_parquet(folder / "tokens.parquet")
    for settings in config.learners:
        t = tokens[tokens["learner"] == settings.name]
        low, high = settings.epsilon, settings.epsilon_high or settings.epsilon
        near(np.exp(t["logprob"] - t["logprob_old"]), t["ratio"])
        assert (t.loc[t["pass"] == 0, "ratio"] == 1).all()
        assert (t.loc[t["pass"] == settings.num_iterations, "ratio"] != 1).any()
        taken = t[t["pass"] < settings.num_iterations]
        up = (taken["advantage"] > 0) & (taken["ratio_update"] > 1 + high)
        down = (taken["advantage"] < 0) & (taken["ratio_update"] < 1 - low)
        assert (up.astype(int) - down.astype(int) == taken["clipped"]).all()
        assert t.loc[t["pass"] == settings.num_iterations, ["ratio_update", "clipped"]].isna().all(axis=None)
        l = t["logprob_ref"] - t["logprob"]  # noqa: E741  the letter of formulas.md
        near(-l, t["kl_k1"])
        near(l**2 / 2, t["kl_k2"])
        near(np.exp(l) - 1 - l, t["kl_k3"])
        assert (t["kl_exact"] >= -1e-6).all()
        kl = t["kl_" + settings.kl_loss_estimator]
        surrogate = np.minimum(t["ratio"] * t["advantage"], np.clip(t["ratio"], 1 - low, 1 + high) * t["advantage"])
        near(surrogate - settings.beta * kl, t["objective"])
    clipped = tokens.groupby("learner")["clipped"].agg(lambda x: (x.dropna() != 0).any())
    assert config.learners[0].learning_rate < 0.004 or clipped.all()  # the larger steps do reach the clip range


def test_ppos_credit_follows_from_rewards_and_values(run: tuple[RunStore, str], folder: Path) -> None:
    settings: Any = run[0].get(run[1]).config.learner("ppo")
    tokens, samples = (
        pd.read_parquet(folder / f"{x}.parquet").query("learner == 'ppo'") for x in ("tokens", "samples")
    )
    first = tokens[tokens["pass"] == 0]
    score = samples.set_index(["step", "sample"])["reward"]
    for (step, sample), t in first.groupby(["step", "sample"]):
        t = t.sort_values("position")
        last = len(t) - 1
        reward = -settings.kl_coef * (t["logprob_old"] - t["logprob_ref"]).to_numpy(float)
        reward[last] += score[step, sample]
        near(reward, t["token_reward"])
        value = np.append(t["value"].to_numpy(float), 0)  # nothing follows the last token
        delta = t["token_reward"] + settings.gamma * value[1:] - value[:-1]
        near(delta, t["delta"])
        double_sum = [
            sum((settings.gamma * settings.lam) ** (k - i) * t["delta"].iloc[k] for k in range(i, last + 1))
            for i in range(last + 1)
        ]
        near(double_sum, t["advantage_raw"])
        near(t["advantage_raw"] + t["value"], t["return"])
    for _, t in first.groupby("step"):
        raw = t["advantage_raw"].astype(float)
        near((raw - raw.mean()) / (raw.std(ddof=settings.whiten_ddof) + 1e-8), t["advantage"], scale=10)
    keys = ["step", "sample", "position"]
    fixed = ["value", "delta", "token_reward", "advantage_raw", "advantage", "return", "logprob_old", "logprob_ref"]
    assert (tokens.groupby(keys)[fixed].nunique() == 1).all(axis=None)  # credit is given once, before the first pass


def test_grpos_credit_follows_from_the_groups_rewards(run: tuple[RunStore, str], folder: Path) -> None:
    settings: Any = run[0].get(run[1]).config.learner("grpo")
    tokens, samples = (
        pd.read_parquet(folder / f"{x}.parquet").query("learner == 'grpo'") for x in ("tokens", "samples")
    )
    groups = samples.groupby(["step", "group"])["reward"]
    centred = samples["reward"] - groups.transform("mean")
    scale = groups.transform(lambda x: x.astype(float).std(ddof=settings.scale_ddof)) + settings.scale_eps
    expected = samples.assign(raw=centred, advantage_expected=centred / scale)
    joined = tokens.merge(expected[["step", "sample", "raw", "advantage_expected"]], on=["step", "sample"])
    near(joined["raw"], joined["advantage_raw"])
    near(joined["advantage_expected"], joined["advantage"])
    for absent in ("value", "delta", "return"):
        assert tokens[absent].isna().all(), absent  # null, never 0


def test_a_responses_tokens_are_its_text(folder: Path) -> None:
    tokens, samples = (pd.read_parquet(folder / f"{x}.parquet") for x in ("tokens", "samples"))
    texts = (
        tokens[tokens["pass"] == 0].sort_values("position").groupby(["learner", "step", "sample"])["token"].agg("".join)
    )
    for row in samples.itertuples():
        text = texts[row.learner, row.step, row.sample]
        assert re.sub(r"<\w+>", "", text) == row.response


# -- other formats -----------------------------------------------------------------------------------------------------


def test_csv_says_the_same_as_parquet(made_up: tuple[RunStore, str], tmp_path: Path) -> None:
    export(*made_up, tmp_path / "csv", "csv")
    export(*made_up, tmp_path / "parquet")
    for name, schema in SCHEMAS.items():
        with (tmp_path / "csv" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert header == schema.names
        table = pq.read_table(tmp_path / "parquet" / f"{name}.parquet").to_pydict()
        assert len(rows) == len(table["learner"])
        for column, texts in zip(schema.names, zip(*rows, strict=True), strict=True):
            for text, value in zip(texts, table[column], strict=True):
                if value is None or isinstance(value, str):
                    assert text == (value or "")
                elif isinstance(value, bool):
                    assert text == str(value).lower()
                else:
                    assert float(text) == pytest.approx(value, rel=1e-6)


def test_unipo_has_an_entry_per_pass_with_every_token_of_the_panel(
    made_up: tuple[RunStore, str], tmp_path: Path
) -> None:
    store, run_id = made_up
    paths = export(store, run_id, tmp_path / "unipo", "unipo")
    assert [x.name for x in paths] == ["unipo-ppo.json", "unipo-grpo.json"]
    for path in paths:
        learner = path.stem.removeprefix("unipo-")
        log = json.loads(path.read_text(encoding="utf-8"))
        assert log["header"]["algorithm"] == learner
        assert log["header"]["hparams"]["clip_eps"] == 0.2
        assert [x["is_first_step_after_rollout_phase"] for x in log["entries"]] == [True, False, True, False]
        assert [x["step"] for x in log["entries"]] == [0, 1, 2, 3]
        tokens = store.tokens(run_id, learner, 1).to_pandas()
        entry = log["entries"][3]  # step 1, second pass
        assert entry["metrics"]["reward"] == store.rows_since(run_id, 0)[0][-1 if learner == "grpo" else -2]["reward"]
        responses = [x for group in entry["prompts"] for x in group["responses"]]
        assert len(responses) == 16
        for number, response in enumerate(responses):
            own = tokens[(tokens["pass"] == 1) & (tokens["sample"] == number)].sort_values("position")
            series = response["tokens"]
            assert series["ids"] == own["token_id"].tolist()
            assert series["strings"] == own["token"].tolist()
            named = {"log_probs": "logprob", "old_log_probs": "logprob_old", "ref_log_probs": "logprob_ref"}
            named |= {"advantages": "advantage", "token_kl": "kl_k1", "token_objective": "objective"}
            for theirs, ours in named.items():
                assert series[theirs] == pytest.approx(own[ours].tolist()), theirs
            for theirs in ("values", "returns", "rewards"):
                assert (theirs not in series) == (learner == "grpo"), theirs
            assert ("advantage" not in response) == (learner == "ppo")


def test_a_zip_holds_the_same_files(made_up: tuple[RunStore, str], tmp_path: Path) -> None:
    for format in ("parquet", "csv", "unipo"):
        paths = export(*made_up, tmp_path / format, format)
        with zipfile.ZipFile(io.BytesIO(export_zip(*made_up, format))) as archive:
            assert archive.namelist() == [x.name for x in paths]
            for path in paths:
                assert archive.read(path.name) == path.read_bytes()


def test_what_cannot_be_exported_is_a_sentence(made_up: tuple[RunStore, str], tmp_path: Path) -> None:
    store, run_id = made_up
    with pytest.raises(ExportError, match="no export format 'xlsx'; there are parquet, csv, unipo"):
        export(store, run_id, tmp_path, "xlsx")
    with pytest.raises(RunNotFound):
        export(store, "nope", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="could not be written"):
        export(store, run_id, tmp_path / "file" / "below")


@pytest.mark.usefixtures("warm_python")
def test_the_script_of_a_run_makes_it_again(tmp_path: Path) -> None:
    config = change(RunConfig(device="cpu"), {**SMALL, "eval_every": 0, "task.heldout": 16})
    store = _Changing(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    run_id = store.create(config, '"""; import os; os.abort() #')
    lifecycle.enqueue(store, run_id, ["ppo", "grpo"])
    for learner in ("ppo", "grpo"):
        assert lifecycle.claim(store, run_id, learner)
        assert supervise(Worker(store, run_id, learner)) == 0
    script = tmp_path / "again.py"
    script.write_text(snippet(store.get(run_id), store.events(run_id)), encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=ROOT, env=_environment(), check=False
    )
    assert answer.returncode == 0, answer.stderr
    rows, _ = store.rows_since(run_id, 0)
    assert answer.stdout.splitlines() == [
        f"{x['learner']} {x['step']} reward {round(x['reward'], 4)} prompts {x['prompt_hash'][:8]}" for x in rows
    ]
    assert "learning_rate" in script.read_text(encoding="utf-8").split("CHANGES")[1]


class _Changing(RunStore):
    """A person who changes the learning rate after the first step."""

    def append(self, run_id: str, trace: Any) -> None:
        super().append(run_id, trace)
        if trace.step == 0:
            self.control(run_id, "change", {"learning_rate": 0.05}, trace.learner)


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


# -- reading back ------------------------------------------------------------------------------------------------------


def test_an_exported_run_reads_back_equal_and_reading_it_again_changes_nothing(
    run: tuple[RunStore, str], folder: Path, tmp_path: Path
) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    import_recorded(store, folder, "recorded-test")
    before, after = run[0].get(run[1]), store.get("recorded-test")
    assert after.recorded
    assert (after.status, after.config, after.name, after.created) == (
        "finished",
        before.config,
        before.name,
        before.created,
    )
    assert [(x.step, x.start_hash, x.device) for x in after.learners] == [
        (x.step, x.start_hash, x.device) for x in before.learners
    ]
    assert store.events(after.id) == run[0].events(run[1])
    rows, cursor = store.rows_since(after.id, 0)
    assert sorted(rows, key=_key) == sorted(run[0].rows_since(run[1], 0)[0], key=_key)
    export(store, after.id, tmp_path / "again")
    for name in SCHEMAS:
        assert (tmp_path / "again" / f"{name}.parquet").read_bytes() == (folder / f"{name}.parquet").read_bytes()
    import_recorded(store, folder, "recorded-test")
    assert store.rows_since(after.id, cursor) == ([], cursor)
    assert len(store.runs()) == 1


def _key(row: dict[str, Any]) -> tuple[str, int]:
    return row["learner"], row["step"]


def test_an_import_that_was_cut_short_is_made_again(folder: Path, tmp_path: Path) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    store.create(RunConfig(), run_id="recorded-test")
    import_recorded(store, folder, "recorded-test")
    assert store.get("recorded-test").recorded
    assert len(store.rows_since("recorded-test", 0)[0]) == 6


def _drop_run(folder: Path) -> None:
    (folder / "run.json").unlink()


def _garble_run(folder: Path) -> None:
    (folder / "run.json").write_text('{"name": "x"}')


def _drop_column(folder: Path) -> None:
    table = pq.read_table(folder / "tokens.parquet")
    pq.write_table(table.drop_columns(["ratio"]), folder / "tokens.parquet")


def _garble_table(folder: Path) -> None:
    (folder / "steps.parquet").write_bytes(b"PAR1 not really")


@pytest.mark.parametrize("damage", [_drop_run, _garble_run, _drop_column, _garble_table])
def test_files_that_are_no_trace_are_a_sentence(
    made_up: tuple[RunStore, str], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    export(*made_up, tmp_path / "files")
    damage(tmp_path / "files")
    with pytest.raises(TraceFilesError, match="not a"):
        import_recorded(made_up[0], tmp_path / "files", "recorded-test")
    assert len(made_up[0].runs()) == 1


def test_a_prompt_hash_of_files_is_the_trainers(run: tuple[RunStore, str], folder: Path) -> None:
    samples = pd.read_parquet(folder / "samples.parquet").query("learner == 'ppo' and step == 1")
    prompts = samples.drop_duplicates("group").sort_values("group")["prompt"].tolist()
    row = next(x for x in run[0].rows_since(run[1], 0)[0] if x["step"] == 1)
    assert row["prompt_hash"] == prompt_hash(prompts)
