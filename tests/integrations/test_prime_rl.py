"""prime-rl's token export as a run: what it tells per token, and nothing that it does not tell."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.__main__ import main
from core.runs.export import export
from core.runs.feed import Feed
from core.runs.foreign import ImportFailed
from core.runs.importing import import_any
from core.runs.store import RunStore
from core.training.trace import STEPS


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'store' / 'runs.sqlite'}", home=tmp_path / "store")


def tables(store: RunStore, run_id: str, folder: Path) -> dict[str, pd.DataFrame]:
    export(store, run_id, folder)
    return {x: pd.read_parquet(folder / f"{x}.parquet") for x in ("steps", "samples", "tokens")}


def record(step: int, sequence: int, advantage: float, rank: int = 0, **changed: Any) -> dict[str, Any]:
    """A line as the trainer writes it: a prompt of two tokens, three of the policy's with a tool's between them."""
    mask = [False, False, True, True, False, True]
    inference = [0.0, 0.0, -0.5, -1.0, 0.0, -0.25]
    trainer = [-11.8, -11.8, -0.5, -0.75, -3.0, -0.5]
    ratio = [math.exp(t - i) for t, i in zip(trainer, inference, strict=True)]
    return {
        "schema_version": 1,
        "step": step,
        "rank": rank,
        "micro_step": 0,
        "micro_sequence_idx": sequence,
        "export_sequence_idx": sequence,
        "env_name": "gsm8k",
        "token_ids": [1, 2, 10 + sequence, 11, 12, 13],
        "position_ids": list(range(6)),
        "loss_mask": mask,
        "advantages": [0.0, 0.0, advantage, advantage, 0.0, advantage],
        "inference_logprobs": inference,
        "trainer_logprobs": trainer,
        "entropy": [11.8, 11.8, 0.5, 0.25, 2.0, 0.75],
        "mismatch_kl": [r - math.log(r) - 1 for r in ratio],
        "log_importance_ratio": [t - i for t, i in zip(trainer, inference, strict=True)],
        "importance_ratio": ratio,
        "prob_delta": [math.exp(t) - math.exp(i) for t, i in zip(trainer, inference, strict=True)],
        "is_masked": [False] * 3 + [advantage > 0, False, advantage < 0],
        "is_masked_high": [False] * 3 + [advantage > 0, False, False],
        "is_masked_low": [False] * 5 + [advantage < 0],
        "rl_weights": [None] * 6,
        "ce_weights": [None] * 6,
        "ref_kl_weights": [None] * 6,
        **changed,
    }


def jsonl(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(x, separators=(",", ":"), allow_nan=False) + "\n" for x in records)


def files() -> dict[str, str]:
    """Two steps of two ranks. The second rank's prompt of step 1 is another one."""
    return {
        "run/token_exports/step_10/rank_0.jsonl": jsonl(record(10, 0, 0.5), record(10, 1, -0.5)),
        "run/token_exports/step_10/rank_1.jsonl": jsonl(record(10, 2, 0.25, rank=1), record(10, 3, -0.25, rank=1)),
        "run/token_exports/step_9/rank_0.jsonl": jsonl(record(9, 0, 0.5), record(9, 1, -0.5)),
        "run/token_exports/step_9/rank_1.jsonl": jsonl(
            *(record(9, i, 0.0, rank=1, token_ids=[1, 3, 10 + i, 11, 12, 13]) for i in range(2))
        ),
        "run/token_exports/step_9/STABLE": "",
        "run/configs/orchestrator.json": "{}",
    }


