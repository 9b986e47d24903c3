"""The study of curated data: questions chosen by difficulty beside as many that were taken at random."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.insight.curation_study import AS_MANY, CONDITIONS, NAMES, CurationResult, read, settings_of, train, write


def result(condition: str, seed: int, asked: int) -> CurationResult:
    return CurationResult(condition, seed, 0.4, 0.6, 0.6, asked, 0.5, (0.5,), (0.4,), None, None)


def test_as_many_questions_are_as_many_as_the_choice_left_with_the_same_seed() -> None:
    rows = [result("easy", 0, 110), result("easy", 1, 95), result("hard", 1, 160)]
    assert settings_of("as-many-as-easy", 1, rows) == {"distinct_questions": 95}
    assert settings_of("as-many-as-hard", 1, rows) == {"distinct_questions": 160}
    assert settings_of("hard", 1, rows) == {"success_to": 0.25}
    with pytest.raises(ValueError, match="as-many-as-hard needs the result of hard with seed 0 first"):
        settings_of("as-many-as-hard", 0, rows)


def test_they_are_asked_as_often_and_are_not_those_of_the_choice() -> None:
    made = train("as-many-as-easy", 2, steps=2, rows=[result("easy", 2, 12)])
    assert (made.condition, made.seed, made.asked) == ("as-many-as-easy", 2, 12)  # 16 questions a step, in turn


def test_the_record_has_them_for_every_seed_with_equal_counts(tmp_path: Path) -> None:
    by_name = {(x.condition, x.seed): x for x in read()}
    for many, chosen in AS_MANY.items():
        for seed in range(5):
            assert by_name[many, seed].asked == by_name[chosen, seed].asked
            assert by_name[many, seed].start == by_name[chosen, seed].start
    assert tuple(NAMES) == (*CONDITIONS, *AS_MANY)
    write(reversed(read()), tmp_path / "again.json")
    assert read(tmp_path / "again.json") == read()
