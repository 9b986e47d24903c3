"""What the study of a pushed reward model measured: its conditions, its file, what follows from it. No tensors here.

A machine judge with a hidden taste labels pairs of replies; a reward model (the proxy) learns from the labels; a policy
is then pushed towards what the proxy likes, by GRPO, by PPO or as the best of n. The taste itself is the gold reward.
core/insight/proxy_study.py measures it.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.algorithms.over_optimisation import Fit, Form, best_of_n_kl, fit
from core.insight.recorded_file import stored, write_text
from core.insight.rounding import row_text
from core.insight.seed_results import SeedDifference, paired

RECORDED = Path(__file__).parent / "recorded" / "pushed-proxy.json"
#: What the file is like.
VERSION = 2

PRESET, SUMS = "reply", "chain-sum"
#: The hidden taste of the whole study, and what PUSHED labels of another come to, so that what breaks is not one
#: taste's affair: of all tastes the one that the start policy's replies please least alike (correlation −0.4).
TASTE, OTHER_TASTES = "warm", ("short",)
#: Labels that a reward model learns from, and the share of them that are turned round.
LABELS, NOISE = (5, 10, 20, 50, 100, 200, 500, 1000, 2000), (0.0, 0.25)
#: Of those, what a policy is pushed on; and the weight of the KL penalty in its reward.
PUSHED, KL_COEFS = (100, 500), (0.0, 0.05)
LEARNERS = ("grpo", "ppo")
STEPS, EVERY, QUESTIONS = 32, 4, 8  # steps of a run, from one look to the next, and messages of a step
LEARNING_RATE = 8e-4  # twice the usual one, of either policy; PPO's critic keeps its own: what is to break, does sooner
DRAWN, BEST_OF = 512, (1, 2, 4, 8, 16, 32, 64, 128, 256)  # replies to each message, and n
#: How far gold must have fallen for a run to count as broken: three times what a look is uncertain by, or more, as 128
#: replies have a standard deviation of about 0.3.
BROKEN = 0.1
SUM_LABELS, SUM_REWARDS = 500, ("reward-model", "verifier")


@dataclass(frozen=True)
class PairAccuracy:
    """How often a reward model sides with the taste, of pairs that it did not learn from. `task`: the preset."""

    task: str
    labels: int
    noise: float
    seed: int
    accuracy: float
    taste: str = TASTE  # on sums it says nothing


@dataclass(frozen=True)
class PolicyPoint:
    """A policy after so many steps: means over its replies to held-out messages."""

    step: int
    kl: float  # to the start policy, of a whole reply, in nats
    gold: float  # what the taste says, 0 to 1
    proxy: float  # what the reward model says, as a learner's reward
    reply: str  # what it wrote to the first of the messages
    reply_gold: float
    reply_proxy: float

    @property
    def distance(self) -> float:
        """√KL."""
        return math.sqrt(max(0.0, self.kl))


@dataclass(frozen=True)
class Pushed:
    """A learner trained on one reward model."""

    labels: int
    noise: float
    kl_coef: float
    seed: int
    gold_spread: float  # standard deviations over the start policy's replies
    proxy_spread: float
    points: tuple[PolicyPoint, ...]
    learner: str = LEARNERS[0]
    taste: str = TASTE


@dataclass(frozen=True)
class BestOf:
    """The best of n replies of the start policy, by one reward model."""

    labels: int
    noise: float
    seed: int
    n: tuple[int, ...]
    gold: tuple[float, ...]  # mean over messages, each over all ways to draw n
    proxy: tuple[float, ...]
    taste: str = TASTE


@dataclass(frozen=True)
class SumsRun:
    """GRPO on sums, paid by a reward model that learnt right over wrong, or by the verifier."""

    reward: str
    seed: int
    start: float  # success on held-out questions, sampled
    final: float


@dataclass
class Study:
    """All that was measured."""

    agreement: list[PairAccuracy] = field(default_factory=list)
    pushed: list[Pushed] = field(default_factory=list)
    best_of: list[BestOf] = field(default_factory=list)
    sums: list[SumsRun] = field(default_factory=list)


# -- what follows from it ----------------------------------------------------------------------------------------------


def of_condition(
    study: Study, labels: int, noise: float, kl_coef: float, learner: str = LEARNERS[0], taste: str = TASTE
) -> list[Pushed]:
    """The runs of a condition, by seed."""
    wanted = (labels, noise, kl_coef, learner, taste)
    own = [x for x in study.pushed if (x.labels, x.noise, x.kl_coef, x.learner, x.taste) == wanted]
    return sorted(own, key=lambda x: x.seed)


def best_of_condition(study: Study, labels: int, noise: float, taste: str = TASTE) -> list[BestOf]:
    """The choices by reward models of a condition, by seed."""
    own = [x for x in study.best_of if (x.labels, x.noise, x.taste) == (labels, noise, taste)]
    return sorted(own, key=lambda x: x.seed)


def above_start(values: Sequence[float], spread: float) -> list[float]:
    """Each value less the first, in standard deviations of the start policy's replies: gold and proxy on one scale, as
    Gao et al. have them."""
    return [(x - values[0]) / spread for x in values]


def gold_curve(run: Pushed) -> list[float]:
    """Gold at each look, as `above_start`."""
    return above_start([x.gold for x in run.points], run.gold_spread)


def proxy_curve(run: Pushed) -> list[float]:
    """Proxy at each look, as `above_start`."""
    return above_start([x.proxy for x in run.points], run.proxy_spread)


def chosen_curves(study: Study, choice: BestOf) -> tuple[list[float], list[float]]:
    """(gold, proxy) at each n, as `above_start`: by the spreads that the same reward model's run began with."""
    runs = of_condition(study, choice.labels, choice.noise, 0.0, taste=choice.taste)
    own = next(x for x in runs if x.seed == choice.seed)
    return above_start(choice.gold, own.gold_spread), above_start(choice.proxy, own.proxy_spread)


