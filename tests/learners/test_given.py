"""A kind that learns from given responses: nobody samples, what it has no column for is null and reads as none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pyarrow.compute as pc
import pytest
import torch
from pydantic import Field

from core.algorithms.types import Credit, Experience
from core.config import RunConfig
from core.errors import N_
from core.learners import registry
from core.learners.kind import Given, LearnerKind
from core.learners.settings import LearnerSettings
from core.terms import Term
from core.training import gather
from core.training.trace import StepTrace
from core.training.trainer import Trainer


class ImitationSettings(LearnerSettings):
    """Every token of a given right answer counts 1."""

    algorithm: Literal["imitation"] = "imitation"
    name: str = Field("imitation", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")


def _credit(experience: Experience, _settings: ImitationSettings) -> Credit:
    one = torch.where(experience.mask, 1.0, 0.0)
    return Credit(one, one)


def _given(_settings: ImitationSettings, task: Any, seed: int, step: int, count: int) -> Sequence[Given]:
    prompts = task.prompts(seed, step, count)
    return [Given(x, task.solution(x), 1.0) for x in prompts]


WITHOUT = frozenset({"logprob_old", "ratio", "clipped", "value", "return", "delta", "token_reward"})
KIND = LearnerKind(
    name="imitation",
    title="Imitation",
    summary=N_("Each token of given answers counts alike."),
    settings=ImitationSettings,
    colour="pink",
    credit=_credit,
    terms=lambda _settings: (Term("advantage", "1", title="one"),),
    lines=lambda _settings: {"questions": "q", "reward": "1", "advantage": "1", "normalisation": r"\text{none}"},
    strip_title=lambda _settings: N_("{name}: given answers"),
    source="tests/learners/test_given.py:_credit",
    without=lambda _settings: WITHOUT,
    given=_given,
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.LEARNER_KINDS, "imitation", KIND)
    return


def test_it_learns_from_given_responses_and_samples_none(monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig(steps=30, prompts_per_step=8, num_generations=4, eval_every=0)
    config = config.model_copy(update={"learners": (ImitationSettings(learning_rate=5e-4),)})
    trainer = Trainer(config, "imitation")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be sampled")

    monkeypatch.setattr(gather, "sample", never)
    traces = list(trainer.steps())
    first = traces[0]
    for row in first.samples.to_pylist():
        assert row["response"] == trainer.task.solution(row["prompt"])
        assert row["success"]
    for name in WITHOUT:
        assert first.tokens[name].null_count == first.tokens.num_rows
    assert first.scalars["samples_seen"] == 0
    assert first.scalars["responses_trained"] == 32
    assert first.tokens["advantage"].null_count == 0
    assert not [x for x in traces if x.events]  # what nobody sampled cannot have drifted

    def likely(some: list[StepTrace]) -> float:
        return sum(pc.mean(x.tokens.filter(pc.equal(x.tokens["pass"], 0))["logprob"]).as_py() for x in some) / len(some)

    assert likely(traces[-5:]) > likely(traces[:5]) + 0.02
