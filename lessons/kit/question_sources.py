"""Where a run's questions come from: the preset's own, another data set of reasoning-gym, or a file of one's own."""

from __future__ import annotations

from typing import Any

from core.config import RunConfig
from core.tasks.in_words import InWords
from core.tasks.kinds.chain_sum import ChainSumSettings
from core.tasks.kinds.questions import Question, QuestionsSettings
from core.tasks.kinds.reasoning_gym import OFFERED, ReasoningGymSettings, suggested
from lessons.i18n import N_

#: What the offered data sets are about.
TITLES = {
    "chain_sum": N_("Sums in a row (chain_sum)"),
    "gsm_symbolic": N_("Word problems (gsm_symbolic)"),
    "countdown": N_("Reach a number with given ones (countdown)"),
    "letter_counting": N_("Count a letter (letter_counting)"),
    "spell_backward": N_("Spell a word backwards (spell_backward)"),
}
#: The source that is no data set's name.
OWN = "questions"
#: All that are offered; any other data set can be typed.
SOURCES = (*OFFERED, OWN)


def in_words(config: RunConfig) -> bool:
    """Whether the run's model reads free text, so that other questions can be put to it."""
    return not isinstance(config.task, ChainSumSettings)


def source_of(config: RunConfig) -> str:
    """What a config's questions come from: a data set's name, or `questions`."""
    return config.task.dataset if isinstance(config.task, ReasoningGymSettings) else OWN


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
