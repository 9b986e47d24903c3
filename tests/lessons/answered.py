"""Made-up runs with answers to held-out questions before and after training. No model runs here."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from core.config import RunConfig
from core.runs import lifecycle
from core.runs.store import RunStore
from core.tasks.reasoning_settings import ReasoningGymSettings
from core.tasks.registry import task_for
from tests.helpers import HOSTILE
from tests.lessons.worded import worded_config, worded_trace

QUESTIONS, SAMPLES = 12, 4
#: What an answer looks like: right and readable, wrong but readable, with nothing to read, cut off in the middle.
RIGHT, WRONG, NOTHING, CUT = "right", "wrong", "nothing", "cut"
LONG = "Let me think about it step by step.\n" * 30
#: Of each twelve greedy answers, how many are of which kind.
KINDS = {
    "before": (RIGHT,) * 2 + (WRONG,) * 4 + (NOTHING,) * 4 + (CUT,) * 2,
    "ppo": (RIGHT,) * 1 + (WRONG,) * 1 + (RIGHT,) * 6 + (WRONG,) * 3 + (NOTHING,) * 1,
    "grpo": (RIGHT,) * 10 + (WRONG,) * 2,
}


def config() -> RunConfig:
    """The instruct model's preset with few and small answers."""
    task = ReasoningGymSettings(heldout=QUESTIONS)
    return worded_config(num_generations=4, panel_size=8, prompts_per_step=4, task=task, compare_samples=SAMPLES)


@functools.cache
def questions() -> tuple[tuple[str, str], ...]:
    """The held-out questions with their right answers; the second is hostile."""
    task = task_for(config().task)
    asked = [(x, task.truth(x)) for x in task.heldout]
    asked[1] = (HOSTILE[0] + asked[1][0], asked[1][1])
    return tuple(asked)


def answer(kind: str, truth: str, number: int) -> list[Any]:
    """[text, what was read as the answer, right, tokens, ended by itself], as in an event."""
    other = str(int(truth) + 1)
    if kind == RIGHT:
        return [f"The answer is {truth}.", truth, True, 7, True]
    if kind == WRONG:
        mark = HOSTILE[number % len(HOSTILE)]
        return [f"{mark}{other}", other, False, 5, True]
    if kind == NOTHING:
        return [f"{LONG}I am happy to help you with sums!", None, False, 14, True]
    return [f"The sum of the two numbers {HOSTILE[1]} is equal", None, False, 16, False]


def event(when: str, kinds: tuple[str, ...], seed: int = 0) -> dict[str, Any]:
    """An event's value; samples are each of the greedy answer's kind or, one in four, of another one."""
    rng = np.random.default_rng([seed, len(when)])
    asked = questions()
    sampled = []
    for i, (kind, (_question, truth)) in enumerate(zip(kinds, asked, strict=True)):
        own = [str(rng.choice(kinds)) if rng.random() < 0.25 else kind for _sample in range(SAMPLES)]
        sampled.append([answer(x, truth, i) for x in own])
    return {
        "when": when,
        "samples": SAMPLES,
        "questions": [x for x, _truth in asked],
        "truths": [x for _question, x in asked],
        "greedy": [answer(k, truth, i) for i, (k, (_q, truth)) in enumerate(zip(kinds, asked, strict=True))],
        "sampled": sampled,
    }


def answered_run(
    store: RunStore, *, steps: int = 3, after: bool = True, before: bool = True, status: str = "finished", **of: Any
) -> str:
    """A made-up run in the store; returns its id. `of` goes to the store's `create`."""
    made = config()
    run_id = store.create(made, **{"name": "made up for a test", **of})
    for learner in made.learners:
        if before:
            store.add_event(run_id, learner.name, 0, "evaluation", event("before", KINDS["before"]))
    for step in range(steps):
        for learner in made.learners:
            store.append(run_id, worded_trace(made, learner.name, step, groups=2))
    for learner in made.learners:
        if after:
            store.add_event(run_id, learner.name, steps, "evaluation", event("after", KINDS[learner.name], seed=1))
        lifecycle.mark(store, run_id, learner.name, status)  # type: ignore[arg-type]
    return run_id
