"""How much better than expected: per response against its group (GRPO), or per token against a critic (GAE)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.algorithms.masked import next_token
from core.errors import N_
from core.lazy import lazy
from core.terms import Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")

#: Rewards that differ by no more than this share of their size are equal: the rest is float32 rounding.
ROUNDING = 1e-6


def group_advantages(
    rewards: Tensor,
    group: Tensor,
    scale: str = "group",
    ddof: int = 1,
    eps: float = 1e-4,
    baseline: str = "group-mean",
) -> tuple[Tensor, Tensor]:
    """Each response's reward against its group's mean: (advantage [B], the same before division [B]).

        advantage_i = (r_i - mean(r_1..r_G)) / (std(r_1..r_G) + eps)

    Shao et al. 2024, DeepSeekMath (arXiv:2402.03300), section 4.1.2; scale "none" is Dr. GRPO (Liu et al. 2025,
    arXiv:2503.20783), "batch" divides by the standard deviation of all rewards of the step. `group` long [B] says which
    prompt a response answers; the order is free. A group whose rewards are equal up to rounding carries no signal and
    gets exactly 0: dividing its rounding by its standard deviation would make a signal of it.

    `baseline` "leave-one-out" takes the mean of the group's *other* rewards, which is G / (G - 1) times the difference
    from the mean of all and makes the gradient unbiased (RLOO, Ahmadian et al. 2024, arXiv:2402.14740). "none"
    takes off nothing (REINFORCE): then every group carries a signal, and `scale` must be "none".

    Raises ValueError where `scale` or `baseline` is none of these, or they do not go together.
    """
    if baseline not in ("group-mean", "leave-one-out", "none"):
        raise ValueError(f"baseline must be group-mean, leave-one-out or none, but is {baseline!r}")
    if baseline == "none":
        if scale != "none":
            raise ValueError(f"without a baseline, scale_rewards must be none, but is {scale}")
        return rewards, rewards
    _, group = torch.unique(group, return_inverse=True)
    count = torch.zeros_like(rewards).index_add(0, group, torch.ones_like(rewards)).index_select(0, group)
    no_signal = tied(rewards, group).index_select(0, group)
    centred = rewards - _sum_of_group(rewards, group) / count
    centred = centred.masked_fill(no_signal, 0)
    raw = centred * count / (count - 1).clamp(min=1) if baseline == "leave-one-out" else centred
    if scale == "none":
        return raw, raw
    if scale == "batch":
        std = rewards.var(correction=ddof).sqrt() if len(rewards) > ddof else rewards.new_zeros(())
    elif scale == "group":
        std = (_sum_of_group(centred.square(), group) / (count - ddof).clamp(min=1)).sqrt()
    else:
        raise ValueError(f"scale_rewards must be group, batch or none, but is {scale!r}")
    return (raw / (std + eps)).masked_fill(no_signal, 0), raw


def group_baseline(rewards: Tensor, group: Tensor, baseline: str) -> Tensor:
    """What `group_advantages` takes off each reward: the group's mean, or that of its other rewards; [B], [B] -> [B].

    Of a response that is alone in its group, "leave-one-out" gives its own reward: there are no others.
    """
    _, centred = group_advantages(rewards, group, "none", baseline=baseline)
    return rewards - centred


def group_std(rewards: Tensor, group: Tensor) -> Tensor:
    """Each group's standard deviation, by n − 1, of groups with two rewards or more; [B], [B] -> [groups]."""
    sizes = torch.bincount(torch.unique(group, return_inverse=True)[1])
    order = torch.argsort(group, stable=True)
    return torch.stack([x.std() for x in rewards[order].split(sizes.tolist()) if len(x) > 1] or [rewards.new_zeros(())])


def zero_std_groups(rewards: Tensor, group: Tensor) -> Tensor:
    """The share of groups whose rewards are all equal, so that nothing is learnt from them; [B], [B] -> one number."""
    _, group = torch.unique(group, return_inverse=True)
    return tied(rewards, group).float().mean()


