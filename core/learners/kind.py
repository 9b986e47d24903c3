"""What a learner's kind declares: everything that the trainer, the store and the pages need to know of it.

A new kind is a module in core/learners/kinds/ that defines `KIND`; nothing else has to know its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from core.algorithms.types import Credit, Experience
from core.errors import Message
from core.learners.collected import Collected
from core.learners.settings import LearnerSettings
from core.terms import Term

if TYPE_CHECKING:
    from torch import Tensor

#: A kind's place in the palette; a second learner of the same colour gets the next free one.
Colour = Literal["blue", "orange", "green", "pink", "red", "grey", "brown"]

#: What a learner changes: a policy that writes responses, or a model that scores them.
TrainedModel = Literal["policy", "reward-model"]

#: The lines of an algorithm's formula, in the order in which they are computed.
FormulaLine = Literal["questions", "reward", "advantage", "normalisation", "ratio", "surrogate", "kl", "aggregation"]


@dataclass(frozen=True)
class Needs:
    """What a learner of this kind needs under given settings."""

    critic: bool = False  # a value model that trains beside the policy; the settings are then CriticSettings, too
    continuations: int = 0  # fresh continuations of every prefix, whose mean reward is its value
    groups: bool = False  # compares a prompt's responses with each other
    smallest_group: int = 1  # responses per prompt without which there is nothing to learn from
    replacement_rounds: int = 0  # how often groups without a signal may be replaced by others
    logprobs: bool = False  # the credit is computed from the policy's own log-probabilities before the first update
    whole_groups: bool = False  # the loss is of whole groups: no mini-batch may take one apart


@dataclass(frozen=True)
class Column:
    """A number per token that this kind's credit leaves in the trace beyond the columns of every trace."""

    name: str
    title: str  # a message template
    help: str = ""  # a message template
    signed: bool = True  # coloured around 0


@dataclass(frozen=True)
class Written:
    """A step's responses as a kind's `measure` is given them: B responses, T positions."""

    task: Any  # core.tasks.base.Task
    prompts: list[str]  # B
    responses: list[str]  # B
    tokens: list[list[str]]  # B, each token's text by position, an environment's included
    mask: Tensor  # bool [B, T]
    rewards: Tensor  # float [B]


@dataclass(frozen=True)
class Given:
    """One response of a fixed data set. Nobody samples it; it is learnt from as it is."""

    prompt: str
    response: str
    reward: float


@dataclass(frozen=True)
class LearnerKind:
    """One kind of learner, as its module declares it. Functions take its settings."""

    name: str  # what the setting `algorithm` calls it
    title: str  # as people write it: PPO
    summary: str  # one message template: where credit comes from
    settings: type[LearnerSettings]
    colour: Colour
    credit: Callable[[Experience, Any], Credit]
    terms: Callable[[Any], tuple[Term, ...]]  # from the trace's raw columns to a term called `advantage`
    lines: Callable[[Any], dict[str, str]]  # LaTeX of questions, reward, advantage, normalisation
    strip_title: Callable[[Any], str]  # message template over each learner's strips: {name}, {size} and settings
    source: str  # "core/learners/kinds/ppo.py:credit"
    needs: Callable[[Any], Needs] = lambda _settings: Needs()
    #: What is trained. A kind that trains no policy learns from labelled pairs (core/rewards/preferences.py), and has
    #: no column that speaks of a policy.
    trains: TrainedModel = "policy"
    #: Columns of the trace (steps, samples, tokens) that such a learner has none of: null, and read "none".
    without: Callable[[Any], frozenset[str]] = lambda _settings: frozenset()
    columns: tuple[Column, ...] = ()
    #: Why settings do not go together, without the learner's name; None where they do.
    refuses: Callable[[Any], Message | None] = lambda _settings: None
    #: Settings that every learner has and that mean nothing to one of this kind → why, as a message template
    #: (`registry.unused` adds those that its surrogate does not read).
    unused: Mapping[str, str] = field(default_factory=dict)
    #: Settings of its own that a run begins with and keeps (`registry.fixed_of` has all).
    fixed: frozenset[str] = frozenset()
    #: Whether a run that names no learners has one of this kind.
    usual: bool = False
    #: Why the run's learners of this kind cannot be in one run; None where they can.
    refuses_together: Callable[[Sequence[Any]], Message | None] = lambda _learners: None
    #: A kind without a rollout of its own: (settings, task, seed, step, how many responses) → what it learns from.
    given: Callable[[Any, Any, int, int, int], Sequence[Given]] | None = None
    #: A kind that learns from a data set that is collected beforehand (its settings are CollectedSettings): (settings,
    #: the set, seed, step, how many responses) → their numbers in the set, group by group. Raises RequestError where
    #: the set has nothing to learn from.
    draws: Callable[[Any, Collected, int, int, int], list[list[int]]] | None = None
    #: Whether the old log-probabilities are those of who collected the responses, and not the policy's own before the
    #: step: the ratio then goes on growing from step to step.
    against_collector: bool = False
    #: Numbers that the credit needs and nobody else has, per token [B, T] or per response [B], by name: they come into
    #: `Experience.extra`, in training and where a stored step is credited again (core/insight/whatif.py). Those per
    #: token that are among `columns` are kept in the trace.
    measure: Callable[[Any, Written], Mapping[str, Tensor]] | None = None
    order: int = 100  # its place in lists: small numbers first
    marks: Mapping[str, str] = field(default_factory=dict)  # further facts for integrations, by their names

    @property
    def offline(self) -> bool:
        """Whether such a learner samples nothing to learn from: its responses are given."""
        return self.given is not None or self.draws is not None or self.trains != "policy"
