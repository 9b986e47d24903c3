"""A RunConfig as it is kept: JSON that says which version of the settings it is of, and the steps up from older ones.

Runs, exports and checkpoints outlive the code that wrote them. Whatever reads a config that was stored goes through
`load_config` or `read_config`; what was typed just now is of this version, and goes through `parse_config` of
core/given_config.py. (This module stands here, not in core/runs, because core/training reads checkpoints.)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from core.config import RunConfig
from core.errors import ConfigError, Message
from core.given_config import parse_config
from core.learners.registry import LEARNER_KINDS
from core.refusals import names_of, setting_name
from core.tasks.kinds.imported import OF_NO_ACCOUNT
from core.versions import CREDIT_LAB

VERSION, MADE_BY = "config_version", "made_by"


class StoredConfigError(ConfigError):
    """A stored config that this version of the app cannot read; its text says what was found, to follow a colon."""


class DamagedConfigError(StoredConfigError):
    """What is stored as a config is none of any version."""


NO_CONFIG = Message("its settings are not JSON that describes a run")


@dataclass(frozen=True)
class Migration:
    """One step up: pure functions from plain values to plain values, whose docstrings say what changed.

    They also say whether numbers of runs on both sides of the step stay comparable.
    """

    config: Callable[[dict[str, Any]], dict[str, Any]]  # a whole config
    assignments: Callable[[dict[str, Any]], dict[str, Any]] = dict  # {"ppo.lam": 1, …}: a change while a run went on


def _reward_and_size_unrecorded(values: dict[str, Any]) -> dict[str, Any]:
    """1 → 2: `reward` and `num_generations` of a learner came during version 1.

    A run that was imported before does not list them as unrecorded, and an export that was made of it since holds their
    defaults. So of an imported run these defaults are nothing that its files told. No number changes.
    """
    defaults = {"reward": "verifier", "num_generations": None}
    more = [
        f"{name}.{x}"
        for name, settings in _imported(values)
        for x, default in defaults.items()
        if settings.get(x, default) == default
    ]
    return _unrecorded(values, more)


def _reordered_together(values: dict[str, Any]) -> dict[str, Any]:
    """2 → 3: `reordered_apart` of reasoning-gym's data sets, which is on by default, and was off before.

    Such a run's questions stay as they were drawn: where 3 + 5 was held out, 5 + 3 may have been trained on. Numbers on
    both sides of the step are of other questions.
    """
    task = values.get("task")
    if not isinstance(task, dict) or task.get("kind") != "reasoning-gym":
        return values
    return {**values, "task": {"reordered_apart": False, **task}}


def _questions_reordered_together(values: dict[str, Any]) -> dict[str, Any]:
    """3 → 4: `reordered_apart` of questions of one's own, which is on by default, and was off before.

    Such a run's questions stay on the sides that they were on. Of a file in which some ask the same, numbers on both
    sides of the step are of other questions; of any other file they stay comparable.
    """
    task = values.get("task")
    if not isinstance(task, dict) or task.get("kind") != "questions":
        return values
    return {**values, "task": {"reordered_apart": False, **task}}


def _score_of_success(values: dict[str, Any]) -> dict[str, Any]:
    """4 → 5: the task `reply` calls `success_score` what it called `success_from`, which every run has a setting of.

    Only the name is another: numbers stay comparable.
    """
    task = values.get("task")
    if not isinstance(task, dict) or task.get("kind") != "reply" or "success_from" not in task:
        return values
    others = {name: value for name, value in task.items() if name != "success_from"}
    return {**values, "task": {"success_score": task["success_from"], **others}}


def _newer_unrecorded(values: dict[str, Any]) -> dict[str, Any]:
    """The config; of an imported run with every setting as unrecorded that its stored text does not name.

    A config is stored whole, so such a setting is younger than the import: no default of ours is a fact of that run.
    """
    more = [x for x in RunConfig.model_fields if x not in values]
    for name, settings in _imported(values):
        kind = LEARNER_KINDS.get(str(settings.get("algorithm")))
        more += [f"{name}.{x}" for x in kind.settings.model_fields if x not in settings] if kind else []
    return _unrecorded(values, [x for x in more if x.rpartition(".")[2] not in OF_NO_ACCOUNT])


def _imported(values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The learners of an imported run, by name; none where the run was trained here."""
    if isinstance(values.get("task"), dict) and values["task"].get("kind") == "imported":
        yield from (
            x for x in zip(names_of(values), values.get("learners", ()), strict=False) if isinstance(x[1], dict)
        )


