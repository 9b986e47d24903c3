"""How far the policy has moved from the reference: three estimates from the sampled token alone, and the exact value.

With l = log pi_ref(o_t) - log pi_theta(o_t) on tokens sampled from pi_theta (Schulman 2020, "Approximating KL
divergence", joschu.net/blog/kl-approx.html):

    k1 = -l            right on average, can be negative, noisy
    k2 = l^2 / 2       never negative, little noise, somewhat wrong on average
    k3 = e^l - 1 - l   never negative, little noise, right on average

That holds for the *values*. Used directly as a loss, only k2's gradient is that of the KL.

Everything is computed in float32 at least: in bfloat16, rounding alone looks like a policy that moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.errors import N_
from core.lazy import lazy
from core.terms import Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")


def kl_k1(logprob: Tensor, logprob_ref: Tensor) -> Tensor:
    """log pi_theta - log pi_ref, per token; [B, T] -> [B, T]."""
    return full_precision(logprob) - full_precision(logprob_ref)


def kl_k2(logprob: Tensor, logprob_ref: Tensor) -> Tensor:
    """Half the squared log-ratio, per token; [B, T] -> [B, T]."""
    return 0.5 * (full_precision(logprob_ref) - full_precision(logprob)).square()


def kl_k3(logprob: Tensor, logprob_ref: Tensor) -> Tensor:
    """e^l - 1 - l with l = log pi_ref - log pi_theta, per token; [B, T] -> [B, T].

    The sign of l matters: with the log-ratio reversed this estimates nothing, and explodes.
    """
    log_ratio = full_precision(logprob_ref) - full_precision(logprob)
    return torch.expm1(log_ratio) - log_ratio


#: How each follows from the trace's columns; `now` is the policy's log-probability, before an update that of old.
_EXPRESSIONS = {
    "k1": "{now} - logprob_ref",
    "k2": "0.5 * (logprob_ref - {now}) ** 2",
    "k3": "expm1(logprob_ref - {now}) - (logprob_ref - {now})",
}


#: Titles of the estimates that enter the reward; those of the policy now stand beside them on the card.
_WHEN_SAMPLED = {"k1": N_("KL k1 when sampled"), "k2": N_("KL k2 when sampled"), "k3": N_("KL k3 when sampled")}


def kl_terms(names: Iterable[str], *, sampled: bool = False) -> tuple[Term, ...]:
    """The estimates' terms: kl_k1 … of the policy at the shown pass, or (`sampled`) old_k1 … of the one that wrote the
    responses.
    """
    now, prefix = ("logprob_old", "old_") if sampled else ("logprob", "kl_")
    of_sampling = N_(
        "The policy that sampled the token against the reference. It is taken off the reward, and is not the KL "
        "further down, which is that of the policy now."
    )
    of_now = N_("The policy now against the reference, estimated from this token alone.")
    return tuple(
        Term(
            f"{prefix}{x}",
            _EXPRESSIONS[x].format(now=now),
            title=_WHEN_SAMPLED[x] if sampled else f"KL {x}",
            help=of_sampling if sampled else of_now,
            tex=f"{x}_t",
            source=f"core/algorithms/kl.py:kl_{x}",
        )
        for x in names
    )


#: The estimators by the names that the settings `kl_loss_estimator` and `kl_reward_estimator` use.
ESTIMATORS = {"k1": kl_k1, "k2": kl_k2, "k3": kl_k3}


def kl_exact(logits: Tensor, logits_ref: Tensor) -> Tensor:
    """sum_v pi_theta(v) (log pi_theta(v) - log pi_ref(v)); logits or log-probabilities [..., V] -> [...]."""
    return kl_of(full_precision(logits).log_softmax(-1), full_precision(logits_ref).log_softmax(-1))


def kl_of(logprobs: Tensor, logprobs_ref: Tensor) -> Tensor:
    """`kl_exact` from log-probabilities, which are normalised already, [..., V] -> [...]."""
    probs = logprobs.exp()
    # A token that the policy never chooses adds nothing, also where both log-probabilities are -inf.
    return (probs * (logprobs - logprobs_ref).masked_fill(probs == 0, 0)).sum(-1)


def entropy_of(logprobs: Tensor) -> Tensor:
    """-sum_v pi(v) log pi(v) in nats, from log-probabilities, which are normalised already: [..., V] -> [...]."""
    # 0 · log 0 is 0, but 0 · -inf is not a number.
    return -(logprobs.exp() * logprobs.clamp(min=-1e4)).sum(-1)


def full_precision(x: Tensor) -> Tensor:
    """x in float32, or as it is if it is float64."""
    return x if x.dtype == torch.float64 else x.float()
