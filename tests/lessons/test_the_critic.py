"""The lesson on what a critic is worth: what its fixed sentences say is so in the recorded study."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.insight.long_sums import setups
from core.insight.seed_results import SeedResult, knowledge, median_scored
from lessons.i18n import use_language
from lessons.kit.over_seeds import close_up
from lessons.the_critic import race, results
from lessons.the_critic.race import ORDER
from lessons.the_critic.results import (
    CRITICS,
    LEARNERS,
    curve,
    gap,
    gap_words,
    lam_of,
    mean,
    of,
    shape,
    spread_words,
)
from lessons.the_critic.trust import HARDLY
from tests.lessons.conftest import Open
from tests.lessons.real import strips


@pytest.fixture
def page(open_page: Open) -> AppTest:
    at = open_page("the-critic", lang="en")
    assert not at.exception
    return at


def instead(monkeypatch: pytest.MonkeyPatch, rows: list[SeedResult]) -> None:
    monkeypatch.setattr(results, "rows", lambda: tuple(rows))


def result(setup: str, seed: int, success: float) -> SeedResult:
    return SeedResult(setup, seed, (success,) * 60, (None,) * 60, 7680, 1.0)


# -- what the page says, and the record says ---------------------------------------------------------------------------


def test_a_critic_that_knows_pays() -> None:
    assert gap(shape("ppo-fitted", 16), shape("grpo", 16), "first-20").low > 0
    assert gap(shape("ppo-fitted", 128), shape("batch", 128), "first-20").low > 0


def test_most_of_the_early_lead_is_not_having_to_ask_a_question_twice() -> None:
    groups = [shape("grpo", x) for x in (4, 8, 16, 32, 64)]
    best = max(groups, key=lambda x: mean(x, "first-20"))
    without, critic = (
        gap(shape("batch", 128), best, "first-20"),
        gap(shape("ppo-fitted", 128), shape("batch", 128), "first-20"),
    )
    assert without.low > 0
    assert critic.low > 0


def test_one_that_cannot_know_costs() -> None:
    assert gap(shape("ppo-zero", 128, "-blind"), shape("batch", 128, "-blind"), "first-20").high < 0
    assert gap(shape("ppo-fitted", 16, "-blind"), shape("grpo", 16, "-blind"), "first-20").low <= 0


def test_one_that_is_trusted_too_far_leads_the_run_astray() -> None:
    half, usual = lam_of("fitted", 0.5), lam_of("fitted", 0.95)
    assert mean(half, "last-10") < mean(usual, "last-10") - 0.15


def test_every_setup_that_the_page_names_is_one_of_the_study() -> None:
    known = setups()
    for name in LEARNERS:
        assert shape(name, 16) in known
    for critic in CRITICS:
        for lam in (0.0, 0.5, 0.8, 0.95, 1.0):
            setup = known[lam_of(critic, lam)]
            assert setup.settings.model_dump()["lam"] == lam
            assert (setup.settings.model_dump()["oracle_continuations"] == 8) == (critic == "oracle")


def test_the_record_holds_every_setup_with_all_its_seeds() -> None:
    for name, setup in setups().items():
        assert [x.seed for x in of(name)] == list(range(setup.seeds)), name


def test_a_frozen_critic_comes_to_nothing_and_its_runs_end_higher() -> None:
    frozen = lam_of("frozen", 0.95)
    assert knowledge(results.rows(), frozen)[-1][0] < 0
    assert gap(frozen, lam_of("fitted", 0.95), "last-10").low > 0


def test_with_measured_values_lambda_hardly_matters_at_the_end() -> None:
    ends = [mean(lam_of("oracle", x), "last-10") for x in (0.0, 0.5, 0.8, 0.95, 1.0)]
    assert max(ends) - min(ends) < HARDLY < min(ends) - mean(lam_of("fitted", 0.8), "last-10")


def test_a_learner_is_drawn_alike_in_every_chart_and_no_critic_in_grpos_colour() -> None:
    for critic in ("zero", "fitted"):
        assert replace(CRITICS[critic], title="") == replace(LEARNERS[f"ppo-{critic}"], title="")
    assert LEARNERS["grpo"].colour not in {x.colour for x in CRITICS.values()}


# -- sentences by the numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ([0.5, 0.51, 0.5], "is 0.097 above GRPO"),
        ([0.7, 0.71, 0.7], "is 0.103 below GRPO"),
        ([0.5, 0.7, 0.6], "these seeds do not tell them apart"),
    ],
)
def test_a_difference_is_called_what_its_interval_says(
    monkeypatch: pytest.MonkeyPatch, second: list[float], says: str
) -> None:
    first = [result("vine-16x8", i, 0.6) for i in range(3)]
    instead(monkeypatch, first + [result("grpo-16x8", i, x) for i, x in enumerate(second)])
    assert says in gap_words("vine-16x8", "grpo-16x8", "first-20", ("VinePPO", "GRPO"))


def test_chinese_has_no_space_beside_full_width_signs() -> None:
    assert close_up("PPO（凍結的評論家） 比 整批平均 高 0.048") == "PPO（凍結的評論家）比整批平均高 0.048"
    assert close_up("PPO (frozen critic) is 0.048 above GRPO") == "PPO (frozen critic) is 0.048 above GRPO"


def test_means_and_spreads_are_over_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, [result("vine-16x8", 0, 0.5), result("vine-16x8", 1, 0.7)])
    assert spread_words("vine-16x8", "all-60") == "0.600 ± 0.141"


# -- the page ----------------------------------------------------------------------------------------------------------


def test_it_opens_with_the_recorded_race_of_the_chosen_start_model(page: AppTest) -> None:
    for start, ending in (("sighted", ""), ("blind", "-blind")):
        page.button_group(key="tc_start").set_value(start).run()
        sent = strips(page, f"tc_race_{start}")
        assert [x["name"] for x in sent["racers"]] == [LEARNERS[x].title for x in ORDER]
        for own, name in zip(sent["racers"], ORDER, strict=True):
            middle, spread = curve(shape(name, 16, ending))
            assert own["mean"] == pytest.approx(middle, abs=1e-4)
            assert own["spread"] == pytest.approx(spread, abs=1e-4)
        assert len(sent["says"]) == len(sent["spoken"]) == 61
        assert sent["says"][20].startswith("Steps 1–20: ")
        assert sent["says"][20] in sent["spoken"][20]


def pairs_told_apart(numbers: dict[str, np.ndarray]) -> list[set[str]]:
    """Of ten seeds: the pairs whose hypothesis of no difference Holm's procedure rejects at 5 %.

    Student's distribution of nine degrees of freedom is Abramowitz and Stegun's sum (26.7.3)."""
    chances = []
    for one, other in itertools.combinations(numbers, 2):
        gap = numbers[one] - numbers[other]
        away = abs(gap.mean()) / gap.std(ddof=1) if gap.any() else 0.0  # before it has learnt, one is as another
        angle = math.atan(away * math.sqrt(10) / 3)
        cosines = [math.cos(angle) ** x for x in (1, 3, 5, 7)]
        inside = angle + math.sin(angle) * np.dot(cosines, [1, 2 / 3, 8 / 15, 48 / 105])
        chances.append((1 - 2 / math.pi * inside, {one, other}))
    chances.sort(key=lambda x: x[0])
    within = [p <= 0.05 / (len(chances) - i) for i, (p, _pair) in enumerate(chances)]
    return [pair for _p, pair in chances[: [*within, False].index(False)]]


def test_at_every_step_nobody_leads_but_whom_the_seeds_tell_apart() -> None:
    """Worked out once more: Holm's procedure on p-values, these by a formula for ten seeds."""
    named = 0
    for ending in ("", "-blind"):
        own = {LEARNERS[x].title: {y.seed: y.success for y in of(shape(x, 16, ending))} for x in ORDER}
        for n, words in enumerate(race.data(ORDER, ending)["says"][1:], 1):
            so_far = {name: np.array([np.mean(x[seed][:n]) for seed in range(10)]) for name, x in own.items()}
            first = max(so_far, key=lambda x: so_far[x].mean())
            known = pairs_told_apart(so_far)
            apart = [x for x in so_far if x != first and {first, x} in known]
            assert (f"{first} was right" in words) == bool(apart), (n, words)
            assert ("tell it apart from every other" in words) == (len(apart) == len(own) - 1)
            named += bool(apart)
    assert 0 < named < 120


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ((0.5, 0.5), "Steps 1–5: a was right most often (0.60). 3 seeds tell it apart from every other."),
        ((0.5, 0.6), "Steps 1–5: a was right more often (0.60) than b. These 3 seeds do not tell it apart from c."),
        ((0.6, 0.6), "Steps 1–5: the means are 0.60 to 0.60. These 3 seeds tell the highest apart from none."),
    ],
)
def test_the_leader_is_named_by_the_intervals(others: tuple[float, float], says: str) -> None:
    def own(success: float) -> list[SeedResult]:
        return [result("x", seed, success + 0.001 * seed * (-1) ** seed) for seed in range(3)]

    def noisy(success: float) -> list[SeedResult]:
        apart = (0.1, -0.1, 0.0) if success == 0.6 else (0.0, 0.001, 0.0)
        return [result("x", seed, success + apart[seed] - 0.0001) for seed in range(3)]

    with use_language("en"):
        assert race.verdict({"a": own(0.6), "b": noisy(others[0]), "c": noisy(others[1])}, 5) == says


