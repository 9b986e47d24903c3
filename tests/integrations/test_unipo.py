"""UNIPO's format in and out: what its explorer is built of, what its types ask for, and logs that end too soon."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.config import RunConfig
from core.runs.export import export
from core.runs.foreign import ImportFailed
from core.runs.importing import import_any
from core.runs.store import RunStore
from tests.helpers import step_traces


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'store' / 'runs.sqlite'}", home=tmp_path / "store")


def tables(store: RunStore, run_id: str, folder: Path) -> dict[str, pd.DataFrame]:
    export(store, run_id, folder)
    return {x: pd.read_parquet(folder / f"{x}.parquet") for x in ("steps", "samples", "tokens")}


# -- what the explorer is built of -------------------------------------------------------------------------------------


def metrics_file(algorithm: str, **metrics: float) -> dict[str, Any]:
    """As static/<key>_metrics.json has it: a log without prompts."""
    hparams = {
        **{"init_kl_coef": 0.04, "use_kl_loss": True, "kl_estimator": "k3", "clip_eps": [0.2, 0.28], "max_norm": 0.5},
        **{"n_samples_per_prompt": 2, "learning_rate": 1e-06, "max_epochs": 1, "generate_max_len": 700},
    }
    return {
        "header": {"algorithm": algorithm, "model_name": "meta-llama/Llama-3.2-1B-Instruct", "hparams": hparams},
        "entries": [
            {"step": number, "is_first_step_after_rollout_phase": True, "metrics": {"reward": 0.5, **metrics}}
            for number in range(3)
        ],
    }


def step_file(step: int, word: str) -> dict[str, Any]:
    """As static/<key>/step-<n>.json has it: one entry's prompts."""
    responses = [
        {
            "id": f"step{step}_p0_sample{i}",
            "reward": float(i),
            "advantage": i - 0.5,
            "response_text": f"{word} {i}",
            "response_length": 2,
            "tokens": {"ids": [5, 6 + i], "strings": [word, f" {i}"], "log_probs": [-0.5, -0.25 * (i + 1)]},
        }
        for i in range(2)
    ]
    return {"step": step, "prompts": [{"prompt": f"Say {word} in step {step}.", "responses": responses}]}


def built(*keys: str, sharded: bool = False) -> dict[str, Any]:
    files: dict[str, Any] = {"static/algos.json": {"algos": [{"key": x} for x in keys]}}
    for key in keys:
        files[f"static/{key}_metrics.json"] = metrics_file(
            key, policy_clip_ratio=0.03, group_reward_std=0.33, policy_objective=0.25, policy_lr=1e-7
        )
        for step in (0, 2):
            below = "0000/" if sharded else ""
            files[f"static/{key}/{below}step-{step}.json"] = step_file(step, key)
    return files


def zipped(files: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, json.dumps(content))
    return sink.getvalue()


