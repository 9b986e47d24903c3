"""Runs from elsewhere: recognised by what is inside, taken over as far as they tell, null where they do not."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.__main__ import main
from core.config import RunConfig
from core.errors import ConfigError
from core.integrations.trl import completions as trl_completions
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.runs import importing, parquet_files
from core.runs.export import export, export_zip
from core.runs.feed import Feed
from core.runs.importing import ImportFailed, import_any
from core.runs.store import RunStore
from core.training.trace import SAMPLES, STEPS, TOKENS
from core.workers.launcher import LauncherError, LocalLauncher
from tests.helpers import HOSTILE, step_traces
from tests.integrations.trl_runs import trainer

#: Columns of tokens.parquet that UNIPO's format carries, or that follow from what it carries.
KEPT = ["position", "token_id", "token", "logprob_old", "logprob", "logprob_ref", "ratio", "clipped", "kl_k1", "kl_k2"]
KEPT += ["kl_k3", "token_reward", "value", "advantage", "return", "objective"]


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'store' / 'runs.sqlite'}", home=tmp_path / "store")


@pytest.fixture
def made_up(store: RunStore) -> str:
    """A run of made-up traces with hostile text; the derived columns follow from the raw ones."""
    config = RunConfig(steps=2, num_generations=4, seed=7, temperature=0.9)
    run_id = store.create(config, "Made up")
    for trace in step_traces(config, 2, hostile=True):
        store.append(run_id, trace)
    return run_id


def tables(store: RunStore, run_id: str, folder: Path) -> dict[str, pd.DataFrame]:
    export(store, run_id, folder)
    return {x: pd.read_parquet(folder / f"{x}.parquet") for x in ("steps", "samples", "tokens")}


def opens(store: RunStore, run_id: str) -> dict[str, Any]:
    """Everything that a browser asks for, as JSON; returns the first step's first group."""
    feed, info = Feed(store), store.get(run_id)
    live = json.loads(feed.live(run_id).text())
    assert {x["name"] for x in live["learners"]} == {x.name for x in info.learners}
    for step in {x["step"] for x in live["rows"]}:
        shown = json.loads(feed.step(run_id, step).text())
        for group in shown["groups"]:
            json.loads(feed.group(run_id, step, group["group"]).text())
    first: dict[str, Any] = json.loads(feed.step(run_id, 0).text())
    return json.loads(feed.group(run_id, 0, first["groups"][0]["group"]).text()) if first["groups"] else first


# -- our own files -----------------------------------------------------------------------------------------------------


def test_an_export_comes_back_whole_as_folder_and_as_zip(store: RunStore, made_up: str, tmp_path: Path) -> None:
    before = tables(store, made_up, tmp_path / "files")
    archive = export_zip(store, made_up, "parquet")
    (tmp_path / "run.zip").write_bytes(archive)
    for source in (tmp_path / "files", tmp_path / "run.zip", archive):
        run_id = import_any(store, source)
        info = store.get(run_id)
        assert (info.name, info.recorded, info.config) == ("Made up", True, store.get(made_up).config)
        after = tables(store, run_id, tmp_path / run_id)
        for name, table in before.items():
            pd.testing.assert_frame_equal(table, after[name])
    assert store.get(import_any(store, archive, "Another name")).name == "Another name"
    assert len(store.runs()) == 5


def test_an_imported_run_cannot_be_trained_on(store: RunStore, made_up: str) -> None:
    run_id = import_any(store, export_zip(store, made_up, "parquet"))
    launcher = LocalLauncher(store, limit=1)
    try:
        with pytest.raises(LauncherError, match="was recorded elsewhere"):
            launcher.resume(run_id)
    finally:
        launcher.close()


# -- UNIPO -------------------------------------------------------------------------------------------------------------


