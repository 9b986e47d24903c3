"""By what the learners of a run may be compared, read off its settings."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo

from core.config import RunConfig
from core.contracts import contract_of, shares
from core.errors import ConfigError
from core.given_config import change
from core.learners import registry
from core.presets import preset
from core.runs.store import RunStore
from core.runs.views import run_view
from core.tasks.kinds.imported import ImportedSettings
from core.training.changing import changed_config
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


def _others(field: FieldInfo, value: Any) -> list[Any]:
    """Other values of a setting, also such as its kind then refuses."""
    choices = [x for x in get_args(field.annotation) if x is not type(None)]
    if isinstance(value, bool):
        return [not value]
    if choices and not any(isinstance(x, type) for x in choices):
        return [x for x in choices if x != value]
    return [x for x in (value + 1, value * 2 + 1, value / 2) if x >= 0] if isinstance(value, int | float) else [1, 2, 4]


@pytest.mark.parametrize("kind", [*registry.LEARNER_KINDS])
def test_what_compares_learners_cannot_change_while_they_are_compared(kind: str) -> None:
    """Whatever shares out, selects or scores a learner's responses is a setting that a run keeps."""
    base = registry.LEARNER_KINDS[kind].settings()
    other = GRPO if registry.trains_policy(base) else base.model_dump()  # a reward model is compared with its like
    run = config({**base.model_dump(), "name": "one"}, {**other, "name": "two"})
    one = run.learners[0]
    free = set(type(one).model_fields) - registry.fixed_of(one) - {"name", "algorithm"}
    assert {"learning_rate", "epsilon"} <= free
    for name in free:
        for value in _others(type(one).model_fields[name], getattr(one, name)):
            try:
                changed = change(run, {f"one.{name}": value})
            except ConfigError:
                continue
            now = changed.learners[0]
            assert contract_of(changed) == contract_of(run), name
            assert (changed.prompts_of(now), changed.group_size(now)) == (run.prompts_of(one), run.group_size(one))
            assert registry.needs_of(now).replacement_rounds == registry.needs_of(one).replacement_rounds, name


def test_which_questions_a_learner_replaces_is_settled_as_it_begins() -> None:
    """Its pages would name a contract that held for half of the run."""
    plain, replacing = config(GRPO, PPO), config({**GRPO, "dynamic_sampling": True}, PPO)
    for run, changed in ((plain, {"dynamic_sampling": True}), (replacing, {"max_sampling_rounds": 5})):
        with pytest.raises(ConfigError, match=rf"grpo\.{next(iter(changed))}: cannot change while a run goes on"):
            changed_config(run, "grpo", {f"grpo.{x}": y for x, y in changed.items()}, keeps_reference=True)


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
