"""Results seed by seed: what is averaged over which steps, the interval of a paired difference, and the file."""

from __future__ import annotations

import json
import math
import random
import statistics
from pathlib import Path

import pytest

from core.insight import seed_results
from core.insight.seed_results import (
    LONG_SUMS,
    SPANS,
    VERSION,
    SeedDifference,
    SeedResult,
    difference,
    knowledge,
    paired,
    read,
    results_of,
    student,
    told_apart,
    write,
)


def result(setup: str = "a", seed: int = 0, success: tuple[float, ...] = (0.5,) * 60, **more: object) -> SeedResult:
    return SeedResult(setup, seed, success, (None,), 7680, 10.0, **more)  # type: ignore[arg-type]


def test_spans_hold_just_their_steps() -> None:
    assert list(SPANS) == ["first-20", "all-60", "last-10"]
    steps = list(range(70))
    assert [steps[x] for x in SPANS.values()] == [steps[:20], steps[:60], steps[60:]]
    uneven = result(success=tuple(x**2 for x in range(60)))
    assert uneven.mean("first-20") == pytest.approx(sum(x**2 for x in range(20)) / 20)
    assert uneven.mean("last-10") == pytest.approx(sum(x**2 for x in range(50, 60)) / 10)
    assert result().known == ()


def test_where_nobody_is_better_hardly_ever_is_anybody_told_apart() -> None:
    """Five equal learners, five seeds, whose own ease or difficulty all of them share. Judged by its 95 % intervals one
    by one, the highest would be told apart from some other in a quarter of such studies."""
    drawn = random.Random(5)
    studies, named, one_by_one = 400, 0, 0
    for _ in range(studies):
        shared = [drawn.gauss(0, 1) for _ in range(5)]
        own = {name: {i: x + drawn.gauss(0, 1) for i, x in enumerate(shared)} for name in "abcde"}
        named += bool(told_apart(own))
        first = max(own, key=lambda x: statistics.fmean(own[x].values()))
        rest = [list(own[x].values()) for x in own if x != first]
        one_by_one += any(paired(list(own[first].values()), x).low > 0 for x in rest)
    assert one_by_one > 0.2 * studies
    assert named < 0.08 * studies


def test_who_is_better_is_told_apart_and_the_rest_is_judged_by_what_is_left() -> None:
    """Holm: the first of three pairs has to pass at 5 % / 3; what has passed no longer makes it harder for the next."""
    wide = {0: 0.90, 1: 0.93, 2: 0.88, 3: 0.91, 4: 0.92}
    apart = {"a": wide, "b": {i: x - 0.5 - 0.01 * (i % 2) for i, x in wide.items()}}
    # c is below a by 0.03 ± 0.019: |t| = 3.57 of four degrees of freedom. Alone in its row it passes 2.78; of two that
    # are left, 3.50; of three, 3.96.
    gaps = (0.03, 0.0034, 0.0566, 0.03, 0.03)
    near = {**apart, "c": {i: x - gap for (i, x), gap in zip(wide.items(), gaps, strict=True)}}
    t = statistics.fmean(gaps) / (statistics.stdev(gaps) / 5**0.5)
    assert student(4, 1 - 0.05 / 2) < t < student(4, 1 - 0.05 / 3)
    assert told_apart(near) == {("a", "b"), ("c", "b"), ("a", "c")}
    assert told_apart({x: near[x] for x in ("a", "c")}) == {("a", "c")}
    others = {f"d{i}": wide for i in range(2)}  # equal ones: more pairs to choose from, and nothing told of them
    assert ("a", "c") not in told_apart({"a": wide, "c": near["c"], **others})


def test_only_seeds_that_all_have_tell_anything_apart() -> None:
    one, other = {0: 0.5, 1: 0.6, 2: 0.55}, {0: 0.1, 1: 0.2, 2: 0.15, 3: 9.0}
    assert told_apart({"a": one, "b": other}) == {("a", "b")}
    with pytest.raises(ValueError, match="at least two seeds in common"):
        told_apart({"a": one, "b": {2: 0.1, 3: 0.2}})


