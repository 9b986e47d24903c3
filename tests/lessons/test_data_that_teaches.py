"""The lesson on data: its numbers are the recorded study's, and nothing is given away before the prediction."""

from __future__ import annotations

import statistics

import pytest

from core.config import RunConfig
from core.curation import is_curated
from core.given_config import change
from core.insight import unit_test_study
from core.insight.curation_study import CONDITIONS, read
from core.presets import preset
from core.runs.records import RunInfo
from lessons.data_that_teaches.own import own_ends
from lessons.data_that_teaches.results import OF_TESTS, TOPICS, at_equal_count, gap, overstated
from lessons.data_that_teaches.unit_tests import example_of
from lessons.i18n import LANGUAGES
from tests.lessons.real import strips

KEY = "data-that-teaches"
ROWS = [*read(), *unit_test_study.read()]


class Store:
    """Finished runs of these configs, and where GRPO ended in each."""

    def __init__(self, configs: dict[str, RunConfig], ends: dict[str, float]) -> None:
        self.configs, self.ends = configs, ends

    def runs(self) -> list[RunInfo]:
        return [RunInfo(x, x, 0.0, y, "finished", None, {}, (), False) for x, y in self.configs.items()]

    def events(self, run: str) -> list[dict[str, object]]:
        return [{"kind": "final", "learner": "grpo", "value": {"sampled": self.ends[run], "greedy": 0.0}}]


def of(condition: str, name: str = "heldout") -> list[float]:
    return [getattr(x, name) for x in ROWS if x.condition == condition]


def test_every_condition_was_measured_with_five_seeds_and_its_settings_are_possible():
    for name, values in CONDITIONS.items():
        assert len(of(name)) == 5, name
        assert is_curated(change(preset("chain-sum"), dict(values))) == bool(values)
    of_sums = [x for key, topic in TOPICS.items() if key not in OF_TESTS for x in topic.conditions]
    assert set(of_sums) == set(CONDITIONS)
    assert {x for key in OF_TESTS for x in TOPICS[key].conditions} == set(unit_test_study.CONDITIONS)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_difficulty_does_is_told_beside_as_many_questions_at_random(open_page, lang):
    at = open_page(KEY, lang=lang, topic="difficulty")
    assert not at.exception
    texts = "\n".join(str(x.value) for x in at.markdown)
    assert set(at_equal_count()) == {"easy", "hard"}
    for chosen, many in (("easy", "as-many-as-easy"), ("hard", "as-many-as-hard")):
        assert of(chosen, "asked") == of(many, "asked")
        mean = statistics.fmean(a - b for a, b in zip(of(chosen), of(many), strict=True))
        # Under the table, and in the check-list.
        assert texts.count(f"{mean:+.3f}".replace("-", "−")) == 2, chosen


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("topic", [x for x in TOPICS if x not in ("wrong", *OF_TESTS)])
def test_a_topics_picture_and_table_are_the_recorded_means(open_page, lang, topic):
    at = open_page(KEY, lang=lang, topic=topic)
    assert not at.exception
    assert not at.error
    sent = strips(at, f"data_race_{topic}")
    assert len(sent["racers"]) == len(TOPICS[topic].conditions)
    for racer, name in zip(sent["racers"], TOPICS[topic].conditions, strict=True):
        assert len(racer["mean"]) == len(sent["says"]) - 1
        assert racer["mean"][-1] == pytest.approx(statistics.fmean(of(name)), abs=1e-4)
        assert racer["spread"][-1] == pytest.approx(statistics.stdev(of(name)), abs=1e-4)
    table = next(x.value for x in at.markdown if x.value.startswith("| "))
    for name in TOPICS[topic].conditions:
        assert f"{statistics.fmean(of(name)):.3f} ± {statistics.stdev(of(name)):.3f}" in table


def test_the_guessed_topic_is_shown_only_after_the_guess(open_page):
    at = open_page(KEY, lang="en", topic="wrong")
    texts = "\n".join(str(x.value) for kind in ("markdown", "caption") for x in at.get(kind))
    assert "40 % wrong" not in texts
    assert strips(at, "data_race_few")
    slider = next(x for x in at.slider if x.key.startswith("data_wrong_guess_try"))
    slider.set_value(0.8).run()
    at.button(key="data_wrong_guess_commit").click().run()
    assert not at.exception
    assert strips(at, "data_race_wrong")
    texts = "\n".join(str(x.value) for x in at.markdown)
    known = gap("wrong-40", "clean")
    assert f"{known.mean:+.3f}".replace("-", "−") in texts


