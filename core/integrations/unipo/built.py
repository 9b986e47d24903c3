"""What UNIPO's build script makes of logs for its explorer: `<key>_metrics.json`, and prompts in `<key>/step-<n>.json`.

The former is a log without prompts; each of the latter holds those of one entry. Where there are more than ten thousand
of them, they lie in folders of a thousand below `<key>`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from core.integrations.unipo.header import UnipoLog
from core.runs.foreign import ImportFailed

_NAME = re.compile(r"step-[0-9]{1,9}\.json")


@dataclass(frozen=True)
class UnipoStep:
    """The prompts of one entry of a log."""

    place: PurePosixPath
    step: int
    fields: dict[str, Any]  # prompts, and batch where it is known


def step_of(values: Any, place: PurePosixPath) -> UnipoStep | None:
    """A file of one entry's prompts; None where this is none. Raises ImportFailed where it does not name its step."""
    if not isinstance(values, dict) or "prompts" not in values or not _NAME.fullmatch(place.name):
        return None
    step = values.get("step")
    if not isinstance(step, int) or isinstance(step, bool):
        raise ImportFailed("{name} must name its step as a whole number.", name=place.name)
    return UnipoStep(place, step, {x: values[x] for x in ("prompts", "batch") if x in values})


def assembled(parts: Sequence[UnipoLog | UnipoStep]) -> list[UnipoLog]:
    """The logs with the prompts that lie beside them. Raises ImportFailed where it is not known whose they are."""
    logs = [x for x in parts if isinstance(x, UnipoLog)]
    steps = [x for x in parts if isinstance(x, UnipoStep)]
    if steps and not logs:
        raise ImportFailed(
            "{name} holds one step's prompts of a UNIPO log; its file of metrics, as ppo_metrics.json, must come too.",
            name=steps[0].place.name,
        )
    return [_with_prompts(x, [y for y in steps if len(logs) == 1 or x.key in y.place.parts[:-1]]) for x in logs]


def _with_prompts(log: UnipoLog, steps: list[UnipoStep]) -> UnipoLog:
    by_number: dict[Any, dict[str, Any]] = {}
    for step in steps:
        if by_number.setdefault(step.step, step.fields) is not step.fields:
            raise ImportFailed("Two files hold the prompts of step {step} of the UNIPO log.", step=step.step)
    numbers = [x.get("step") for x in log.entries]
    entries = [
        {**by_number.get(number, {}), **entry} if isinstance(number, int) else entry
        for number, entry in zip(numbers, log.entries, strict=True)
    ]
    return replace(log, entries=entries)
