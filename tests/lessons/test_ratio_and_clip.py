"""The lesson on ratio and clip: its numbers against numpy on the same stored step."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from core.config import change
from core.presets import preset
from core.runs import lifecycle
from core.training.trace import TOKENS
from lessons.i18n import LANGUAGES, _, use_language
from tests.helpers import step_trace
from tests.lessons.conftest import make_run

KEY = "ratio-and-clip"


@pytest.fixture
def run(store):
    return make_run(store, steps=3)


def panel(store, run, number, step=2):
    rows = store.tokens(run, "ppo", step).to_pandas()
    return rows[rows["pass"] == number].sort_values(["sample", "position"])


def texts(at):
    return "\n".join(str(x.value) for kind in ("markdown", "caption", "info") for x in at.get(kind))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("sub", ["fresh", "passes.2", "cases.3", "whatif"])
def test_every_sub_step_comes_up(open_page, run, lang, sub):
    at = open_page(KEY, lang=lang, run=run, step="3", sub=sub)
    assert not at.exception
    assert not at.error
    assert not at.warning


def test_every_ratio_is_one_before_the_first_update_and_drifts_afterwards(open_page, store, run):
    at = open_page(KEY, lang="en", run=run, step="3", sub="fresh")
    total = len(panel(store, run, 0))
    assert f"{total} of {total} tokens have a ratio of exactly 1" in texts(at)
    at.button(key="rck_walk_next").click().run()
    assert at.query_params["sub"] in ("passes", ["passes"])
    rows = panel(store, run, 1)
    ratio = np.exp(rows["logprob"].to_numpy(float) - rows["logprob_old"].to_numpy(float))
    a = rows["advantage"].to_numpy(float)
    out = int(((ratio > 1.2) | (ratio < 0.8)).sum())
    cut = int((((a > 0) & (ratio > 1.2)) | ((a < 0) & (ratio < 0.8))).sum())
    expected = (
        f"After pass 1 of 2: ratios from {ratio.min():.2f} to {ratio.max():.2f}; {out} of {total} tokens lie outside "
        f"the range, {cut} are cut."
    )
    assert expected in texts(at)
    assert "Pass 2 takes its gradients here." in texts(at)
    at.button(key="rck_walk_next").click().run()
    ratio = panel(store, run, 2)["ratio"].to_numpy(float)
    out = int(((ratio > 1.2) | (ratio < 0.8)).sum())
    assert f"{out} of {total} tokens lie outside the range. No gradient is taken here any more, so none is cut." in (
        texts(at)
    )
    assert "Crosses" not in texts(at)


def test_the_cases_are_those_that_the_last_pass_met(open_page, store):
    run = make_run(store, steps=3, epsilon=0.05)
    at = open_page(KEY, lang="en", run=run, step="3", sub="cases.1")
    rows = panel(store, run, 1)
    met = int(((rows["advantage"] > 0) & (rows["ratio_update"] > 1.05)).sum())
    assert met == int((rows["clipped"] == 1).sum()) > 0
    assert f"The furthest of {met} such tokens" in texts(at)


def test_with_one_pass_nothing_was_cut_and_the_cases_are_what_a_further_pass_would_find(open_page, store):
    run = make_run(store, steps=3, num_iterations=1)
    at = open_page(KEY, lang="en", run=run, step="3", sub="passes.1")
    assert "No gradient is taken here any more, so none is cut." in texts(at)
    at = open_page(KEY, lang="en", run=run, step="3", sub="whatif")
    assert "Every gradient of this step was taken at ratio 1, so the clip cut none." in texts(at)
    table = next(x.value for x in at.markdown if "with these limits" in x.value)
    assert "as it was trained" not in table
    assert "with the run's own" in table


def test_ratios_that_are_1_up_to_rounding_are_told_from_those_that_are_exactly(open_page, store):
    """As where the sampler's log-probabilities count as the old ones."""
    config = change(preset("chain-sum"), {"num_generations": 4, "steps": 10})
    run = store.create(config)
    trace = step_trace(config, "ppo", 0)
    rows = trace.tokens.to_pandas()
    off = (rows["pass"] == 0) & (rows["position"] == 0)
    for name in ("ratio", "ratio_update"):
        rows.loc[off, name] = np.float32(1 + 3e-5)
    store.append(run, replace(trace, tokens=pa.Table.from_pandas(rows, schema=TOKENS, preserve_index=False)))
    lifecycle.mark(store, run, "ppo", "finished")
    at = open_page(KEY, lang="en", run=run, step="1", sub="fresh")
    total, moved = int((rows["pass"] == 0).sum()), int(off.sum())
    assert f"{total - moved} of {total} tokens have a ratio of exactly 1, the others of 1 up to rounding" in texts(at)
    assert "they differ from it by at most 3e-05" in texts(at)