def test_two_seeds_are_enough_and_one_or_unlike_numbers_are_not() -> None:
    known = paired([0.6, 0.5], [0.5, 0.2])
    half = 12.706204736 * math.sqrt(2) * 0.1 / math.sqrt(2)
    assert known.seeds == 2
    assert known.mean == pytest.approx(0.2)
    assert (known.low, known.high) == (pytest.approx(0.2 - half, abs=1e-7), pytest.approx(0.2 + half, abs=1e-7))
    for first, second in (([0.5], [0.4]), ([], [])):
        with pytest.raises(ValueError, match=r"^a paired difference needs at least two seeds$"):
            paired(first, second)
    with pytest.raises(ValueError, match="zip"):
        paired([0.1, 0.2, 0.3], [0.1, 0.2])
    with pytest.raises(ValueError, match="zip"):
        paired([0.1, 0.2], [0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("freedom", "level", "known"),
    [(1, 0.95, 12.7062047364), (4, 0.95, 2.7764451052), (4, 0.9, 2.1318467864), (2, 0.5, 0.8164965809)],
)
def test_the_quantile_is_that_of_the_tables_to_many_digits(freedom: int, level: float, known: float) -> None:
    assert student(freedom, level) == pytest.approx(known, rel=1e-8)


def test_a_setups_results_are_by_seed_and_in_order() -> None:
    rows = [result(seed=3), result("b", 0), result(seed=1), result(seed=2)]
    assert list(results_of(rows, "a").items()) == [(x, result(seed=x)) for x in (1, 2, 3)]
    assert results_of(rows, "c") == {}


def test_a_difference_pairs_seeds_over_the_named_span() -> None:
    rising, level = tuple(x / 60 for x in range(60)), (0.25,) * 60
    rows = [
        result(seed=0, success=rising),
        result(seed=1, success=rising),
        result(seed=7),
        result("b", 1, level),
        result("b", 0, (0.5,) * 60),
        result("b", 9),
    ]
    first, last = sum(rising[:20]) / 20, sum(rising[50:]) / 10
    for span, mean in (("first-20", first), ("last-10", last)):
        known = difference(rows, "a", "b", span)
        assert isinstance(known, SeedDifference)
        assert (known.mean, known.seeds) == (pytest.approx(mean - 0.375), 2)
        assert difference(rows, "b", "a", span).mean == pytest.approx(0.375 - mean)
    with pytest.raises(ValueError, match="at least two seeds"):
        difference(rows, "a", "c", "first-20")


def test_what_is_known_is_the_median_and_the_least_at_each_evaluation() -> None:
    rows = [result(seed=0, known=(0.5, None)), result(seed=1, known=(0.1, 0.4)), result(seed=2, known=(0.4, 0.2))]
    rows += [result(seed=3), result("b", 0, known=(9.0, 9.0))]  # one was not measured, one is another's
    assert knowledge(rows, "a") == [(0.4, 0.1), (pytest.approx(0.3), 0.2)]
    with pytest.raises(ValueError, match="zip"):
        knowledge([*rows, result(seed=4, known=(0.5,))], "a")


def test_the_file_has_a_line_for_each_result_in_the_given_order(tmp_path: Path) -> None:
    path = tmp_path / "new" / "place" / "some.json"
    rows = [result("z", 0), result("b", 1), result("a", 2, (1 / 3, 1.0), known=(2 / 3, None)), result("b", 0)]
    write(rows, ["b", "a"], {"note": "x"}, path)
    head, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert head == '{"about":{"version": 1, "note": "x"},\n'
    assert lines[0] == '"rows":[\n'
    assert lines[-1] == "]}\n"
    body = [json.loads(x.rstrip(",\n")) for x in lines[1:-1]]
    assert [(x["setup"], x["seed"]) for x in body] == [("b", 0), ("b", 1), ("a", 2), ("z", 0)]  # what is unknown, last
    assert lines[3] == (
        '{"setup":"a","seed":2,"success":[0.3333,1.0],"explained":[null],"scored":7680,"seconds":10.0,'
        '"known":[0.6667,null]},\n'
    )
    assert [x.name for x in path.parent.iterdir()] == ["some.json"]  # nothing half-written is left
    again = read(path)
    assert again[2] == result("a", 2, (0.3333, 1.0), known=(0.6667, None))
    assert isinstance(again[2].success, tuple)
    assert isinstance(again[2].explained, tuple)
    assert isinstance(again[2].known, tuple)
    write(rows[:1], ["b", "a"], {}, path)  # over what was there
    assert read(path) == [result("z", 0)]


def test_a_file_of_before_the_checks_is_read_and_another_version_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    row = {"setup": "a", "seed": 0, "success": [0.5], "explained": [None], "scored": 1, "seconds": 2.0}
    path.write_text(json.dumps({"about": {"version": VERSION}, "rows": [row]}))
    assert read(path) == [SeedResult("a", 0, (0.5,), (None,), 1, 2.0, ())]
    path.write_text(json.dumps({"about": {"version": 2}, "rows": []}))
    with pytest.raises(ValueError, match=r"^some\.json is of version 2, and this reads version 1$"):
        read(path)
    assert read(tmp_path / "absent.json") == []
    assert read(tmp_path) == []  # a folder holds nothing either


def test_the_recorded_study_is_there() -> None:
    assert LONG_SUMS.is_file()
    assert LONG_SUMS.name == "long-sums.json"
    assert seed_results.read() == read(LONG_SUMS)
    assert len(read()) > 200
