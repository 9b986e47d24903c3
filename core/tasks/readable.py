"""Whether a start model that is made here can read a task's questions: it knows single characters, or so many words.

Anything else that is no token of such a model's ends a run at its first step (core/models/codec.py), so it is refused
before one is begun. What is read here costs nothing where a model is asked what it was made for; only for another task
are questions drawn.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

from core.errors import Message
from core.refusals import either
from core.tasks.kind import TaskKind, TaskSettings
from core.tasks.registry import TASK_KINDS, task_for, task_kind
from core.text import named

#: So many questions of a task show every character and word that its questions are made of.
DRAWN = 256
#: What reads free text, and is there without anything being named: it is fetched at its first use.
READS_TEXT = "SmolLM2-135M-Instruct"


def unreadable(task: TaskSettings, model: str) -> Message | None:
    """Why `model` cannot be asked the task's questions, and what to set instead; None where it can, and where it was
    not made here. Raises ConfigError where there is no such task."""
    maker = next((x for x in TASK_KINDS.values() if model in x.recipes), None)
    kind = task_kind(task)
    if maker is None or maker is kind or not kind.choosable:
        return None
    if kind.sentences:
        cause = _own(maker)
    elif strange := _first_strange(maker.name, kind.name, task.model_dump_json()):
        cause = Message("{given} is none of what it knows", given=strange)
    else:
        return None
    return Message(
        "model: {model} was made for the task {maker} and cannot read the questions of {kind} ({cause}); set "
        "model={names}, which can",
        model=model,
        maker=maker.name,
        kind=kind.name,
        cause=cause,
        names=either(list(kind.recipes) or [READS_TEXT]),
    )


def _own(maker: TaskKind[Any]) -> Message:
    if maker.words:
        return Message("it knows {count} words of its own task", count=len(maker.words))
    return Message("it knows no more than the {count} characters of its own task", count=len(maker.alphabet))


@functools.lru_cache(maxsize=64)
def _first_strange(maker: str, kind: str, settings: str) -> str | None:
    """The first character or word of a task's questions that models of another kind do not know, and where it is."""
    own = TASK_KINDS[maker]
    for text in _questions(TASK_KINDS[kind].settings.model_validate_json(settings)):
        if (given := _strange(own, text)) is not None:
            return f"{given} in {text[:60] + '…' if len(text) > 60 else text!r}"
    return None


def _questions(settings: TaskSettings) -> Iterable[str]:
    task: Any = task_for(settings)
    every: list[str] | None = getattr(task, "every_prompt", None)
    return every if every is not None else [*task.prompts(0, 0, DRAWN), *task.heldout]


def _strange(maker: TaskKind[Any], text: str) -> str | None:
    """As the tokenizers of core/models/tokenizer.py take a text apart."""
    if maker.words:
        return next((repr(x) for x in re.findall(r"[.,?!]|[^\s.,?!]+", text) if x not in maker.words), None)
    return next((named(x) for x in text if x not in maker.alphabet), None)
