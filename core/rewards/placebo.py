"""A placebo: rewards drawn at the step's own rate of success, whatever the responses say.

What training does by itself, without anything to learn, is seen beside a learner of the same start and prompts.
Response i of a step is paid 1 where the i-th uniform number, a function of seed, step and place alone, lies below the
share of the step's responses that the task's verifier calls right. So a learner is paid as often as a real reward would
pay it just then, and given the batch no response is paid more often than another. The rate is that of the learner's own
successes: where these become fewer, it is paid less often, however well a learner beside it does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from core.errors import N_
from core.rewards.base import Asked, Occasion, Reward, verdicts
from core.rewards.verdict import Verdict, Verifier

#: A stream of its own beside those of prompts and sampling.
_STREAM = 0x9_1ACEB0


def score(task: Verifier, responses: Sequence[Asked], occasion: Occasion) -> list[Verdict]:
    """The verifier's verdicts, each with a reward of 0 or 1 that was drawn; ValueError as Task.verify."""
    true = verdicts(task, responses)
    rate = sum(x.success for x in true) / max(1, len(true))
    uniform = np.random.default_rng([occasion.seed, occasion.step, occasion.stream, _STREAM]).random(len(true))
    return [
        dataclasses.replace(verdict, reward=float(drawn < rate)) for verdict, drawn in zip(true, uniform, strict=True)
    ]


REWARD = Reward(
    name="placebo",
    title=N_("a placebo: drawn at the learner's own rate of success"),
    score=score,
    of_content=False,
    order=90,
)