def test_a_run_goes_through_unipos_format_and_back(store: RunStore, made_up: str, tmp_path: Path) -> None:
    before = tables(store, made_up, tmp_path / "before")
    run_id = import_any(store, export_zip(store, made_up, "unipo"))
    after, info = tables(store, run_id, tmp_path / "after"), store.get(run_id)
    assert (info.name, info.config.seed, info.config.temperature) == ("Made up", 7, 0.9)
    assert {x.algorithm for x in info.learners} == {"ppo", "grpo"}
    for settings in store.get(made_up).config.learners:
        assert info.config.learner(settings.name) == settings
    for learner in ("ppo", "grpo"):
        own = {name: table[table["learner"] == learner].reset_index(drop=True) for name, table in before.items()}
        new = {name: table[table["learner"] == learner].reset_index(drop=True) for name, table in after.items()}
        pd.testing.assert_frame_equal(own["steps"], new["steps"])  # our own columns travel as metrics
        columns = ["step", "group", "prompt", "response", "reward", "length"]
        pd.testing.assert_frame_equal(own["samples"][columns], new["samples"][columns])
        assert new["samples"][["answer", "success", "truncated"]].isna().all(axis=None)
        keys = ["step", "pass", "sample", "position"]
        passes = own["tokens"][own["tokens"]["pass"] < 2].sort_values(keys).reset_index(drop=True)  # theirs end there
        ours = new["tokens"].sort_values(keys).reset_index(drop=True)
        pd.testing.assert_frame_equal(passes[keys], ours[keys])
        pd.testing.assert_frame_equal(passes[KEPT], ours[KEPT], rtol=1e-5, atol=1e-6, check_dtype=False)
        pd.testing.assert_series_equal(passes["ratio_update"], ours["ratio_update"], rtol=1e-5)
        assert ours[["kl_exact", "entropy", "delta", "advantage_raw"]].isna().all(axis=None)
    opens(store, run_id)


#: A log as UNIPO's own documentation has it, with what its explorer's logs leave out.
THEIRS: dict[str, Any] = {
    "header": {
        "algorithm": "grpo",
        "model_name": "meta-llama/Llama-3.2-1B-Instruct",
        "hparams": {
            "clip_eps": [0.2, 0.28],
            "kl_coef": 0.04,
            "learning_rate": 1e-6,
            "group_size": 2,
            "kl_target": None,
        },
    },
    "entries": [
        {
            "step": number,
            "is_first_step_after_rollout_phase": number % 2 == 0,
            "metrics": {
                "reward": 0.5,
                "response_length": 3,
                "importance_sampling_ratio": 1 + number,
                "policy_lr": 1e-7,
            },
            "prompts": [
                {
                    "prompt": "Compute $2 + 2$.",
                    "responses": [
                        {
                            "id": f"step{number}_p0_sample{i}",
                            "reward": float(i),
                            "advantage": i - 0.5,
                            "response_text": f"It is {3 + i}.",
                            "response_length": 3,
                            "tokens": {
                                "ids": [11, 12, 13 + i],
                                "strings": ["It", " is", f" {3 + i}."],
                                "log_probs": [-0.2, -0.5 + 0.3 * (number % 2), -0.1],
                                "old_log_probs": [-0.2, -0.5, -0.1],
                                "ref_log_probs": None,
                                "values": None,
                                "token_kl": [0.1, 0.2, None],
                            },
                        }
                        for i in range(2)
                    ],
                }
            ],
        }
        for number in range(4)
    ],
}


