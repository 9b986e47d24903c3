"""What answers a question is nowhere on its page before it is answered: each prediction has a test that holds it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.lessons.conftest import make_run, texts
from tests.lessons.real import commit, open_real, strips

ROOT = Path(__file__).resolve().parents[2]
#: The file that asks, and how often → the tests that hold that nothing shows the answer before.
HELD = {
    ("a_real_instruct_model/guess.py", 3): ["test_what_follows_is_hidden_until_all_three_predictions_are_made"],
    ("a_trained_reward_model/outcome.py", 1): ["test_what_a_taste_did_is_counted_once_it_was_predicted"],
    ("a_trained_reward_model/page.py", 1): ["test_no_pair_of_the_page_is_as_wrong_as_the_one_that_is_asked_about"],
    ("data_that_teaches/own.py", 1): ["test_before_the_prediction_nothing_of_ones_own_run_is_told"],
    ("data_that_teaches/page.py", 1): ["test_the_guessed_topic_is_shown_only_after_the_guess"],
    ("data_that_teaches/unit_tests.py", 1): [
        "test_topics_of_unit_tests_are_shown_after_their_guess_with_what_was_measured"
    ],
    ("how_grpo_works/signal.py", 2): [
        "test_no_group_of_the_page_shows_the_advantage_that_is_asked_for",
        "test_the_share_of_silent_groups_is_measured_over_all_steps",
    ],
    ("how_ppo_works/prediction.py", 1): ["test_the_values_are_shown_and_no_picture_shows_what_is_asked_of_them"],
    ("kl/estimates.py", 1): ["test_the_kl_tables_are_numpys_and_come_after_the_prediction"],
    ("online_or_offline/coverage.py", 1): ["test_coverage_is_shown_once_predicted"],
    ("online_or_offline/page.py", 1): ["test_how_learners_end_is_in_no_table_before_it_is_predicted"],
    ("ratio_and_clip/cases.py", 1): ["test_what_half_the_range_cuts_is_predicted_and_counted"],
    ("same_answers/page.py", 1): ["test_nothing_shows_ppos_credit_before_it_is_predicted"],
    ("the_critic/budget.py", 1): ["test_the_budget_is_shown_after_the_prediction_alone"],
    ("the_loop/page.py", 1): ["test_the_prediction_is_judged_by_the_start_models_probability"],
    ("verifiable_rewards/gaming.py", 1): ["test_both_curves_are_the_recorded_means_and_come_after_the_guess"],
    ("verifiable_rewards/page.py", 1): ["test_the_body_that_is_asked_about_is_offered_once_it_is_predicted"],
    ("what_is_true/accuse.py", 1): ["test_nothing_is_told_before_the_prediction_and_everything_after_it"],
    ("when_the_proxy_breaks/labels.py", 1): ["test_what_is_predicted_is_shown_only_afterwards"],
    ("when_the_proxy_breaks/sums.py", 1): ["test_what_is_predicted_is_shown_only_afterwards"],
}


def test_each_prediction_has_a_test_that_nothing_gives_it_away() -> None:
    asked = {}
    for path in sorted((ROOT / "lessons").rglob("*.py")):
        calls = [x.func for x in ast.walk(ast.parse(path.read_text())) if isinstance(x, ast.Call)]
        count = sum(isinstance(x, ast.Name) and x.id in ("predict", "predict_number") for x in calls)
        if count:
            asked[path.relative_to(ROOT / "lessons").as_posix()] = count
    assert set(asked.items()) == HELD.keys()
    tests = "\n".join(x.read_text() for x in Path(__file__).parent.glob("test_*.py"))
    assert [x for names in HELD.values() for x in names if f"def {x}(" not in tests] == []


def payloads(at) -> list[str]:
    """What the page's components were given, as written."""
    return [x.proto.bytes.decode() for x in at.get("bidi_component") if x.proto.bytes.startswith(b"{")]