def rl_fit(runs: Sequence[Pushed]) -> Fit:
    """R(d) = d (α − β log d) through the gold of all runs' looks. Raises RequestError as `fit`."""
    points = [(y.distance, r) for x in runs for y, r in zip(x.points, gold_curve(x), strict=True)]
    return _fitted(points, "rl")


def best_of_fit(study: Study, choices: Sequence[BestOf]) -> Fit:
    """R(d) = d (α − β d) through the gold of all choices, with d by the formula of best-of-n. Raises as `fit`."""
    golds = [(x.n, chosen_curves(study, x)[0]) for x in choices]
    return _fitted([(of_n(n), r) for ns, gold in golds for n, r in zip(ns, gold, strict=True)], "best-of-n")


def _fitted(points: Sequence[tuple[float, float]], form: Form) -> Fit:
    """Where d is 0 every curve is 0, so those points say nothing, and do not flatter the residual."""
    away = [x for x in points if x[0] > 0]
    return fit([d for d, _ in away], [r for _, r in away], form)


def of_n(n: int) -> float:
    """√KL of the best of n, by the formula."""
    return math.sqrt(best_of_n_kl(n))


@dataclass(frozen=True)
class Fall:
    """How a condition's gold reward went: means over seeds, from 0 to 1."""

    start: float
    best: float  # where the mean curve is highest
    best_step: int
    final: float
    #: Seed by seed, how far each ended below where it was when the mean of the *others* was highest: a step that was
    #: chosen by the very numbers that are counted from it would let noise pass for a fall.
    fallen: SeedDifference
    broke: int  # runs whose gold ended by BROKEN below its own highest, while the proxy had gone on rising
    seeds: int


def fall(runs: Sequence[Pushed]) -> Fall:
    """Where the mean gold reward was largest, and how far the seeds' runs fell. At least two seeds."""
    curves = [[x.gold for x in run.points] for run in runs]
    place, mean = _highest(curves)
    others = [_highest([*curves[:i], *curves[i + 1 :]])[0] for i in range(len(curves))]
    fallen = paired([x[at] for x, at in zip(curves, others, strict=True)], [x[-1] for x in curves])
    broke = sum(map(_broke, runs))
    return Fall(mean[0], mean[place], runs[0].points[place].step, mean[-1], fallen, broke, len(runs))


def _highest(curves: Sequence[Sequence[float]]) -> tuple[int, list[float]]:
    """(at which look the mean of the curves is highest, that mean at every look)."""
    mean = [statistics.fmean(x) for x in zip(*curves, strict=True)]
    return max(range(len(mean)), key=mean.__getitem__), mean


def _broke(run: Pushed) -> bool:
    highest, last = max(run.points, key=lambda x: x.gold), run.points[-1]
    return highest.gold - last.gold >= BROKEN and last.proxy > highest.proxy


# -- the file ----------------------------------------------------------------------------------------------------------

_KINDS: dict[str, type] = {"agreement": PairAccuracy, "pushed": Pushed, "best_of": BestOf, "sums": SumsRun}


def read(path: Path = RECORDED) -> Study:
    """What was measured. Raises ValueError where the file is of another version; an absent one holds nothing."""
    content = stored(path, VERSION)
    if content is None:
        return Study()
    rows = {name: [_row(kind, x) for x in content[name]] for name, kind in _KINDS.items()}
    return Study(**rows)


def _row(kind: type, values: dict[str, Any]) -> Any:
    own = {name: tuple(x) if isinstance(x, list) else x for name, x in values.items()}
    if kind is Pushed:
        own["points"] = tuple(PolicyPoint(**x) for x in values["points"])
    return kind(**own)


_PLACE = ("taste", "learner", "task", "reward", "labels", "noise", "kl_coef", "seed")


def _place(row: Any) -> tuple[Any, ...]:
    """Conditions one after another, each by seed."""
    return tuple(getattr(row, x) for x in _PLACE if hasattr(row, x))


def setup() -> dict[str, Any]:
    """What the file's numbers were measured with, as far as this module says it."""
    return {
        "preset": PRESET,
        "tastes": [TASTE, *OTHER_TASTES],
        "learners": list(LEARNERS),
        "steps": STEPS,
        "every": EVERY,
        "questions": QUESTIONS,
        "learning_rate": LEARNING_RATE,
        "drawn": DRAWN,
        "sums": SUMS,
        "sum_labels": SUM_LABELS,
    }


def write(study: Study, about: dict[str, Any], path: Path) -> None:
    """Everything as JSON, a row a line, in an order that does not depend on when it was measured; the file is complete
    or as it was."""
    blocks = [f'"about": {json.dumps({"version": VERSION, **setup(), **about})}']
    for name in _KINDS:
        rows = sorted(getattr(study, name), key=_place)
        lines = ",\n".join(row_text(x, 5) for x in rows)
        blocks.append(f'"{name}": [\n{lines}\n]')
    write_text("{" + ",\n".join(blocks) + "}\n", path)


def seeds(rows: Iterable[Any]) -> list[int]:
    """The seeds that there are."""
    return sorted({x.seed for x in rows})