def test_its_table_holds_the_records_numbers(page: AppTest) -> None:
    text = "\n".join(x.value for x in page.markdown)
    for name in ("grpo", "ppo-zero", "ppo-fitted", "vine"):
        assert spread_words(shape(name, 16), "first-20") in text


def test_the_budget_is_shown_after_the_prediction_alone(page: AppTest) -> None:
    def shown_text() -> str:
        return "\n".join(x.value for x in page.markdown)

    assert "**Different questions.**" not in shown_text()
    page.radio(key="tc_budget_try0").set_value(2).run()
    page.button(key="tc_budget_commit").click().run()
    assert "**Different questions.**" in shown_text()


def test_it_says_what_the_start_model_was_taught(page: AppTest) -> None:
    """Without that no critic learns anything here: whoever judges critics has to be told."""

    def captions() -> str:
        return "\n".join(x.value for x in page.caption)

    assert "A critic has it easy here." in captions()
    page.button_group(key="tc_start").set_value("blind").run()
    assert "A critic has it hard here." in captions()
    assert "A critic has it easy here." not in captions()


@pytest.mark.parametrize(("start", "apart"), [("sighted", []), ("blind", ["PPO (fitted critic)"])])
def test_at_the_end_it_names_those_alone_whom_the_seeds_tell_apart(page: AppTest, start: str, apart: list[str]) -> None:
    page.button_group(key="tc_start").set_value(start).run()
    text = "\n".join(x.value for x in page.markdown)
    assert ("tell no learner apart from GRPO" in text) == (not apart)
    assert all(f"tell apart from GRPO: {x}." in text for x in apart)


