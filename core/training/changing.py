"""What of a run's settings may change while it goes on."""

from __future__ import annotations

from typing import Any

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change
from core.learners.registry import fixed_of


def changed_config(config: RunConfig, learner: str, assignments: dict[str, Any], keeps_reference: bool) -> RunConfig:
    """The config with settings of a learner (`lam`, `ppo.lam`) or `steps` changed; ConfigError if that cannot be.

    `keeps_reference`: whether the run has the start model to measure a KL against.
    """
    changed = change(config, assignments)
    mine, now = changed.learner(learner), config.learner(learner)
    before = config.model_dump()
    fixed = [name for name, value in changed.model_dump(exclude={"learners", "steps"}).items() if value != before[name]]
    kept = sorted(x for x in fixed_of(now) if getattr(mine, x) != getattr(now, x))
    fixed += [f"{learner}.{name}" for name in kept]
    if mine.needs_reference and not keeps_reference:
        raise ConfigError(
            "{learner}: a KL in the loss or reward needs the start model, which this run does not keep; start a "
            "new run with it, or with measure_kl",
            learner=learner,
        )
    if fixed:
        raise ConfigError("{settings}: cannot change while a run goes on; start a new run with it", settings=fixed)
    return changed