def numbers_in(value: object) -> list[float]:
    """All numbers in what a component was given, also those in texts."""
    if isinstance(value, dict):
        return [y for x in value.values() for y in numbers_in(x)]
    if isinstance(value, list):
        return [y for x in value for y in numbers_in(x)]
    if isinstance(value, str):
        return [float(x.replace("−", "-")) for x in re.findall(r"[+−-]?\d+\.\d+", value)]
    return [float(value)] if isinstance(value, int | float) else []


@pytest.mark.usefixtures("speaking")
def test_nothing_shows_ppos_credit_before_it_is_predicted(open_page, run_id) -> None:
    at = open_real(open_page, "same-answers", run_id, sa_stop="raw", sa_text="1+1=2")
    credit = strips(commit(open_real(open_page, "same-answers", run_id)), "same_one")["rows"][0]["values"]
    assert len({round(x, 3) for x in credit}) > 2
    shown = [round(x, 3) for text in payloads(at) for x in numbers_in(json.loads(text))]
    assert not {round(x, 3) for x in credit} & set(shown)
    assert not [x for x in at.text_input if x.key == "sa_text"]
    for key in ("same_bridge", "same_edit_strips"):
        with pytest.raises(IndexError):
            strips(at, key)


def test_no_pair_of_the_page_is_as_wrong_as_the_one_that_is_asked_about(open_page) -> None:
    """The first loss of all, log 2, stands at the picture's beginning: another one is asked for."""
    at = open_page("a-trained-reward-model", lang="en")
    loss = float(np.log1p(np.exp(2.0)))
    shown = [x for text in payloads(at) for x in numbers_in(json.loads(text))]
    assert any(abs(x - np.log(2)) < 1e-3 for x in shown), "the picture has losses"
    assert not [x for x in shown if abs(x - loss) < 0.1]
    assert f"{loss:.2f}" not in texts(at)
    at.slider(key="rm_wrong_loss_try0").set_value(2.1).run()
    at.button(key="rm_wrong_loss_commit").click().run()
    assert at.success
    assert f"= {loss:.2f}:" in texts(at)


def test_no_group_of_the_page_shows_the_advantage_that_is_asked_for(open_page, store) -> None:
    run = make_run(store, steps=4)  # in groups of 4
    at = open_page("how-grpo-works", lang="en", run=run, step="2")
    assert "In one of 8, a single response is right" in texts(at)
    asked = (8 - 1) / 8**0.5
    shown = [x for text in payloads(at) for x in numbers_in(json.loads(text))]
    assert any(abs(x - (4 - 1) / 4**0.5) < 1e-3 for x in shown), "a lone success of the run's own groups is on the page"
    assert not [x for x in shown if abs(abs(x) - asked) < 1e-3]
    assert not re.search(r"2\.47", texts(at).partition("Check yourself")[0])


def test_how_learners_end_is_in_no_table_before_it_is_predicted(open_page) -> None:
    at = open_page("online-or-offline", lang="en")

    def commit_to(name: str) -> None:
        radio = next(x for x in at.radio if (x.key or "").startswith(f"{name}_try"))
        radio.set_value(0).run()
        at.button(key=f"{name}_commit").click().run()

    commit_to("online_cover")
    assert "effective share" in texts(at)
    assert "| held-out success |" not in texts(at)
    assert not any("DPO" in x for x in payloads(at) if '"racers"' in x)
    commit_to("online_better")
    assert "| held-out success |" in texts(at)
    assert any("DPO" in x for x in payloads(at) if '"racers"' in x)


def test_the_body_that_is_asked_about_is_offered_once_it_is_predicted(open_page) -> None:
    at = open_page("verifiable-rewards", lang="en")
    asked = re.search(r"A function should square\. `([^`]+)` gets all visible tests right", texts(at))
    assert asked is not None

    def bodies() -> list[str]:
        return [x.label for x in at.button if (x.key or "").startswith("vr_body_")]

    assert len(bodies()) > 3
    assert f"`{asked[1]}`" not in bodies()
    at.radio(key="vr_nearly_try0").set_value(1).run()
    at.button(key="vr_nearly_commit").click().run()
    assert f"`{asked[1]}`" in bodies()
