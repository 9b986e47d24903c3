"""The true value of every prefix by enumerating every continuation: for tasks small enough, to prove the oracle on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.models import forward
from core.training.continuations import Oracle, Responses, distinct_prefixes

#: Unfinished continuations that may stand side by side.
_MOST = 2_000_000


@dataclass(frozen=True)
class ExactValues:
    """V*(s_t) lies in [values, values + left_out] for rewards in [0, 1]; both [B, T], 0 where the mask is False."""

    values: Tensor  # float64, the expected reward of the continuations that were followed
    left_out: Tensor  # float64, the probability of those that were not; all 0 where `floor` is 0
    followed: int  # continuations followed to their end


@torch.no_grad()
def exact_values(oracle: Oracle, responses: Responses, floor: float = 0.0) -> ExactValues:
    """Σ over every continuation of its probability × its reward, for every prefix of the responses.

    A branch whose probability, given the prefix, is below `floor` is not followed but added up in `left_out`. Raises
    ValueError where there are too many continuations.
    """
    distinct, which = distinct_prefixes(responses)
    prefixes = distinct.rows(slice(None))
    prompts = list(dict.fromkeys(responses.prompts))
    device = next(oracle.policy.parameters()).device
    encoded = oracle.codec.encode(prompts, device)
    value, left_out = torch.zeros(len(prefixes), dtype=torch.float64), torch.zeros(len(prefixes), dtype=torch.float64)
    lengths = (prefixes[:, 1:] >= 0).sum(1)
    # A branch: which prefix it continues, its tokens so far, its probability given the prefix.
    root = torch.empty(0, dtype=torch.long)
    ids, probability = torch.empty(0, 0, dtype=torch.long), torch.empty(0, dtype=torch.float64)
    followed = 0
    for t in range(oracle.max_length):
        starting = (lengths == t).nonzero()[:, 0]
        root = torch.cat([root, starting])
        ids = torch.cat([ids, prefixes[starting, 1 : t + 1]])
        probability = torch.cat([probability, torch.ones(len(starting), dtype=torch.float64)])
        if not len(root):
            continue
        owner = prefixes[root, 0].to(device)
        following = _next(oracle, encoded.ids[owner], encoded.attention, owner, ids.to(device)).cpu()
        branches = probability[:, None] * following
        kept = branches >= floor if floor > 0 else torch.ones_like(branches, dtype=torch.bool)
        left_out.index_add_(0, root, torch.where(kept, 0, branches).sum(1))
        row, token = kept.nonzero(as_tuple=True)
        root, ids, probability = root[row], torch.cat([ids[row], token[:, None]], 1), branches[row, token]
        if len(root) > _MOST:
            raise ValueError(f"there are more than {_MOST} continuations; raise floor, or take a smaller task")
        ended = torch.isin(token, torch.tensor(oracle.codec.end_ids))
        over = ended | (t + 1 == oracle.max_length)
        rewards = _rewards(oracle, [prompts[i] for i in prefixes[root[over], 0].tolist()], ids[over], ended[over])
        value.index_add_(0, root[over], probability[over] * rewards)
        followed += int(over.sum())
        root, ids, probability = root[~over], ids[~over], probability[~over]
    spread = [torch.where(responses.mask.cpu(), x[which], 0) for x in (value, left_out)]
    return ExactValues(spread[0], spread[1], followed)


def _next(oracle: Oracle, prompts: Tensor, attention: Tensor | None, owner: Tensor, ids: Tensor) -> Tensor:
    """The distribution of the token after each branch, by a full forward pass: float64 [n, V]."""
    rows = torch.cat([prompts, ids], 1)
    real = None if attention is None else torch.cat([attention[owner], torch.ones_like(ids, dtype=torch.bool)], 1)
    states = forward.states(oracle.policy.base_model, rows, prompts.shape[1], real)
    logits = forward.logits(oracle.policy, states.hidden[:, -1])[states.which]
    return (logits.double() / oracle.temperature).softmax(-1)


def _rewards(oracle: Oracle, prompts: list[str], ids: Tensor, ended: Tensor) -> Tensor:
    verdicts = [
        oracle.task.verify(prompt, text, finished=finished).reward
        for prompt, text, finished in zip(prompts, oracle.codec.texts(ids), ended.tolist(), strict=True)
    ]
    return torch.tensor(verdicts, dtype=torch.float64)
