"""The models of a step, had again from the start, from a checkpoint, and through changed settings."""

from __future__ import annotations

import itertools

import pytest
import torch

from core.config import RunConfig
from core.insight.panel import Panel
from core.insight.replay import models_at, score_texts
from core.runs.store import RunStore
from core.training import checkpoints
from core.training.trainer import Trainer

CHANGE = {"ppo.lam": 0.3, "learning_rate": 0.001}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A real run of four small steps whose settings were changed before its third, and its weights before the last."""
    store = RunStore(home=tmp_path_factory.mktemp("home"))
    config = RunConfig(steps=4, prompts_per_step=2, num_generations=4, panel_size=8, eval_every=0, device="cpu")
    run_id = store.create(config)
    trainer = Trainer(config, "ppo")
    weights = {}
    for trace in trainer.steps():
        store.append(run_id, trace)
        if trainer.step == 2:
            trainer.change(CHANGE)
            store.add_event(run_id, "ppo", 2, "change", CHANGE)
        weights[trainer.step] = {name: x.clone() for name, x in trainer.policy.state_dict().items()}
    return store, run_id, config, weights


def test_training_again_ends_at_the_same_weights_through_a_change(run):
    store, run_id, _config, weights = run
    reports = []
    replayed = models_at(store, run_id, "ppo", 3, lambda done, all_: reports.append((done, all_)))
    assert (replayed.origin, replayed.drift, replayed.trainer.step) == ("training again", 0.0, 3)
    assert reports == [(0, 3), (1, 3), (2, 3)]
    assert all(torch.equal(x, weights[3][name]) for name, x in replayed.trainer.policy.state_dict().items())


def test_the_start_needs_no_training(run):
    store, run_id, _config, _weights = run
    replayed = models_at(store, run_id, "ppo", 0, lambda *_: pytest.fail("nothing to train"))
    assert (replayed.origin, replayed.drift) == ("start", 0.0)


def test_a_checkpoint_is_taken_where_there_is_one(run):
    store, run_id, config, weights = run
    trainer = Trainer(config, "ppo")
    for _trace in itertools.islice(trainer.steps(), 3):
        if trainer.step == 2:
            trainer.change(CHANGE)
    checkpoints.save(trainer, checkpoints.folder(store.home, run_id, "ppo"))
    replayed = models_at(store, run_id, "ppo", 3)
    assert (replayed.origin, replayed.drift) == ("checkpoint", 0.0)
    assert all(torch.equal(x, weights[3][name]) for name, x in replayed.trainer.policy.state_dict().items())


def test_other_weights_show_in_the_drift(run):
    store, _run_id, config, _weights = run
    other = store.create(config.model_copy(update={"seed": 1}))
    for trace in itertools.islice(Trainer(config, "ppo").steps(), 2):
        store.append(other, trace)
    assert models_at(store, other, "ppo", 1).drift > 1e-3


def test_what_would_take_minutes_is_refused(run, monkeypatch):
    store, run_id, _config, _weights = run
    monkeypatch.setattr("core.insight.replay.MOST_RESPONSES", 7)
    with pytest.raises(ValueError, match="choose an earlier step"):
        models_at(store, run_id, "ppo", 1)


def test_a_panel_holds_what_the_trace_says(run):
    store, run_id, _config, _weights = run
    tokens, samples = store.tokens(run_id, "ppo", 2), store.samples(run_id, "ppo", 2)
    panel = Panel.of(samples, tokens)
    value = panel.column("value")
    rows = [x for x in tokens.to_pylist() if x["pass"] == 0]
    assert int(panel.mask.sum()) == len(rows)
    for row in rows:
        at = panel.samples.index(row["sample"]), row["position"]
        assert panel.completion_ids[at] == row["token_id"]
        assert float(value[at]) == pytest.approx(row["value"])
    assert panel.rewards.tolist() == samples["reward"].to_pylist()
    assert panel.known("kl_exact") is not None


def test_a_typed_response_scores_as_the_sampled_one(run):
    store, run_id, _config, _weights = run
    panel = Panel.of(store.samples(run_id, "ppo", 3), store.tokens(run_id, "ppo", 3))
    texts = store.samples(run_id, "ppo", 3)["response"].to_pylist()
    trainer = models_at(store, run_id, "ppo", 3).trainer
    i = next(i for i, cut in enumerate(panel.truncated.tolist()) if not cut)
    scores, length = score_texts(trainer, panel.prompts[i], [texts[i]]), int(panel.mask[i].sum())
    assert scores.logprobs[0] == pytest.approx(panel.column("logprob_old")[i, :length].numpy(), abs=1e-5)
    assert scores.values[0] == pytest.approx(panel.column("value")[i, :length].numpy(), abs=1e-5)


@pytest.mark.parametrize("bad", ["", "8" * 15, "<b>", "8 + 1", "<eos>", "\u202e1", "$x$"])
def test_what_the_model_cannot_write_is_refused_in_one_sentence(run, bad):
    store, run_id, _config, _weights = run
    trainer = models_at(store, run_id, "ppo", 0).trainer
    with pytest.raises(ValueError, match=r"character") as refused:
        score_texts(trainer, "8+1+7=", [bad])
    assert "\n" not in str(refused.value)
    assert not bad or bad not in str(refused.value)
