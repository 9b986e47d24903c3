"""The KL estimators against Schulman's published numbers, the exact sum, and what is known of their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.algorithms.kl import ESTIMATORS, entropy_of, kl_exact, kl_k1, kl_k2, kl_k3

#: Schulman's table: mean of p, true KL, then for k1 k2 k3 the bias and the standard deviation, both over the true KL.
SCHULMAN = [(0.1, 0.005, (0, 0.002, 0), (20, 1.42, 1.42)), (1.0, 0.5, (0, 0.25, 0), (2, 1.73, 1.7))]


@pytest.mark.parametrize(("mean", "true_kl", "bias", "spread"), SCHULMAN)
def test_schulmans_gaussians(mean: float, true_kl: float, bias: tuple, spread: tuple) -> None:
    """q = N(0,1) against p = N(mean,1): expectations over q by Gauss–Hermite quadrature, so without sampling error."""
    points, weights = np.polynomial.hermite_e.hermegauss(100)
    weights = weights / weights.sum()
    logprob, logprob_ref = torch.tensor(-(points**2) / 2), torch.tensor(-((points - mean) ** 2) / 2)
    for estimator, expected_bias, expected_spread in zip(ESTIMATORS.values(), bias, spread, strict=True):
        values = estimator(logprob, logprob_ref).numpy()
        average = (weights * values).sum()
        deviation = np.sqrt((weights * (values - average) ** 2).sum())
        assert (average - true_kl) / true_kl == pytest.approx(expected_bias, abs=0.004)
        assert deviation / true_kl == pytest.approx(expected_spread, abs=0.006)


def two_policies() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(3, 6, dtype=torch.float64), torch.randn(3, 6, dtype=torch.float64)


def test_exact_kl_and_entropy_are_the_sums_over_the_vocabulary() -> None:
    logits, logits_ref = two_policies()
    p, q = (np.exp(x.numpy()) / np.exp(x.numpy()).sum(-1, keepdims=True) for x in (logits, logits_ref))
    np.testing.assert_allclose(kl_exact(logits, logits_ref).numpy(), (p * np.log(p / q)).sum(-1), rtol=1e-12)
    np.testing.assert_allclose(entropy_of(logits.log_softmax(-1)).numpy(), -(p * np.log(p)).sum(-1), rtol=1e-12)
    logprobs, logprobs_ref = logits.log_softmax(-1), logits_ref.log_softmax(-1)
    torch.testing.assert_close(kl_exact(logprobs, logprobs_ref), kl_exact(logits, logits_ref))


def test_an_impossible_token_adds_nothing() -> None:
    logits = torch.tensor([0.0, 0.0, -torch.inf])
    assert entropy_of(logits.log_softmax(-1)).item() == pytest.approx(np.log(2))
    assert kl_exact(logits, logits).item() == 0
    # Impossible to the policy alone: it adds nothing. To the reference alone: the two are infinitely far apart.
    anything = torch.zeros(3)
    assert kl_exact(logits, anything).item() == pytest.approx(np.log(3 / 2))
    assert kl_exact(anything, logits).item() == np.inf


def test_k1_and_k3_are_right_on_average_and_k2_is_not() -> None:
    logits, logits_ref = two_policies()
    logprobs, logprobs_ref = logits.log_softmax(-1), logits_ref.log_softmax(-1)
    exact = kl_exact(logits, logits_ref)
    for estimator, right in ((kl_k1, True), (kl_k2, False), (kl_k3, True)):
        average = (logprobs.exp() * estimator(logprobs, logprobs_ref)).sum(-1)
        assert torch.allclose(average, exact, rtol=1e-10) is right


def test_only_k2s_gradient_is_the_kls() -> None:
    """In expectation over the policy: k1's gradient is 0, k2's the KL's, k3's that of the KL the other way round."""
    logits, logits_ref = two_policies()
    logits.requires_grad_()
    logprobs, logprobs_ref = logits.log_softmax(-1), logits_ref.log_softmax(-1)

    def gradient(of: torch.Tensor) -> torch.Tensor:
        return torch.autograd.grad(of.sum(), logits, retain_graph=True)[0]

    expected = {
        "k1": 0 * logits,
        "k2": gradient(kl_exact(logits, logits_ref)),
        "k3": gradient(kl_exact(logits_ref, logits)),
    }
    for name, estimator in ESTIMATORS.items():
        average = (logprobs.exp().detach() * estimator(logprobs, logprobs_ref)).sum(-1)
        torch.testing.assert_close(gradient(average), expected[name])


def test_low_precision_input_is_computed_in_float32() -> None:
    low = torch.tensor([-1.0], dtype=torch.bfloat16)
    for estimator in ESTIMATORS.values():
        assert estimator(low, low - 1).dtype == torch.float32
    assert kl_exact(low, low).dtype == torch.float32
