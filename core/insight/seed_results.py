"""Learners' results seed by seed, as a recorded study keeps them: their file, and what they say. No tensors here."""

from __future__ import annotations

import functools
import itertools
import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.insight.recorded_file import rows_of, write_text
from core.insight.rounding import row_text

#: Where the study of core/insight/long_sums.py is recorded.
LONG_SUMS = Path(__file__).parent / "recorded" / "long-sums.json"
#: Where it is recorded what its learners take on an idle core (core/insight/step_times.py).
TIMES = LONG_SUMS.with_name("long-sums-times.json")
#: What such a file is like.
VERSION = 1
#: What a learner's success is averaged over: name → the steps, as a slice.
SPANS: Mapping[str, slice] = {"first-20": slice(0, 20), "all-60": slice(0, 60), "last-10": slice(-10, None)}


@dataclass(frozen=True)
class SeedResult:
    """One learner with one seed."""

    setup: str
    seed: int
    success: tuple[float, ...]  # of each step's own responses
    explained: tuple[float | None, ...]  # share of its returns' variance that the critic explains, by step
    scored: int  # responses scored: trained on, a critic fitted to, and continuations
    seconds: float  # of the steps
    #: Share of the true values' variance that the critic explains, at each evaluation (core/training/value_check.py);
    #: none where that was not measured.
    known: tuple[float | None, ...] = ()

    def mean(self, span: str) -> float:
        """Mean success over a span of SPANS."""
        return statistics.fmean(self.success[SPANS[span]])


@functools.lru_cache(maxsize=4)
def seconds(path: Path = TIMES) -> dict[str, float]:
    """Learner → seconds for the study's 60 steps, the median of the rounds; empty where it was not measured."""
    if not path.exists():
        return {}
    return {name: statistics.median(x) for name, x in json.loads(path.read_text(encoding="utf-8"))["seconds"].items()}


def over_seeds(series: Iterable[Sequence[float]]) -> tuple[list[float], list[float]]:
    """(mean, standard deviation) over seeds at each place of their equally long series; at least two."""
    by_place = list(zip(*series, strict=True))
    return [statistics.fmean(x) for x in by_place], [statistics.stdev(x) for x in by_place]


def smoothed(success: Sequence[float]) -> list[float]:
    """Each step's success as the mean of three steps around it; of two at the ends."""
    return [statistics.fmean(success[max(0, i - 1) : i + 2]) for i in range(len(success))]


@dataclass(frozen=True)
class SeedDifference:
    """The mean of a paired difference over seeds, with its 95 % interval (Student's t)."""

    mean: float
    low: float
    high: float
    seeds: int


def paired(first: Sequence[float], second: Sequence[float]) -> SeedDifference:
    """first − second, seed by seed. Raises ValueError unless both have the same number of seeds, at least two."""
    differences = [a - b for a, b in zip(first, second, strict=True)]
    if len(differences) < 2:
        raise ValueError("a paired difference needs at least two seeds")
    mean = statistics.fmean(differences)
    half = student(len(differences) - 1) * statistics.stdev(differences) / len(differences) ** 0.5
    return SeedDifference(mean, mean - half, mean + half, len(differences))


def told_apart(results: Mapping[str, Mapping[int, float]]) -> set[tuple[str, str]]:
    """(higher, lower) for every two whose means differ by more than the seeds make of nothing, by Holm's procedure
    (1979) on all pairs: where no two differ, the chance that any is named is 5 % at most.

    Whoever asks who is ahead looks at all of them first. Its 95 % intervals one by one, the highest of five equals is
    told apart from some other in every fourth study of five seeds.

    `results`: a name → seed → its number; seeds that not all have are left out. ValueError where fewer than two remain.
    """
    seeds = sorted(set.intersection(*(set(x) for x in results.values())))
    if len(seeds) < 2:
        raise ValueError("to tell results apart takes at least two seeds in common")
    distances: list[tuple[float, tuple[str, str]]] = []
    for one, other in itertools.combinations(results, 2):
        gaps = [results[one][x] - results[other][x] for x in seeds]
        mean, error = statistics.fmean(gaps), statistics.stdev(gaps) / len(gaps) ** 0.5
        away = abs(mean) / error if error else math.inf if mean else 0.0
        distances.append((away, (one, other) if mean > 0 else (other, one)))
    apart: set[tuple[str, str]] = set()
    for away, pair in sorted(distances, reverse=True):
        left = len(distances) - len(apart)
        if away <= student(len(seeds) - 1, 1 - 0.05 / left):
            break
        apart.add(pair)
    return apart


