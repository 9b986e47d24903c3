"""TRL's completions (GRPOConfig(log_completions=True), TRL 1.16) as a run: questions, responses and their rewards.

TRL writes a file `completions/completions_00001.parquet` at each of its logging steps: step, prompt, completion, one
column per reward function, whatever a reward function logged besides, and advantage. Nothing is there token by token.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from core.algorithms.advantages import group_std, zero_std_groups
from core.errors import Message
from core.integrations.trl.rewards import FUNCTIONS, CompletionsBatch, Explanation, explanation, rewards_of
from core.runs.foreign import (
    MOST_RESPONSES,
    MOST_STEPS,
    ForeignLearner,
    ImportFailed,
    add_run,
    clean,
    foreign_config,
    message_text,
    step_trace,
    two_sentences,
)
from core.runs.formats import TableReader
from core.runs.store import RunStore
from core.training.trace import StepTrace

NEEDED = ("step", "prompt", "completion", "advantage")
NO_TOKENS = Message(
    "TRL's completions keep no numbers per token; the lab shows the responses, their rewards and their advantages."
)


def batches(tables: Sequence[pa.Table]) -> list[CompletionsBatch]:
    """The generation batches of the files, in the order of their steps.

    A batch that TRL trained on in several steps was written at each of them; it is taken once. Raises ImportFailed.
    """
    by_step: dict[int, CompletionsBatch] = {}
    for table in tables:
        for step, rows in _by_step(table):
            by_step[step] = _batch(rows)  # a later file of the same step takes an earlier one's place
    ordered = [by_step[step] for step in sorted(by_step)]
    keys = [repr(x) for x in ordered]  # by text, as NaN equals nothing
    fresh = [x for i, x in enumerate(ordered) if i == 0 or keys[i] != keys[i - 1]]
    if not fresh:
        raise ImportFailed("TRL's completions hold no rows.")
    _few_enough(len(fresh), sum(len(x.prompts) for x in fresh))
    return fresh


def _few_enough(steps: int, responses: int) -> None:
    if steps > MOST_STEPS or responses > MOST_RESPONSES:
        raise ImportFailed(
            "There are too many completions; at most {steps} steps and {responses} responses are allowed.",
            steps=MOST_STEPS,
            responses=MOST_RESPONSES,
        )


def is_completions(schema: pa.Schema) -> bool:
    """Whether a Parquet file looks like TRL's completions."""
    return set(NEEDED) <= set(schema.names)


