"""The lesson on GRPO: its numbers against numpy on the same stored step."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lessons.i18n import LANGUAGES, _, use_language
from tests.lessons.conftest import make_run, texts
from tests.lessons.stepped import given, in_browser

KEY = "how-grpo-works"


@pytest.fixture
def run(store):
    return make_run(store, steps=4)


def groups(store, run, step):
    rows = store.samples(run, "grpo", step).to_pandas()
    return {n: own["reward"].to_numpy(float) for n, own in rows.groupby("group")}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sub_step_of_a_link_comes_up(open_page, run, lang, speaking):
    at = open_page(KEY, lang=lang, run=run, step="2")
    subs = {x["key"]: x["key"] for x in given(at)["stations"]} | {"centre": "mean", "divide": "credit"}
    assert len(subs) == 7
    for sub, start in subs.items():
        at.query_params["sub"] = sub
        at.run()
        assert not at.exception
        assert not at.error
        assert not at.warning
        assert given(at)["start"] == start


def test_a_groups_arithmetic_is_numpys(open_page, store, run):
    number, rewards = next((n, r) for n, r in groups(store, run, 1).items() if 0 < r.mean() < 1)
    sent = given(open_page(KEY, lang="en", run=run, step="2", sub="rewards", group=str(number)))
    [answer] = in_browser(sent, [{}], ["difference", "credit"])
    spoken = answer["sentences"]
    assert f"{int(rewards.sum())} of 4 responses" in spoken["rewards"]
    assert f"compared with is {rewards.mean():.3f}" in spoken["mean"]
    spread = rewards.std(ddof=1)
    assert f"standard deviation is {spread:.3f}" in spoken["spread"]
    centred = rewards - rewards.mean()
    largest = centred[np.abs(centred).argmax()] / (spread + 1e-4)
    assert f"gets {largest:+.3f}".replace("-", "−") in spoken["credit"]
    assert answer["rows"]["difference"] == pytest.approx(centred.tolist())


def test_a_group_that_agrees_says_nothing(open_page, store):
    run = make_run(store, steps=40)
    step, number = next((s, n) for s in range(40) for n, r in groups(store, run, s).items() if r.std() == 0)
    at = open_page(KEY, lang="en", run=run, step=str(step + 1), sub="divide", group=str(number))
    assert not at.exception
    plain, flipped = in_browser(given(at), [{}, {"flips": [0]}], ["credit"])
    assert "nothing is learnt from this group" in plain["sentences"]["credit"]
    assert plain["rows"]["credit"] == [0.0] * 4
    assert all(flipped["rows"]["credit"])


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_silent_groups_and_the_strongest_one(open_page, store, run, scale):
    at = open_page(KEY, lang="en", run=run, step="2")
    at.segmented_control(key="hgw_scale").set_value(scale).run()
    assert not at.exception
    rows = store.samples(run, "grpo", 1).to_pandas()
    silent = [n for n, r in groups(store, run, 1).items() if r.std() == 0]
    idle = rows[rows["group"].isin(silent)]["length"].sum() / rows["length"].sum()
    mean = rows.groupby("group")["reward"].transform("mean")
    own = rows.groupby("group")["reward"].transform("std")
    spread = {"group": own, "batch": rows["reward"].std(), "none": 1 - 1e-4}[scale]
    push = (((rows["reward"] - mean) / (spread + 1e-4)).abs() * rows["length"]).groupby(rows["group"]).sum()
    assert f"{len(silent)} of 4 groups have no signal" in texts(at)
    assert f"are {100 * idle:.0f} % of the loss's weight" in texts(at)
    assert f"The strongest group has {100 * push.max() / push.sum():.0f} % of all the push" in texts(at)


def test_one_success_in_g_is_predicted_then_shown(open_page, run):
    at = open_page(KEY, lang="en", run=run, step="2")
    assert "which is (G − 1)/√G" not in texts(at)
    at.slider(key="hgw_lone_try0").set_value(3.5).run()
    at.button(key="hgw_lone_commit").click().run()
    assert "2.47" in at.info[0].value  # (8 - 1)/√8: the run's groups, which the page shows, are of 4
    assert "**+2.474** with G − 1" in texts(at)
    at.select_slider(key="hgw_size").set_value(64).run()
    rewards = np.eye(1, 64)[0]
    for ddof in (0, 1):
        assert f"**+{(63 / 64) / (rewards.std(ddof=ddof) + 1e-4):.3f}**" in texts(at)


def test_the_share_of_silent_groups_is_measured_over_all_steps(open_page, store, run):
    by_step = [groups(store, run, s) for s in range(4)]
    measured = np.mean([np.mean([r.std() == 0 for r in x.values()]) for x in by_step])
    p = [np.mean(list(x.values())) for x in by_step]
    formula = np.mean([q**4 + (1 - q) ** 4 for q in p])
    gap = measured - formula
    right = 0 if gap > 0.02 else 2 if gap < -0.02 else 1
    at = open_page(KEY, lang="en", run=run, step="2")
    assert f"**{100 * formula:.0f} %**" in texts(at)
    assert "responses per question" not in texts(at)
    at.radio(key="hgw_silence_try0").set_value(right).run()
    at.button(key="hgw_silence_commit").click().run()
    assert at.success
    assert f"Measured {100 * measured:.0f} %, formula {100 * formula:.0f} %." in texts(at)
    assert f"| 4 | {100 * measured:.0f} % | {100 * formula:.0f} % |" in texts(at)


def test_lengths_of_ones_own_weigh_as_the_modes_say(open_page, run):
    at = open_page(KEY, lang="en", run=run, step="2")
    at.slider(key="hgw_right").set_value(10)
    at.slider(key="hgw_wrong").set_value(40).run()
    table = next(x.value for x in at.markdown if "right: token" in x.value)
    a = 0.5 / (np.std([1, 1, 0, 0], ddof=1) + 1e-4)
    expected = {
        "token-mean": (1 / 100, 1 / 100),
        "seq-mean-token-mean": (1 / 40, 1 / 160),
        "seq-mean-token-sum-norm": (1 / 256,) * 2,
    }
    for mode, (good, bad) in expected.items():
        row = next(line for line in table.splitlines() if f"`{mode}`" in line)
        numbers = [float(n.replace("−", "-")) for n in re.findall(r"[+−]\d+\.\d+", row)]
        assert numbers == pytest.approx([good * a, -bad * a, good * a * 10, -bad * a * 40], abs=6e-4)
    assert "only 0.25 times as hard" in texts(at)
    at.slider(key="hgw_right").set_value(40).run()
    assert "Equal lengths" in texts(at)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_check_gives_a_reason_for_right_and_wrong(open_page, run, lang):
    with use_language(lang):
        at = open_page(KEY, lang=lang, run=run, step="2")
        at.radio(key="hgw_quiz_1").set_value(0).run()
        reason = _("None of them is worse than the others: each difference from the mean is 0.")
        assert reason in at.warning[0].value
        at.radio(key="hgw_quiz_1").set_value(1).run()
        assert not at.warning
        assert _("The group has no spread and no signal, the same as when all eight are right.") in at.success[0].value
