"""The recorded study of a pushed proxy, worked out once more from its file by other means: all that its lesson shows.

Coefficients by the normal equations of each curve and their peaks by looking along it; the quantile of Student's t from
a printed table. Nothing but the file's numbers is taken from the code that the lesson uses.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

from core.insight import proxy_results as results
from lessons.when_the_proxy_breaks import results as shown
from lessons.when_the_proxy_breaks.results import Condition

STUDY: dict[str, Any] = json.loads(results.RECORDED.read_text(encoding="utf-8"))
#: Of four degrees of freedom, two-sided at 95 %.
T4 = 2.776445
CONDITIONS = sorted({(x["labels"], x["noise"], x["kl_coef"], x["learner"], x["taste"]) for x in STUDY["pushed"]})


def runs(labels: int, noise: float, kl_coef: float, learner: str, taste: str) -> list[dict[str, Any]]:
    wanted = {"labels": labels, "noise": noise, "kl_coef": kl_coef, "learner": learner, "taste": taste}
    own = [x for x in STUDY["pushed"] if all(x[name] == value for name, value in wanted.items())]
    assert len(own) == 5
    return sorted(own, key=lambda x: x["seed"])


def curve(own: list[dict[str, Any]], name: str) -> np.ndarray:
    """[seed, look]."""
    return np.array([[point[name] for point in run["points"]] for run in own], dtype=float)


def spreads(own: list[dict[str, Any]], name: str) -> np.ndarray:
    return np.array([[x[name]] for x in own], dtype=float)


def interval(differences: np.ndarray) -> tuple[float, float, float]:
    mean, half = differences.mean(), T4 * differences.std(ddof=1) / len(differences) ** 0.5
    return mean, mean - half, mean + half


def solved(first: np.ndarray, second: np.ndarray, gold: np.ndarray) -> tuple[float, float, float]:
    """(α, β, residual) of gold = α · first − β · second, by the two normal equations."""
    a, b, c = first @ first, -(first @ second), second @ second
    u, v = first @ gold, -(second @ gold)
    alpha, beta = (u * c - v * b) / (a * c - b * b), (a * v - b * u) / (a * c - b * b)
    off = gold - alpha * first + beta * second
    return alpha, beta, float((off @ off / len(off)) ** 0.5)


def looked_up(alpha: float, beta: float, bends: bool) -> float:
    """Where the curve is highest, by walking along it."""
    far = np.linspace(1e-4, 40, 400_001)
    return float(far[np.argmax(far * (alpha - beta * (np.log(far) if bends else far)))])


@pytest.mark.parametrize("known", CONDITIONS)
def test_a_conditions_falls_ends_and_curves_are_those_of_its_rows(known: tuple[int, float, float, str, str]) -> None:
    own, condition = runs(*known), Condition(*known)
    gold, proxy, kl = (curve(own, x) for x in ("gold", "proxy", "kl"))
    fall, mean = shown.fall(condition), gold.mean(0)
    assert (fall.best, fall.best_step, fall.final) == pytest.approx((mean.max(), 4 * mean.argmax(), mean[-1]))
    others = [np.delete(gold, i, 0).mean(0).argmax() for i in range(5)]
    fallen = interval(gold[range(5), others] - gold[:, -1])
    assert (fall.fallen.mean, fall.fallen.low, fall.fallen.high) == pytest.approx(fallen, abs=1e-6)
    ended = gold.max(1) - gold[:, -1] >= results.BROKEN
    rising = proxy[:, -1] > proxy[range(5), gold.argmax(1)]
    assert fall.broke == (ended & rising).sum()
    far = np.sqrt(kl)
    assert shown.distances(condition) == pytest.approx(far.mean(0))
    above = (gold - gold[:, :1]) / spreads(own, "gold_spread")
    pushed = (proxy - proxy[:, :1]) / spreads(own, "proxy_spread")
    for curves, values in ((shown.gold(condition), above), (shown.proxy(condition), pushed)):
        assert curves[0] == pytest.approx(values.mean(0))
        assert curves[1] == pytest.approx(values.std(0, ddof=1))
    d, r = far[:, 1:].ravel(), above[:, 1:].ravel()
    fit = shown.rl_fit(condition)
    assert (fit.alpha, fit.beta, fit.residual) == pytest.approx(solved(d, d * np.log(d), r))
    if fit.peak is not None and fit.peak < 30:
        assert fit.peak == pytest.approx(looked_up(fit.alpha, fit.beta, bends=True), abs=2e-4)


@pytest.mark.parametrize("known", sorted({(x[0], x[1], x[4]) for x in CONDITIONS}))
def test_what_the_best_of_n_came_to_is_what_its_rows_say(known: tuple[int, float, str]) -> None:
    labels, noise, taste = known
    choices = [x for x in STUDY["best_of"] if (x["labels"], x["noise"], x["taste"]) == known]
    choices.sort(key=lambda x: x["seed"])
    condition = Condition(labels, noise, 0.0, "grpo", taste)
    own = runs(labels, noise, 0.0, "grpo", taste)
    n = np.array(choices[0]["n"], dtype=float)
    far = np.sqrt(np.log(n) - (n - 1) / n)
    gold, proxy = (np.array([x[name] for x in choices]) for name in ("gold", "proxy"))
    above = (gold - gold[:, :1]) / spreads(own, "gold_spread")
    pushed = (proxy - proxy[:, :1]) / spreads(own, "proxy_spread")
    distances, true, liked = shown.chosen(condition)
    assert distances == pytest.approx(far)
    assert (true[0], liked[0]) == (pytest.approx(above.mean(0)), pytest.approx(pushed.mean(0)))
    d, r = np.tile(far[1:], 5), above[:, 1:].ravel()
    fit = shown.best_of_fit(condition)
    assert (fit.alpha, fit.beta, fit.residual) == pytest.approx(solved(d, d * d, r))
    assert fit.peak == pytest.approx(looked_up(fit.alpha, fit.beta, bends=False), abs=2e-4)
    assert (np.diff(proxy, axis=1) > 0).all(), "more to choose from, and less liked"


def test_how_often_each_tastes_gold_fell_and_from_how_many_labels_a_model_is_no_coin() -> None:
    for taste in ("warm", "short"):
        own = [shown.fall(Condition(*x)) for x in CONDITIONS if x[4] == taste]
        assert shown.fell(taste) == (sum(x.fallen.low > 0 for x in own), 16, sum(x.broke for x in own), 80)
    assert (shown.fell("warm")[0], shown.fell("short")[0]) == (1, 3)
    for noise, count in itertools.product((0.0, 0.25), results.LABELS):
        wanted = {"task": "reply", "taste": "warm", "noise": noise, "labels": count}
        rows = [x for x in STUDY["agreement"] if all(x[name] == value for name, value in wanted.items())]
        right = np.array([x["accuracy"] for x in sorted(rows, key=lambda x: x["seed"])])
        assert shown.agreement(count, noise) == pytest.approx(right.tolist())
        assert (count in shown.at_chance(noise)) == (interval(right - 0.5)[1] <= 0)
    assert [shown.at_chance(x) for x in (0.0, 0.25)] == [[], [5, 10]]


def test_on_sums_the_verifier_pays_better_and_by_how_much_is_what_the_rows_say() -> None:
    ends = {(x["reward"], x["seed"]): x["final"] for x in STUDY["sums"]}
    gap = interval(np.array([ends["reward-model", i] - ends["verifier", i] for i in range(5)]))
    known = shown.sums_gap()
    assert (known.mean, known.low, known.high) == pytest.approx(gap, abs=1e-6)
    assert known.high < 0


def test_the_penalty_keeps_every_policy_nearer_the_start() -> None:
    """As the lesson's text has it: of all 16 pairs of conditions that differ in it alone."""
    for labels, noise, learner, taste in {(x[0], x[1], x[3], x[4]) for x in CONDITIONS}:
        ends = [shown.distances(Condition(labels, noise, x, learner, taste))[-1] for x in results.KL_COEFS]
        assert ends[1] < ends[0]


def test_the_teachers_notes_send_to_a_condition_in_which_most_runs_break() -> None:
    """The most labels, none flipped, PPO: more labels are no cure."""
    known = shown.fall(Condition(results.PUSHED[-1], 0.0, 0.0, "ppo"))
    assert known.broke > known.seeds / 2
