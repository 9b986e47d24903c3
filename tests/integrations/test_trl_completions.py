"""TRL's completions: how rewards were weighed or normalised, told by the advantages; tools and thoughts in the text."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.integrations.trl.completions import NO_TOKENS
from core.runs.feed import Feed
from core.runs.importing import import_any
from core.runs.store import RunStore
from tests.integrations.trl_runs import brevity, trainer


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'store' / 'runs.sqlite'}", home=tmp_path / "store")


def odd(completions: list[str], **_: Any) -> list[float]:
    return [sum(x.count(y) for y in "13579") / 4 for x in completions]


def three(completions: list[str], **_: Any) -> list[float]:
    return [float(x.startswith("3")) for x in completions]


def made_by_trl(out: Path, **options: Any) -> pd.DataFrame:
    """A real run's completions, each batch once."""
    pytest.importorskip("trl", reason="TRL is a test-only dependency")
    options = {"rewards": (three, brevity, odd), "max_steps": 4, **options}
    trainer(out, [], log_completions=True, **options).train()
    files = sorted((out / "completions").iterdir())
    return pd.concat([pd.read_parquet(x) for x in files[::2]], ignore_index=True)


def rewards(store: RunStore, run_id: str) -> list[float]:
    return [x for step in range(2) for x in store.samples(run_id, "grpo", step)["reward"].to_pylist()]


def warning(store: RunStore, run_id: str) -> str:
    return str(store.get(run_id).learners[0].warning)


@pytest.mark.parametrize("scale", ["none", "group", "batch"])
def test_weights_of_rewards_are_told_by_the_advantages(store: RunStore, tmp_path: Path, scale: str) -> None:
    theirs = made_by_trl(tmp_path / "trl", reward_weights=[0.5, 2.0, -0.25], scale_rewards=scale)
    run_id = import_any(store, tmp_path / "trl", "Weighed")
    weighed = 0.5 * theirs["three"] + 2 * theirs["brevity"] - 0.25 * theirs["odd"]
    assert rewards(store, run_id) == pytest.approx(weighed.tolist(), abs=1e-3)
    formula = "0.5 × three + 2 × brevity + -0.25 × odd"
    assert warning(store, run_id) == f"{NO_TOKENS} By the advantages, the reward is {formula}."
    settings: Any = store.get(run_id).config.learner("grpo")
    assert settings.scale_rewards == scale
    feed, rows = Feed(store), []
    for step in range(2):
        for group in range(3):
            shown = json.loads(feed.group(run_id, step, group).text())["learners"]["grpo"]
            rows += [x["credit"] for x in shown["responses"]]
    assert rows == pytest.approx(theirs["advantage"].tolist(), abs=2e-3)


@pytest.mark.parametrize("weights", [None, [1.0, 0.5, 0.25]])
def test_rewards_that_were_normalised_before_the_sum(
    store: RunStore, tmp_path: Path, weights: list[float] | None
) -> None:
    theirs = made_by_trl(
        tmp_path / "trl", reward_weights=weights, multi_objective_aggregation="normalize_then_sum", max_steps=8
    )
    run_id = import_any(store, tmp_path / "trl", "Normalised")
    w = weights or [1.0, 1.0, 1.0]
    total = w[0] * theirs["three"] + w[1] * theirs["brevity"] + w[2] * theirs["odd"]
    assert rewards(store, run_id) == pytest.approx(total.tolist()[:24], abs=1e-3)
    sentence = warning(store, run_id)
    assert ("By the advantages, the reward is 1 × three + 0.5 × brevity + 0.25 × odd." in sentence) == (
        weights is not None
    )
    assert "(normalize_then_sum)" in sentence
    assert "grpo.scale_rewards" in store.get(run_id).config.task.unrecorded  # type: ignore[union-attr]