@pytest.mark.parametrize("mini_batches", [1, 4])
def test_an_older_run_says_what_its_cuts_mean_where_that_is_not_where_gradients_were_taken(
    open_page, store, mini_batches: int
):
    config = change(preset("chain-sum"), {"num_generations": 4, "steps": 10, "num_mini_batches": mini_batches})
    run = store.create(config)
    trace = step_trace(config, "ppo", 0)
    rows = trace.tokens.to_pandas().assign(ratio_update=None)
    store.append(run, replace(trace, tokens=pa.Table.from_pandas(rows, schema=TOKENS, preserve_index=False)))
    lifecycle.mark(store, run, "ppo", "finished")
    for key, sub in ((KEY, "passes.1"), ("how-ppo-works", "clip")):
        at = open_page(key, lang="en", run=run, step="1", sub=sub)
        assert not at.exception
        assert ("This older run recorded whose gradient would be cut" in texts(at)) == (mini_batches > 1)


def test_the_sliders_count_what_other_limits_would_have_cut(open_page, store, run):
    at = open_page(KEY, lang="en", run=run, step="3", sub="whatif")
    at.slider(key="rck_eps").set_value(0.04)
    at.slider(key="rck_high").set_value(0.1)
    at.segmented_control(key="rck_dual").set_value("1.2").run()
    rows = panel(store, run, 1)
    ratio = np.exp((rows["logprob"] - rows["logprob_old"]).to_numpy(np.float32))
    a = rows["advantage"].to_numpy(np.float32)
    high, low, dual = (a > 0) & (ratio > 1.1), (a < 0) & (ratio < 0.96), (a < 0) & (ratio > 1.2)
    outside = (a != 0) & ((ratio > 1.1) | (ratio < 0.96)) & ~(high | low | dual)
    table = next(x.value for x in at.markdown if "with these limits" in x.value)
    shown = [int(x) for x in re.findall(r"\| \*\*(\d+)\*\* \|", table)]
    assert shown == [int(x.sum()) for x in (high, low, dual, outside)]
    assert min(shown) > 0


def test_a_prediction_is_answered_by_the_gradient(open_page, run):
    at = open_page(KEY, lang="en", run=run, step="3")
    commit = at.button(key="rck_clip_commit")
    assert commit.disabled
    at.radio(key="rck_clip_try0").set_value(0).run()
    at.button(key="rck_clip_commit").click().run()
    assert "the token is still pushed down" in at.info[0].value
    at.button(key="rck_clip_again").click().run()
    at.radio(key="rck_clip_try1").set_value(1).run()
    at.button(key="rck_clip_commit").click().run()
    assert "the token is still pushed down" in at.success[0].value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_check_gives_a_reason_for_right_and_wrong(open_page, run, lang):
    at = open_page(KEY, lang=lang, run=run, step="3")
    at.radio(key="ratio_quiz_1").set_value(0).run()
    with use_language(lang):
        assert _("The min takes 0.6·A, the smaller product; that one moves with the policy.") in at.warning[0].value
        at.radio(key="ratio_quiz_1").set_value(1).run()
        assert not at.warning
        assert (
            _("ρ·A is smaller than 0.8·A, so the unclipped branch wins and its gradient stays.") in at.success[0].value
        )
