"""The config of a run that trains a reward model on labelled pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from core.config import RunConfig
from core.given_config import parse_config
from core.learners.registry import reward_model_kind
from core.rewards.preferences import Preference, check_enough

#: About so many times the held-out labels are judged while it trains.
_EVALUATIONS = 20


def reward_config(
    base: RunConfig,
    labels: Sequence[Preference] = (),
    *,
    epochs: int = 6,
    pairs_per_step: int = 16,
    seed: int | None = None,
    **settings: Any,
) -> RunConfig:
    """A run that trains a reward model on `base`'s task and start model: `epochs` times on every pair that is not held
    out, `pairs_per_step` at a time.

    `labels` are what the run will be given (`RunStore.create`); none: as many are expected as its judge is asked for.
    `settings` are the learner's own (core/learners/kinds/reward_model.py): `name`, `learning_rate`, `heldout`,
    `judge_pairs`, `judge_noise` … Raises ConfigError where they cannot be, RequestError where the labels are too few.
    """
    values = {
        **base.model_dump(exclude={"learners"}),
        "learners": [{"algorithm": reward_model_kind().name, **settings}],
        "prompts_per_step": pairs_per_step,
        "num_generations": 2,
        "measure_kl": False,
        "compare_samples": 0,
        "value_check_responses": 0,
        "lora_rank": 0,
        "seed": base.seed if seed is None else seed,
    }
    own: Any = parse_config(values).learners[0]
    if labels:
        check_enough(labels, own.heldout)
    pairs = len(labels) or own.judge_pairs
    steps = epochs * max(1, math.ceil(pairs * (1 - own.heldout) / pairs_per_step))
    return parse_config({**values, "steps": steps, "eval_every": max(1, steps // _EVALUATIONS)})
