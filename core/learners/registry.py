"""The kinds of learners, found by import, and what follows from a learner's settings and its kind together."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Union, cast, get_args

from pydantic import Field

from core.algorithms.policy_loss import loss_lines, loss_regions, loss_terms
from core.algorithms.surrogates import SURROGATES
from core.algorithms.types import Credit, Experience
from core.discovery import declared
from core.errors import N_, Message
from core.learners.collected import DATA_SETTINGS, CollectedSettings
from core.learners.kind import Colour, FormulaLine, LearnerKind, Needs
from core.learners.settings import CriticSettings, DiscountSettings, GroupSettings, LabelSettings, LearnerSettings
from core.rewards import REWARDS
from core.terms import Region, Term

LEARNER_KINDS: dict[str, LearnerKind] = {
    x.name: x for x in sorted(declared("core.learners.kinds", "KIND"), key=lambda x: (x.order, x.name))
}

if TYPE_CHECKING:
    AnyLearner = LearnerSettings
    Learner = LearnerSettings
else:
    AnyLearner = Union[tuple(x.settings for x in LEARNER_KINDS.values())]  # noqa: UP007  (made of what was found)
    Learner = Annotated[AnyLearner, Field(discriminator="algorithm")]


def learner_kind(settings: LearnerSettings) -> LearnerKind:
    """The learner's kind."""
    return LEARNER_KINDS[settings.kind]


def needs_of(settings: LearnerSettings) -> Needs:
    """What the learner needs."""
    return learner_kind(settings).needs(settings)


def fixed_of(settings: LearnerSettings) -> frozenset[str]:
    """Settings that the learner begins with and keeps while its run goes on: its kind's, and those by which the run's
    learners are compared (core/contracts.py): how its responses are shared out, what scores them, what it learns from.
    """
    kind = learner_kind(settings)
    own = DATA_SETTINGS if kind.draws is not None else frozenset()
    return kind.fixed | {"num_generations", "reward", "reward_model"} | own


def collected_of(settings: LearnerSettings) -> CollectedSettings | None:
    """The settings of the data set that the learner learns from; None where none is collected."""
    return cast(CollectedSettings, settings) if learner_kind(settings).draws is not None else None


def trains_policy(settings: LearnerSettings) -> bool:
    """Whether the learner trains a policy, and not a model that scores responses."""
    return learner_kind(settings).trains == "policy"


def labels_of(settings: LearnerSettings) -> LabelSettings | None:
    """The settings of the labelled pairs that a reward model learns from; None for a learner that trains a policy."""
    return None if trains_policy(settings) else cast(LabelSettings, settings)


def reward_model_kind() -> LearnerKind:
    """The kind that trains a reward model."""
    return next(x for x in LEARNER_KINDS.values() if x.trains == "reward-model")


def refused_together(learners: Sequence[LearnerSettings]) -> Message | None:
    """Why learners cannot be in one run by what their kinds say of their own; None where they can."""
    by_kind: dict[str, list[LearnerSettings]] = {}
    for each in learners:
        by_kind.setdefault(each.kind, []).append(each)
    return next(filter(None, (LEARNER_KINDS[x].refuses_together(own) for x, own in by_kind.items())), None)


def critic_of(settings: LearnerSettings) -> CriticSettings | None:
    """The settings of the learner's critic; None where it has none."""
    return cast(CriticSettings, settings) if needs_of(settings).critic else None


def group_of(settings: LearnerSettings) -> GroupSettings:
    """The settings of the learner's comparison within groups. Raises ValueError where it compares none."""
    if not needs_of(settings).groups:
        raise ValueError(f"{settings.name} compares no responses with each other")
    return cast(GroupSettings, settings)


def compares_group(settings: LearnerSettings) -> bool:
    """Whether a response is compared with others to the same question: not by REINFORCE++, which has no baseline."""
    return needs_of(settings).groups and group_of(settings).baseline != "none"


def against_group_mean(settings: LearnerSettings) -> bool:
    """Whether a response is compared with the mean of its group, its own reward in it: not by RLOO, nor REINFORCE++."""
    return needs_of(settings).groups and group_of(settings).baseline == "group-mean"


def discount_of(settings: LearnerSettings) -> DiscountSettings:
    """The settings of the learner's advantage estimation. Raises ValueError where it is none over time."""
    if not {"gamma", "lam"} <= type(settings).model_fields.keys():
        raise ValueError(f"{settings.name} estimates no advantage over time")
    return cast(DiscountSettings, settings)


_OTHER_SURROGATE = N_("What this learner maximises (surrogate) does not read it.")
_NO_RATIO = N_("What this learner maximises (surrogate) has no ratio.")


def learner(kind: str, **values: Any) -> LearnerSettings:
    """Settings of a kind, by its name, with the defaults of what is not given."""
    return LEARNER_KINDS[kind].settings(**values)


def usual_learners() -> tuple[LearnerSettings, ...]:
    """The learners of a run that names none: one of each usual kind, with its defaults."""
    return tuple(learner(x.name) for x in LEARNER_KINDS.values() if x.usual)


def colours_of(learners: Sequence[LearnerSettings]) -> dict[str, Colour]:
    """Each learner's colour, by name: its kind's own, or one that no other has.

    The second of a kind takes no colour that is the own colour of a kind in the run, and blue and amber last: on every
    page they mean PPO and GRPO.
    """
    first, second, *others = get_args(Colour)
    own = {learner_kind(x).colour for x in learners}
    spare = sorted([*others, first, second], key=lambda x: x in own)
    taken: dict[str, Colour] = {}
    for each in learners:
        wanted = [learner_kind(each).colour, *spare]
        taken[each.name] = next((x for x in wanted if x not in taken.values()), learner_kind(each).colour)
    return taken


