"""The loss that all learners share, term by term, by hand; and in parts."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.algorithms.aggregation import token_weights
from core.algorithms.policy_loss import loss_terms, policy_objective
from core.algorithms.surrogates import SURROGATES
from core.algorithms.types import take
from core.errors import RequestError
from core.learners.kinds.grpo import GRPOSettings
from core.learners.registry import credit_for
from tests.learners.test_credit import BATCH, LENGTH, an_experience

LONGEST = 6


def moved(seed: int = 1) -> torch.Tensor:
    experience = an_experience()
    noise = torch.randn(BATCH, LENGTH, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.where(experience.mask, experience.logprobs_old + 0.4 * noise, torch.nan)  # padding is never read


@pytest.mark.parametrize("beta", [0.0, 0.3])
@pytest.mark.parametrize("bonus", [0.0, 0.2])
def test_each_part_of_the_loss_by_hand(beta: float, bonus: float) -> None:
    experience = an_experience()
    settings = GRPOSettings(beta=beta, entropy_coef=bonus, kl_loss_estimator="k2", aggregation="token-mean")
    credit, logprob = credit_for(settings)(experience), moved()
    entropy = torch.rand(BATCH, LENGTH, dtype=torch.float64)
    made = policy_objective(logprob, experience, credit, settings, LONGEST, entropy)
    ratio = (logprob - experience.logprobs_old).exp()
    kept = torch.minimum(ratio * credit.advantages, ratio.clamp(0.8, 1.2) * credit.advantages)
    kl = (logprob - experience.logprobs_ref).square() / 2
    objective, mask = kept - beta * kl + bonus * entropy, experience.mask
    assert (objective[mask] != kept[mask]).any() == (beta + bonus > 0)
    for ours, theirs in ((made.ratio, ratio), (made.surrogate, kept), (made.objective, objective)):
        torch.testing.assert_close(ours[mask], theirs[mask])
    torch.testing.assert_close(made.loss, -objective[mask].mean())
    assert (made.kl is None) == (beta == 0)
    if made.kl is not None:
        torch.testing.assert_close(made.kl[mask], kl[mask])


@pytest.mark.parametrize("mode", ["token-mean", "seq-mean-token-mean", "seq-mean-token-sum-norm"])
def test_parts_with_their_weights_add_up_to_the_whole_loss(mode: str) -> None:
    experience = an_experience()
    settings = GRPOSettings(aggregation=mode)
    credit, logprob = credit_for(settings)(experience), moved()
    whole = policy_objective(logprob, experience, credit, settings, LONGEST).loss
    weights = token_weights(experience.mask, mode, LONGEST)
    total = torch.zeros(())
    for rows in torch.arange(BATCH).split(3):
        part = take(experience, rows), take(credit, rows)
        total = total + policy_objective(logprob[rows], *part, settings, LONGEST, weights=weights[rows]).loss
    assert abs(whole.item()) > 1e-3
    torch.testing.assert_close(total, whole)


def test_weights_on_padding_weigh_nothing() -> None:
    experience = an_experience()
    settings = GRPOSettings()
    credit, logprob = credit_for(settings)(experience), moved()
    made = policy_objective(logprob, experience, credit, settings, LONGEST, weights=torch.ones(BATCH, LENGTH))
    torch.testing.assert_close(made.loss, -made.objective[experience.mask].sum())


def test_a_surrogate_is_told_which_tokens_are_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is made of a whole response needs it."""
    lengths = replace(SURROGATES["clip"], objective=lambda x, _: x.ratio * 0 + x.mask.sum(1, keepdim=True))
    monkeypatch.setitem(SURROGATES, "clip", lengths)
    experience = an_experience()
    made = policy_objective(
        experience.logprobs_old, experience, credit_for(GRPOSettings())(experience), GRPOSettings(), LONGEST
    )
    assert made.surrogate[:, 0].tolist() == experience.mask.sum(1).tolist()


def test_a_term_without_its_input_is_refused_in_one_sentence() -> None:
    experience = replace(an_experience(), logprobs_ref=None)
    credit, logprob = credit_for(GRPOSettings())(experience), moved()
    with pytest.raises(RequestError, match=r"^grpo: beta is 0.1, but there are no reference log-probabilities$"):
        policy_objective(logprob, experience, credit, GRPOSettings(beta=0.1), LONGEST)
    with pytest.raises(RequestError, match=r"^grpo: entropy_coef is 0.1, but no entropy was given$"):
        policy_objective(logprob, experience, credit, GRPOSettings(entropy_coef=0.1), LONGEST)


@pytest.mark.parametrize("beta", [0.0, 0.3])
@pytest.mark.parametrize("bonus", [0.0, 0.2])
def test_the_objectives_term_has_no_part_that_is_switched_off(beta: float, bonus: float) -> None:
    """Its column may be missing then: without a reference there is no KL."""
    settings = GRPOSettings(beta=beta, entropy_coef=bonus, kl_loss_estimator="k2")
    parts = ["surrogate_value", *["- beta * kl_k2"] * (beta > 0), *["+ entropy_coef * entropy"] * (bonus > 0)]
    assert loss_terms(settings)[-1].expression == " ".join(parts)