@pytest.mark.parametrize("lines", [False, True])
def test_their_own_logs_are_read_with_gaps(store: RunStore, tmp_path: Path, lines: bool) -> None:
    text = json.dumps(THEIRS)
    if lines:
        rows = [{"type": "header", **THEIRS["header"]}, *({"type": "step", **x} for x in THEIRS["entries"])]
        text = "\n".join(map(json.dumps, rows)) + "\n"
    path = tmp_path / ("log.jsonl" if lines else "log.json")
    path.write_text(text, encoding="utf-8")
    run_id = import_any(store, path)
    info, t = store.get(run_id), tables(store, run_id, tmp_path / "files")
    assert (info.name, info.config.model, info.config.num_generations) == (
        "UNIPO: GRPO",
        THEIRS["header"]["model_name"],
        2,
    )
    settings: Any = info.config.learner("grpo")
    assert (settings.epsilon, settings.epsilon_high, settings.beta, settings.learning_rate) == (0.2, 0.28, 0.04, 1e-6)
    gaps = set(info.config.task.unrecorded)  # type: ignore[union-attr]
    assert {"seed", "temperature", "grpo.scale_rewards", "grpo.kl_coef", "grpo.aggregation"} <= gaps
    assert not {"grpo.epsilon", "grpo.epsilon_high", "grpo.beta", "model", "steps"} & gaps
    steps, samples, tokens = t["steps"], t["samples"], t["tokens"]
    assert steps[["step", "reward", "completion_length", "ratio_mean"]].to_numpy().tolist() == [
        [0, 0.5, 3, 1.5],
        [1, 0.5, 3, 3.5],  # the mean over a step's updates
    ]
    unknown = [x for x in STEPS.names if x not in ("learner", "step", "reward", "completion_length", "ratio_mean")]
    assert steps[unknown].isna().all(axis=None)
    assert samples[["sample", "group", "reward"]].to_numpy().tolist() == [[0, 0, 0], [1, 0, 1]] * 2
    assert tokens["pass"].tolist() == [0] * 6 + [1] * 6 + [0] * 6 + [1] * 6
    moved = tokens[(tokens["pass"] == 1) & (tokens["position"] == 1)]
    assert moved["ratio"].to_numpy() == pytest.approx([2.718281828**0.3] * 4)
    assert moved["clipped"].tolist() == [0, 1, 0, 1]  # above 1.28, but only A > 0 is cut there
    assert (moved["ratio_update"] == moved["ratio"]).all()
    assert (
        tokens["advantage"].tolist() == [-0.5] * 3 + [0.5] * 3 + [-0.5] * 3 + [0.5] * 3 + ([-0.5] * 3 + [0.5] * 3) * 2
    )
    empty = ["logprob_ref", "kl_k1", "kl_k3", "entropy", "value", "objective", "advantage_raw"]
    assert tokens[empty].isna().all(axis=None)
    group = opens(store, run_id)["learners"]["grpo"]
    assert group["settings"]["scale_rewards"] is None
    assert all(x["credit"] is None for x in group["responses"])  # how they were compared, the log does not say
    assert json.loads(Feed(store).live(run_id).text())["run"]["seed"] is None


def test_of_a_log_with_several_mini_batches_nobody_knows_what_was_cut(store: RunStore, tmp_path: Path) -> None:
    """Its log-probabilities are from before a pass; a later mini-batch took its gradients elsewhere."""
    header = {**THEIRS["header"], "hparams": {**THEIRS["header"]["hparams"], "num_mini_batches": 2}}
    run_id = import_any(store, json.dumps({**THEIRS, "header": header}).encode())
    tokens = tables(store, run_id, tmp_path / "files")["tokens"]
    assert tokens["ratio"].notna().any()
    assert tokens[["ratio_update", "clipped"]].isna().all(axis=None)
    assert json.loads(Feed(store).step(run_id, 0).text())["learners"]["grpo"]["cut_at"] is None


def test_an_imported_log_goes_out_again_and_claims_no_more(store: RunStore, tmp_path: Path) -> None:
    first = import_any(store, json.dumps(THEIRS).encode(), "Theirs")
    written = export(store, first, tmp_path / "out", "unipo")
    log = json.loads(written[0].read_text())
    assert (
        not {"seed", "temperature", "scale_rewards", "aggregation", "kl_coef_in_reward"}
        & log["header"]["hparams"].keys()
    )
    assert (log["header"]["hparams"]["kl_coef"], log["header"]["hparams"]["clip_eps"]) == (0.04, [0.2, 0.28])
    assert "update_epochs" not in log["header"]
    theirs, ours = ([y for x in from_["entries"] for y in x["prompts"][0]["responses"]] for from_ in (THEIRS, log))
    assert len(ours) == 8
    for before, after in zip(theirs, ours, strict=True):
        assert (after["response_text"], after["reward"]) == (before["response_text"], before["reward"])
        assert after["advantage"] == before["advantage"]
        assert after["tokens"]["ids"] == before["tokens"]["ids"]
        assert after["tokens"]["log_probs"] == pytest.approx(before["tokens"]["log_probs"])
        assert "values" not in after["tokens"]
    second = import_any(store, written[0])
    assert store.get(second).config.learner("grpo") == store.get(first).config.learner("grpo")
    pd.testing.assert_frame_equal(
        tables(store, first, tmp_path / "a")["tokens"], tables(store, second, tmp_path / "b")["tokens"]
    )