def gae(
    token_rewards: Tensor,
    values: Tensor,
    mask: Tensor,
    gamma: float,
    lam: float,
    value_after: Tensor | None = None,
    truncated: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Generalised advantage estimation: (advantages, returns, deltas), each [B, T] and 0 where the mask is False.

        delta_t = r_t + gamma V_{t+1} - V_t        A_t = delta_t + gamma lam A_{t+1}        R_t = A_t + V_t

    Schulman et al. 2015 (arXiv:1506.02438), eq. 11-16. `values[b, t]` is V(s_t), of the prefix before token t. Nothing
    follows the last token, so V_{t+1} is 0 there; for a response that was cut off (`truncated` bool [B]) it is
    `value_after` [B], the critic's value of all that was written, if that is given. Where the mask has holes, t + 1 is
    the next token that the policy wrote: γλ is taken once across a hole, however long, and V_{t+1} is the value after
    all that stands in it, as in verl's compute_gae_advantage_return. Returns are taken before whitening.

    Raises ValueError where `value_after` is given without `truncated`.
    """
    values = torch.where(mask, values, 0)
    after: Tensor | float = 0.0
    if value_after is not None:
        if truncated is None:
            raise ValueError("gae: value_after needs truncated, which says for which responses something follows")
        after = torch.where(truncated, value_after, 0)
    next_values = next_token(values, mask, after)
    deltas = torch.where(mask, token_rewards + gamma * next_values - values, 0)
    advantages = torch.zeros_like(deltas)
    following = torch.zeros_like(deltas[:, 0])
    for t in reversed(range(deltas.shape[1])):
        # A hole is passed over: what follows it follows the token before it, one decay further on, not two.
        following = torch.where(mask[:, t], torch.add(deltas[:, t], following, alpha=gamma * lam), following)
        advantages[:, t] = following
    advantages = torch.where(mask, advantages, 0)
    return advantages, advantages + values, deltas


def _sum_of_group(x: Tensor, group: Tensor) -> Tensor:
    """For each response the sum of x [B] over its group; `group` numbered from 0 without gaps."""
    return torch.zeros_like(x).index_add(0, group, x).index_select(0, group)


def tied(rewards: Tensor, group: Tensor) -> Tensor:
    """Whether each group's rewards are equal up to rounding, so that nothing is learnt from it; bool [groups].

    `group` long [B] numbers the groups from 0 without gaps.
    """
    start = rewards.new_zeros(int(group.max()) + 1)
    highest = start.scatter_reduce(0, group, rewards, "amax", include_self=False)
    lowest = start.scatter_reduce(0, group, rewards, "amin", include_self=False)
    return highest - lowest <= ROUNDING * torch.maximum(highest.abs(), lowest.abs())


_CODE = "core/algorithms/advantages.py"


def gae_terms(decay: str, *, bootstrap: bool = False, measured: bool = False) -> tuple[Term, ...]:
    """How `gae` leads from token_reward and value to advantage_raw. `decay` is gamma · lam as an expression.

    `bootstrap`: whether something follows a response that was cut off. `measured`: whether no critic says the values.
    """
    end = "value_after if truncated else 0" if bootstrap else "0"
    return (
        Term(
            "value_next",
            f"following(value, {end})",
            title=N_("value after it"),
            help=(
                N_("The critic's value at the next token; after a response that was cut off, of all that was written.")
                if bootstrap
                else ""
            ),
            tex="V_{t+1}",
            source=f"{_CODE}:gae",
            given=("bootstrap_truncated",),
        ),
        Term(
            "delta",
            "token_reward + gamma * value_next - value",
            title=N_("surprise δ"),
            help=(
                N_("Reward + γ × next value − value, both values measured: how much better than was to be expected.")
                if measured
                else N_("Reward + γ × next value − value: how much better than the critic expected.")
            ),
            tex=r"\delta_t",
            source=f"{_CODE}:gae",
        ),
        Term(
            "advantage_raw",
            f"scan(delta, {decay})",
            title="GAE",
            help=N_(
                "δ + γ × λ × the next token's advantage: the next that the policy wrote, whatever it read in between."
            ),
            tex="A_t",
            source=f"{_CODE}:gae",
        ),
    )


def group_terms(baseline: str, scale: str) -> tuple[Term, ...]:
    """How `group_advantages` leads from score to `credit`, a response's advantage, and to the column advantage_raw,
    which holds the advantage before the division, the same for every token of the response.

    Without a division, rewards that are equal give 0 by themselves, so that no term asks whether they are.
    """
    raw, form = ("advantage_raw", N_("raw advantage"), "A_t"), ("baseline", "scale_rewards")
    if baseline == "none":
        alone = _term("credit", "score", N_("reward, compared with nothing"), r"\hat A_i", _ALONE, *form)
        return (alone, _over_tokens(*raw, "credit"))
    if baseline == "leave-one-out":
        others = "(sum_group(score) - score) / (group_size - 1)"
        against = _term("baseline_value", others, N_("mean of the others"), r"\bar r_{\ne i}", _OTHERS, "baseline")
    else:
        mean = N_("mean of the group")
        against = _term("baseline_value", "mean_group(score)", mean, r"\bar r", _GROUP, "baseline")
    if scale == "none":
        less = _term("credit", "score - baseline_value", N_("relative"), r"\hat A_i", _RELATIVE, *form)
        return (against, less, _over_tokens(*raw, "credit"))
    size = "max(abs(max_group(score)), abs(min_group(score)))"
    tied = f"max_group(score) - min_group(score) <= {ROUNDING!r} * {size}"
    if scale == "group":
        spread = _term(
            "score_spread", "std_group(score, scale_ddof)", N_("std of the group"), "s", _GROUP_STD, "scale_rewards"
        )
    else:
        spread = _term(
            "score_std",
            "std_batch(score, scale_ddof)",
            N_("std of the step's rewards"),
            "s",
            _STEP_STD,
            "scale_rewards",
        )
    divided = f"0 if no_signal else difference / ({spread.name} + scale_eps)"
    return (
        against,
        _term("no_signal", tied, N_("all rewards equal?"), "", _TIED),
        _term("difference", "0 if no_signal else score - baseline_value", N_("difference"), "A_i", _DIFFERENCE),
        _over_tokens(*raw, "difference"),
        spread,
        _term("credit", divided, N_("relative"), r"\hat A_i", _RELATIVE, *form),
    )


_ALONE = N_("The response's own reward, the same for every token; nothing is taken off.")
_RELATIVE = N_("The reward against what it is compared with: the same for every token of the response.")
_OTHERS = N_("What the response is compared with: the mean reward of the other responses of its group.")
_GROUP = N_("What the response is compared with: the mean reward of its group, its own included.")
_TIED = N_(
    "Yes: the group gives no signal, and the advantage of all its responses is set to 0. No: each response's advantage "
    "is its difference from what it is compared with, divided by the standard deviation."
)
_DIFFERENCE = N_("The response's reward less what it is compared with; 0 where all rewards of the group are equal.")
_GROUP_STD = N_(
    "Standard deviation of the rewards of the group's N responses; divides by N − 1 (by N where scale_ddof is 0)."
)
_STEP_STD = N_(
    "Standard deviation of the rewards of all N responses of the step, which are more than the group shown; divides by "
    "N − 1 (by N where scale_ddof is 0)."
)


def _term(name: str, expression: str, title: str, tex: str, help: str, *given: str) -> Term:
    return Term(
        name,
        expression,
        title=title,
        help=help,
        tex=tex,
        source=f"{_CODE}:group_advantages",
        given=given,
    )


def _over_tokens(name: str, title: str, tex: str, of: str) -> Term:
    """A response's number at each of its tokens: a term that says nothing new, and has no sentence."""
    return _term(name, f"per_token({of})", title, tex, "")
