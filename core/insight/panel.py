"""A stored step's panel as tensors again: from the trace's tables to what algorithms take. B responses, T positions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from core.algorithms.types import Experience
from core.errors import RequestError
from core.learners.kind import Written
from core.tasks.base import Task
from core.training.trace import TOKENS


@dataclass(frozen=True)
class Panel:
    """The responses of a step whose tokens were kept, whole groups, in the order of `samples`."""

    samples: list[int]  # their numbers in the step
    prompts: list[str]
    responses: list[str]
    tokens: list[list[str]]  # each response's tokens as text, an environment's included
    completion_ids: Tensor  # long [B, T], 0 after a response's end
    mask: Tensor  # bool [B, T], True where the policy wrote a token
    rewards: Tensor  # float [B]
    group: Tensor  # long [B]
    truncated: Tensor  # bool [B]
    value_after: Tensor | None  # float [B], the critic's value of the whole response; None where none was recorded
    extra: dict[str, Tensor]  # further columns that the learner's kind declares, float [B, T]
    _first: pa.Table  # written tokens alone
    _row: Tensor
    _place: Tensor

    @classmethod
    def of(cls, samples: pa.Table, tokens: pa.Table) -> Panel:
        """From the SAMPLES and TOKENS tables of one learner's step, as it was before its first update."""
        first = tokens.filter(pc.equal(tokens["pass"], 0)).sort_by([("sample", "ascending"), ("position", "ascending")])
        numbers, row = np.unique(first["sample"].to_numpy(), return_inverse=True)
        heads = {x["sample"]: x for x in samples.to_pylist()}
        own = [heads[int(x)] for x in numbers]
        rows, place = torch.tensor(row), torch.tensor(first["position"].to_numpy().copy()).long()
        shape = len(numbers), int(place.max()) + 1
        ids, mask = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.bool)
        ids[rows, place] = torch.tensor(first["token_id"].to_numpy().copy()).long()
        texts: list[list[str]] = [[] for _ in numbers]
        for i, text in zip(row, _column(first, "token"), strict=True):
            texts[i].append(str(text or ""))
        written = torch.tensor([x is not False for x in _column(first, "written")])
        rows, place, first = rows[written], place[written], first.filter(pa.array(written.numpy()))
        mask[rows, place] = True
        after = [x.get("value_after") for x in own]
        panel = cls(
            samples=[int(x) for x in numbers],
            prompts=[x["prompt"] for x in own],
            responses=[x.get("response") or "" for x in own],
            tokens=texts,
            completion_ids=ids,
            mask=mask,
            rewards=torch.tensor([float(x["reward"]) for x in own]),
            group=torch.tensor([x["group"] for x in own]),
            truncated=torch.tensor([bool(x["truncated"]) for x in own]),
            value_after=None if None in after else torch.tensor(after, dtype=torch.float32),
            extra={},
            _first=first,
            _row=rows,
            _place=place,
        )
        further = {name: panel.known(name) for name in first.column_names if name not in TOKENS.names}
        return replace(panel, extra={name: x for name, x in further.items() if x is not None})

    def column(self, name: str) -> Tensor:
        """A column of TOKENS as float [B, T]: 0 where the mask is False, NaN where the trace has null."""
        values = self._first[name].to_numpy(zero_copy_only=False).astype(np.float32)
        return torch.zeros(self.mask.shape).index_put((self._row, self._place), torch.tensor(values))

    def known(self, name: str) -> Tensor | None:
        """As `column`, but None where the learner does not have the quantity."""
        return None if self._first[name].null_count else self.column(name)

    def written(self, task: Task) -> Written:
        """The responses as a kind's `measure` is given them; `task` is the one that they answered."""
        return Written(task, self.prompts, self.responses, self.tokens, self.mask, self.rewards)

    def experience(self) -> Experience:
        """What the learner's credit was computed from, as far as the trace has it.

        Raises RequestError where the trace has no log-probabilities: a reward model's, and many that are imported.
        """
        old = self.known("logprob_old")
        if old is None:
            raise RequestError("this step has no log-probabilities, so nothing of it can be credited again")
        return Experience(
            mask=self.mask,
            logprobs_old=old,
            logprobs_ref=self.known("logprob_ref"),
            rewards=self.rewards,
            group=self.group,
            truncated=self.truncated,
            values=self.known("value"),
            value_after=self.value_after,
            extra=self.extra,
        )


def _column(table: pa.Table, name: str) -> list[object]:
    """A column's values; None in every row where an older trace lacks the column."""
    return table[name].to_pylist() if name in table.column_names else [None] * table.num_rows