def test_a_log_without_responses_is_a_run_of_steps(store: RunStore) -> None:
    bare = {**THEIRS, "entries": [{k: v for k, v in x.items() if k != "prompts"} for x in THEIRS["entries"]]}
    run_id = import_any(store, json.dumps(bare).encode(), "Just metrics")
    assert len(store.rows_since(run_id, 0)[0]) == 2
    assert store.samples(run_id, "grpo", 0).num_rows == store.tokens(run_id, "grpo", 0).num_rows == 0
    assert opens(store, run_id)["groups"] == []


def test_an_algorithm_that_is_not_ours_is_named(store: RunStore) -> None:
    log = {**THEIRS, "header": {**THEIRS["header"], "algorithm": "Weird\ud800PO"}}
    info = store.get(import_any(store, json.dumps(log).encode()))
    assert str(info.learners[0].warning) == "Its algorithm is called Weird?PO; it is shown like GRPO."


def test_settings_that_cannot_be_are_not_known(store: RunStore) -> None:
    hparams = {"learning_rate": -1, "clip_eps": "wide", "group_size": 10**9, "seed": "x", "temperature": {}, "beta": []}
    log = {**THEIRS, "header": {"algorithm": "ppo", "model_name": "", "hparams": hparams, "update_epochs": 99}}
    config = store.get(import_any(store, json.dumps(log).encode())).config
    named = {
        "seed",
        "temperature",
        "model",
        "num_generations",
        "ppo.learning_rate",
        "ppo.epsilon",
        "ppo.num_iterations",
    }
    assert named | {"ppo.beta"} <= set(config.task.unrecorded)  # type: ignore[union-attr]
    assert config.learner("ppo") == PPOSettings()


# -- TRL's completions -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def completions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real run of TRL that logs its completions at every update, two updates a batch."""
    pytest.importorskip("trl", reason="TRL is a test-only dependency")
    out = tmp_path_factory.mktemp("trl")
    trainer(out, [], log_completions=True).train()
    return out


def test_completions_of_a_real_run(store: RunStore, completions: Path, tmp_path: Path) -> None:
    run_id = import_any(store, completions, "From TRL")
    info, t = store.get(run_id), tables(store, run_id, tmp_path / "files")
    theirs = [pd.read_parquet(x) for x in sorted((completions / "completions").iterdir())]
    theirs = pd.concat(theirs[::2], ignore_index=True)  # each batch was written at both of its updates
    assert len(list((completions / "completions").iterdir())) == 6
    steps, samples = t["steps"], t["samples"]
    assert steps["step"].tolist() == [0, 1, 2]
    assert samples["prompt"].tolist() == theirs["prompt"].tolist()
    assert samples["response"].tolist() == theirs["completion"].tolist()
    assert samples["reward"].to_numpy() == pytest.approx((theirs["right"] + theirs["brevity"]).to_numpy())
    assert (samples.groupby(["step", "group"]).size() == 4).all()
    assert (samples.groupby(["step", "group"])["prompt"].nunique() == 1).all()
    assert steps["reward"].to_numpy() == pytest.approx(samples.groupby("step")["reward"].mean().to_numpy())
    assert samples[["answer", "success", "truncated", "length"]].isna().all(axis=None)
    known = ("learner", "step", "samples_seen", "responses_trained", "reward", "reward_std", "group_reward_std")
    known = (*known, "frac_reward_zero_std")
    assert steps[[x for x in STEPS.names if x not in known]].isna().all(axis=None)
    assert len(t["tokens"]) == 0
    config = info.config
    assert (config.steps, config.prompts_per_step, config.num_generations) == (3, 3, 4)
    assert {"seed", "model", "temperature", "grpo.epsilon", "grpo.num_iterations"} <= set(config.task.unrecorded)  # type: ignore[union-attr]
    assert info.learners[0].warning == trl_completions.NO_TOKENS
    # The advantages follow from the rewards in the way that was found out, and are TRL's own.
    feed, rows = Feed(store), []
    for step in range(3):
        for group in range(3):
            shown = json.loads(feed.group(run_id, step, group).text())["learners"]["grpo"]
            assert shown["settings"]["scale_rewards"] == "group"
            assert [len(x["token"]) for x in shown["responses"]] == [0] * 4
            rows += [x["credit"] for x in shown["responses"]]
    assert rows == pytest.approx(theirs["advantage"].tolist(), abs=1e-3)


