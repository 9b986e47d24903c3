"""What *Verifiable rewards* says of two turns against one is what was recorded, with as much as the seeds tell."""

from __future__ import annotations

import statistics

import pytest

from core.insight.seed_results import paired
from core.insight.turns_study import LEARNERS, TURNS, TurnsResult
from lessons.i18n import LANGUAGES, use_language
from lessons.kit.numbers import signed
from lessons.verifiable_rewards import turns_measured

KEY = "verifiable-rewards"


def result(learner: str, turns: int, seed: int, last: tuple[float, ...], tokens: tuple[int, ...]) -> TurnsResult:
    own = tuple(x + 0.01 * seed * i for i, x in enumerate(last))
    return TurnsResult(learner, turns, seed, tokens, tuple(x - 0.1 for x in own), own, (0.5,) * len(own), (0.6, 0.7))


def made(twice: tuple[float, ...]) -> tuple[TurnsResult, ...]:
    """Three seeds of each; two turns take twice the tokens, and end with `twice`."""
    once = (0.5, 0.55, 0.6)
    return tuple(
        result(learner, turns, seed, once if turns == 1 else twice, (0, 100 * turns, 200 * turns))
        for learner in LEARNERS
        for turns in TURNS
        for seed in range(3)
    )


@pytest.fixture
def given(monkeypatch):
    def put(rows: tuple[TurnsResult, ...]) -> None:
        monkeypatch.setattr(turns_measured, "rows", lambda: rows)

    return put


def texts(at) -> str:
    return "\n".join(str(x.value) for kind in ("markdown", "caption", "info") for x in at.get(kind))


def test_as_many_tokens_are_fewer_steps_of_the_one_that_writes_more(given) -> None:
    given(made((0.5, 0.7, 0.9)))
    assert turns_measured.by_responses("ppo", turns_measured.last).mean == pytest.approx(0.3)
    # After 200 tokens: one turn has taken all its steps, two turns half of them, where seeds differ by half as much.
    known = turns_measured.by_tokens("ppo", turns_measured.last)
    assert known.mean == pytest.approx(statistics.fmean([0.1, 0.09, 0.08]))
    assert turns_measured.by_responses("grpo", turns_measured.first).mean == pytest.approx(0.3)


@pytest.mark.parametrize(("twice", "apart"), [((0.5, 0.7, 0.9), True), ((0.5, 0.55, 0.6), False)])
def test_what_the_seeds_do_not_tell_apart_is_said_so(given, twice: tuple[float, ...], apart: bool) -> None:
    given(made(twice))
    with use_language("en"):
        words = turns_measured._differences("grpo").split(" First answer:")[0]
    assert words.startswith("GRPO, as many responses. Last answer: **two turns** − one turn: ")
    assert ("do not tell them apart" in words) == (not apart)


def test_nothing_recorded_is_said(open_page, given) -> None:
    given(())
    at = open_page(KEY, lang="en")
    assert not at.exception
    assert "This is not recorded here yet." in texts(at)
    assert "Is it worth it?" not in texts(at)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_and_the_sentences_are_the_record_s(open_page, lang: str) -> None:
    at = open_page(KEY, lang=lang)
    assert not at.exception
    shown = texts(at)
    for learner in LEARNERS:
        ends = {x: [y.last[-1] for y in turns_measured.of(learner, x).values()] for x in TURNS}
        assert [len(x) for x in ends.values()] == [5, 5]
        for own in ends.values():
            assert f"{statistics.fmean(own):.3f} ± {statistics.stdev(own):.3f}" in shown
        assert signed(paired(ends[2], ends[1]).mean, 3) in shown
