"""The KL's estimates against numpy, closed forms and a model trained for two steps."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import torch

from core.given_config import change
from core.insight.kl_gradient import directions
from core.insight.kl_study import in_the_reward, pulls, spreads
from core.insight.replay import ReplayedModels
from core.presets import preset
from core.training.trainer import Trainer
from tests.helpers import step_trace


def test_bias_and_spread_are_numpys():
    trace = step_trace(preset("chain-sum"), "ppo", 3)
    rows = trace.tokens.to_pandas().query("`pass` == 0").astype({"logprob": float, "logprob_ref": float})
    x = (rows["logprob"] - rows["logprob_ref"]).to_numpy()
    exact = rows["kl_exact"].to_numpy(float)
    measured = spreads(trace.tokens)
    for name, values in {"k1": x, "k2": x**2 / 2, "k3": np.exp(-x) - 1 + x, "exact": exact}.items():
        assert measured[name].mean == pytest.approx(values.mean())
        assert measured[name].std == pytest.approx(values.std(ddof=1))
        assert measured[name].bias == pytest.approx((values - exact).mean(), abs=1e-12)
        assert measured[name].bias_error == pytest.approx((values - exact).std(ddof=1) / len(x) ** 0.5, abs=1e-12)
        assert measured[name].negative == pytest.approx((values < 0).mean())


def test_the_check_numbers_of_the_estimators_source():
    """Schulman 2020: q = N(0,1), p = N(0.1,1): KL 0.005; standard deviations 20, 1.42, 1.42 times it."""
    x = torch.randn(400_000, generator=torch.Generator().manual_seed(0)).double()
    log_q, log_p = -x.square() / 2, -(x - 0.1).square() / 2
    from core.algorithms.kl import ESTIMATORS

    spread = {name: float(k(log_q, log_p).std()) / 0.005 for name, k in ESTIMATORS.items()}
    assert spread["k1"] == pytest.approx(20, rel=0.02)
    assert spread["k2"] == pytest.approx(1.42, rel=0.05)
    assert spread["k3"] == pytest.approx(1.42, rel=0.05)


def test_what_each_estimate_pulls_at_a_token():
    x = torch.linspace(-3, 3, 13).double()
    weights = pulls(x, torch.zeros_like(x))
    torch.testing.assert_close(weights["k1"], torch.ones_like(x))
    torch.testing.assert_close(weights["k2"], x)
    torch.testing.assert_close(weights["k3"], 1 - torch.exp(-x))


def test_a_penalty_in_the_reward_is_charged_to_what_came_before():
    charged = in_the_reward(torch.tensor([0.0, 0.0, 1.0]), 0.5, 1.0, 0.5)
    assert charged.tolist() == pytest.approx([-0.125, -0.25, -0.5])


@pytest.fixture(scope="module")
def trained():
    small = {"prompts_per_step": 4, "num_generations": 4, "steps": 3, "eval_every": 0, "trace": "all", "device": "cpu"}
    trainer = Trainer(change(preset("chain-sum"), small), "ppo")
    steps = trainer.steps()
    next(steps), next(steps)
    again = Trainer(change(preset("chain-sum"), small), "ppo")
    two = again.steps()
    next(two), next(two)
    return again, next(steps)


def test_k1_has_no_gradient_k2_the_kls_and_k3_the_other_kls(trained):
    trainer, trace = trained
    measured = directions(ReplayedModels(trainer, 2, "training again", 0.0), trace.tokens, trace.samples)
    assert measured.expected["k1"].cosine is None
    assert measured.expected["k1"].length < 1e-5
    assert measured.expected["k2"].cosine == pytest.approx(1, abs=1e-6)
    assert measured.expected["k2"].length == pytest.approx(1, abs=1e-5)
    assert measured.expected["k3"].cosine == pytest.approx(measured.expected["reverse"].cosine, abs=1e-4)
    assert measured.expected["k3"].length == pytest.approx(measured.expected["reverse"].length, rel=1e-3)
    assert measured.sampled["k2"].cosine < 1 - 1e-4  # sampling noise


def test_directions_are_those_of_closed_forms_sent_back_through_the_model(trained):
    """At the logits dKL/dz = pi (log pi - log pi_ref - KL); the sampled k2's is (log pi - log pi_ref) grad log pi."""
    trainer, trace = trained
    measured = directions(ReplayedModels(trainer, 2, "training again", 0.0), trace.tokens, trace.samples)
    rows = trace.tokens.to_pandas().query("`pass` == 0")
    prompts = trace.samples.to_pandas().set_index("sample")["prompt"]
    weights = [x for x in trainer.policy.parameters() if x.requires_grad]
    of_kl, of_k2 = (torch.zeros(sum(x.numel() for x in weights)).double() for _ in range(2))
    for sample, own in rows.groupby("sample"):  # response by response, with nothing but the model itself
        tokenizer = trainer.codec.tokenizer
        prompt = [tokenizer.bos_token_id, *tokenizer(prompts[sample]).input_ids]
        answer = own.sort_values("position")["token_id"].tolist()
        ids = torch.tensor([prompt + answer])
        span = slice(len(prompt) - 1, ids.shape[1] - 1)
        logits = trainer.policy(input_ids=ids).logits[0, span]
        with torch.no_grad():
            p = logits.log_softmax(-1)
            gap = p - trainer.reference(input_ids=ids).logits[0, span].log_softmax(-1)
            at_kl = p.exp() * (gap - (p.exp() * gap).sum(-1, keepdim=True))
            chosen = torch.nn.functional.one_hot(torch.tensor(answer), p.shape[1])
            at_k2 = (gap * chosen).sum(-1, keepdim=True) * (chosen - p.exp())
        for total, at_logits in ((of_kl, at_kl), (of_k2, at_k2)):
            parts = torch.autograd.grad((logits * at_logits).sum(), weights, retain_graph=True)
            total += torch.cat([x.flatten() for x in parts]).double()
    assert measured.sampled["k2"].length == pytest.approx(float(of_k2.norm() / of_kl.norm()), rel=1e-3)
    cosine = float(of_k2 @ of_kl / of_k2.norm() / of_kl.norm())
    assert measured.sampled["k2"].cosine == pytest.approx(cosine, abs=1e-4)


