"""What runs from elsewhere have in common: a config that claims no more than is known, and traces with gaps.

Four ways lead here: a callback inside TRL (integrations/trl/callback.py), TRL's completions
(integrations/trl/completions.py), UNIPO's logs (integrations/unipo/logs.py) and prime-rl's token export
(integrations/prime_rl/tokens.py). What a source does not tell is null in
every table, and among the settings listed as unrecorded.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from core.config import RunConfig
from core.errors import ConfigError, Message, Refusal
from core.learners.registry import LEARNER_KINDS
from core.runs import lifecycle
from core.runs.store import RunStore
from core.runs.table_checks import check_step
from core.tasks.kinds.imported import OF_NO_ACCOUNT, ImportedSettings
from core.training.trace import SAMPLES, STEPS, TOKENS, StepTrace, prompt_hash

#: What chat templates call what a model thinks before it answers.
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
#: More than this is refused: a page could not show it, and a file that claims it is more likely broken or hostile.
MOST_STEPS, MOST_RESPONSES, MOST_CHARACTERS, MOST_TOKENS = 20_000, 500_000, 200_000, 20_000_000


class ImportFailed(Refusal, ValueError):
    """The files cannot be imported."""


@dataclass(frozen=True)
class ForeignLearner:
    """What is known of a learner that trained elsewhere."""

    algorithm: str  # the kind of its credit
    settings: dict[str, Any]  # settings by our names; what is missing is not known
    warning: Message | None = None  # what a person should know about its numbers
    device: str | None = None


def foreign_config(source: str, known: dict[str, Any], learners: Sequence[ForeignLearner]) -> RunConfig:
    """A config from what is known of a run. `known` holds run settings by name.

    A value that our settings have no place for counts as not known. Every setting that is not known has its default
    and is listed in `task.unrecorded`, so that no page shows it as the run's. Raises ConfigError where no settings of
    ours describe what is known.
    """
    run = dict(known)
    own = [dict(x.settings) for x in learners]
    names = _names([x.algorithm for x in learners])
    for _ in range(200):  # each round forgets at least one setting
        unrecorded = [x for x in RunConfig.model_fields if x not in run and x not in OF_NO_ACCOUNT]
        for learner, name, settings in zip(learners, names, own, strict=True):
            fields = LEARNER_KINDS[learner.algorithm].settings.model_fields
            unrecorded += [f"{name}.{x}" for x in fields if x not in settings and x not in OF_NO_ACCOUNT]
        values = {
            **run,
            "preset": "imported",
            "task": {"kind": "imported", "source": source[:60], "unrecorded": unrecorded},
            "learners": [
                {**x, "algorithm": learner.algorithm, "name": name}
                for learner, name, x in zip(learners, names, own, strict=True)
            ],
        }
        try:
            return RunConfig.model_validate(values)
        except ValidationError as error:
            _forget(error, run, own)
    raise ConfigError("This run's settings cannot be described by the settings that there are here.")


def _forget(error: ValidationError, run: dict[str, Any], learners: list[dict[str, Any]]) -> None:
    """Drops every value that was refused."""
    for problem in error.errors():
        place = problem["loc"]
        if len(place) >= 4 and place[0] == "learners" and isinstance(place[1], int):
            learners[place[1]].pop(str(place[3]), None)
        elif place and place[0] != "learners":
            run.pop(str(place[0]), None)
        else:  # two settings that do not go together: the shape of the step, or options of one learner
            for name in ("prompts_per_step", "num_generations"):
                run.pop(name, None)
            for settings in learners:
                for name in ("num_mini_batches", "dual_clip", "baseline", "scale_rewards"):
                    settings.pop(name, None)


def _names(algorithms: Sequence[str]) -> list[str]:
    """ppo, grpo, and grpo-2 for a second one."""
    return [
        x if algorithms[:i].count(x) == 0 else f"{x}-{algorithms[:i].count(x) + 1}" for i, x in enumerate(algorithms)
    ]


def recorded_settings(config: RunConfig, name: str, learner: ForeignLearner) -> dict[str, Any]:
    """Those settings of a learner that are known and could be taken over."""
    gaps = config.task.unrecorded if isinstance(config.task, ImportedSettings) else ()
    return {x: getattr(config.learner(name), x) for x in learner.settings if f"{name}.{x}" not in gaps}


def add_run(
    store: RunStore,
    config: RunConfig,
    name: str,
    traces: Iterable[StepTrace],
    learners: Sequence[ForeignLearner],
    versions: dict[str, str] | None = None,
) -> str:
    """Puts traces into the store as a run that is over; returns its id. Nothing stays behind where that fails.

    Raises RowsError where a trace's rows are such as no run has.
    """
    run_id = store.create(config, name)
    try:
        last = dict.fromkeys((x.name for x in config.learners), -1)
        for trace in traces:
            check_step(trace.samples, trace.tokens)
            store.append(run_id, trace)
            last[trace.learner] = max(last[trace.learner], trace.step)
        heads = [
            {
                "name": settings.name,
                "status": "finished",
                "step": last[settings.name],
                "steps": last[settings.name] + 1,
                "start_hash": None,
                "device": learner.device,
                "warning_message": learner.warning and learner.warning.to_dict(),
            }
            for settings, learner in zip(config.learners, learners, strict=True)
        ]
        head = {"created": time.time(), "versions": versions or {}, "learners": heads, "events": []}
        lifecycle.record(store, run_id, head)
    except BaseException:
        store.delete(run_id)
        raise
    return run_id


# -- tables with gaps --------------------------------------------------------------------------------------------------


def step_trace(
    learner: str, step: int, scalars: dict[str, Any], samples: list[dict[str, Any]], tokens: dict[str, list[Any]]
) -> StepTrace:
    """A step from plain values. Scalars and columns that are not given are null; a token column has one value a row."""
    rows = len(next(iter(tokens.values()))) if tokens else 0
    prompts = {x["group"]: x["prompt"] for x in samples}
    once = {"learner": [learner] * rows, "step": [step] * rows, **tokens}
    return StepTrace(
        learner=learner,
        step=step,
        scalars={name: scalars.get(name) for name in STEPS.names[2:]},
        samples=pa.Table.from_pylist([{"learner": learner, "step": step, **x} for x in samples], schema=SAMPLES),
        tokens=pa.table(
            [pa.array(once[x.name], x.type) if x.name in once else pa.nulls(rows, x.type) for x in TOKENS],
            schema=TOKENS,
        ),
        prompt_hash=prompt_hash([prompts[group] for group in sorted(prompts)]),
    )


# -- values from files -------------------------------------------------------------------------------------------------


def clean(text: Any, what: str | Message) -> str:
    """A text from a file: half characters, which no database takes, are replaced. Raises ImportFailed if not a text."""
    if not isinstance(text, str):
        raise ImportFailed("{what} must be text, but is {given}.", what=what, given=brief(text))
    if len(text) > MOST_CHARACTERS:
        raise ImportFailed(
            "{what} has {given} characters; at most {bound} are allowed.",
            what=what,
            given=len(text),
            bound=MOST_CHARACTERS,
        )
    return text.encode("utf-8", "replace").decode()


def real(value: Any, what: str | Message) -> float | None:
    """A number from a file; None for null and for what is not finite. Raises ImportFailed if it is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ImportFailed("{what} must be a number or null, but is {given}.", what=what, given=brief(value))
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def brief(value: Any) -> str:
    """A value as a sentence can quote it."""
    text = re.sub(r"\s+", " ", json.dumps(value, default=lambda x: type(x).__name__))
    return text if len(text) <= 60 else text[:57] + "…"


