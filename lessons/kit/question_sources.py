"""Where a run's questions come from: the preset's own, a data set of reasoning-gym, a file of one's own, another kind.

A source is named by a data set's name, else by the name of its kind of task (`core.tasks.registry`). Only data sets and
one's own questions have a form of their own on pages; every other kind is chosen by its title, and set by its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config import RunConfig
from core.tasks.in_words import InWords
from core.tasks.kinds.questions import Question, QuestionsSettings
from core.tasks.reasoning_settings import OFFERED, ReasoningGymSettings, suggested
from core.tasks.registry import TASK_KINDS, choosable, chosen
from lessons.i18n import N_

#: What the offered data sets are about.
TITLES = {
    "chain_sum": N_("Sums in a row (chain_sum)"),
    "gsm_symbolic": N_("Word problems (gsm_symbolic)"),
    "countdown": N_("Reach a number with given ones (countdown)"),
    "letter_counting": N_("Count a letter (letter_counting)"),
    "spell_backward": N_("Spell a word backwards (spell_backward)"),
}
#: The kind of one's own questions.
OWN = "questions"
#: Those with a form of their own; any other data set can be typed.
SOURCES = (*OFFERED, OWN)
#: The settings that say which source it is, beside the source's own name.
WHICH = ("task.kind", "task.dataset")


def in_words(config: RunConfig) -> bool:
    """Whether the run's model reads free text, so that other questions can be put to it."""
    return isinstance(config.task, InWords)


def source_of(config: RunConfig) -> str:
    """What a config's questions come from: a data set's name, else the kind's."""
    return config.task.dataset if isinstance(config.task, ReasoningGymSettings) else config.task.kind


def kind_called(config: RunConfig, source: str) -> str | None:
    """The kind of task that a source's name is; None where it is a data set's. Two of them have one name (countdown):
    a model that reads words is asked the data set, any other the kind."""
    return None if source not in TASK_KINDS or (source in OFFERED and in_words(config)) else source


def offered(config: RunConfig) -> list[str]:
    """What can be asked in its place: free text of a model that reads it, else what has a start model of its own."""
    others = [x for x in choosable() if TASK_KINDS[x].settings not in (ReasoningGymSettings, QuestionsSettings)]
    if in_words(config):
        return [*OFFERED, *(x for x in others if issubclass(TASK_KINDS[x].settings, InWords)), OWN]
    return [x for x in others if TASK_KINDS[x].recipes]


def asking(config: RunConfig, source: str, questions: tuple[Question, ...]) -> RunConfig:
    """The config with its questions from another source; unchanged where the source is its own, or has no place.

    How long a response may be then follows from the task. Not validated: whoever builds a run from it does that, and
    says what is wrong.
    """
    task = config.task
    if not isinstance(task, InWords) or not source or source == source_of(config):
        return config
    if source == OWN:
        asked: Any = QuestionsSettings.model_construct(questions=questions, heldout=task.heldout)
    elif source in OFFERED:
        asked = suggested(source).model_copy(update={"heldout": task.heldout})
    else:
        asked = ReasoningGymSettings.model_construct(
            dataset=source, options={}, extraction="whole", heldout=task.heldout
        )
    return config.model_copy(update={"task": asked, "max_completion_length": None})


def of_kind(config: RunConfig, typed: Mapping[str, Any], questions: tuple[Question, ...]) -> RunConfig:
    """The config with a task of the kind that was typed (`task.kind`, and a data set's name); unchanged without one.

    As core.given_config.change has it, but not validated, like `asking`. Raises ConfigError naming the kinds there are.
    """
    if "task.kind" not in typed:
        return config
    given = {"dataset": typed["task.dataset"]} if "task.dataset" in typed else {}
    values = chosen(typed["task.kind"], given, config.model)
    task = values["task"] | ({"questions": questions} if typed["task.kind"] == OWN else {})
    return config.model_copy(update={**values, "task": TASK_KINDS[typed["task.kind"]].settings.model_construct(**task)})
