"""By what the learners of a run may be compared, read off its settings."""

from __future__ import annotations

from typing import Any

import pytest

from core.config import RunConfig, change
from core.contracts import contract_of, shares
from core.learners import registry
from core.presets import preset
from core.runs.store import RunStore
from core.runs.views import run_view
from core.tasks.kinds.imported import ImportedSettings
from tests.learners.test_given import KIND, ImitationSettings


def config(*learners: dict[str, Any], **run: Any) -> RunConfig:
    return RunConfig.model_validate({"learners": learners, **run})


GRPO, PPO = {"algorithm": "grpo"}, {"algorithm": "ppo"}


@pytest.mark.parametrize(
    ("learners", "contract"),
    [
        ([GRPO], None),
        ([GRPO, PPO], "same-questions"),
        ([GRPO, {**PPO, "num_generations": 8}], "same-questions"),
        ([GRPO, {**PPO, "num_generations": 1}], "same-budget"),
        ([GRPO, PPO, {**PPO, "name": "other", "num_generations": 2}], "same-budget"),
        ([{**GRPO, "dynamic_sampling": True}, PPO], "same-budget"),
    ],
)
def test_the_contract_follows_from_the_settings(learners: list[dict[str, Any]], contract: str | None) -> None:
    assert contract_of(config(*learners)) == contract


def test_who_learns_from_a_data_set_answers_no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.LEARNER_KINDS, "imitation", KIND)
    run = preset("chain-sum")
    given = run.model_copy(update={"learners": (*run.learners, ImitationSettings())})
    assert (contract_of(run), contract_of(given)) == ("same-questions", "same-budget")


def test_of_another_programs_run_nobody_here_knows() -> None:
    elsewhere = preset("chain-sum").model_copy(update={"task": ImportedSettings(source="TRL")})
    assert contract_of(elsewhere) is None


def test_the_budget_is_the_same_however_it_is_shared_out() -> None:
    run = change(preset("chain-sum"), {"grpo.num_generations": 4, "ppo.num_generations": 1})
    assert shares(run) == [("ppo", 128, 1), ("grpo", 32, 4)]
    assert {questions * responses for _, questions, responses in shares(run)} == {run.responses_per_step}


def test_viewers_are_told(tmp_path: Any) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    sent = [run_view(store.get(store.create(x)))["run"]["contract"] for x in (config(GRPO), config(GRPO, PPO))]
    assert sent == [None, "same-questions"]
