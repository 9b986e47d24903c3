"""The recorded response whose truth falls: it is the shipped run's, and shows what is said of it."""

from __future__ import annotations

import json

import pytest
import torch

from core.insight.true_fall import EXAMPLE, RECORDED, ResponseId, measure
from core.runs.recorded import SHIPPED, import_recorded
from core.runs.store import RunStore
from core.runs.true_fall import main
from tests.lessons.real import STEP, real_run


def test_the_recorded_response_is_the_shipped_runs_own(tmp_path) -> None:
    of = json.loads(RECORDED.read_text(encoding="utf-8"))
    store = RunStore(home=tmp_path)
    import_recorded(store, SHIPPED[EXAMPLE.run], EXAMPLE.run)
    samples = {x["sample"]: x for x in store.samples(EXAMPLE.run, "ppo", EXAMPLE.step).to_pylist()}
    rows = [x for x in store.tokens(EXAMPLE.run, "ppo", EXAMPLE.step).to_pylist() if x["sample"] == EXAMPLE.sample]
    rows = sorted((x for x in rows if x["pass"] == 0), key=lambda x: x["position"])
    mine = samples[EXAMPLE.sample]
    assert (of["prompt"], of["reward"]) == (mine["prompt"], mine["reward"])
    assert of["tokens"] == [x["token"] for x in rows]
    assert of["critic"] == pytest.approx([x["value"] for x in rows], abs=6e-5)
    rewards = [x["reward"] for x in samples.values() if x["group"] == mine["group"]]
    assert of["group_mean"] == pytest.approx(sum(rewards) / len(rewards))
    store.close()


def test_the_truth_falls_to_nothing_where_the_critic_stays() -> None:
    of = json.loads(RECORDED.read_text(encoding="utf-8"))
    falls = [a - b for a, b in zip(of["true"], of["true"][1:], strict=False)]
    at = max(range(len(falls)), key=falls.__getitem__)
    assert falls[at] > 0.8
    assert max(of["true"][at + 1 :]) < 0.05
    assert min(of["critic"][at + 1 :]) > 0.9
    assert all(low <= x <= high for x, low, high in zip(of["true"], of["low"], of["high"], strict=True))


def test_a_response_is_measured_under_the_policy_that_wrote_it(tmp_path) -> None:
    """With several continuations, the last prefix's value is that of all endings from there; the seed says which."""
    torch.set_num_threads(1)
    store = RunStore(home=tmp_path)
    run = real_run(store)
    sample = store.tokens(run, "ppo", STEP)["sample"][0].as_py()
    of = measure(store, ResponseId(run, "ppo", STEP, sample), 8)
    rows = [x for x in store.tokens(run, "ppo", STEP).to_pylist() if x["sample"] == sample and x["pass"] == 0]
    assert len(of["tokens"]) == len(of["true"]) == len(of["critic"]) == len(rows)
    assert of["critic"] == pytest.approx([x["value"] for x in sorted(rows, key=lambda x: x["position"])], abs=6e-5)
    assert all(round(8 * x, 2) == int(8 * x) for x in of["true"])  # shares of eight endings
    assert of == measure(store, ResponseId(run, "ppo", STEP, sample), 8)
    assert of["true"] != measure(store, ResponseId(run, "ppo", STEP, sample), 8, seed=1)["true"]
    store.close()


def test_the_command_writes_what_it_measured(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("core.runs.true_fall.measure", lambda store, place, count: {"place": place.sample, "k": count})
    main(["--continuations", "3", "--out", str(tmp_path / "out.json")])
    assert json.loads((tmp_path / "out.json").read_text()) == {"place": EXAMPLE.sample, "k": 3}