def test_there_is_no_direction_before_the_first_step():
    small = {"prompts_per_step": 2, "num_generations": 2, "steps": 1, "eval_every": 0, "trace": "all", "device": "cpu"}
    config = change(preset("chain-sum"), small)
    trace = next(Trainer(config, "ppo").steps())
    with pytest.raises(ValueError, match="still is the reference"):
        directions(ReplayedModels(Trainer(config, "ppo"), 0, "start", 0.0), trace.tokens, trace.samples)


def test_a_penalty_is_charged_backwards_with_both_discounts_and_its_coefficient():
    kl = torch.tensor([0.3, -0.1, 0.7, 0.2], dtype=torch.float64)
    charged = in_the_reward(kl, 0.5, 0.9, 0.8)
    expected = [sum(-0.5 * (0.9 * 0.8) ** k * float(kl[t + k]) for k in range(4 - t)) for t in range(4)]
    assert charged.tolist() == pytest.approx(expected)


def test_without_a_reference_or_with_one_token_there_is_no_spread():
    tokens = step_trace(preset("chain-sum"), "ppo", 3).tokens
    first = tokens.filter(np.array(tokens["pass"].to_pylist()) == 0)
    assert spreads(first.slice(0, 1)) == {}
    assert {x.tokens for x in spreads(first.slice(0, 2)).values()} == {2}
    assert spreads(tokens)["exact"].bias == 0
    without = tokens.set_column(
        tokens.column_names.index("kl_exact"),
        "kl_exact",
        pa.nulls(tokens.num_rows, tokens.schema.field("kl_exact").type),
    )
    assert spreads(without) == {}


def test_an_estimate_of_exactly_0_is_not_below_0():
    tokens = step_trace(preset("chain-sum"), "ppo", 3).tokens
    same = tokens.set_column(tokens.column_names.index("logprob_ref"), "logprob_ref", tokens["logprob"])
    assert {name: spreads(same)[name].negative for name in ("k1", "k2", "k3")} == {"k1": 0, "k2": 0, "k3": 0}
