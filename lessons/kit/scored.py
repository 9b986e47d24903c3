"""What scored a run's responses, where that is not the usual verifier's right or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config import RunConfig
from core.learners.registry import AnyLearner, learner_kind
from core.rewards import REWARDS, VERIFIER
from core.runs.records import unrecorded_of
from core.tasks.kinds.reply import ReplySettings
from core.tasks.tastes import TASTES
from lessons.i18n import _, one_after_another
from lessons.kit.display import learner_title, plain
from lessons.kit.numbers import number

if TYPE_CHECKING:
    from lessons.kit.lesson import Frozen, Group


def by_another(config: RunConfig, settings: AnyLearner) -> str | None:
    """What the learner learns from, in the viewer's language; None where it is the task's verifier, or not recorded."""
    if settings.reward == VERIFIER or "reward" in unrecorded_of(config, settings.name):
        return None
    return _(REWARDS[settings.reward].title)


def scored_words(config: RunConfig) -> str:
    """A sentence on each learner that learns from something else than the verifier, and one on what counts as a success
    where no response is the right one; empty where there is neither.
    """
    words = _("{learner} learns from {reward}. What counts as a success, the task's verifier says of every learner.")
    others = ((x.name, by_another(config, x)) for x in config.learners)
    sentences = [words.format(learner=plain(learner_title(name)), reward=title) for name, title in others if title]
    return one_after_another(*sentences, _success_words(config))


def _success_words(config: RunConfig) -> str:
    """Replies have no right one: a taste says which of a policy's are counted as successes."""
    if not isinstance(config.task, ReplySettings) or all(learner_kind(x).trains != "policy" for x in config.learners):
        return ""
    words = _("A reply counts as a success from a score of {score} on, by the taste “{taste}”.")
    return words.format(score=number(config.task.success_score, 2), taste=_(TASTES[config.task.taste].title))


def is_verdict(batch: Frozen, group: Group) -> bool:
    """Whether a response's reward says no more than that it is the right answer, or is not."""
    return bool(group.answer) and by_another(batch.run.config, batch.settings) is None