def parquet(rows: dict[str, list[Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(rows), sink)
    return sink.getvalue()


def test_weights_may_be_known_up_to_a_factor_alone(store: RunStore) -> None:
    """Advantages of four digits do not tell how far TRL's 0.0001 took them down."""
    draw = np.random.default_rng(1)
    a, b = draw.normal(size=(2, 6, 4))
    total = 3 * a + 1.5 * b
    centred = total - total.mean(1, keepdims=True)
    advantage = (centred / total.std(1, ddof=1, keepdims=True)).round(4)
    numbers = {"a": a.ravel().tolist(), "b": b.ravel().tolist(), "advantage": advantage.ravel().tolist()}
    rows = {"step": [1] * 24, "prompt": [f"p{i // 4}" for i in range(24)], "completion": [str(i) for i in range(24)]}
    run_id = import_any(store, parquet({**rows, **numbers}))
    assert warning(store, run_id) == f"{NO_TOKENS} By the advantages, the reward is 1 × a + 0.5 × b, up to a factor."
    assert store.samples(run_id, "grpo", 0)["reward"].to_pylist() == pytest.approx(
        (total / 3).ravel().tolist(), abs=1e-3
    )


def test_columns_that_explain_nothing_are_not_bent_until_they_do(store: RunStore) -> None:
    draw = np.random.default_rng(0)
    numbers: dict[str, list[Any]] = {x: draw.normal(size=24).tolist() for x in ("a", "b", "c", "advantage")}
    rows = {"step": [1] * 24, "prompt": [f"p{i // 4}" for i in range(24)], "completion": [str(i) for i in range(24)]}
    run_id = import_any(store, parquet({**rows, **numbers}))
    assert store.samples(run_id, "grpo", 0)["reward"].null_count == 24
    assert "could not be told from the advantages: a, b, c." in warning(store, run_id)


def test_calls_of_tools_and_thoughts_are_shown(store: RunStore) -> None:
    call = {"type": "function", "function": {"name": "add", "arguments": {"a": 3, "b": 4, "text": None}}}
    other = {"type": "function", "function": {"name": "say", "arguments": {"a": None, "b": None, "text": "七"}}}
    nothing: dict[str, Any] = {"reasoning_content": None, "tool_calls": None, "name": None}
    completions = [
        [
            {
                "role": "assistant",
                "content": "",
                **nothing,
                "reasoning_content": "I should add. ",
                "tool_calls": [call],
            },
            {"role": "tool", "content": "7", **nothing, "name": "add"},
            {"role": "assistant", "content": "It is 7.", **nothing},
        ],
        [{"role": "assistant", "content": "Seven.", **nothing, "reasoning_content": "3 and 4"}],
        [{"role": "assistant", "content": "", **nothing, "tool_calls": [call, other]}],
        [{"role": "assistant", "content": "8", **nothing}],
    ]
    prompts = [[{"role": "user", "content": "What is 3 + 4?"}]] * 4
    numbers = {"right": [1.0, 1.0, 0.0, 0.0], "advantage": [0.5, 0.5, -0.5, -0.5]}
    rows = {"step": [1] * 4, "prompt": prompts, "completion": completions, **numbers}
    run_id = import_any(store, parquet(rows))
    samples = store.samples(run_id, "grpo", 0)
    assert samples["prompt"].to_pylist() == ["What is 3 + 4?"] * 4
    assert samples["response"].to_pylist() == [
        "assistant: [reasoning] I should add.\n[tool call] add(a=3, b=4)\ntool add: 7\nassistant: It is 7.",
        "[reasoning] 3 and 4\nSeven.",
        '[tool call] add(a=3, b=4)\n[tool call] say(text="七")',
        "8",
    ]


def test_arguments_as_text_and_broken_calls_stay_text(store: RunStore) -> None:
    calls = [
        {"function": {"name": "run", "arguments": '{"code": "1+1"}'}},
        {"function": {"name": None, "arguments": None}},
    ]
    completions = [
        [{"role": "assistant", "content": "x", "tool_calls": calls}],
        [{"role": "assistant", "content": "y"}],
    ]
    numbers = {"right": [1.0, 0.0], "advantage": [0.7071, -0.7071]}
    run_id = import_any(store, parquet({"step": [1] * 2, "prompt": ["a"] * 2, "completion": completions, **numbers}))
    assert store.samples(run_id, "grpo", 0)["response"].to_pylist() == [
        'x\n[tool call] run({"code": "1+1"})\n[tool call] ?()',
        "y",
    ]
