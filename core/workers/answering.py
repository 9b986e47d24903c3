"""The held-out questions, answered before the first step and after the last, and what is said of it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from core.errors import Message
from core.training.trainer import Trainer

When = Literal["before", "after"]
#: Says what is being done, and which share of it is done (None: not known).
Tell = Callable[[Message, float | None], object]


def compared(trainer: Trainer, when: When, tell: Tell) -> dict[str, Any]:
    """An event "evaluation": every question with its answers. Raises what the trainer or `tell` raises."""

    def report(done: float, question: str, answer: str) -> None:
        tell(_so_far(when, one_line(question), one_line(answer)), done)

    return trainer.compared(when, report)


def beginning(when: When) -> Message:
    """What is said before the first question."""
    if when == "before":
        return Message("Answering the held-out questions before training.")
    return Message("Answering the held-out questions after training.")


def _so_far(when: When, question: str, answer: str) -> Message:
    if when == "before":
        return Message(
            "Answering the held-out questions before training: to “{question}” it says “{answer}”",
            question=question,
            answer=answer,
        )
    return Message(
        "Answering the held-out questions after training: to “{question}” it says “{answer}”",
        question=question,
        answer=answer,
    )


def is_there(events: Iterable[Mapping[str, Any]], learner: str, when: When) -> bool:
    """Whether a run's events hold the learner's answers."""
    return any(x["learner"] == learner and x["kind"] == "evaluation" and x["value"]["when"] == when for x in events)


def one_line(text: str, most: int = 100) -> str:
    """One line of a text: its start, or … where there is nothing to read."""
    line = " ".join(text.split())
    return line if 0 < len(line) <= most else line[: most - 1] + "…"
