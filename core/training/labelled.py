"""Labelled pairs in the trace: a step's responses with their scores, and every token of the shown ones. N pairs.

SAMPLES has a row a response, a pair's two one after the other (`group` numbers the pairs): `reward` is the label, 1 for
the preferred response and 0 for the other, and `score` what the model says of it. Beyond the contract's columns come
`heldout` (nothing is learnt from the pair) and `weight` (as how many labels it counts). TOKENS has, of the panel, what
the model says before and after each token; all of it is the state before the step's update, so there is pass 0 alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor
from torch.nn.functional import pad

from core.algorithms.preferences import log_likelihood
from core.models.codec import Codec
from core.rewards.preferences import Preference
from core.training import scoring
from core.training.reward_model import AT_ONCE, RewardTrainer, sequences
from core.training.trace import SAMPLES, tokens_schema

#: What a row of SAMPLES has beyond the contract.
FURTHER = pa.schema([("heldout", pa.bool_()), ("weight", pa.float32())])
#: What a row of TOKENS has beyond it: the kind declares them (core/learners/kinds/reward_model.py).
COLUMNS = ("score_after", "score_before")


@dataclass(frozen=True)
class ScoredPair:
    """A label and the scores of its two responses."""

    label: Preference
    chosen: float
    rejected: float
    heldout: bool

    @property
    def scores(self) -> tuple[float, float]:
        """The scores of the label's responses a and b."""
        return (self.chosen, self.rejected) if self.label.preferred == "a" else (self.rejected, self.chosen)


@dataclass(frozen=True)
class ShownPairs:
    """The shown pairs with the scores of every prefix; rows are responses, two a pair."""

    pairs: tuple[ScoredPair, ...]
    ids: Tensor  # long [2N, T]
    mask: Tensor  # bool [2N, T]
    before: Tensor  # [2N, T] the score of the response before each token
    after: Tensor  # [2N, T] and after it
    names: list[str]  # the vocabulary


def shown(labels: Sequence[Preference], count: int) -> tuple[Preference, ...]:
    """The first `count` labels of different pairs."""
    by_pair: dict[object, Preference] = {}
    for x in labels:
        by_pair.setdefault(x.pair, x)
    return tuple(by_pair.values())[: max(1, count)]


@torch.no_grad()
def scored(trainer: RewardTrainer, labels: Sequence[Preference]) -> ShownPairs:
    """What the model says now of every prefix of both responses of each label; so many responses at once as elsewhere,
    since with every token kept these may be thousands."""
    texts = [(x.prompt, y) for x in labels for y in (x.a, x.b)]
    parts = [_prefixes(trainer, texts[i : i + AT_ONCE]) for i in range(0, len(texts), AT_ONCE)]
    longest = max(x.shape[1] for x, *_ in parts)
    ids, mask, before, after = (
        torch.cat([pad(x, (0, longest - x.shape[1])) for x in column])
        for column in zip(*(x[:4] for x in parts), strict=True)
    )
    whole = torch.cat([x[4] for x in parts])
    held = set(trainer.held)
    pairs = tuple(
        ScoredPair(x, *((a, b) if x.preferred == "a" else (b, a)), heldout=x in held)
        for x, (a, b) in zip(labels, whole.reshape(-1, 2).tolist(), strict=True)
    )
    return ShownPairs(pairs, ids, mask, before, after, trainer.codec.names)


def _prefixes(
    trainer: RewardTrainer, texts: Sequence[tuple[str, str]]
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """(ids, mask, score before each token, score after it), all [n, T], and the scores [n] of n responses."""
    rows = sequences(trainer.codec, texts, trainer.device)
    before, whole = scoring.values(trainer.model, rows)
    after = torch.cat([before[:, 1:], whole[:, None]], 1)
    last = rows.mask.sum(1) - 1
    after[torch.arange(len(after), device=after.device), last] = whole
    return rows.completion_ids, rows.mask, before, after, whole


def samples_table(learner: str, step: int, codec: Codec, pairs: Sequence[ScoredPair]) -> pa.Table:
    """Two rows a pair."""
    rows: list[dict[str, Any]] = []
    for number, pair in enumerate(pairs):
        for side, text, score in zip("ab", (pair.label.a, pair.label.b), pair.scores, strict=True):
            rows.append(
                {
                    "learner": learner,
                    "step": step,
                    "sample": len(rows),
                    "group": number,
                    "prompt": pair.label.prompt,
                    "response": text,
                    "reward": float(pair.label.preferred == side),
                    "truncated": False,
                    "length": len(codec.response_ids(text)),
                    "score": score,
                    "heldout": pair.heldout,
                    "weight": float(pair.label.weight),
                }
            )
    return pa.Table.from_pylist(rows, schema=pa.schema([*SAMPLES, *FURTHER]))


def tokens_table(learner: str, step: int, pairs: ShownPairs) -> pa.Table:
    """Every token of the shown responses before the step's update (pass 0); what a policy would have is null."""
    schema, there = tokens_schema(COLUMNS), pairs.mask.cpu().numpy()
    sample, position = np.nonzero(there)
    ids = pairs.ids.cpu().numpy()[there]
    scores = torch.tensor([[x.chosen, x.rejected] for x in pairs.pairs], dtype=torch.float64)
    objective = log_likelihood(*scores.T).repeat_interleave(2).numpy()  # one number for both responses of a pair
    columns = {
        "learner": [learner] * len(ids),
        "step": np.full(len(ids), step),
        "pass": np.zeros(len(ids)),
        "sample": sample,
        "position": position,
        "token_id": ids,
        "token": [pairs.names[i] for i in ids],
        "written": np.ones(len(ids), bool),
        "objective": objective[sample],
        "score_after": pairs.after.cpu().numpy()[there],
        "score_before": pairs.before.cpu().numpy()[there],
    }
    return pa.table(
        [pa.array(columns[x.name]).cast(x.type) if x.name in columns else pa.nulls(len(ids), x.type) for x in schema],
        schema=schema,
    )