def completion_rows(**columns: Any) -> dict[str, list[Any]]:
    """Two prompts, two responses each."""
    rows = {
        "step": [5] * 4,
        "prompt": ["a", "a", "b", "b"],
        "completion": ["w", "x", "y", "z"],
        "right": [1.0, 0.0, 0.0, 1.0],
        "advantage": [0.5, -0.5, -0.5, 0.5],
    }
    return {name: x for name, x in {**rows, **columns}.items() if x is not None}


def parquet(rows: dict[str, list[Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(rows), sink)
    return sink.getvalue()


def test_the_reward_is_what_makes_the_advantages_come_out(store: RunStore, tmp_path: Path) -> None:
    mixed = completion_rows(style=[0.0, 1.0, 0.5, 0.0], noted=[9.0, 8.0, 7.0, 6.0], advantage=[0.0, 0.0, -0.25, 0.25])
    mixed = {x: mixed[x] for x in ("step", "prompt", "completion", "right", "style", "noted", "advantage")}
    run_id = import_any(store, parquet(mixed))
    assert store.samples(run_id, "grpo", 0)["reward"].to_pylist() == [1, 1, 0.5, 1]
    settings: Any = store.get(run_id).config.learner("grpo")
    assert settings.scale_rewards == "none"
    strange = import_any(store, parquet(completion_rows(advantage=[0.5, 0.5, -0.5, 0.1])))
    assert store.samples(strange, "grpo", 0)["reward"].null_count == 4
    warning = str(store.get(strange).learners[0].warning)
    assert warning is not None
    assert warning.endswith("could not be told from the advantages: right.")
    opens(store, strange)
    assert export(store, strange, tmp_path, "unipo")


def test_unscored_responses_and_conversations(store: RunStore) -> None:
    turns = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": x}] for x in "aabb"]
    conversation = [[{"role": "assistant", "content": x}] for x in "wxyz"]
    right, advantage = [1.0, None, 0.0, 1.0], [0.0, 0.0, -0.5, 0.5]
    rows = completion_rows(prompt=turns, completion=conversation, right=right, advantage=advantage)
    run_id = import_any(store, parquet(rows))
    samples = store.samples(run_id, "grpo", 0)
    assert samples["prompt"].to_pylist() == ["a", "a", "b", "b"]
    assert samples["response"].to_pylist() == ["w", "x", "y", "z"]
    assert samples["reward"].to_pylist() == [1, None, 0, 1]
    assert store.rows_since(run_id, 0)[0][0]["reward"] == pytest.approx(2 / 3)
    shown = json.loads(Feed(store).step(run_id, 0).text())
    assert [x["learners"]["grpo"]["reward"] for x in shown["groups"]] == [None, 1]
    opens(store, run_id)


def test_a_prompt_drawn_twice_makes_two_groups(store: RunStore) -> None:
    assert trl_completions.groups_of(list("aabbaa")) == [0, 0, 1, 1, 2, 2]
    assert trl_completions.groups_of(list("aaaabb")) == [0, 0, 1, 1, 2, 2]
    assert trl_completions.groups_of(list("abab")) == [0, 1, 0, 1]
    assert trl_completions.groups_of(list("abc")) == [0, 1, 2]


def test_hostile_text_stays_text(store: RunStore) -> None:
    texts = [*HOSTILE, "\u202egnitupmoc\x00", "=cmd|' /C calc'!A0"]
    rows = {"step": [1] * 6, "prompt": texts, "completion": texts, "<b>r</b>": [0.0] * 6, "advantage": [0.0] * 6}
    run_id = import_any(store, parquet(rows), "<script>alert(1)</script>")
    assert store.samples(run_id, "grpo", 0)["response"].to_pylist() == texts
    assert store.get(run_id).name == "<script>alert(1)</script>"
    shown = [x["prompt"] for x in json.loads(Feed(store).step(run_id, 0).text())["groups"]]
    assert shown[:5] == [*HOSTILE, "⟨U+202E⟩gnitupmoc␀"]


# -- what is refused ---------------------------------------------------------------------------------------------------


def zipped(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def log_with(change: Callable[[dict[str, Any]], object]) -> bytes:
    log = json.loads(json.dumps(THEIRS))
    change(log)
    return json.dumps(log).encode()


def response(log: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = log["entries"][0]["prompts"][0]["responses"][0]
    return entry


DAMAGED_ZIP = zipped({"a.json": b"[1, 2, 3]" * 99})
DAMAGED_ZIP = DAMAGED_ZIP[:37] + b"\xff" * 4 + DAMAGED_ZIP[41:]  # behind the first file's head
NO_ROWS: dict[str, Any] = {
    "step": pa.array([], pa.int64()),
    "prompt": pa.array([], pa.string()),
    "completion": pa.array([], pa.string()),
    "advantage": pa.array([], pa.float64()),
}
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "This is not a run: it must be this app's export"),
    "a text": (b"hello", "This is not a run"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\xff", "This is not a run"),
    "other JSON": (b'{"a": 1}', "This is not a run"),
    "a list": (b"[1, 2]", "This is not a run"),
    "deep JSON": (b"[" * 200_000, "nested too deeply"),
    "an empty ZIP": (zipped({}), "This is not a run"),
    "a cut ZIP": (zipped({"a.json": b"x" * 1000})[:60], "The ZIP is broken"),
    "a ZIP that was damaged": (DAMAGED_ZIP, "The ZIP is broken"),
    "a ZIP of others": (zipped({"readme.txt": b"hello"}), "This is not a run"),
    "two of one name": (zipped({"a/log.json": b"{}", "../a/log.json": b"{}"}), "two files called log.json"),
    "half an export": (zipped({"run.json": b"{}"}), "steps.parquet, samples.parquet, tokens.parquet is missing"),
    "a cut table": (parquet(completion_rows())[:-20], "not a Parquet file, or is cut short"),
    "another table": (parquet({"x": [1]}), r"This Parquet file \(x\) is not a run"),
    "no rows": (parquet(NO_ROWS), "hold no rows"),
    "steps in words": (parquet(completion_rows(step=["one"] * 4)), "step of TRL's completions must hold whole numbers"),
    "advantages in words": (
        parquet(completion_rows(advantage=["much"] * 4)),
        "advantage of TRL's completions must hold",
    ),
    "no algorithm": (log_with(lambda x: x["header"].pop("algorithm")), "must name its algorithm"),
    "no entries": (log_with(lambda x: x["entries"].clear()), "has no entries"),
    "entries that are none": (log_with(lambda x: x["entries"].append(7)), "must be a list of objects"),
    "a half line": (b'{"type": "header", "algorithm": "ppo"}\n{"step": 0', "The UNIPO log has no entries"),
    "a broken line": (
        b'{"type": "header", "algorithm": "ppo"}\n{"step": 0\n{"step": 1}',
        "Line 2 of the UNIPO log is not JSON",
    ),
    "too few numbers": (log_with(lambda x: response(x)["tokens"]["log_probs"].pop()), "must be a list as long as ids"),
    "ids in words": (log_with(lambda x: response(x)["tokens"].update(ids=["a"])), "ids must be whole numbers from 0"),
    "a large id": (log_with(lambda x: response(x)["tokens"].update(ids=[2**40, 1, 1])), "ids must be whole numbers"),
    "a reward in words": (
        log_with(lambda x: response(x).update(reward="good")),
        'reward must be a number or null, but is "good"',
    ),
    "a response that is none": (
        log_with(lambda x: x["entries"][0]["prompts"][0].update(responses=[3])),
        "every response must be an object",
    ),
    "prompts that are none": (log_with(lambda x: x["entries"][0].update(prompts="all")), "must be a list, but are"),
    "a long text": (
        log_with(lambda x: response(x).update(response_text="x" * 300_000)),
        "has 300000 characters; at most",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_run_is_a_sentence_and_leaves_nothing(store: RunStore, what: str) -> None:
    data, sentence = REFUSED[what]
    with pytest.raises(ImportFailed, match=sentence) as caught:
        import_any(store, data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert store.runs() == []


def test_what_is_too_large_is_refused_before_it_is_unpacked(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_BYTES", 2**20)
    monkeypatch.setattr(parquet_files, "MOST_BYTES", 2**20)
    bomb = zipped({"log.json": b" " * 2**22})
    assert len(bomb) < 2**20
    with pytest.raises(ImportFailed, match="That is 4 MiB; at most 1 MiB can be imported"):
        import_any(store, bomb)
    with pytest.raises(ImportFailed, match="at most 1 MiB"):
        import_any(store, b"x" * (2**20 + 1))
    (tmp_path / "large.json").write_bytes(b" " * (2**20 + 1))
    with pytest.raises(ImportFailed, match="at most 1 MiB"):
        import_any(store, tmp_path / "large.json")
    rows = {"step": [1], "prompt": ["a" * 2**21], "completion": ["b"], "r": [0.0], "advantage": [0.0]}
    with pytest.raises(ImportFailed, match="at most 1 MiB"):
        import_any(store, parquet(rows))


def test_a_zip_leads_nowhere_else(store: RunStore, tmp_path: Path) -> None:
    log = json.dumps(THEIRS).encode()
    run_id = import_any(store, zipped({"../../evil.json": log}), "From a ZIP")
    assert store.get(run_id).name == "From a ZIP"
    assert not list(tmp_path.rglob("evil.json"))


def event(value: object, kind: str = "final") -> dict[str, Any]:
    return {"learner": "ppo", "step": 2, "kind": kind, "value": value, "time": 1}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda x: x["learners"][0].update(status="dancing"), r"learners\.0\.status"),
        (lambda x: x["learners"].pop(), "other learners than its config"),
        (lambda x: x.update(versions={"torch": {}}), "versions"),
        (lambda x: x.update(events=[{"kind": "x"}]), r"events\.0"),
        (lambda x: x.update(events=[event(5)]), r"\(final\) must hold the held-out success as shares between 0 and 1"),
        (lambda x: x.update(events=[event({"sampled": "1"})]), r"\(final\) must hold the held-out success"),
        (lambda x: x.update(events=[event({"sampled": math.nan})]), r"\(final\) holds a number that is not finite"),
        (lambda x: x.update(events=[event({"a": [math.inf]}, "drift")]), r"\(drift\) holds a number that is not"),
        (lambda x: x.update(events=[{**event(None, "pause"), "time": math.inf}]), r"events\.0\.time"),
        (lambda x: x.pop("name"), "name: field required"),
        (lambda x: x.update(name=""), "1 to 200 characters"),
        (lambda x: x["config"].update(steps=0), "steps: must be at least 1"),
    ],
)  # fmt: skip
def test_a_run_json_from_strangers_is_looked_at(
    store: RunStore, made_up: str, tmp_path: Path, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    export(store, made_up, tmp_path / "files")
    head = json.loads((tmp_path / "files" / "run.json").read_text())
    change(head)
    (tmp_path / "files" / "run.json").write_text(json.dumps(head))
    with pytest.raises(ImportFailed, match=sentence):
        import_any(store, tmp_path / "files")
    assert [x.id for x in store.runs()] == [made_up]


def test_tables_from_strangers_are_looked_at(store: RunStore, made_up: str, tmp_path: Path) -> None:
    for name, schema, column in (("samples", SAMPLES, "group"), ("tokens", TOKENS, "position")):
        export(store, made_up, tmp_path / name)
        path = tmp_path / name / f"{name}.parquet"
        table = pq.read_table(path)
        gap = pa.nulls(table.num_rows, schema.field(column).type)
        pq.write_table(table.set_column(schema.get_field_index(column), column, gap), path)
        with pytest.raises(ImportFailed, match=f"{name} has rows without {column}"):
            import_any(store, tmp_path / name)
        renamed = pa.array(["stranger"] * table.num_rows)
        pq.write_table(table.set_column(0, "learner", renamed), path)
        with pytest.raises(ImportFailed, match=f"{name} speaks of a learner that the config does not have"):
            import_any(store, tmp_path / name)


def test_a_name_that_cannot_be_leaves_nothing(store: RunStore) -> None:
    with pytest.raises(ConfigError, match="1 to 200 characters"):
        import_any(store, json.dumps(THEIRS).encode(), " ")
    with pytest.raises(ImportFailed, match="There is no file or folder"):
        import_any(store, Path("nowhere"))
    assert store.runs() == []


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "home"))
    (tmp_path / "log.json").write_text(json.dumps(THEIRS))
    assert main(["import", str(tmp_path / "log.json"), "--name", "Theirs"]) == 0
    info = RunStore().runs()[0]
    assert capsys.readouterr().out == f"{info.id}  grpo 2 steps  Theirs\n"
    assert isinstance(info.config.learners[0], GRPOSettings)
    assert main(["import", str(tmp_path / "nothing.json")]) == 2
    assert "There is no file or folder" in capsys.readouterr().err