def zipped(content: dict[str, str]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return sink.getvalue()


def test_every_step_and_rank_is_read_from_a_folder_and_from_a_zip(store: RunStore, tmp_path: Path) -> None:
    for name, text in files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    read = []
    for source in (tmp_path / "run", zipped(files())):
        run_id = import_any(store, source)
        info = store.get(run_id)
        assert (info.name, info.config.steps, [x.name for x in info.learners]) == ("prime-rl", 2, ["grpo"])
        assert info.config.task.source == "prime-rl token export"  # type: ignore[union-attr]
        read.append(tables(store, run_id, tmp_path / run_id))
    for name, table in read[0].items():
        pd.testing.assert_frame_equal(table, read[1][name])
    samples, tokens = read[0]["samples"], read[0]["tokens"]
    assert samples["step"].tolist() == [0] * 4 + [1] * 4  # step 9 comes before step 10
    assert samples["group"].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert samples["prompt"].tolist()[:3] == ["gsm8k\n⟨1⟩⟨2⟩", "gsm8k\n⟨1⟩⟨2⟩", "gsm8k\n⟨1⟩⟨3⟩"]
    assert samples["response"][1] == "⟨11⟩⟨11⟩⟨12⟩⟨13⟩"
    assert samples["length"].tolist() == [4] * 8
    assert samples[["reward", "success", "answer", "truncated"]].isna().all(axis=None)  # it does not know them
    assert read[0]["steps"]["samples_seen"].tolist() == [4, 8]
    assert len(tokens) == 8 * 4


def test_each_tokens_numbers_are_those_of_the_line(store: RunStore, tmp_path: Path) -> None:
    run_id = import_any(store, jsonl(record(0, 0, 0.5), record(0, 1, -0.5)).encode(), "Mine")
    t = tables(store, run_id, tmp_path)
    up, down = (t["tokens"][t["tokens"]["sample"] == i] for i in range(2))
    assert store.get(run_id).name == "Mine"
    assert up["token_id"].tolist() == [10, 11, 12, 13]
    assert up["token"].tolist() == ["⟨10⟩", "⟨11⟩", "⟨12⟩", "⟨13⟩"]
    assert up["written"].tolist() == [True, True, False, True]
    policys = up[up["written"].astype(bool)]
    assert policys["logprob_old"].tolist() == [-0.5, -1.0, -0.25]
    assert policys["logprob"].tolist() == [-0.5, -0.75, -0.5]
    assert policys["ratio"].tolist() == pytest.approx([1, math.exp(0.25), math.exp(-0.25)])
    assert policys["advantage"].tolist() == [0.5] * 3
    assert policys["entropy"].tolist() == [0.5, 0.25, 0.75]
    assert policys["clipped"].tolist() == [0, 1, 0]
    assert down[down["written"].astype(bool)]["clipped"].tolist() == [0, 0, -1]
    of_the_tool = up[~up["written"].astype(bool)]
    numbers = ["logprob_old", "logprob", "ratio", "advantage", "entropy", "clipped"]
    assert of_the_tool[numbers].isna().all(axis=None)
    assert up[["logprob_ref", "kl_k3", "value", "objective", "advantage_raw"]].isna().all(axis=None)
    step = t["steps"].iloc[0]
    assert step["ratio_mean"] == pytest.approx((1 + math.exp(0.25) + math.exp(-0.25)) / 3)
    assert step["entropy"] == pytest.approx(0.5)
    assert (step["clip_ratio_high"], step["clip_ratio_low"]) == pytest.approx((1 / 6, 1 / 6))
    assert step["clip_ratio"] == pytest.approx(1 / 3)
    assert step["completion_length"] == 4
    assert math.isnan(step["reward"])
    if "approx_kl_update" in STEPS.names:
        mismatch = [r - math.log(r) - 1 for r in (1, math.exp(0.25), math.exp(-0.25))]
        assert step["approx_kl_update"] == pytest.approx(sum(mismatch) / 3)
    feed = Feed(store)
    shown = json.loads(feed.step(run_id, 0).text())
    assert [x["group"] for x in shown["groups"]] == [0]
    json.loads(feed.group(run_id, 0, 0).text())
    warning = str(store.get(run_id).learners[0].warning)
    assert warning.startswith("prime-rl's token export holds neither text nor rewards")


def test_what_the_trainer_could_not_compute_is_null(store: RunStore, tmp_path: Path) -> None:
    names = ("mismatch_kl", "log_importance_ratio", "importance_ratio", "prob_delta", "is_masked", "is_masked_high")
    bare = record(0, 0, 0.5, **{x: [None] * 6 for x in (*names, "is_masked_low")})
    t = tables(store, import_any(store, jsonl(bare).encode()), tmp_path)
    assert t["tokens"][["ratio", "clipped"]].isna().all(axis=None)
    assert t["steps"][["ratio_mean", "clip_ratio", "clip_ratio_low"]].isna().all(axis=None)
    assert t["steps"]["entropy"][0] == pytest.approx(0.5)


def test_a_masked_token_without_a_side_is_not_told_to_be_whole(store: RunStore, tmp_path: Path) -> None:
    masked = [False, False, False, True, False, True]
    sided = record(0, 0, 0.5, is_masked=masked, is_masked_high=[False] * 5 + [True], is_masked_low=[False] * 6)
    both = record(0, 1, 0.5, is_masked=masked, is_masked_high=masked, is_masked_low=masked)
    plain = record(0, 2, 0.5, is_masked=[False] * 6, is_masked_high=[None] * 6, is_masked_low=[None] * 6)
    t = tables(store, import_any(store, jsonl(sided, both, plain).encode()), tmp_path)
    tokens = t["tokens"][t["tokens"]["written"].astype(bool)]
    sides = [tokens[tokens["sample"] == i]["clipped"].astype(object).where(lambda x: x.notna(), None) for i in range(3)]
    assert [list(x) for x in sides] == [[0, None, 1], [0, None, None], [0, 0, 0]]
    step = t["steps"].iloc[0]
    assert step[["clip_ratio_low", "clip_ratio_high"]].isna().all()  # of some that were cut no side is told
    assert step["clip_ratio"] == pytest.approx(4 / 9)


def test_a_last_line_that_was_cut_short_is_lost_alone(store: RunStore, tmp_path: Path) -> None:
    run_id = import_any(store, jsonl(record(0, 0, 0.5), record(0, 1, -0.5))[:-30].encode())
    assert len(tables(store, run_id, tmp_path)["samples"]) == 1
    warning = str(store.get(run_id).learners[0].warning)
    assert warning.endswith("The last line of 1 of its files was cut short and is left out.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            jsonl(record(0, 0, 0.5, schema_version=2)),
            "unnamed:1: the token export is of schema version 2; version 1 can",
        ),
        (jsonl(record(0, 0, 0.5), {"a": 1}), "unnamed:2: there is no sequence of prime-rl's token export"),
        (jsonl(record(0, 0, 0.5)) + "{\n" + jsonl(record(0, 1, 0.5)), "unnamed:2 is not JSON"),
        (jsonl(record(0, 0, 0.5, entropy=[0.5])), r"entropy must be a list as long as token_ids \(6\)"),
        (jsonl(record(0, 0, 0.5, entropy=["a"] * 6)), "entropy must be a number or null"),
        (jsonl(record(0, 0, 0.5, token_ids=[-1] * 6)), "token_ids must be a list of whole numbers from 0"),
        (jsonl(record(0, 0, 0.5, token_ids=[True] * 6)), "token_ids must be a list of whole numbers from 0"),
        (jsonl(record(0, 0, 0.5, loss_mask=[1] * 6)), "loss_mask must say true or false of every token"),
        (
            jsonl(record(0, 0, 0.5, is_masked_low=["no"] * 6)),
            "is_masked_low must say true, false or null of every token",
        ),
        (jsonl(record(-1, 0, 0.5)), "step and rank must be whole numbers from 0"),
    ],
)
def test_what_cannot_be_read_is_a_sentence_and_leaves_nothing(store: RunStore, text: str, sentence: str) -> None:
    with pytest.raises(ImportFailed, match=sentence) as caught:
        import_any(store, text.encode())
    assert "\n" not in str(caught.value)
    assert store.runs() == []