def test_what_the_check_list_advises_the_study_shows():
    """Each line says why: a difference that the seeds tell from nothing, in the direction of the advice."""
    for worst in ("distinct-4", "distinct-64", "repeated-90", "wrong-40"):
        assert gap(worst, "clean").high < 0, worst
    assert at_equal_count()["easy"].high < 0  # of as many questions, so that it is not their number
    assert overstated("leaked").low > 0.2
    for worst in ("tests-1", "wrong-tests-40"):
        assert gap(worst, "all-tests").high < 0, worst


def test_ones_own_data_go_to_the_lab(open_page):
    at = open_page(KEY, lang="en")
    at.slider(key="data_wrong").set_value(20)
    at.slider(key="data_band").set_value((25, 75))
    at.select_slider(key="data_few").set_value(64)
    at.button(key="data_lab").click().run()
    assert at.title[0].value == "Lab"
    typed = at.session_state["lab_typed"]
    assert typed == {
        "wrong_truths": "0.2",
        "distinct_questions": "64",
        "success_from": "0.25",
        "success_to": "0.75",
    }


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_topics_of_unit_tests_are_shown_after_their_guess_with_what_was_measured(open_page, lang):
    at = open_page(KEY, lang=lang, topic="thin-tests")
    assert strips(at, "data_race_few")  # not yet
    slider = next(x for x in at.slider if x.key.startswith("data_tests_guess_try"))
    slider.set_value(0.8).run()
    at.button(key="data_tests_guess_commit").click().run()
    for key in OF_TESTS:
        at.segmented_control(key="topic").set_value(key).run()
        assert not at.exception
        sent = strips(at, f"data_race_{key}")
        for racer, name in zip(sent["racers"], TOPICS[key].conditions, strict=True):
            assert racer["mean"][-1] == pytest.approx(statistics.fmean(of(name)), abs=1e-4)
        table = next(x.value for x in at.markdown if x.value.startswith("| "))
        texts = "\n".join(str(x.value) for x in at.markdown)
        for name in TOPICS[key].conditions:
            assert f"{statistics.fmean(of(name)):.3f} ± {statistics.stdev(of(name)):.3f}" in table
            assert f"{statistics.fmean(of(name, 'wrongly_paid')):.2f}" in table
            if name != "all-tests":
                assert f"{gap(name, 'all-tests').mean:+.3f}".replace("-", "−") in texts
        example = example_of(list(TOPICS[key].conditions)[-1])
        assert example is not None
        assert f"`{example.prompt}`" in texts
        assert f"`{example.response}`" in texts


def test_the_example_of_wrong_tests_is_one_that_a_wrong_test_paid():
    example = example_of("tests-1-wrong-40")
    assert example is not None
    [(argument, value)] = example.paid_by
    assert value != {x: right for x, right, _ in example.fails}[argument]


def test_who_has_committed_is_not_told_to(open_page):
    at = open_page(KEY, lang="en")
    assert any(x.value.startswith("Commit, train GRPO in the lab") for x in at.caption)
    at.button(key="data_own_commit").click().run()
    assert not at.exception
    assert any(x.value.startswith("Train GRPO in the lab") for x in at.caption)
    assert not any("Commit" in x.value for x in at.caption)


def test_programs_of_ones_own_data_go_to_the_lab_with_their_unit_tests(open_page):
    at = open_page(KEY, lang="en", own="program")
    assert not at.exception
    assert not [x for x in at.slider if x.key == "data_wrong"]  # a program has no one right answer to be put down wrong
    at.select_slider(key="data_tests").set_value(1)
    at.slider(key="data_wrong_tests").set_value(40)
    at.button(key="data_lab").click().run()
    assert at.title[0].value == "Lab"
    assert at.session_state["lab_typed"] == {"tests_per_question": "1", "wrong_tests": "0.4"}


def test_what_came_of_ones_own_data_is_told_once_such_a_run_is_through(monkeypatch):
    base = preset("program")
    few = change(base, {"tests_per_question": 1, "seed": 4})
    others = [change(few, x) for x in ({"steps": 3}, {"wrong_tests": 0.1}, {"grpo.learning_rate": 1e-5})]
    configs = {str(i): x for i, x in enumerate([few, change(few, {"seed": 5}), base, *others])}
    ends = {name: 0.1 * (int(name) + 1) for name in configs}
    monkeypatch.setattr("lessons.data_that_teaches.own.shared.store", lambda: Store(configs, ends))
    assert own_ends("program", {"tests_per_question": 1}) == [ends["0"], ends["1"]]
    assert own_ends("program", {}) == [ends["2"]]
    assert own_ends("chain-sum", {}) == []
