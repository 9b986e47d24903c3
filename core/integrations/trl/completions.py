"""TRL's completions (GRPOConfig(log_completions=True), TRL 1.16) as a run: questions, responses and their rewards.

TRL writes a file `completions/completions_00001.parquet` at each of its logging steps: step, prompt, completion, one
column per reward function, whatever a reward function logged besides, and advantage. Nothing is there token by token.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import torch

from core.algorithms.advantages import group_advantages, zero_std_groups
from core.errors import Message
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
)
from core.runs.formats import TableReader
from core.runs.store import RunStore
from core.training.trace import StepTrace

NEEDED = ("step", "prompt", "completion", "advantage")
NO_TOKENS = Message(
    "TRL's completions keep no numbers per token; the lab shows the responses, their rewards and their advantages."
)


@dataclass(frozen=True)
class CompletionsBatch:
    """The responses that one file holds: TRL's last generation batch when it was written."""

    prompts: list[str]
    completions: list[str]
    numbers: dict[str, list[float]]  # columns that may be rewards, in the file's order; NaN where a function gave none
    advantages: list[float]
    group: list[int]


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
    if len(fresh) > MOST_STEPS or sum(len(x.prompts) for x in fresh) > MOST_RESPONSES:
        raise ImportFailed(
            "There are too many completions; at most {steps} steps and {responses} responses are allowed.",
            steps=MOST_STEPS,
            responses=MOST_RESPONSES,
        )
    return fresh


def is_completions(schema: pa.Schema) -> bool:
    """Whether a Parquet file looks like TRL's completions."""
    return set(NEEDED) <= set(schema.names)