def test_what_else_ends_a_line_for_python_ends_none_here(store: RunStore, tmp_path: Path) -> None:
    text = json.dumps(record(0, 0, 0.5, env_name="one\u2028two\u0085three"), ensure_ascii=False)
    prompt = tables(store, import_any(store, text.encode()), tmp_path)["samples"]["prompt"][0]
    assert prompt.startswith("one\u2028two\u0085three\n")


def test_one_step_that_comes_twice_is_refused(store: RunStore) -> None:
    twice = {"a/rank_0.jsonl": jsonl(record(3, 0, 0.5)), "b/rank_0.jsonl": jsonl(record(3, 0, 0.5))}
    with pytest.raises(ImportFailed, match="Two files hold step 3 of rank 0"):
        import_any(store, zipped(twice))


def test_a_long_prompt_and_a_long_response_are_shown_in_part(store: RunStore, tmp_path: Path) -> None:
    lists = ("position_ids", "advantages", "inference_logprobs", "trainer_logprobs", "entropy", "mismatch_kl")
    none = dict.fromkeys((*lists, "importance_ratio", "is_masked_high", "is_masked_low", "is_masked"))
    long = record(0, 0, 0.5, **none, token_ids=[123_456] * 60_000, loss_mask=[False] * 30_000 + [True] * 30_000)
    t = tables(store, import_any(store, jsonl(long).encode()), tmp_path)
    assert t["samples"]["length"].tolist() == [30_000]
    assert len(t["tokens"]) == 30_000
    assert t["samples"]["response"][0] == "⟨123456⟩" * 10_000


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "home"))
    (tmp_path / "export.zip").write_bytes(zipped(files()))
    assert main(["import", str(tmp_path / "export.zip")]) == 0
    assert capsys.readouterr().out.startswith(f"{RunStore().runs()[0].id}  grpo 2 steps  prime-rl\n")
