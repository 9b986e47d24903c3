"""bfloat16 where matrices are multiplied and nowhere else; what CUDA's autocast does is tried with the CPU's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
import torch
from torch import nn

from core.models import forward, precision
from core.models.value import ValueModel
from core.training import gather, scoring
from core.training.drift import DRIFT_ALLOWED
from core.training.rollout import Rollout
from core.training.scoring import Sequences
from core.training.trainer import Trainer
from tests.tiny import chat_model, chat_trainer, saved

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("model"))


@pytest.mark.parametrize(
    ("asked", "device", "small", "expected"),
    [
        ("auto", "cpu", True, "float32"),
        ("auto", "cpu", False, "bfloat16"),
        ("auto", "mps", False, "float32"),
        ("float32", "cpu", False, "float32"),
        ("bfloat16", "cpu", True, "bfloat16"),
    ],
)
def test_what_auto_means(asked: str, device: str, small: bool, expected: str) -> None:
    assert precision.resolve(asked, torch.device(device), small=small) == expected


def test_bfloat16_rounds_products_and_only_within() -> None:
    random = torch.Generator().manual_seed(0)
    a, b = (torch.randn(64, 64, generator=random) for _ in range(2))
    exact, setting = a @ b, torch.get_float32_matmul_precision()
    with precision.matmuls("float32", CPU):
        assert torch.equal(a @ b, exact)
    with precision.matmuls("bfloat16", CPU):
        rounded = a @ b
    assert rounded.dtype == torch.float32
    assert torch.get_float32_matmul_precision() == setting
    assert torch.equal(a @ b, exact)
    off = float((rounded - exact).abs().max())
    assert off < 0.5
    # oneDNN's mode is a permission. Of 32-bit inputs only its AMX kernels make use of it: on a processor that has
    # AVX-512-BF16 and no AMX, products stay float32 (measured on an AMD EPYC: equal to the bit at this size).
    assert (off > 1e-3) is precision.rounds("bfloat16", CPU)
    assert not precision.rounds("float32", CPU)
    assert torch.get_float32_matmul_precision() == setting


def test_whether_products_are_rounded_is_measured_in_the_runs_own_arithmetic(monkeypatch) -> None:
    monkeypatch.setattr(precision, "matmuls", as_on_cuda)
    assert precision.rounds("bfloat16", CPU)
    with precision.autocast(CPU), precision.exact(CPU):
        a = torch.rand(8, 8)
        assert (a @ a).dtype == torch.float32


@pytest.mark.parametrize(
    ("asked", "dtype", "rounded", "small", "sentence"),
    [
        ("auto", "bfloat16", True, False, "dtype=auto: matrix products round their inputs to bfloat16 here."),
        ("auto", "bfloat16", False, False, "dtype=auto: matrix products may round to bfloat16, but this processor does "
         "not: they are float32."),
        ("auto", "float32", False, True, "dtype=auto: matrix products are float32; so small a model gains nothing from "
         "bfloat16."),
        ("float32", "float32", False, True, "dtype=float32: matrix products are float32."),
    ],
)  # fmt: skip
def test_a_run_says_what_it_multiplies_in(asked, dtype, rounded, small, sentence) -> None:
    assert str(precision.about(asked, dtype, rounded=rounded, small=small)) == sentence


def test_a_trainer_says_what_it_does_on_this_processor(model: str) -> None:
    trainer = chat_trainer(model, {"algorithm": "grpo"}, dtype="auto")
    here = precision.rounds("bfloat16", CPU)
    assert trainer.rounds is here
    assert trainer.note == precision.about("auto", "bfloat16", rounded=here, small=False)


def test_the_setting_is_put_back_when_something_breaks() -> None:
    setting = torch.get_float32_matmul_precision()

    def breaks() -> None:
        with precision.matmuls("bfloat16", CPU), precision.matmuls("bfloat16", CPU):
            assert torch.get_float32_matmul_precision() == "medium"
            raise KeyError

    with pytest.raises(KeyError):
        breaks()
    assert torch.get_float32_matmul_precision() == setting


def test_a_step_that_breaks_leaves_the_processs_arithmetic_as_it_was(model: str) -> None:
    learning = chat_trainer(model, {"algorithm": "grpo"}, dtype="bfloat16")
    setting = torch.get_float32_matmul_precision()
    next(learning.steps())
    assert torch.get_float32_matmul_precision() == setting

    def broken(*_: object, **__: object) -> None:
        raise KeyError

    learning.task.verify = broken
    with pytest.raises(KeyError):
        next(learning.steps())
    assert torch.get_float32_matmul_precision() == setting


def test_logits_and_values_are_float32_under_autocast() -> None:
    policy = chat_model()
    critic = ValueModel(policy)
    nn.init.normal_(critic.head.weight)
    hidden = torch.randn(3, 32, generator=torch.Generator().manual_seed(1))
    exact = policy.lm_head(hidden)
    with precision.autocast(CPU):
        assert policy.lm_head(hidden).dtype == torch.bfloat16
        assert torch.equal(forward.logits(policy, hidden), exact)
        ids = torch.arange(10, 20)[None]
        sequences = Sequences(ids, None, torch.ones(1, 4, dtype=torch.bool), 6)
        scored = scoring.score(policy, sequences, 1.0)
        assert scored.logprobs.dtype == scored.entropy.dtype == torch.float32
        values, after = scoring.values(critic, sequences)
        assert values.dtype == after.dtype == torch.float32
        # of float32, too: no number that bfloat16 has
        assert not torch.equal(values, values.bfloat16().float())


def test_autocast_sees_weights_that_an_optimiser_has_moved() -> None:
    linear, x = nn.Linear(4, 4), torch.ones(1, 4)
    with precision.autocast(CPU):
        before = linear(x)
        with torch.no_grad():
            linear.weight += 1
            assert (linear(x) - before).min() > 3
        with torch.no_grad(), precision.same_weights():
            assert (linear(x) - before).min() > 3
            linear.weight += 1  # what must not be: within, what was rounded once is used on
            assert (linear(x) - before).max() < 5
        assert (linear(x) - before).min() > 7
        assert linear(x).requires_grad
    assert torch.is_autocast_cache_enabled()


@contextlib.contextmanager
def as_on_cuda(_dtype: str, _device: torch.device) -> Iterator[None]:
    with precision.autocast(CPU):
        yield


@pytest.mark.parametrize("settings", [{}, {"micro_batch_size": 3}, {"lora_rank": 2}, {"gradient_checkpointing": True}])
def test_a_run_under_autocast_trains_what_it_samples_from(model: str, monkeypatch, settings) -> None:
    """As on CUDA. Rounded weights that were remembered from before an update would leave every ratio at 1."""
    monkeypatch.setattr(precision, "matmuls", as_on_cuda)
    learning = chat_trainer(model, {"algorithm": "ppo"}, dtype="bfloat16", steps=3, eval_every=1, **settings)
    start = {name: x.clone() for name, x in learning.policy.named_parameters()}
    for number, trace in enumerate(learning.steps()):
        last = trace.tokens.filter(pc.equal(trace.tokens["pass"], 2))
        first = trace.tokens.filter(pc.equal(trace.tokens["pass"], 0))
        assert np.ptp(last["ratio"].to_numpy()) > 1e-3
        assert set(first["ratio"].to_pylist()) == {1.0} or (number and "micro_batch_size" in settings)
        # What wrote step 1's responses is what step 0 left behind, but for rounding.
        assert learning._drift.last < 0.1
        assert np.isfinite(trace.tokens["logprob"].to_numpy()).all()
    assert any(not torch.equal(x, start[name]) for name, x in learning.policy.named_parameters())
    assert {x.dtype for x in learning.policy.parameters()} == {torch.float32}


def test_the_bundled_model_runs_under_autocast_too(monkeypatch) -> None:
    from core.config import RunConfig
    from core.given_config import change

    monkeypatch.setattr(precision, "matmuls", as_on_cuda)
    small = {"prompts_per_step": 2, "num_generations": 4, "steps": 1, "eval_every": 0, "dtype": "bfloat16"}
    learning = Trainer(change(RunConfig(device="cpu"), small), "ppo")
    [trace] = learning.steps()
    assert set(trace.tokens.filter(pc.equal(trace.tokens["pass"], 0))["ratio"].to_pylist()) == {1.0}
    assert np.ptp(trace.tokens["ratio"].to_numpy()) > 1e-3
    assert learning._drift.last < 0.2


def test_drift_is_told_once_and_again_only_where_it_has_doubled(model: str, monkeypatch, tmp_path: Path) -> None:
    off = [0.0, 0.5, 0.01, 0.012, 0.03, 0.0, 0.03]
    real = gather.sample

    def sample(*given: object, **more: object) -> Rollout:
        rollout = real(*given, **more)
        rollout.logprobs.add_(off.pop(0) * DRIFT_ALLOWED if len(off) > 5 else off.pop(0))
        return rollout

    monkeypatch.setattr(gather, "sample", sample)
    learning = chat_trainer(model, {"algorithm": "grpo"}, steps=7)
    steps = learning.steps()
    drifts = [[x["value"] for x in next(steps).events] for _ in range(6)]
    learning.save(tmp_path / "checkpoint")  # nor is it told again where a run goes on
    drifts.append([x["value"] for x in next(Trainer.load(tmp_path / "checkpoint").steps()).events])
    assert [len(x) for x in drifts] == [0, 0, 1, 0, 1, 0, 0]
    assert drifts[2][0] == pytest.approx(0.01, rel=0.05)
    assert drifts[4][0] == pytest.approx(0.03, rel=0.05)


def test_what_pages_score_again_is_scored_in_the_runs_arithmetic(model: str, monkeypatch, tmp_path: Path) -> None:
    from core.insight.replay import score_ids
    from core.training.continuations import Oracle, Responses

    learning = chat_trainer(model, {"algorithm": "ppo"}, dtype="bfloat16")
    [trace, _] = learning.steps()
    used: list[str] = []
    real = forward.states

    def watched(*given: object, **more: object) -> object:
        used.append(torch.get_float32_matmul_precision())
        return real(*given, **more)

    monkeypatch.setattr(forward, "states", watched)
    ids, mask = torch.tensor([[5, 6], [7, 2]]), torch.ones(2, 2, dtype=torch.bool)
    prompts = trace.samples["prompt"].to_pylist()[:2]
    score_ids(learning, prompts, ids, mask)
    assert used == ["medium"] * 3  # policy, reference, critic
    decoder = forward.decoder
    monkeypatch.setattr(
        forward, "decoder", lambda *x: (used.append(torch.get_float32_matmul_precision()), decoder(*x))[1]
    )
    used.clear()
    Oracle.of(learning).estimate(Responses(prompts, ids, mask, torch.zeros(2)), continuations=2)
    assert used
    assert set(used) == {"medium"}
