"""The recorded study of online and offline learners as the page's sections read it: means and pairs over seeds."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Sequence

from core.insight.online_or_offline import COMMAND, FinalSuccess, Point, config_of, read
from core.insight.seed_results import SeedDifference, over_seeds, paired
from core.learners.kind import LearnerKind
from core.learners.registry import LEARNER_KINDS
from lessons.i18n import _
from lessons.kit.over_seeds import NumberOf, mean_and_spread

__all__ = ["COMMAND", "LEARNERS", "FinalSuccess", "Point"]

#: Learners of the study, the online ones first → the pattern of their lines in pixels: online ones are unbroken or
#: nearly so, and colour is never the only difference.
LEARNERS: dict[str, tuple[float, ...]] = {
    "grpo": (),
    "ppo": (14, 3),
    "sft": (8, 4),
    "dpo": (2, 4),
    "offline-pg": (9, 3, 2, 3),
}


def kind(name: str) -> LearnerKind:
    """The study's learners are called after their kinds."""
    return LEARNER_KINDS[name]


def titled(name: str) -> str:
    """ "DPO (offline)"."""
    words = _("{learner} (offline)") if kind(name).offline else _("{learner} (online)")
    return words.format(learner=kind(name).title)


@functools.lru_cache(maxsize=1)
def rows() -> tuple[FinalSuccess, ...]:
    """The recorded results; none where they are not recorded."""
    return tuple(read())


def of(name: str) -> dict[int, FinalSuccess]:
    """One learner's results by seed."""
    return {x.seed: x for x in rows() if x.learner == name}


def seeds() -> list[int]:
    """The seeds that every learner has."""
    return sorted(set.intersection(*(set(of(x)) for x in LEARNERS)))


def there() -> bool:
    """Whether there are two seeds at least: with one, nothing is told apart."""
    return len(seeds()) > 1


def each(name: str, value: NumberOf[FinalSuccess]) -> list[float]:
    """A number of each seed's run."""
    return [value(of(name)[x]) for x in seeds()]


def final(x: FinalSuccess) -> float:
    """Held-out success after the last step."""
    return x.final


def apart(x: FinalSuccess) -> float:
    """Log-probability per token of the frozen set less that of the policy's own responses, after the last step."""
    return x.points[-1].data_logprob - x.points[-1].fresh_logprob


def gap(first: str, second: str, value: NumberOf[FinalSuccess] = final) -> SeedDifference:
    """First − second, seed by seed."""
    return paired(each(first, value), each(second, value))


def from_nothing(name: str, value: NumberOf[FinalSuccess]) -> SeedDifference:
    """The number itself with its interval over seeds."""
    return paired(each(name, value), [0.0] * len(seeds()))


def curve(name: str, value: Callable[[Point], float]) -> tuple[list[float], list[float]]:
    """(mean, standard deviation) over seeds at each evaluation, the one at the end included."""
    return over_seeds([value(y) for y in of(name)[x].points] for x in seeds())


def spread_words(name: str, value: NumberOf[FinalSuccess], digits: int = 3) -> str:
    """ "0.910 ± 0.012" over the seeds."""
    return mean_and_spread(each(name, value), digits)


def learnt_from() -> list[int]:
    """How many responses' gradients were taken at each evaluation: the same for every learner."""
    per_step = config_of(0).responses_per_step
    return [x.step * per_step for x in of("grpo")[seeds()[0]].points]


def budget() -> int:
    """Scored responses of a whole run."""
    return of("grpo")[seeds()[0]].scored


def best(names: Sequence[str]) -> str:
    """Which of them ends with the highest mean."""
    return max(names, key=lambda x: statistics.fmean(each(x, final)))


def offline() -> list[str]:
    return [x for x in LEARNERS if kind(x).offline]


def online() -> list[str]:
    return [x for x in LEARNERS if not kind(x).offline]