def unpacked(files: dict[str, Any], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("how", ["zip", "folder"])
def test_the_built_form_is_a_run_with_a_learner_per_algorithm(
    store: RunStore, tmp_path: Path, how: str, sharded: bool
) -> None:
    files = built("grpo", "ppo", sharded=sharded)
    source = zipped(files) if how == "zip" else unpacked(files, tmp_path / "theirs") / "static"
    run_id = import_any(store, source)
    info, t = store.get(run_id), tables(store, run_id, tmp_path / "files")
    assert [x.name for x in info.learners] == ["grpo", "ppo"]
    assert (info.config.num_generations, info.config.max_completion_length) == (2, 700)
    grpo: Any = info.config.learner("grpo")
    assert (grpo.beta, grpo.kl_loss_estimator, grpo.max_grad_norm, grpo.epsilon_high) == (0.04, "k3", 0.5, 0.28)
    for key in ("grpo", "ppo"):
        steps, samples, tokens = (x[x["learner"] == key] for x in t.values())
        assert steps[["step", "reward", "clip_ratio", "group_reward_std", "policy_loss"]].to_numpy().tolist() == [
            [i, 0.5, 0.03, 0.33, -0.25] for i in range(3)
        ]
        assert steps[["clip_ratio_low", "clip_ratio_high"]].isna().all(axis=None)  # nobody told them apart
        assert samples["response"].tolist() == [f"{key} 0", f"{key} 1"] * 2
        assert samples["step"].tolist() == [0, 0, 2, 2]  # step 1 has no file of prompts
        assert tokens[tokens["step"] == 2]["logprob"].tolist() == [-0.5, -0.25, -0.5, -0.5]


def test_clip_fraction_is_another_name_for_the_same(store: RunStore, tmp_path: Path) -> None:
    run_id = import_any(store, json.dumps(metrics_file("ppo", clip_fraction=0.0016)).encode())
    assert tables(store, run_id, tmp_path)["steps"]["clip_ratio"].tolist() == [0.0016] * 3


def test_prompts_without_their_metrics_are_refused(store: RunStore) -> None:
    only = zipped({"ppo/step-3.json": step_file(3, "ppo")})
    with pytest.raises(
        ImportFailed, match=r"step-3\.json holds one step's prompts of a UNIPO log; its file of metrics"
    ):
        import_any(store, only)
    twice = {**built("ppo"), "static/ppo/0000/step-2.json": step_file(2, "again")}
    with pytest.raises(ImportFailed, match="Two files hold the prompts of step 2"):
        import_any(store, zipped(twice))
    with pytest.raises(ImportFailed, match=r"step-0\.json must name its step as a whole number"):
        import_any(store, zipped({**built("ppo"), "static/ppo/step-0.json": {"step": "0", "prompts": []}}))
    assert store.runs() == []


# -- logs that end too soon --------------------------------------------------------------------------------------------


def lines(algorithm: str = "grpo") -> list[str]:
    log = metrics_file(algorithm)
    entries = [{"type": "step", **x, "prompts": step_file(x["step"], "w")["prompts"]} for x in log["entries"]]
    return [json.dumps(x) for x in ({"type": "header", **log["header"]}, *entries)]


@pytest.mark.parametrize("end", ["", "\n", "\r\n\n"])
def test_a_last_line_that_was_cut_short_is_lost_alone(store: RunStore, tmp_path: Path, end: str) -> None:
    whole = lines()
    text = "\n".join([*whole[:-1], whole[-1][: len(whole[-1]) // 2]]) + end
    run_id = import_any(store, text.encode())
    info, t = store.get(run_id), tables(store, run_id, tmp_path)
    assert t["steps"]["step"].tolist() == [0, 1]
    assert len(t["samples"]) == 4
    assert str(info.learners[0].warning) == "Line 4 of its log, the last one, was cut short and is left out."
    strange = "\n".join(lines("weirdpo"))[:-9].encode()
    assert str(store.get(import_any(store, strange)).learners[0].warning) == (
        "Its algorithm is called weirdpo; it is shown like GRPO. "
        "Line 4 of its log, the last one, was cut short and is left out."
    )


def test_a_broken_line_in_the_middle_is_refused(store: RunStore) -> None:
    whole = lines()
    with pytest.raises(ImportFailed, match="Line 3 of the UNIPO log is not JSON"):
        import_any(store, "\n".join([*whole[:2], whole[2][:20], whole[3]]).encode())
    with pytest.raises(ImportFailed, match="The UNIPO log has no entries"):
        import_any(store, "\n".join([whole[0], whole[1][:20]]).encode())


# -- what their types ask for ------------------------------------------------------------------------------------------


def numbers(values: Any) -> bool:
    return all(isinstance(x, int | float) and not isinstance(x, bool) for x in values)


def check(log: dict[str, Any]) -> None:
    """The explorer's types of a log (RunMeta, AlgoHparams, TrainingStep, PromptGroup, Response, TokenSeries)."""
    header = log["header"]
    assert None not in header.values()
    assert isinstance(header["algorithm"], str)
    known = ("gamma", "gae_lambda", "kl_coef", "learning_rate", "group_size")
    assert numbers(header["hparams"][x] for x in known if x in header["hparams"])
    for place, entry in enumerate(log["entries"]):
        assert entry["step"] == place
        assert numbers(entry["metrics"].values())
        assert {"policy_objective", "reward"} <= entry["metrics"].keys()
        assert None not in entry["batch"].values()
        for group in entry["prompts"]:
            assert group["responses"]
            for response in group["responses"]:
                assert numbers(response[x] for x in ("reward", "response_length", "advantage") if x in response)
                series = response["tokens"]
                assert {"ids", "strings"} <= series.keys()
                assert all(len(x) == len(series["ids"]) for x in series.values())
                assert all(numbers(x) for name, x in series.items() if name != "strings")


def test_our_export_is_what_their_explorer_takes(store: RunStore, tmp_path: Path) -> None:
    config = RunConfig(steps=2, num_generations=4)
    run_id = store.create(config, "Made up")
    for trace in step_traces(config, 2):
        if trace.step == 1:  # as a panel: half of the responses, a whole prompt among the others, without tokens
            shown = [x % 2 == 0 and x > 3 for x in trace.tokens["sample"].to_pylist()]
            object.__setattr__(trace, "tokens", trace.tokens.filter(shown))
        store.append(run_id, trace)
    paths = export(store, run_id, tmp_path, "unipo")
    rows = {(x["learner"], x["step"]): x for x in store.rows_since(run_id, 0)[0]}
    for path in paths:
        log = json.loads(path.read_text(encoding="utf-8"))
        check(log)
        learner = log["header"]["algorithm"]
        metrics, row = log["entries"][-1]["metrics"], rows[learner, 1]
        assert metrics["policy_objective"] == -row["policy_loss"]
        assert metrics["clip_fraction"] == pytest.approx(row["clip_ratio_low"] + row["clip_ratio_high"])
        assert metrics["importance_sampling_ratio"] == row["ratio_mean"]
        assert metrics["response_length"] == row["completion_length"]
        assert not {"completion_length", "ratio_mean", "clip_ratio"} & metrics.keys()
        assert ("value_loss" in metrics) == (learner == "ppo")
        assert ("group_reward_std" in metrics) == (learner == "grpo")
        kept = [x["id"] for group in log["entries"][-1]["prompts"] for x in group["responses"]]
        assert kept == [f"step1_sample{x}" for x in range(4, 16) if x % 2 == 0]


def test_a_run_without_tokens_goes_out_as_its_numbers(store: RunStore, tmp_path: Path) -> None:
    run_id = import_any(store, json.dumps(metrics_file("ppo", policy_loss=0.5)).encode())
    log = json.loads(export(store, run_id, tmp_path, "unipo")[0].read_text(encoding="utf-8"))
    assert [x["metrics"] for x in log["entries"]] == [{"reward": 0.5, "policy_loss": 0.5, "policy_objective": -0.5}] * 3
    assert all("prompts" not in x for x in log["entries"])


# -- odd values ------------------------------------------------------------------------------------------------------


def test_a_line_of_a_log_ends_where_json_lines_end(store: RunStore, tmp_path: Path) -> None:
    """Not at U+2028 or U+0085, which JSON's writers leave in texts as they are."""
    text = "one\u2028two\u2029three\u0085four"
    entry = {
        "step": 0,
        "metrics": {"reward": 1.0},
        "prompts": [{"prompt": "p", "responses": [{"response_text": text}]}],
    }
    lines = [{"type": "header", "algorithm": "ppo"}, {"type": "step", **entry}, {"type": "step", **entry}]
    log = "\r\n".join(json.dumps(x, ensure_ascii=False) for x in lines)
    assert tables(store, import_any(store, log.encode()), tmp_path)["samples"]["response"].tolist() == [text] * 2


def test_an_objective_of_zero_is_a_number(store: RunStore, tmp_path: Path) -> None:
    log = {"header": {"algorithm": "ppo"}, "entries": [{"metrics": {"reward": 1.0, "policy_objective": 0.0}}]}
    assert tables(store, import_any(store, json.dumps(log).encode()), tmp_path)["steps"]["policy_loss"].tolist() == [0]


def test_true_is_no_token(store: RunStore) -> None:
    response = {"response_text": "a", "tokens": {"ids": [True], "strings": ["a"]}}
    log = {
        "header": {"algorithm": "ppo"},
        "entries": [{"metrics": {}, "prompts": [{"prompt": "p", "responses": [response]}]}],
    }
    with pytest.raises(ImportFailed, match="token ids must be whole numbers from 0"):
        import_any(store, json.dumps(log).encode())