@functools.cache
def student(freedom: int, level: float = 0.95) -> float:
    """The two-sided quantile of Student's t: |t| stays below it with probability `level`.

    The density is integrated by Simpson's rule in the angle θ with t = √n · tan θ, where it is cos^(n − 1) θ without
    tails; the quantile is found by bisection.
    """

    def inside(angle: float, parts: int = 400) -> float:
        width = angle / parts
        heights = [math.cos(i * width) ** (freedom - 1) for i in range(parts + 1)]
        return width / 3 * (heights[0] + heights[-1] + 4 * sum(heights[1:-1:2]) + 2 * sum(heights[2:-1:2]))

    low, high, whole = 0.0, math.pi / 2, inside(math.pi / 2)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < level * whole else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def results_of(rows: Iterable[SeedResult], setup: str) -> dict[int, SeedResult]:
    """One learner's results by seed."""
    return {x.seed: x for x in sorted(rows, key=lambda x: x.seed) if x.setup == setup}


def knowledge(rows: Iterable[SeedResult], setup: str) -> list[tuple[float, float]]:
    """(median, lowest) over seeds of what a setup's critic explains of the true values, evaluation by evaluation."""
    measured = [x.known for x in results_of(rows, setup).values() if x.known]
    by_step = [[x for x in column if x is not None] for column in zip(*measured, strict=True)]
    return [(statistics.median(x), min(x)) for x in by_step]


def known_difference(rows: Sequence[SeedResult], first: str, second: str) -> SeedDifference:
    """First − second over the seeds that both have, in what their critics explain of the true values: the mean of all
    evaluations but the one before the first step, when nothing has been learnt from a run yet.

    Raises ValueError where such seeds are fewer than two, or have no such evaluation.
    """
    a, b = results_of(rows, first), results_of(rows, second)
    later = [tuple([y for y in x[i].known[1:] if y is not None] for x in (a, b)) for i in a if i in b]
    if not all(x and y for x, y in later):
        raise ValueError(f"not all seeds of {first} and {second} have a check of values after the first step")
    return paired([statistics.fmean(x) for x, _ in later], [statistics.fmean(y) for _, y in later])


def median_scored(rows: Iterable[SeedResult], setup: str) -> int:
    """Responses scored, the median of a setup's seeds: equal prefixes are continued once, so VinePPO's differ."""
    return round(statistics.median(x.scored for x in results_of(rows, setup).values()))


def difference(rows: Sequence[SeedResult], first: str, second: str, span: str) -> SeedDifference:
    """First − second over the seeds that both have. Raises ValueError where these are fewer than two."""
    a, b = results_of(rows, first), results_of(rows, second)
    seeds = [x for x in a if x in b]
    return paired([a[x].mean(span) for x in seeds], [b[x].mean(span) for x in seeds])


# -- the file ----------------------------------------------------------------------------------------------------------


def read(path: Path = LONG_SUMS) -> list[SeedResult]:
    """What was measured. Raises ValueError where the file is of another version; an absent one holds nothing."""
    rows = [{**x, "success": tuple(x["success"]), "explained": tuple(x["explained"])} for x in rows_of(path, VERSION)]
    rows = [{**x, "known": tuple(x.get("known", ()))} for x in rows]
    return [SeedResult(**x) for x in rows]


def write(rows: Iterable[SeedResult], order: Sequence[str], about: Mapping[str, Any], path: Path) -> None:
    """Everything as JSON, a line per learner and seed, learners in `order`; the file is complete or as it was."""
    place = {name: i for i, name in enumerate(order)}
    lines = [row_text(x, 4) for x in sorted(rows, key=lambda x: (place.get(x.setup, len(place)), x.seed))]
    body = ",\n".join(lines)
    head = json.dumps({"version": VERSION, **about})
    write_text(f'{{"about":{head},\n"rows":[\n{body}\n]}}\n', path)