def credit_for(settings: LearnerSettings) -> Callable[[Experience], Credit]:
    """The learner's credit function: `credit_for(settings)(experience)`."""
    return partial(_credit, learner_kind(settings), settings)


def _credit(kind: LearnerKind, settings: LearnerSettings, experience: Experience) -> Credit:
    return kind.credit(experience, settings)


@functools.lru_cache(maxsize=512)
def terms_of(settings: LearnerSettings) -> tuple[Term, ...]:
    """Every term of the learner, from the trace's raw columns to the objective."""
    return (*learner_kind(settings).terms(settings), *loss_terms(settings))


@functools.lru_cache(maxsize=512)
def regions_of(settings: LearnerSettings) -> tuple[Region, ...]:
    """Where the learner's surrogate cuts a gradient, or bounds a weight."""
    return loss_regions(settings)


#: Columns of the trace that speak of another one: who has none of that has none of these.
_WITH = {
    "ratio": (
        *("ratio_update", "clipped", "ratio_mean", "clip_ratio", "clip_ratio_low", "clip_ratio_high"),
        "approx_kl_update",
    ),
    "value": ("value_explained", "value_outcome_explained", "value_error"),
    "value_loss": ("value_distance",),
}


#: Columns of the trace that only a learner has which compares responses to one question with each other.
_OF_GROUPS = {"frac_reward_zero_std", "group_reward_std"}


#: Columns of the trace that only a learner with a fixed data set has.
_OF_DATA_SETS = {"coverage_data_logprob", "coverage_fresh_logprob", "coverage_ess"}


#: Columns of the trace that only a reward model in training has.
_OF_REWARD_MODELS = {"pair_loss", "pair_accuracy", "heldout_pair_loss", "heldout_pair_accuracy"}


def without(settings: LearnerSettings) -> frozenset[str]:
    """Columns of the trace that this learner does not have: they are null, and pages say "none" there."""
    names = learner_kind(settings).without(settings)
    if not SURROGATES[settings.surrogate].has_ratio:
        names = names | {"ratio"}
    if not needs_of(settings).groups:
        names = names | _OF_GROUPS
    if learner_kind(settings).draws is None:
        names = names | _OF_DATA_SETS
    if trains_policy(settings):
        names = names | _OF_REWARD_MODELS
    return names.union(*(others for name, others in _WITH.items() if name in names))


def lines(settings: LearnerSettings) -> dict[FormulaLine, str]:
    """The algorithm's formula as LaTeX, line by line, in the order in which it is computed."""
    return {**learner_kind(settings).lines(settings), **loss_lines(settings)}  # type: ignore[dict-item]


def differing(one: LearnerSettings, other: LearnerSettings) -> list[FormulaLine]:
    """The lines in which two algorithms differ."""
    first, second = lines(one), lines(other)
    return [line for line in first if first[line] != second[line]]


def unlike_settings(one: LearnerSettings, other: LearnerSettings) -> dict[str, tuple[Any, Any]]:
    """Settings that both learners have and that differ, by name, with both values; their kinds and names are left out.

    What only one of them has belongs to its credit.
    """
    both = [x for x in type(one).model_fields if x in type(other).model_fields and x not in ("name", "algorithm")]
    values = {x: (getattr(one, x), getattr(other, x)) for x in both}
    return {name: (a, b) for name, (a, b) in values.items() if a != b}


def unused(settings: LearnerSettings) -> dict[str, str]:
    """Settings that mean nothing to this learner → why, as a message template: what its kind declares, what only other
    surrogates than its own read, and what is said of a ratio where there is none."""
    own = SURROGATES[settings.surrogate]
    names = {name for x in SURROGATES.values() for name in x.settings.model_fields} - own.settings.model_fields.keys()
    why = dict.fromkeys((x for x in type(settings).model_fields if x in names), _OTHER_SURROGATE)
    if not own.has_ratio:
        why["importance_sampling_level"] = _NO_RATIO
    return why | dict(learner_kind(settings).unused)


def refused(settings: LearnerSettings) -> Message | None:
    """Why the learner's settings do not go together, without its name; None where they do."""
    return (
        learner_kind(settings).refuses(settings)
        or SURROGATES[settings.surrogate].refuses(settings)
        or _nothing_to_measure(settings)
        or _refused_reward(settings)
    )


def _nothing_to_measure(settings: LearnerSettings) -> Message | None:
    if needs_of(settings).continuations and not has_true_values(settings):
        return Message(
            "its credit is measured by finishing responses afresh, but its reward ({reward}) does not follow from what "
            "they say",
            reward=settings.reward,
        )
    return None


def has_true_values(settings: LearnerSettings) -> bool:
    """Whether a prefix has a true value under what the learner is paid: a placebo pays whatever is written alike."""
    return REWARDS[settings.reward].of_content


def _refused_reward(settings: LearnerSettings) -> Message | None:
    trained = REWARDS[settings.reward].trained
    if trained and settings.reward_model is None:
        return Message("with reward={reward}, reward_model must name one", reward=settings.reward)
    if not trained and settings.reward_model is not None:
        return Message(
            "reward_model is used by the reward reward-model alone, but reward is {reward}", reward=settings.reward
        )
    if trained and needs_of(settings).continuations:
        return Message("fresh continuations are scored by the task, not by a reward model; use another learner")
    if trained and learner_kind(settings).draws is not None:
        return Message("its fixed data set is scored by the task, not by a reward model; use another learner")
    return None
