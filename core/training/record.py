"""From a step's tensors to the trace's tables. B responses, T positions, n responses in the panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from core.algorithms.kl import ESTIMATORS
from core.algorithms.masked import lengths
from core.algorithms.policy_loss import policy_objective
from core.algorithms.types import Credit, Experience, take
from core.learners.registry import learner_kind, without
from core.learners.settings import LearnerSettings
from core.rewards.verdict import PARTS
from core.training.scoring import Scored
from core.training.trace import SAMPLES, tokens_schema
from core.training.update import Taken

#: What is known of a token whoever wrote it.
OF_ANY_TOKEN = {"learner", "step", "pass", "sample", "position", "token_id", "token", "written"}


@dataclass(frozen=True)
class Answers:
    """A step's responses as text, and what was said of them. Lists of length B."""

    prompts: list[str]
    responses: list[str]
    answers: list[str]  # the right ones
    rewards: list[float]  # what the learner's own reward paid
    successes: list[bool]  # the task's verifier's truth
    parts: list[Mapping[str, float]]  # what each verdict was made of (core/rewards/verdict.py, PARTS)

    def replaced(self, rows: Sequence[int], fresh: Answers, by: Sequence[int]) -> Answers:
        """The same with `rows` taken from rows `by` of others, as they were scored there: none is scored twice."""
        columns = []
        for name in (x.name for x in fields(self)):
            column, other = list(getattr(self, name)), getattr(fresh, name)
            for row, place in zip(rows, by, strict=True):
                column[row] = other[place]
            columns.append(column)
        return Answers(*columns)


def samples_table(learner: str, step: int, answers: Answers, experience: Experience, credit: Credit) -> pa.Table:
    """One row per response of the step."""
    count = len(answers.responses)
    columns = {
        "learner": [learner] * count,
        "step": [step] * count,
        "sample": range(count),
        "group": experience.group.tolist(),
        "prompt": answers.prompts,
        "response": answers.responses,
        "answer": answers.answers,
        "reward": answers.rewards,
        "success": answers.successes,
        "truncated": experience.truncated.tolist(),
        "length": lengths(experience.mask).tolist(),
        "score": None if credit.scores is None else credit.scores.tolist(),
        "value_after": None if experience.value_after is None else experience.value_after.tolist(),
        **{name: [x.get(name) for x in answers.parts] for name in PARTS},
    }
    columns = {name: [None] * count if x is None else x for name, x in columns.items()}
    return pa.table({k: pa.array(v, SAMPLES.field(k).type) for k, v in columns.items()}, schema=SAMPLES)


class PanelRecorder:
    """Keeps, after each pass over the rollout, every token of the panel's responses."""

    def __init__(
        self,
        learner: str,
        step: int,
        panel: Tensor,
        completion_ids: Tensor,
        vocabulary: list[str],
        experience: Experience,
        credit: Credit,
        settings: LearnerSettings,
        max_length: int,
        checked: Mapping[str, Tensor] | None = None,
    ) -> None:
        """`panel` long [n] chooses responses; `checked` are columns of the first of them, null of the others."""
        self._names = (learner, step)
        self._panel, self._experience, self._credit = panel, take(experience, panel), take(credit, panel)
        self._settings, self._max_length = settings, max_length
        self._mask = self._experience.mask.cpu().numpy()  # what the policy wrote
        ends = lengths(self._experience.mask).cpu().numpy()
        self._there = np.arange(self._mask.shape[1]) < ends[:, None]  # with what an environment wrote in between
        self._holes = ~self._mask[self._there]
        self._schema = tokens_schema(x.name for x in learner_kind(settings).columns)
        self._without = without(settings)
        self._checked = {name: x.detach().cpu().numpy() for name, x in (checked or {}).items()}
        self._ids = completion_ids[panel]
        self._fixed = self._same_in_every_pass(vocabulary)
        self._passes: list[pa.Table] = []

    def add(self, number: int, scored: Scored, kl_exact: Tensor | None, taken: Taken | None) -> None:
        """Records pass `number` with the policy's scores of the panel's responses [n, T], and its exact KL [n, T].

        `taken` is where the pass that follows took their gradients; None where none does, or it takes none.
        """
        flat, experience = self._flat, self._experience
        with torch.no_grad():
            loss = policy_objective(
                scored.logprobs,
                experience,
                self._credit,
                self._settings,
                self._max_length,
                scored.entropy,
            )
            columns = {
                "logprob": flat(scored.logprobs),
                "ratio": flat(loss.ratio),
                "entropy": flat(scored.entropy),
                "objective": flat(loss.objective),
            }
            if experience.logprobs_ref is not None:
                for name, estimator in ESTIMATORS.items():
                    columns[f"kl_{name}"] = flat(estimator(scored.logprobs, experience.logprobs_ref))
            if kl_exact is not None:
                columns["kl_exact"] = flat(kl_exact)
            if taken is not None:
                columns |= {"ratio_update": flat(taken.ratio), "clipped": flat(taken.clipped)}
        self._passes.append(self._table({**self._fixed, **columns}, number))

    def table(self) -> pa.Table:
        """All passes recorded so far."""
        return pa.concat_tables(self._passes).combine_chunks()

    def _same_in_every_pass(self, vocabulary: list[str]) -> dict[str, object]:
        learner, step = self._names
        sample, position = np.nonzero(self._there)
        ids = self._flat(self._ids)
        columns: dict[str, object] = {
            "learner": [learner] * len(ids),
            "step": np.full(len(ids), step),
            "sample": self._panel.cpu().numpy()[sample],
            "position": position,
            "token_id": ids,
            "token": [vocabulary[i] for i in ids],
            "written": ~self._holes,
            "logprob_old": self._flat(self._experience.logprobs_old),
            "advantage_raw": self._flat(self._credit.advantages_raw),
            "advantage": self._flat(self._credit.advantages),
        }
        optional = {
            "logprob_ref": self._experience.logprobs_ref,
            "value": self._experience.values,
            "token_reward": self._credit.token_rewards,
            "delta": self._credit.deltas,
            "return": self._credit.returns,
            **{name: x for name, x in self._experience.extra.items() if x.ndim == 2},
            **self._credit.extra,
        }
        columns.update({name: self._flat(x) for name, x in optional.items() if x is not None})
        columns.update({name: self._of_first(x) for name, x in self._checked.items()})
        return columns

    def _of_first(self, x: np.ndarray) -> pa.Array:
        """A column that only the panel's first responses have, [k, T]."""
        everywhere = np.zeros(self._there.shape, x.dtype)
        everywhere[: len(x)] = x
        missing = np.ones(self._there.shape, bool)
        missing[: len(x)] = ~self._mask[: len(x)]
        return pa.array(everywhere[self._there], mask=missing[self._there])

    def _flat(self, x: Tensor) -> np.ndarray:
        return x.detach().cpu().numpy()[self._there]

    def _table(self, columns: dict[str, object], number: int) -> pa.Table:
        """One pass's rows. What the learner has none of is null; so is every number of an environment's token."""
        rows = len(self._holes)
        columns["pass"] = np.full(rows, number)
        arrays = []
        for field in self._schema:
            if field.name not in columns or field.name in self._without:
                arrays.append(pa.nulls(rows, field.type))
            elif isinstance(columns[field.name], pa.Array):
                arrays.append(columns[field.name])
            elif field.name in OF_ANY_TOKEN or not self._holes.any():
                arrays.append(pa.array(columns[field.name], field.type))
            else:
                arrays.append(pa.array(columns[field.name], field.type, mask=self._holes))
        return pa.table(arrays, schema=self._schema)