def _by_step(table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """(step, its rows), in the order in which steps first appear."""
    if not pa.types.is_integer(table.schema.field("step").type):
        raise ImportFailed("The column step of TRL's completions must hold whole numbers.")
    if table["step"].null_count:
        raise ImportFailed("The column step of TRL's completions has a gap.")
    if not table.num_rows:
        return
    steps = table["step"].combine_chunks().dictionary_encode()
    _few_enough(len(steps.dictionary), table.num_rows)
    own = steps.indices.to_numpy()
    ordered = table.take(pa.array(np.argsort(own, kind="stable")))
    ends = np.cumsum(np.bincount(own)).tolist()
    for step, start, end in zip(steps.dictionary.to_pylist(), [0, *ends], ends, strict=False):
        yield step, ordered.slice(start, end - start)


def _batch(table: pa.Table) -> CompletionsBatch:
    prompts = [clean(message_text(x), Message("A prompt")) for x in table["prompt"].to_pylist()]
    completions = [clean(message_text(x), Message("A completion")) for x in table["completion"].to_pylist()]
    numeric = [
        x.name
        for x in table.schema
        if x.name not in NEEDED and (pa.types.is_floating(x.type) or pa.types.is_integer(x.type))
    ]
    numbers = {name: [math.nan if x is None else float(x) for x in table[name].to_pylist()] for name in numeric}
    if not pa.types.is_floating(table.schema.field("advantage").type):
        raise ImportFailed("The column advantage of TRL's completions must hold numbers.")
    advantages = [math.nan if x is None else float(x) for x in table["advantage"].to_pylist()]
    return CompletionsBatch(prompts, completions, numbers, advantages, groups_of(prompts))


def groups_of(prompts: Sequence[str]) -> list[int]:
    """Which group each response belongs to: those to the same prompt, numbered in the order of their appearance.

    Where a prompt was drawn twice, its responses stand in two blocks of the usual size, and make two groups.
    """
    places: dict[str, list[int]] = {}
    for i, prompt in enumerate(prompts):
        places.setdefault(prompt, []).append(i)
    size = min(map(len, places.values()))
    twice = {x for x, at in places.items() if len(at) > size > 1 and len(at) % size == 0 and _in_blocks(at, size)}
    numbers: dict[tuple[str, int], int] = {}
    met: Counter[str] = Counter()
    groups = []
    for prompt in prompts:
        key = (prompt, met[prompt] // size if prompt in twice else 0)
        met[prompt] += 1
        groups.append(numbers.setdefault(key, len(numbers)))
    return groups


def _in_blocks(places: Sequence[int], size: int) -> bool:
    blocks = [places[i : i + size] for i in range(0, len(places), size)]
    return all(x[-1] - x[0] == size - 1 for x in blocks)


# -- the run -----------------------------------------------------------------------------------------------------------


def describe(steps: Sequence[CompletionsBatch]) -> tuple[dict[str, Any], ForeignLearner, Explanation | None]:
    """(settings of the run that are known, the learner, how the advantages come from the columns)."""
    explained = explanation(steps)
    sizes = Counter(n for batch in steps for n in Counter(batch.group).values())
    size = sizes.most_common(1)[0][0]
    run: dict[str, Any] = {"num_generations": size, "steps": len(steps)}
    per_step = {len(set(x.group)) for x in steps}
    if len(per_step) == 1:
        run["prompts_per_step"] = per_step.pop()
    settings: dict[str, Any] = {}
    if explained is not None and explained.scale != FUNCTIONS:  # the latter no setting here says
        settings = {
            "baseline": "group-mean",
            "scale_rewards": explained.scale,
            "scale_ddof": 1,
            "scale_eps": 1e-4,
            "whiten_advantages": False,
            "kl_coef": 0.0,
        }
    return run, ForeignLearner("grpo", settings, _warning(steps, explained)), explained


def _warning(steps: Sequence[CompletionsBatch], explained: Explanation | None) -> Message:
    """What is not in such files, and what was found out about the reward."""
    if explained is None:
        names = ", ".join(list(steps[0].numbers)[:5])
        return Message(
            "TRL's completions keep no numbers per token; the lab shows the responses, their rewards and their "
            "advantages. Which columns make up the reward could not be told from the advantages: {columns}.",
            key="trl-completions-reward-unknown",
            columns=clean(names, Message("A column's name"))[:200] if names else Message("there are none"),
        )
    warning = NO_TOKENS
    if explained.weighed:
        terms = zip(explained.weights, explained.columns, strict=True)
        reward = clean(" + ".join(f"{weight:.4g} × {name[:40]}" for weight, name in terms), Message("A column's name"))[
            :300
        ]
        about = (
            Message("By the advantages, the reward is {reward}.", reward=reward)
            if explained.absolute
            else Message("By the advantages, the reward is {reward}, up to a factor.", reward=reward)
        )
        warning = two_sentences(warning, about)
    if explained.scale == FUNCTIONS:
        about = Message(
            "TRL normalised what each reward function gave before it took the sum (normalize_then_sum); the reward "
            "shown is the sum without that."
        )
        warning = two_sentences(warning, about)
    return warning


def traces(steps: Sequence[CompletionsBatch], learner: str, explained: Explanation | None) -> Iterator[StepTrace]:
    """One step a generation batch."""
    seen = 0
    for step, batch in enumerate(steps):
        seen += len(batch.prompts)
        rewards = [x if math.isfinite(x) else None for x in rewards_of(batch, explained)]
        samples = [
            {"sample": i, "group": group, "prompt": prompt, "response": completion, "reward": reward}
            for i, (group, prompt, completion, reward) in enumerate(
                zip(batch.group, batch.prompts, batch.completions, rewards, strict=True)
            )
        ]
        yield step_trace(learner, step, _scalars(rewards, batch.group, seen), samples, {})


def _scalars(rewards: list[float | None], group: list[int], seen: int) -> dict[str, Any]:
    scored = [(x, g) for x, g in zip(rewards, group, strict=True) if x is not None]
    scalars: dict[str, Any] = {"samples_seen": seen, "responses_trained": seen}
    if scored:
        values, numbers = torch.tensor([x for x, _ in scored]), torch.tensor([g for _, g in scored])
        scalars["reward"] = float(values.mean())
        scalars["reward_std"] = float(values.std()) if len(scored) > 1 else None
        scalars["group_reward_std"] = float(group_std(values, numbers).mean())
        scalars["frac_reward_zero_std"] = float(zero_std_groups(values, numbers))
    return scalars


def add(store: RunStore, tables: Sequence[pa.Table], name: str) -> str:
    """A run from tables of completions; returns its id."""
    steps = batches(tables)
    run, learner, explained = describe(steps)
    config = foreign_config("TRL completions", run, [learner])
    return add_run(store, config, name, traces(steps, config.learners[0].name, explained), [learner])


READER = TableReader(prefix="completions", columns=NEEDED, takes=is_completions, add=add)
