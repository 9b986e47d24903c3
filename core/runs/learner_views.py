"""A learner as plain values for a browser: what its kind declares, and its settings as they were at a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.algorithms.ratio import LEVELS
from core.algorithms.surrogates import SURROGATES
from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change
from core.learners.registry import AnyLearner, colours_of, learner_kind
from core.learners.unrecorded import strip_title_of, surely_without
from core.rewards import REWARDS, VERIFIER
from core.rewards.verdict import PARTS
from core.runs.records import known_settings, unrecorded_of
from core.tasks.kinds.imported import ImportedSettings
from core.tasks.registry import task_kind
from core.training.terms import known_values, terms_for

if TYPE_CHECKING:
    from core.runs.store import RunInfo, RunStore


def about_learner(config: RunConfig, name: str) -> dict[str, Any]:
    """What a learner's kind and its surrogate declare, as far as drawing needs it. Texts are message templates."""
    settings = config.learner(name)
    kind, form = learner_kind(settings), SURROGATES[settings.surrogate]
    unrecorded = unrecorded_of(config, name)
    return {
        "kind": kind.title,
        "colour": colours_of(config.learners)[name],
        "strip_title": strip_title_of(settings, unrecorded),
        "scored_by": _scored_by(settings, unrecorded),
        "group_size": None if known_settings(config)("num_generations") is None else config.group_size(settings),
        "replaces_groups": kind.needs(settings).replacement_rounds > 0,
        "given": kind.offline,
        "against_collector": kind.against_collector,
        "trains": kind.trains,
        # The KL of a learner whose responses are given is that of fresh ones (core/training/coverage.py).
        "at_evaluations": ["kl"] if kind.offline else [],
        "without": sorted(surely_without(settings, unrecorded) | _of_no_group(config, settings) | _of_no_tests(config)),
        "columns": [{"name": x.name, "title": x.title, "help": x.help, "signed": x.signed} for x in kind.columns],
        "regions": terms_for(settings).as_json()["regions"],
        "whole_ratio": form.whole or (LEVELS[settings.importance_sampling_level].whole and not form.fixed_ratio),
        "continuations": kind.needs(settings).continuations,
        "checked_by": known_settings(config)("value_check_continuations"),
    }


def _scored_by(settings: AnyLearner, unrecorded: frozenset[str]) -> str | None:
    """What the learner learns from, as a message template; None where it is the task's verifier, or not recorded."""
    return None if settings.reward == VERIFIER or "reward" in unrecorded else REWARDS[settings.reward].title


def _of_no_group(config: RunConfig, settings: AnyLearner) -> frozenset[str]:
    """Columns that speak of a group's responses, where a question has one response."""
    known = known_settings(config)("num_generations") is not None
    alone = known and config.group_size(settings) == 1
    of_groups = {"group_reward_std", "frac_reward_zero_std", "value_error_group_mean"}
    return frozenset(of_groups) if alone else frozenset()


def _of_no_tests(config: RunConfig) -> frozenset[str]:
    """Columns that speak of unit tests which the task does not have; of a task elsewhere nothing is known."""
    if isinstance(config.task, ImportedSettings):
        return frozenset()
    gone = {*PARTS} - {*task_kind(config.task).parts(config.task)}
    return frozenset(f"{prefix}{part}" for part in gone for prefix in ("", "heldout_"))


def config_at(store: RunStore, run: RunInfo, learner: str, step: int) -> RunConfig:
    """The run's config as it was for a learner at a step: later changes while it ran are undone."""
    config = run.config
    for event in store.events(run.id):
        if event["kind"] == "change" and event["learner"] in (learner, None) and event["step"] <= step:
            try:
                config = change(config, event["value"])
            except (ConfigError, TypeError, AttributeError):  # an event that the worker refused, too, changed nothing
                continue
    return config


def settings_at(store: RunStore, run: RunInfo, learner: str, step: int) -> dict[str, Any]:
    """The learner's settings as they were at a step; None where an imported run does not tell."""
    config = config_at(store, run, learner, step)
    settings, unrecorded = config.learner(learner), unrecorded_of(config, learner)
    return {name: None if name in unrecorded else getattr(settings, name) for name in type(settings).model_fields}


def settings_of(config: RunConfig, learner: str) -> dict[str, Any]:
    return known_values(config.learner(learner), unrecorded_of(config, learner))
