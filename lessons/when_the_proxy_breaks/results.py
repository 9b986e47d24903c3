"""The recorded study of a pushed proxy as the page's sections read it: one condition's curves, fits and falls."""

from __future__ import annotations

import functools
import statistics
from dataclasses import dataclass

from core.algorithms.over_optimisation import Fit
from core.insight import proxy_results as recorded
from core.insight.proxy_results import BestOf, Fall, PairAccuracy, Pushed, Study, SumsRun
from core.insight.seed_results import SeedDifference, over_seeds, paired
from core.learners.registry import LEARNER_KINDS
from core.tasks.tastes import TASTES
from lessons.kit.seed_race import Curve

COMMAND = "python -m core.insight.proxy_study"

_TASTES = (recorded.TASTE, *recorded.OTHER_TASTES)


@dataclass(frozen=True)
class Condition:
    """What the reward model learnt from, what held the policy back, what trained it, and whose taste judged."""

    labels: int
    noise: float
    kl_coef: float
    learner: str = recorded.LEARNERS[0]
    taste: str = recorded.TASTE

    @property
    def name(self) -> str:
        """ "100-25-0.05-grpo-warm"."""
        return f"{self.labels}-{100 * self.noise:g}-{self.kl_coef:g}-{self.learner}-{self.taste}"

    @property
    def learner_title(self) -> str:
        return LEARNER_KINDS[self.learner].title

    @property
    def taste_title(self) -> str:
        """A message id."""
        return TASTES[self.taste].title


@functools.lru_cache(maxsize=1)
def study() -> Study:
    """What was recorded; empty where nothing is."""
    return recorded.read()


def conditions() -> list[Condition]:
    """Those with at least two seeds; of the study's first taste and GRPO before others, and first the one in which the
    mean gold fell furthest."""
    known = {Condition(x.labels, x.noise, x.kl_coef, x.learner, x.taste) for x in study().pushed}
    made = [x for x in known if len(runs(x)) > 1 and len(choices(x)) > 1]
    return sorted(made, key=lambda x: (*_order(x), -_drop(x), x.labels, x.noise, x.kl_coef))


def _drop(x: Condition) -> float:
    """How far the mean gold ended below its highest."""
    known = fall(x)
    return known.best - known.final


def _order(x: Condition) -> tuple[int, int]:
    return _TASTES.index(x.taste), recorded.LEARNERS.index(x.learner)


def beside(x: Condition) -> list[Condition]:
    """The same labels and KL coefficient, with every recorded taste and learner, this one among them."""
    alike = [y for y in conditions() if (y.labels, y.noise, y.kl_coef) == (x.labels, x.noise, x.kl_coef)]
    return sorted(alike, key=_order)


def rivals(x: Condition) -> list[Condition]:
    """The other learners on the same reward models with the same KL coefficient."""
    return [y for y in beside(x) if y.taste == x.taste and y.learner != x.learner]


def fell(taste: str) -> tuple[int, int, int, int]:
    """(conditions in which the seeds tell that gold fell, all conditions, runs that broke, all runs) of a taste."""
    own = [fall(x) for x in conditions() if x.taste == taste]
    return sum(x.fallen.low > 0 for x in own), len(own), sum(x.broke for x in own), sum(x.seeds for x in own)


def tastes() -> list[str]:
    """Those that something was recorded of."""
    known = {x.taste for x in conditions()}
    return [x for x in _TASTES if x in known]


def there() -> bool:
    """Whether the page has something to show, with two seeds at least."""
    return (
        bool(conditions())
        and all(map(label_counts, recorded.NOISE))
        and all(len(sums(x)) > 1 for x in recorded.SUM_REWARDS)
    )


def runs(x: Condition) -> list[Pushed]:
    """The condition's runs, by seed."""
    return recorded.of_condition(study(), x.labels, x.noise, x.kl_coef, x.learner, x.taste)


def choices(x: Condition) -> list[BestOf]:
    """The best of n by the condition's reward models, by seed; the KL coefficient and learner have no part in it."""
    return recorded.best_of_condition(study(), x.labels, x.noise, x.taste)


def gold(x: Condition) -> Curve:
    """(mean, standard deviation) over seeds at each look: the taste, in standard deviations above the start."""
    return over_seeds(recorded.gold_curve(y) for y in runs(x))


def proxy(x: Condition) -> Curve:
    """The same of the reward model."""
    return over_seeds(recorded.proxy_curve(y) for y in runs(x))


def distances(x: Condition) -> list[float]:
    """√KL at each look, the mean over seeds."""
    return [statistics.fmean(y) for y in zip(*([p.distance for p in run.points] for run in runs(x)), strict=True)]


def chosen(x: Condition) -> tuple[list[float], Curve, Curve]:
    """(√KL of the best of each n, gold, proxy) of the condition's choices."""
    own = [recorded.chosen_curves(study(), y) for y in choices(x)]
    return [recorded.of_n(n) for n in choices(x)[0].n], over_seeds(y for y, _ in own), over_seeds(y for _, y in own)


def rl_fit(x: Condition) -> Fit:
    return recorded.rl_fit(runs(x))


def best_of_fit(x: Condition) -> Fit:
    return recorded.best_of_fit(study(), choices(x))


def fall(x: Condition) -> Fall:
    return recorded.fall(runs(x))


def apart(x: Condition, other: Condition) -> SeedDifference:
    """Gold at the end, from 0 to 1: the first condition less the other, over the seeds that both have."""
    ends = [{y.seed: y.points[-1].gold for y in runs(z)} for z in (x, other)]
    seeds = [y for y in ends[0] if y in ends[1]]
    return paired([ends[0][y] for y in seeds], [ends[1][y] for y in seeds])


# -- labels ------------------------------------------------------------------------------------------------------------


def agreement(labels: int, noise: float, task: str = recorded.PRESET) -> list[float]:
    """How often each seed's reward model sides with the taste, of pairs that it did not learn from."""
    own = [x for x in _judged(noise, task) if x.labels == labels]
    return [x.accuracy for x in sorted(own, key=lambda x: x.seed)]


def _judged(noise: float, task: str = recorded.PRESET) -> list[PairAccuracy]:
    """The study's reward models by so much noise, of its first taste."""
    return [x for x in study().agreement if (x.task, x.noise, x.taste) == (task, noise, recorded.TASTE)]


def label_counts(noise: float) -> list[int]:
    """The numbers of labels that were tried with so much noise, each with two seeds at least."""
    known = sorted({x.labels for x in _judged(noise)})
    return [x for x in known if len(agreement(x, noise)) > 1]


def at_chance(noise: float) -> list[int]:
    """Numbers of labels with which the seeds do not tell the reward model from a coin."""
    return [x for x in label_counts(noise) if from_coin(x, noise).low <= 0]


def from_coin(labels: int, noise: float) -> SeedDifference:
    """How far the agreement is from a half."""
    own = agreement(labels, noise)
    return paired(own, [0.5] * len(own))


# -- sums --------------------------------------------------------------------------------------------------------------


def sums(reward: str) -> list[SumsRun]:
    """The learners on sums that are paid by it, by seed."""
    return sorted([x for x in study().sums if x.reward == reward], key=lambda x: x.seed)


def sums_gap() -> SeedDifference:
    """Final success of the learner paid by the reward model less that of the one paid by the verifier."""
    return paired(*([x.final for x in sums(y)] for y in recorded.SUM_REWARDS))
