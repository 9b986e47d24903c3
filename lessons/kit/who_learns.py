"""Who learns in a run that a lesson starts: all learners of its preset, or one of them. A link has it as "ppo-grpo"."""

from __future__ import annotations

import functools

from core.config import RunConfig
from core.learners.registry import learner_kind
from lessons.i18n import _


def choices(config: RunConfig) -> list[str]:
    """What a link may say: all together, then each alone, the last one first."""
    kinds = [x.kind for x in config.learners]
    return ["-".join(kinds), *reversed(kinds)]


def chosen(config: RunConfig, who: str) -> RunConfig:
    """The run with those learners alone."""
    every = who == choices(config)[0]
    return config.model_copy(update={"learners": tuple(x for x in config.learners if every or x.kind == who)})


def title(config: RunConfig, who: str) -> str:
    """ "PPO and GRPO", in the viewer's language."""
    titles = [learner_kind(x).title for x in chosen(config, who).learners]
    return functools.reduce(lambda one, other: _("{one} and {other}").format(one=one, other=other), titles)
