"""A kind with a number per token of its own: measured in training, kept in the trace, there when a step is credited
again and on its way to the browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from pydantic import Field
from torch import Tensor

from core.algorithms.advantages import gae
from core.algorithms.types import Credit, Experience
from core.config import RunConfig
from core.curation import task_of
from core.errors import RequestError
from core.insight.whatif import credit_under, stored_step
from core.learners import registry
from core.learners.kind import Column, LearnerKind, Written
from core.learners.registry import learner
from core.learners.settings import LearnerSettings
from core.runs import reading
from core.runs.feed import Feed
from core.runs.store import RunStore
from core.terms import Term, evaluate
from core.training.terms import data_of, known_values, terms_for
from core.training.trainer import Trainer


class DenseSettings(LearnerSettings):
    """Each token is credited with the rewards from it on: its own and the response's at the end."""

    algorithm: Literal["dense"] = "dense"
    name: str = Field("dense", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    bonus: float = Field(0.1, ge=0, le=1, description="Reward of a token that ends a right line of the sum.")


def right_lines(settings: DenseSettings, written: Written) -> Mapping[str, Tensor]:
    """`bonus` at each token after which a whole line `a+b=c` stands that is true."""
    shaping = torch.zeros(written.mask.shape)
    for row, tokens in enumerate(written.tokens):
        for place in range(len(tokens)):
            line = "".join(tokens[: place + 1]).rpartition(";")[2]
            left, _, right = line.partition("=")
            parts = left.split("+")
            ends = place + 1 == len(tokens) or tokens[place + 1] in (";", "<eos>")
            whole = right.isdigit() and all(x.isdigit() for x in parts)
            if ends and whole and sum(map(int, parts)) == int(right):
                shaping[row, place] = settings.bonus
    return {"shaping": shaping}


def credit(experience: Experience, _settings: DenseSettings) -> Credit:
    last = experience.mask & (experience.mask.cumsum(1) == experience.mask.sum(1, keepdim=True))
    rewards = experience.extra["shaping"] + torch.where(last, experience.rewards[:, None], 0)
    togo, _, _ = gae(rewards, torch.zeros_like(rewards), experience.mask, 1.0, 1.0)
    return Credit(togo, togo, token_rewards=torch.where(experience.mask, rewards, 0))


KIND = LearnerKind(
    name="dense",
    title="Dense",
    summary="Rewards of one's own for right lines.",
    settings=DenseSettings,
    colour="pink",
    credit=credit,
    terms=lambda _settings: (
        Term("token_reward", "shaping + (reward if last else 0)", title="reward"),
        Term("advantage_raw", "scan(token_reward, 1)", title="rewards to go"),
        Term("advantage", "advantage_raw", title="advantage"),
    ),
    lines=lambda _settings: {"questions": "q", "reward": "r", "advantage": "A", "normalisation": r"\text{none}"},
    strip_title=lambda _settings: "{name}: rewards to go",
    source="tests/learners/test_measured.py:credit",
    without=lambda _settings: frozenset({"value", "delta", "return", "score"}),
    columns=(Column("shaping", "reward for a right line"),),
    measure=right_lines,
)
RUN = RunConfig(steps=2, prompts_per_step=4, num_generations=4, eval_every=0, panel_size=8)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.LEARNER_KINDS, "dense", KIND)


@pytest.fixture
def run() -> tuple[DenseSettings, list[Any]]:
    settings = DenseSettings()
    trainer = Trainer(RUN.model_copy(update={"learners": (settings,)}), "dense")
    return settings, list(trainer.steps())


def test_what_is_measured_is_what_is_credited_recorded_and_credited_again(run: tuple[DenseSettings, list[Any]]) -> None:
    settings, traces = run
    for trace in traces:
        data = data_of(known_values(settings), trace.samples, trace.tokens, trace.scalars)
        shaping = data.tokens["shaping"][data.mask]
        assert set(shaping.tolist()) == {0.0, np.float32(settings.bonus)}
        values = evaluate(terms_for(settings), data, recompute=True)
        for name in ("token_reward", "advantage_raw", "advantage"):
            np.testing.assert_allclose(values[name].numbers[data.mask], data.tokens[name][data.mask], atol=1e-5)
        step = stored_step(trace.samples, trace.tokens)
        again = credit_under(step, settings)  # type: ignore[arg-type]
        torch.testing.assert_close(again.advantages[step.panel.mask], step.panel.column("advantage")[step.panel.mask])


def test_responses_of_another_learner_are_measured_when_they_are_credited() -> None:
    """What no trace of theirs has is worked out of prompt, response and tokens, as in training."""
    settings = DenseSettings()
    config = RUN.model_copy(update={"learners": (learner("grpo"),)})
    trace = next(Trainer(config, "grpo").steps())
    step = stored_step(trace.samples, trace.tokens)
    assert not step.experience.extra
    with pytest.raises(RequestError, match=r"measured of responses \(shaping\), which was not recorded"):
        credit_under(step, settings)  # type: ignore[arg-type]
    rewards = credit_under(step, settings, task=task_of(config)).token_rewards  # type: ignore[arg-type]
    assert rewards is not None
    own = next(Trainer(RUN.model_copy(update={"learners": (settings,)}), "dense").steps())  # the same first responses
    mine = stored_step(own.samples, own.tokens).panel
    assert mine.responses == step.panel.responses
    torch.testing.assert_close(rewards[mine.mask], mine.column("token_reward")[mine.mask])
    assert {0.0, np.float32(settings.bonus), 1.0} <= set(rewards[mine.mask].tolist())


def test_a_browser_is_sent_the_column_and_what_it_is(
    run: tuple[DenseSettings, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, traces = run
    config = RUN.model_copy(update={"learners": (settings,)})
    # The kinds a stored run may name are fixed when core.config is imported, before this test adds one.
    monkeypatch.setattr(reading, "_config", lambda _text: config)
    store = RunStore(home=tmp_path)
    run_id = store.create(config)
    for trace in traces:
        store.append(run_id, trace)
    group = json.loads(Feed(store).group(run_id, 1, 0).text())["learners"]["dense"]
    assert group["columns"] == [{"name": "shaping", "title": "reward for a right line", "help": "", "signed": True}]
    assert {x for y in group["responses"] for x in y["once"]["shaping"]} <= {0.0, 0.1}