def test_the_picture_comes_before_the_prose(page: AppTest) -> None:
    shown = [x.type for x in page.main]
    kinds = [x.value if x.type == "markdown" else x.type for x in page.main if x.type in ("markdown", "bidi_component")]
    assert "bidi_component" in shown
    picture = kinds.index("bidi_component")
    assert picture < next(i for i, x in enumerate(kinds) if "38,400" in x or "about a third" in x)


def test_every_price_is_beside_the_budget(page: AppTest) -> None:
    page.radio(key="tc_budget_try0").set_value(2).run()
    page.button(key="tc_budget_commit").click().run()
    text = "\n".join(x.value for x in page.markdown)
    for name, questions in (("grpo", 32), ("ppo-fitted", 128), ("vine", 128)):
        assert f"{median_scored(of(shape(name, questions)), shape(name, questions)):,}" in text


def test_without_a_record_it_says_so(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, [])
    at = open_page("the-critic", lang="en")
    assert not at.exception
    assert sum("not recorded here yet" in x.value for x in at.info) == 3


def test_each_race_opens_the_lab_with_its_preset(page: AppTest) -> None:
    keys = {x.key for x in page.button}
    assert {"tc_race_same", "tc_race_budget", "tc_race_blind"} <= keys


def test_whoever_ends_highest_is_compared_with_the_next(page: AppTest) -> None:
    """No winner is named where seeds do not tell the two apart."""
    text = "\n".join(x.value for x in page.markdown)
    ending = sorted(("grpo", "ppo-zero", "ppo-fitted", "vine"), key=lambda x: -mean(shape(x, 16), "last-10"))
    best, second = ending[:2]
    assert "tell no learner apart from GRPO" in text
    assert gap(shape(best, 16), shape(second, 16), "last-10").low < 0
    assert "is highest" not in text
    assert "fitted critic, frozen (λ = 0.95)" in text


def test_answers_scored_are_the_median_of_the_seeds(page: AppTest) -> None:
    scored = sorted(x.scored for x in of("vine-16x8"))
    text = "\n".join(x.value for x in page.markdown)
    assert f"| {(scored[4] + scored[5]) // 2:,} |" in text