def two_sentences(first: Message, second: Message) -> Message:
    """One after the other, as a paragraph."""
    return Message("{first} {second}", key="two-sentences", first=first, second=second)


def message_text(message: Any) -> str:
    """The text of a prompt or completion: itself, or a conversation's.

    Of a conversation with one turn of the user, it is what the user says (as everywhere in a trace); of the model's
    turn, what the model says; of a longer conversation, every turn with its role. What a model thought and which tools
    it called stands with its turn. Pictures are named, not kept.
    """
    if isinstance(message, str):
        return message
    turns = [x for x in message if isinstance(x, dict)] if isinstance(message, list) else []
    asked = [x for x in turns if x.get("role") != "system"]
    if len(asked) == 1:
        return _turn(asked[0])
    return "\n".join(f"{_speaker(x)}: {_turn(x)}" for x in turns)


def _speaker(turn: dict[str, Any]) -> str:
    role, name = turn.get("role") or "?", turn.get("name")
    return f"{role} {name}" if role == "tool" and name else str(role)


def _turn(turn: dict[str, Any]) -> str:
    """All of one turn, in the order in which models write it: thoughts, words, calls of tools."""
    thoughts = next((x for name in _THOUGHTS if isinstance(x := turn.get(name), str) and x.strip()), None)
    calls = turn.get("tool_calls")
    parts = [] if thoughts is None else [f"[reasoning] {thoughts.strip()}"]
    parts += [content] if (content := _content(turn.get("content"))) else []
    parts += [_call(x) for x in calls if isinstance(x, dict)] if isinstance(calls, list) else []
    return "\n".join(parts)


def _call(call: dict[str, Any]) -> str:
    """A call as it would be typed. Parquet gives each call the arguments of all others, as null: these are left out."""
    inner = call.get("function")
    function: dict[str, Any] = inner if isinstance(inner, dict) else call
    arguments = function.get("arguments")
    if isinstance(arguments, dict):
        given = {name: value for name, value in arguments.items() if value is not None}
        arguments = ", ".join(f"{x}={json.dumps(y, ensure_ascii=False, default=str)}" for x, y in given.items())
    return f"[tool call] {function.get('name') or '?'}({'' if arguments is None else arguments})"


def _content(content: Any) -> str:
    if isinstance(content, list):
        return "".join(
            part if isinstance(part, str) else str(part.get("text") or f"[{part.get('type', '?')}]")
            for part in content
            if isinstance(part, str | dict)
        )
    return "" if content is None else str(content)
