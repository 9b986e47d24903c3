"""Where a run's questions come from: the preset's own, another data set of reasoning-gym, or a file of one's own."""

from __future__ import annotations

from typing import Any

from core.config import RunConfig
from core.tasks.settings import ChainSumSettings, InWords, Question, QuestionsSettings, ReasoningGymSettings
from lessons.parts.i18n import N_

#: The data sets that are offered by name; any other of reasoning-gym's can be typed.
DATASETS = {
    "chain_sum": N_("Sums in a row (chain_sum)"),
    "gsm_symbolic": N_("Word problems (gsm_symbolic)"),
    "countdown": N_("Reach a number with given ones (countdown)"),
    "letter_counting": N_("Count a letter (letter_counting)"),
    "spell_backward": N_("Spell a word backwards (spell_backward)"),
}
#: The source that is no data set's name.
OWN = "questions"


def in_words(config: RunConfig) -> bool:
    """Whether the run's model reads free text, so that other questions can be put to it."""
    return not isinstance(config.task, ChainSumSettings)


def source_of(config: RunConfig) -> str:
    """What a config's questions come from: a data set's name, or `questions`."""
    return config.task.dataset if isinstance(config.task, ReasoningGymSettings) else OWN


def asking(config: RunConfig, source: str, questions: tuple[Question, ...]) -> RunConfig:
    """The config with its questions from another source; unchanged where the source is its own, or has no place.

    Not validated: whoever builds a run from it does that, and says what is wrong.
    """
    task = config.task
    if not isinstance(task, InWords) or not source or source == source_of(config):
        return config
    common: dict[str, Any] = {name: getattr(task, name) for name in InWords.model_fields}
    if source == OWN:
        # A sheet of sixteen questions has none to spare for 64 that are kept apart.
        common["heldout"] = max(8, min(common["heldout"], len(questions) // 4))
        asked: Any = QuestionsSettings.model_construct(questions=questions, **common)
    else:
        # The options of one data set mean nothing to another: its own defaults hold.
        asked = ReasoningGymSettings.model_construct(dataset=source, options={}, **common)
    return config.model_copy(update={"task": asked})