def _unrecorded(values: dict[str, Any], more: list[str]) -> dict[str, Any]:
    """The config of an imported run with `more` settings as unrecorded; any other as it is."""
    task = values.get("task")
    if not isinstance(task, dict) or task.get("kind") != "imported":
        return values
    return {**values, "task": {**task, "unrecorded": list(dict.fromkeys([*task.get("unrecorded", ()), *more]))}}


#: MIGRATIONS[n − 1] leads from version n to version n + 1. A setting that is new and has a default needs no step: of a
#: run trained here the default is what it did, of an imported one it is unrecorded (`_newer_unrecorded`).
MIGRATIONS: tuple[Migration, ...] = (
    Migration(_reward_and_size_unrecorded),
    Migration(_reordered_together),
    Migration(_questions_reordered_together),
    Migration(_score_of_success),
)
CONFIG_VERSION = 1 + len(MIGRATIONS)


def dump_config(config: RunConfig) -> dict[str, Any]:
    """The config as plain values for JSON, with its version and that of the app."""
    return {VERSION: CONFIG_VERSION, MADE_BY: CREDIT_LAB, **config.model_dump(mode="json")}


def read_config(text: str) -> RunConfig:
    """The config from a stored text. Raises what `load_config` raises."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedConfigError(NO_CONFIG) from error
    return load_config(values)


def load_config(values: Any, version: int | None = None) -> RunConfig:
    """The config from stored values of `version` (None: the one that they name, or 1 where they name none).

    Raises StoredConfigError where another version wrote them, and ConfigError where a value is one that none allows.
    """
    if not isinstance(values, dict) or not isinstance(values.get("learners", ()), list | tuple):
        raise DamagedConfigError(NO_CONFIG)
    own = values.get(VERSION, 1) if version is None else version
    values = {name: value for name, value in values.items() if name not in (VERSION, MADE_BY)}
    try:
        return _validated(values, own)
    except ConfigError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise DamagedConfigError(NO_CONFIG) from error


def _validated(values: dict[str, Any], version: Any) -> RunConfig:
    for step in _steps(version):
        values = step.config(values)
    values = _newer_unrecorded(values)
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        if unknown := _unknown(error, values):
            raise StoredConfigError(unknown) from error
    return parse_config(values)  # says what is wrong, setting by setting


def load_assignments(values: Any, version: int | None) -> Any:
    """A stored change of settings in the settings of this version; what is no change is returned as it is.

    A change of a newer version is, too: its run is not readable here anyway.
    """
    if isinstance(values, dict) and (version or 1) <= CONFIG_VERSION:
        for step in _steps(version or 1):
            values = step.assignments(values)
    return values


def made_by(text: str, versions: Mapping[str, str]) -> str | None:
    """Which version of the app wrote a stored config, if that can be told; `versions` are the run's."""
    try:
        version = json.loads(text)[MADE_BY]
    except (ValueError, TypeError, LookupError, RecursionError):
        version = versions.get("credit-lab")
    return str(version)[:40] if version else None


def _steps(version: Any) -> tuple[Migration, ...]:
    """What leads from `version` to this one. Raises StoredConfigError where it is newer, or no version."""
    if not isinstance(version, int) or version < 1:
        raise DamagedConfigError(NO_CONFIG)
    if version > CONFIG_VERSION:
        raise StoredConfigError(newer_settings(version))
    return MIGRATIONS[version - 1 :]


def newer_settings(version: int) -> Message:
    """What to say of a stored config whose version is above the one that is known here."""
    return Message(
        "its settings are of version {version}, and this version of the app reads them up to version {known}",
        version=version,
        known=CONFIG_VERSION,
    )


def _unknown(error: ValidationError, values: dict[str, Any]) -> Message | None:
    """The names that pydantic reports as unknown; None where it reports only other problems."""
    problems, learners = error.errors(), names_of(values)
    settings = [_brief(setting_name(x["loc"], learners)) for x in problems if x["type"] == "extra_forbidden"]
    if settings:
        names = ", ".join(settings[:3]) + ", …" * (len(settings) > 3)
        return Message("there is no setting {names} here", names=names)
    for x in problems:
        if x["type"] == "union_tag_invalid":
            kind = _brief(x["ctx"]["tag"])
            if x["loc"][0] == "learners":
                return Message("there is no learner of the kind {given} here", given=kind)
            return Message("there is no task of the kind {given} here", given=kind)
    return None


def _brief(text: str) -> str:
    """The value as a sentence can quote it, whoever wrote it."""
    text = "".join(x for x in " ".join(text.split()) if x.isprintable())
    return text if len(text) <= 60 else f"{text[:59]}…"
