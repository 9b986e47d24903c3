"""The lesson on the loop: its numbers against numpy on the same stored run. Its live half: test_the_loop_live.py."""

from __future__ import annotations

import numpy as np
import pytest

from lessons.i18n import LANGUAGES
from lessons.the_loop.rounds import MOST, chosen
from tests.lessons.conftest import make_run
from tests.lessons.real import strips

KEY = "the-loop"


@pytest.fixture
def run(store):
    return make_run(store, steps=3)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("ex", ["logprob-old", "advantage", "ratio", "objective"])
def test_every_line_of_the_example_comes_up(open_page, run, lang, ex):
    at = open_page(KEY, lang=lang, run=run, loop_ex=ex)
    assert not at.exception
    assert not at.error
    assert not at.warning


def test_the_picture_is_handed_what_the_trace_has(open_page, store, run):
    sent = strips(open_page(KEY, lang="en", run=run), "loop_picture")
    assert [x["step"] for x in sent["rounds"]] == [0, 1, 2]
    assert (sent["run"], sent["own"], sent["awaited"], sent["steps"]) == (run, False, "", 3)
    for played in sent["rounds"]:
        tokens = store.tokens(run, "grpo", played["step"]).to_pandas()
        samples = store.samples(run, "grpo", played["step"]).to_pandas().set_index("sample")
        kept = samples.loc[sorted(set(tokens["sample"]))]
        own = kept[kept["prompt"].str.strip() == played["prompt"].strip()]
        others = {x.strip() for x in samples["prompt"]} - {played["prompt"].strip()}
        assert 0 < len(played["others"]) == len({*played["others"]} & others)
        assert played["count"] == len(own)
        assert played["right"] == int(own["success"].sum())
        assert sum(x["count"] for x in played["written"]) == len(own)
        last = tokens["pass"].max()
        first = tokens[tokens["pass"] == 0].sort_values("position").groupby("sample")["logprob"].agg(tuple)
        sums = tokens.groupby(["sample", "pass"])["logprob"].sum()
        texts = tokens[tokens["pass"] == 0].sort_values("position").groupby("sample")["token"].agg(tuple)
        known = {  # in a made-up run equal responses may have different numbers: those of the first are shown
            texts[s]: (float(np.exp(sums[s, 0])), float(np.exp(sums[s, last])), float(own["reward"][s]))
            for s in sorted(own.index, reverse=True)
        }
        assert len(played["written"]) == len(known)
        for x in played["written"]:
            assert [x["before"], x["after"], x["reward"]] == pytest.approx(known[tuple(x["tokens"])], rel=1e-4)
            assert any(x["chances"] == pytest.approx(np.exp(first[s]), abs=1e-3) for s in own.index)
        for name, right in (("right", True), ("wrong", False)):
            of = [x for x in played["written"] if x["success"] is right]
            both = played["together"][name]
            assert (both is None) == (not of)
            if both is not None:
                assert both == pytest.approx([sum(x["before"] for x in of), sum(x["after"] for x in of)], rel=1e-4)
    assert sent["success"] == [round(store.scalars(run, "grpo", x)["success_rate"], 4) for x in range(3)]


def test_steps_that_are_played_are_in_order_from_the_first_to_the_last():
    for last in (*range(30), 59, 149, 10_000):
        steps = chosen(last)
        assert steps == sorted(set(steps))
        assert steps[0] == 0
        assert steps[-1] == last
        assert len(steps) <= MOST + 1


def test_the_recorded_run_shows_a_right_response_that_becomes_likelier(open_page, on_shipped):
    """What the picture is for: at rest, the first round with right responses whose probability rises."""
    first = strips(open_page(KEY, lang="en"), "loop_picture")["rounds"][0]
    before, after = first["together"]["right"]
    assert after > before
    before, after = first["together"]["wrong"]
    assert after < before


def test_the_prediction_is_judged_by_the_start_models_probability(open_page, on_shipped):
    at = open_page(KEY, lang="en")
    question = next(x for x in at.radio if "How often would the start model" in x.label)
    question.set_value(2)
    at.run()
    next(x for x in at.button if x.key == "loop_reach_commit").click()
    at.run()
    assert any("More than once in 10 tries" in x.value for x in at.success)
    assert any("Median under the start model: 0.1" in x.value for x in at.caption)
