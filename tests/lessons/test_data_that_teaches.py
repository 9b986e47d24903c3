"""The lesson on data: its numbers are the recorded study's, and nothing is given away before the prediction."""

from __future__ import annotations

import dataclasses
import statistics
from urllib.parse import parse_qs

import pyarrow as pa
import pytest

from core.config import RunConfig
from core.curation import Curated, is_curated, task_of
from core.given_config import change
from core.insight import unit_test_study
from core.insight.curated_run import CuratedRun
from core.insight.curation_study import CONDITIONS, read
from core.presets import preset
from core.runs import lifecycle
from core.runs.records import RunInfo
from core.runs.store import RunStore
from lessons.data_that_teaches.own import own_runs
from lessons.data_that_teaches.own_run import silent_words
from lessons.data_that_teaches.results import OF_TESTS, TOPICS, at_equal_count, gap, overstated
from lessons.data_that_teaches.unit_tests import example_of
from lessons.i18n import LANGUAGES
from tests.helpers import step_trace
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
    assert list(own_runs("program", {"tests_per_question": 1}).values()) == [ends["0"], ends["1"]]
    assert list(own_runs("program", {}).values()) == [ends["2"]]
    assert list(own_runs("chain-sum", {}).values()) == []


def own_run(store: RunStore, preset_name: str, settings: dict[str, object], rows: list[tuple[str, str, float, bool]]):
    """A finished run of two steps with these responses (prompt, response, reward, success) in each."""
    config = change(preset(preset_name), settings)
    run_id = store.create(config)
    for step, silent in enumerate((0.25, 0.5)):
        made = step_trace(config, "grpo", step, groups=1)
        row = made.samples.slice(0, 1).to_pylist()[0]
        samples = [
            {**row, "sample": i, **dict(zip(("prompt", "response", "reward", "success"), x, strict=True))}
            for i, x in enumerate(rows)
        ]
        table = pa.Table.from_pylist(samples, schema=made.samples.schema)
        scalars = {**made.scalars, "frac_reward_zero_std": silent}
        store.append(run_id, dataclasses.replace(made, samples=table, scalars=scalars))
    store.add_event(run_id, "grpo", 2, "final", {"sampled": 0.4, "greedy": 0.4})
    for learner in config.learners:
        lifecycle.mark(store, run_id, learner.name, "finished")
    return run_id


def misstated(config: RunConfig, wrong: bool) -> str:
    """A question whose ground truth these data state wrongly, or rightly."""
    task = task_of(config)
    assert isinstance(task, Curated)
    return next(x for x in task.prompts(0, 0, 200) if (task.wrong_truth(x) is not None) == wrong)


def compared(at, **chosen: int):
    """The page's texts once somebody has chosen these data and committed to a prediction."""
    for key, value in chosen.items():
        at.slider(key=key).set_value(value)
    at.run()
    at.button(key="data_own_commit").click().run()
    assert not at.exception
    return "\n".join(str(x.value) for x in at.markdown)


#: What would be a picture, a script, a formula, the end of the code.
HOSTILE = "<img src=x onerror=alert(1)>`:red[x]` $\\bad$"


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_ones_own_run_is_compared_by_its_signal_and_by_what_it_learnt_wrongly(open_page, store, lang):
    config = change(preset("chain-sum"), {"wrong_truths": 0.4})
    wrong, sound = misstated(config, True), misstated(config, False)
    stated, right = task_of(config).wrong_truth(wrong), task_of(config).truth(wrong)  # type: ignore[attr-defined]
    rows = [(wrong, f"{HOSTILE}={stated}", 1.0, False), (wrong, right, 0.0, True), (wrong, "no", 0.0, False)]
    own_run(store, "chain-sum", {"wrong_truths": 0.4}, [*rows, (wrong, "1", 0.0, False), (sound, "2", 1.0, True)])
    at = open_page(KEY, lang=lang)
    texts = compared(at, data_wrong=40)
    clean = f"{statistics.fmean(of('clean', 'silent')):.2f}"
    silent = next(x for x in texts.split("\n") if "0.38" in x)  # the mean of 0.25 and 0.5
    assert clean in silent
    learnt = next(x for x in texts.split("\n") if "onerror" in x)
    assert learnt.count("0.25") == 2  # of the four responses to the wrong ground truth, one was paid, one is right
    for text in (wrong, stated, right):
        assert f"`{text}`" in learnt
    # All of the hostile text stands in one piece of code.
    assert next(x for x in learnt.split("`") if "onerror" in x) == f"{HOSTILE}={stated}".replace("`", "ˋ")


def test_before_the_prediction_nothing_of_ones_own_run_is_told(open_page, store):
    own_run(store, "chain-sum", {}, [("1+1+1=", "3", 1.0, True)])
    at = open_page(KEY, lang="en")
    assert "Learnt wrongly" not in "\n".join(str(x.value) for x in at.markdown)
    assert "these data pay only what is right" in compared(at)


def test_where_held_out_questions_leaked_the_comparison_says_what_is_not_known(open_page, store):
    own_run(store, "chain-sum", {"leaked_questions": 0.5}, [("1+1+1=", "3", 1.0, True)])
    assert "learnt by heart" in compared(open_page(KEY, lang="en"), data_leaked=50)


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_programs_of_ones_own_run_are_told_by_right_tests(open_page, store, lang):
    example = example_of("tests-1-wrong-40")
    assert example is not None
    rows = [(example.prompt, example.response, 1.0, False), (example.prompt, example.right, 0.0, True)]
    own_run(
        store, "program", unit_test_study.CONDITIONS["tests-1-wrong-40"], [*rows, (example.prompt, "x", 0.0, False)]
    )
    at = open_page(KEY, lang=lang, own="program")
    at.select_slider(key="data_tests").set_value(1)
    texts = compared(at, data_wrong_tests=40)
    learnt = next(x for x in texts.split("\n") if f"`{example.response}`" in x)
    assert learnt.count("0.33") == 2
    assert f"`{example.right}`" in learnt


def test_only_a_run_longer_than_the_recorded_ones_is_told_for_as_many_steps_too():
    short = CuratedRun(100, 0.5, 0.5, None, None)
    assert silent_words([short], "few").count("0.50") == 1
    longer = silent_words([dataclasses.replace(short, steps=150, silent=0.3)], "few")
    assert "0.30 over all steps. Over the first 100 it was 0.50" in longer


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_line_of_the_check_list_leads_to_its_own_table(open_page, lang):
    at = open_page(KEY, lang=lang)
    shown = [x for x in TOPICS if x not in ("wrong", *OF_TESTS)]
    links = [x.proto for x in at.get("page_link") if "at=numbers" in x.proto.query_string]
    assert [parse_qs(x.query_string)["topic"] for x in links] == [[x] for x in shown]
    for topic in shown:
        at = open_page(KEY, lang=lang, topic=topic, at="numbers")
        table = next(x.value for x in at.markdown if x.value.startswith("| "))
        assert all(f"{statistics.fmean(of(x)):.3f}" in table for x in TOPICS[topic].conditions)
        jump = strips(at, "data_measured_jump")
        assert jump == {"to": "st-key-data_measured", "press": jump["press"]}
        assert jump["press"], "the browser is to go there"
        assert "at" not in at.query_params, "the next link is another address"
