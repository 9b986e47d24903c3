"""One response of the recorded run, measured: the true value of every prefix, beside what the run's critic said of it.

A response that the critic takes for right after it has gone wrong. The page on what is true shows it first; the file is
made again, with the same numbers on the same machine, by

    python -m core.runs.true_fall
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from core.insight.panel import Panel
from core.insight.replay import Runs, models_at
from core.training.continuations import Oracle, Responses
from core.versions import versions

RECORDED = Path(__file__).parent / "recorded" / "true-fall.json"


@dataclass(frozen=True)
class ResponseId:
    """Which response: of which run, learner, step (from 0), and its number in the step."""

    run: str
    learner: str
    step: int
    sample: int


#: Of the slips that the critic misses in the recorded run's first 30 steps, the one after which its values are highest.
EXAMPLE = ResponseId("recorded-long-sums", "ppo", 11, 18)
CONTINUATIONS = 512


def measure(store: Runs, place: ResponseId, continuations: int, seed: int = 0) -> dict[str, Any]:
    """The response with its true values and their 95 % intervals, the critic's values, and its group's mean reward.

    All lists have an entry a token, of the prefix before it. Raises what `models_at` raises.
    """
    models = models_at(store, place.run, place.learner, place.step)
    panel = Panel.of(
        store.samples(place.run, place.learner, place.step), store.tokens(place.run, place.learner, place.step)
    )
    row = panel.samples.index(place.sample)
    one = slice(row, row + 1)
    responses = Responses([panel.prompts[row]], panel.completion_ids[one], panel.mask[one], panel.rewards[one])
    true = Oracle.of(models.trainer).estimate(responses, continuations=continuations, seed=seed)
    count = int(panel.mask[row].sum())
    own = [x for x in store.tokens(place.run, place.learner, place.step).to_pylist() if x["sample"] == place.sample]
    tokens = [x["token"] for x in sorted(own, key=lambda x: x["position"]) if x["pass"] == 0]
    group = panel.group == panel.group[row]
    return {
        "about": {
            "run": place.run,
            "learner": place.learner,
            "step": place.step,
            "sample": place.sample,
            "continuations": continuations,
            "seed": seed,
            "versions": versions(),
        },
        "prompt": panel.prompts[row],
        "tokens": tokens,
        "reward": float(panel.rewards[row]),
        "group_mean": float(panel.rewards[group].mean()),
        "true": _listed(true.values, count),
        "low": _listed(true.low, count),
        "high": _listed(true.high, count),
        "critic": _listed(panel.column("value")[one], count),
    }


def _listed(numbers: torch.Tensor, count: int) -> list[float]:
    return [round(x, 4) for x in numbers[0, :count].tolist()]