def _by_step(table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    if not pa.types.is_integer(table.schema.field("step").type):
        raise ImportFailed("The column step of TRL's completions must hold whole numbers.")
    steps = table["step"].to_pylist()
    for step in dict.fromkeys(steps):
        if step is None:
            raise ImportFailed("The column step of TRL's completions has a gap.")
        yield step, table.filter(pa.array([x == step for x in steps]))


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
    counts = Counter(prompts)
    size = min(counts.values())
    twice = {x for x, n in counts.items() if n > size and n % size == 0 and size > 1 and _in_blocks(prompts, x, size)}
    numbers: dict[tuple[str, int], int] = {}
    met: Counter[str] = Counter()
    groups = []
    for prompt in prompts:
        key = (prompt, met[prompt] // size if prompt in twice else 0)
        met[prompt] += 1
        groups.append(numbers.setdefault(key, len(numbers)))
    return groups


def _in_blocks(prompts: Sequence[str], prompt: str, size: int) -> bool:
    places = [i for i, x in enumerate(prompts) if x == prompt]
    blocks = [places[i : i + size] for i in range(0, len(places), size)]
    return all(x[-1] - x[0] == size - 1 for x in blocks)


# -- what the advantages tell ------------------------------------------------------------------------------------------


def rewards_and_scale(steps: Sequence[CompletionsBatch]) -> tuple[list[str], str | None]:
    """(the columns whose sum is the reward, how advantages were scaled): what makes TRL's advantages come out.

    Reward columns stand first and extra ones after them, and TRL's file does not tell where the former end; nor does it
    tell the weights, which are 1 unless they were set. So the first columns are tried, one more each time, with every
    scaling; ([], None) where none fits.
    """
    names = list(steps[0].numbers)
    for count in range(1, len(names) + 1):
        for scale in ("group", "none", "batch"):
            if all(_explains(batch, names[:count], scale) for batch in steps):
                return names[:count], scale
    return [], None


def _explains(batch: CompletionsBatch, columns: list[str], scale: str) -> bool:
    if not set(columns) <= batch.numbers.keys():
        return False
    rewards = torch.tensor(rewards_of(batch, columns), dtype=torch.float32)
    scored = rewards.isfinite()
    if not scored.all():  # an unscorable response has no part in its group, and TRL gives it 0
        batch = _only(batch, scored.tolist())
        rewards = rewards[scored]
    if not len(rewards):
        return True
    expected, _ = group_advantages(rewards, torch.tensor(batch.group), scale)
    given = torch.tensor(batch.advantages, dtype=torch.float32)
    return bool(torch.allclose(expected, given, rtol=1e-3, atol=1e-3))


def _only(batch: CompletionsBatch, keep: list[bool]) -> CompletionsBatch:
    chosen = [i for i, kept in enumerate(keep) if kept]
    return CompletionsBatch(
        prompts=[batch.prompts[i] for i in chosen],
        completions=[batch.completions[i] for i in chosen],
        numbers={name: [x[i] for i in chosen] for name, x in batch.numbers.items()},
        advantages=[batch.advantages[i] for i in chosen],
        group=[batch.group[i] for i in chosen],
    )


def rewards_of(batch: CompletionsBatch, columns: Sequence[str]) -> list[float]:
    """Each response's reward: the sum of what its functions gave; NaN where none gave anything."""
    rows = zip(*(batch.numbers[x] for x in columns), strict=True)
    return [
        sum(x for x in row if not math.isnan(x)) if any(not math.isnan(x) for x in row) else math.nan for row in rows
    ]


# -- the run -----------------------------------------------------------------------------------------------------------


def describe(steps: Sequence[CompletionsBatch]) -> tuple[dict[str, Any], ForeignLearner, list[str]]:
    """(settings of the run that are known, the learner, the columns that make up the reward)."""
    columns, scale = rewards_and_scale(steps)
    sizes = Counter(n for batch in steps for n in Counter(batch.group).values())
    size = sizes.most_common(1)[0][0]
    run: dict[str, Any] = {"num_generations": size, "steps": len(steps)}
    per_step = {len(set(x.group)) for x in steps}
    if len(per_step) == 1:
        run["prompts_per_step"] = per_step.pop()
    settings: dict[str, Any] = {}
    warning = NO_TOKENS
    if columns:
        settings = {
            "baseline": "group-mean",
            "scale_rewards": scale,
            "scale_ddof": 1,
            "scale_eps": 1e-4,
            "whiten_advantages": False,
            "kl_coef": 0.0,
        }
    else:
        names = ", ".join(list(steps[0].numbers)[:5])
        warning = Message(
            "TRL's completions keep no numbers per token; the lab shows the responses, their rewards and their "
            "advantages. Which columns make up the reward could not be told from the advantages: {columns}.",
            key="trl-completions-reward-unknown",
            columns=clean(names, Message("A column's name"))[:200] if names else Message("there are none"),
        )
    return run, ForeignLearner("grpo", settings, warning), columns


def traces(steps: Sequence[CompletionsBatch], learner: str, columns: Sequence[str]) -> Iterator[StepTrace]:
    """One step a generation batch."""
    seen = 0
    for step, batch in enumerate(steps):
        seen += len(batch.prompts)
        rewards = [x if math.isfinite(x) else None for x in rewards_of(batch, columns)]
        rewards = rewards or [None] * len(batch.prompts)
        samples = [
            {"sample": i, "group": group, "prompt": prompt, "response": completion, "reward": reward}
            for i, (group, prompt, completion, reward) in enumerate(
                zip(batch.group, batch.prompts, batch.completions, rewards, strict=True)
            )
        ]
        yield step_trace(learner, step, _scalars(rewards, batch.group, seen), samples, {})


def _scalars(rewards: list[float | None], group: list[int], seen: int) -> dict[str, Any]:
    scored = [(x, g) for x, g in zip(rewards, group, strict=True) if x is not None]
    scalars: dict[str, Any] = {"samples_seen": seen}
    if scored:
        values, numbers = torch.tensor([x for x, _ in scored]), torch.tensor([g for _, g in scored])
        scalars["reward"] = float(values.mean())
        scalars["reward_std"] = float(values.std()) if len(scored) > 1 else None
        scalars["frac_reward_zero_std"] = float(zero_std_groups(values, numbers))
    return scalars


def add(store: RunStore, tables: Sequence[pa.Table], name: str) -> str:
    """A run from tables of completions; returns its id."""
    steps = batches(tables)
    run, learner, columns = describe(steps)
    config = foreign_config("TRL completions", run, [learner])
    return add_run(store, config, name, traces(steps, config.learners[0].name, columns), [learner])


READER = TableReader(prefix="completions", columns=NEEDED, takes=is_completions, add=add)
