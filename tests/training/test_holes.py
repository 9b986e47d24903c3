"""Masks with holes: tokens inside a response that an environment wrote carry no credit and no loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
from torch import Tensor

from core.algorithms.advantages import gae
from core.algorithms.masked import last_token, lengths, next_token
from core.config import RunConfig
from core.insight.panel import Panel
from core.insight.whatif import credit_under, stored_step
from core.learners.registry import learner
from core.runs.group_view import _token_columns
from core.terms import evaluate
from core.training import gather
from core.training.record import OF_ANY_TOKEN
from core.training.rollout import Rollout
from core.training.terms import data_of, known_values, terms_for
from core.training.trace import StepTrace
from core.training.trainer import Trainer

MASK = torch.tensor(
    [[1, 1, 0, 0, 1, 1, 0], [1, 0, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1, 1], [1, 0, 0, 0, 0, 0, 0]], dtype=torch.bool
)


def compact(x: Tensor, row: int) -> Tensor:
    return x[row][MASK[row]][None]


def test_gae_passes_over_holes_as_if_they_were_not_there() -> None:
    random = torch.Generator().manual_seed(3)
    rewards, values = (torch.randn(MASK.shape, generator=random, dtype=torch.float64) for _ in range(2))
    after, cut = torch.randn(4, generator=random, dtype=torch.float64), torch.tensor([True, False, True, False])
    advantages = gae(rewards, values, MASK, 0.9, 0.7, value_after=after, truncated=cut)
    for row in range(len(MASK)):
        n = int(MASK[row].sum())
        alone = gae(
            compact(rewards, row), compact(values, row), torch.ones(1, n, dtype=torch.bool), 0.9, 0.7,
            value_after=after[row : row + 1], truncated=cut[row : row + 1],
        )  # fmt: skip
        for with_holes, without in zip(advantages, alone, strict=True):
            torch.testing.assert_close(compact(with_holes, row), without)
            assert not with_holes[row][~MASK[row]].any()


def test_next_and_last_and_length() -> None:
    x = torch.arange(28.0).view(4, 7)
    following = next_token(x, MASK, torch.tensor([100.0, 200.0, 300.0, 400.0]))
    assert following[0].tolist() == [1, 4, 0, 0, 5, 100, 0]
    assert following[1].tolist() == [9, 0, 11, 0, 200, 0, 0]
    assert following[3].tolist() == [400, 0, 0, 0, 0, 0, 0]
    assert lengths(MASK).tolist() == [6, 5, 7, 1]
    assert last_token(MASK).nonzero().tolist() == [[0, 5], [1, 4], [2, 6], [3, 0]]
    nan = torch.full_like(x, torch.nan)
    assert not next_token(torch.where(MASK, x, nan), MASK).isnan().any()


SMALL = {"prompts_per_step": 2, "num_generations": 4, "steps": 1, "eval_every": 0, "trace": "all"}


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., StepTrace]:
    """A step whose responses' third and fourth tokens count as an environment's."""
    real = gather.sample

    def sample(*given: object, **more: object) -> Rollout:
        rollout = real(*given, **more)
        mask = rollout.mask.clone()
        mask[:, 2:4] &= ~(lengths(mask)[:, None] > 4)
        return dataclasses.replace(rollout, mask=mask, logprobs=rollout.logprobs * mask)

    def step(kind: str, **settings: object) -> StepTrace:
        trainer = Trainer(RunConfig(learners=(learner(kind, **settings),), **SMALL), kind)
        [trace] = trainer.steps()
        return trace

    monkeypatch.setattr(gather, "sample", sample)
    return step


@pytest.mark.parametrize("kind", ["ppo", "grpo"])
def test_an_environments_tokens_have_no_numbers_and_the_others_follow_from_their_own(
    kind: str, interrupted: Callable[..., StepTrace]
) -> None:
    trace = interrupted(kind)
    foreign = trace.tokens.filter(pc.invert(trace.tokens["written"]))
    assert foreign.num_rows
    assert set(foreign["position"].to_pylist()) == {2, 3}
    assert None not in foreign["token"].to_pylist()
    names = set(foreign.column_names) - OF_ANY_TOKEN
    assert all(foreign[name].null_count == foreign.num_rows for name in names)
    own = trace.tokens.filter(trace.tokens["written"])
    assert own["advantage"].null_count == own["ratio"].null_count == 0
    settings = learner(kind)
    for number in (0, 1, 2):
        data = data_of(known_values(settings), trace.samples, trace.tokens, trace.scalars, number)
        assert data.holes is not None
        values = evaluate(terms_for(settings), data, recompute=True)
        for name in ("ratio", "advantage_raw", "advantage", "objective"):
            np.testing.assert_allclose(values[name].numbers[data.written], data.tokens[name][data.written], atol=1e-5)
            assert values[name].null[data.holes].all()


def test_a_stored_step_with_holes_is_credited_again_alike(interrupted: Callable[..., StepTrace]) -> None:
    trace = interrupted("ppo", bootstrap_truncated=True)
    panel = Panel.of(trace.samples, trace.tokens)
    assert (panel.mask.sum(1) < lengths(panel.mask)).any()
    assert panel.value_after is not None
    again = credit_under(stored_step(trace.samples, trace.tokens), learner("ppo", bootstrap_truncated=True))
    torch.testing.assert_close(again.advantages[panel.mask], panel.column("advantage")[panel.mask], atol=1e-5, rtol=0)


def test_a_browser_is_told_which_tokens_are_an_environments(interrupted: Callable[..., StepTrace]) -> None:
    tokens = interrupted("grpo").tokens
    first = tokens.filter(pc.equal(tokens["pass"], 0))
    long = next(x for x in set(first["sample"].to_pylist()) if pc.sum(pc.equal(first["sample"], x)).as_py() > 4)
    columns = _token_columns([first.filter(pc.equal(first["sample"], pa.scalar(long, pa.int32())))])
    assert columns["holes"][:5] == [False, False, True, True, False]
    assert columns["once"]["advantage"][2] is None
