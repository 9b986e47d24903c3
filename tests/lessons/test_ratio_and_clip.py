"""The lesson on ratio and clip: what its picture is handed, against numpy and against the function that trains."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from core.given_config import change
from core.insight.clip_cases import Limits, evaluate
from core.learners.registry import learner
from core.presets import preset
from core.runs import lifecycle
from core.training.trace import TOKENS
from lessons.board.assets import FOLDER
from lessons.i18n import LANGUAGES, _, use_language
from lessons.ratio_and_clip.picture import GRADIENT, OBJECTIVE, _declared
from tests.helpers import step_trace
from tests.lessons.conftest import make_run, texts
from tests.lessons.real import commit, panel, strips

KEY = "ratio-and-clip"


@pytest.fixture
def run(store):
    return make_run(store, steps=3)


def picture(at):
    return strips(at, "ratio_picture")


def limits(at):
    """What the limits that can be set were given: it is there once somebody has predicted what others would cut."""
    return strips(commit(at), "ratio_limits")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("sub", ["fresh", "passes.2", "cases.3", "whatif", "passes.99999999", "cases.x"])
def test_every_link_to_a_former_sub_step_comes_up(open_page, run, lang, sub):
    at = open_page(KEY, lang=lang, run=run, step="3", sub=sub)
    assert not at.exception
    assert not at.error
    assert not at.warning
    assert picture(at)["start"] == (2 if sub == "passes.2" else 1 if sub.startswith("passes") else 0)


def test_every_ratio_is_one_before_the_first_update_and_drifts_afterwards(open_page, store, run):
    at = open_page(KEY, lang="en", run=run, step="3")
    before, first, last = picture(at)["moments"]
    total = len(panel(store, run, 0))
    assert before["ratio"] == [1.0] * total
    assert f"{total} of {total} tokens have a ratio of exactly 1" in before["says"]
    rows = panel(store, run, 1)
    ratio = np.exp(rows["logprob"].to_numpy(float) - rows["logprob_old"].to_numpy(float))
    a = rows["advantage"].to_numpy(float)
    out = int(((ratio > 1.2) | (ratio < 0.8)).sum())
    cut = ((a > 0) & (ratio > 1.2)).astype(int) - ((a < 0) & (ratio < 0.8)).astype(int)
    assert first["ratio"] == pytest.approx(ratio, abs=1e-5)
    assert first["side"] == cut.tolist()
    assert first["says"] == (
        f"After pass 1 of 2: ratios from {ratio.min():.2f} to {ratio.max():.2f}; {out} of {total} tokens lie outside "
        f"the range, {int((cut != 0).sum())} are cut. Pass 2 takes its gradients here."
    )
    ratio = panel(store, run, 2)["ratio"].to_numpy(float)
    out = int(((ratio > 1.2) | (ratio < 0.8)).sum())
    assert last["side"] == []  # hollow is who lost a gradient, and none is taken here
    assert (
        f"{out} of {total} tokens lie outside the range. No gradient is taken here any more, so none is cut."
        in (last["says"])
    )


def test_every_token_is_named_by_its_text_its_place_and_its_response(open_page, store, run):
    sent = picture(open_page(KEY, lang="en", run=run, step="3"))
    rows = panel(store, run, 0)
    assert sent["tokens"] == ["eos" if x == "<eos>" else x for x in rows["token"]]
    assert sent["position"] == rows["position"].tolist()
    samples = {x["sample"]: x["response"] for x in store.samples(run, "ppo", 2).to_pylist()}
    assert [sent["responses"][x] for x in sent["response"]] == [samples[x] for x in rows["sample"]]
    for words in (sent["words"]["real"], sent["words"]["dragged"]):
        assert "“{token}” at position {position} of {response}" in words
    strip = sent["strip"]
    assert strip["sent"]["rows"][0]["tokens"] == rows["token"].tolist()[strip["first"] :][: strip["count"]]


def test_the_cases_are_those_that_the_last_pass_met(open_page, store):
    run = make_run(store, steps=3, epsilon=0.05)
    sent = limits(open_page(KEY, lang="en", run=run, step="3", sub="cases.1"))
    rows = panel(store, run, 1).reset_index()
    met = rows[(rows["advantage"] > 0) & (rows["ratio_update"] > 1.05)]
    assert len(met) == int((rows["clipped"] == 1).sum()) > 0
    assert sent["limits"]["trained"][0] == len(met)
    furthest = int(met["ratio_update"].idxmax())
    assert sent["limits"]["cases"][0]["token"] == sent["held"][0] == furthest


def test_the_token_that_is_held_first_is_of_the_response_below(open_page, on_shipped):
    """On the shipped example: the numbers under the picture and the strip speak of one response."""
    sent = picture(open_page(KEY, lang="en"))
    first, count = sent["strip"]["first"], sent["strip"]["count"]
    held = [x for x in sent["held"] if first <= x < first + count]
    assert held, "none of the tokens held is of the response that moves along"
    looked = next(x for x in reversed(sent["moments"]) if x["side"])
    assert all(looked["side"][x] for x in held)


def test_a_token_that_a_link_names_is_held(open_page, store, run):
    rows = panel(store, run, 0).reset_index()
    at, row = next((i, x) for i, x in rows.iterrows() if x["advantage"] < 0 and x["position"] == 3)
    sent = picture(open_page(KEY, lang="en", run=run, step="3", rck_token=f"r{row['sample']}.3"))
    assert sent["held"][1] == at
    assert sent["strip"]["sent"]["rows"][0]["name"] == f"r{row['sample']}"


def test_with_one_pass_nothing_was_cut_and_the_cases_are_what_a_further_pass_would_find(open_page, store):
    run = make_run(store, steps=3, num_iterations=1)
    at = open_page(KEY, lang="en", run=run, step="3")
    last = picture(at)["moments"][-1]
    assert last["side"] == []
    assert "No gradient is taken here any more, so none is cut." in last["says"]
    assert "At the ratios that a further pass would find" in texts(at)
    assert limits(at)["limits"]["trained_title"] == "with the run's own"
    assert "Every gradient of this step was taken at ratio 1, so the clip cut none." in texts(at)


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
    says = picture(open_page(KEY, lang="en", run=run, step="1"))["moments"][0]["says"]
    total, moved = int((rows["pass"] == 0).sum()), int(off.sum())
    assert f"{total - moved} of {total} tokens have a ratio of exactly 1, the others of 1 up to rounding" in says
    assert "they differ from it by at most 3e-05" in says


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


@pytest.mark.parametrize("own", [Limits(0.2, 0.2), Limits(0.04, 0.1, 1.2), Limits(0.3, 0.8, 2.0)])
def test_the_browser_judges_tokens_as_the_function_that_trains_does(own: Limits) -> None:
    """Objective, gradient (autograd's), who is cut and who is outside: on ratios and advantages of all four cases."""
    settings = learner("ppo", epsilon=0.2, epsilon_high=own.high, dual_clip=own.dual)
    ratio = torch.linspace(0.0137, 2.99, 150).repeat(2)
    advantage = torch.cat([torch.full((150,), 0.7), torch.full((150,), -1.3)])
    given = {
        "declared": _declared(settings, own.dual),
        "names": {"objective": OBJECTIVE, "gradient": GRADIENT},
        "changed": {"epsilon": own.low, "clip_high": own.high},
        "ratio": ratio.tolist(),
        "advantage": advantage.tolist(),
    }
    script = Path(__file__).with_name("judge.mjs")
    done = subprocess.run(
        ["node", str(script), str(FOLDER)], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    judged = json.loads(done.stdout)
    truth = evaluate(ratio.log(), torch.zeros(300), advantage, own)
    assert [x["objective"] for x in judged["looks"]] == pytest.approx(truth.objective.tolist(), abs=1e-5)
    assert [x["gradient"] for x in judged["looks"]] == pytest.approx(truth.gradient.tolist(), abs=1e-5)
    assert [x["isCut"] for x in judged["looks"]] == truth.cut.tolist()
    assert [x["isOutside"] for x in judged["looks"]] == ((truth.case >= 0) & ~truth.cut).tolist()
    assert sum(judged["counts"]["cut"]) == int(truth.cut.sum()) > 0
    assert judged["counts"]["outside"] == sum(x["isOutside"] for x in judged["looks"]) > 0
    assert all(y == pytest.approx(min(x, 1 + own.high)) for x, y in judged["curve"])
    assert judged["sentences"][0].endswith(f"ρ > {1 + own.high:g})")


@pytest.mark.parametrize("epsilon", [0.2, 0.05, 0.02])
def test_what_half_the_range_cuts_is_predicted_and_counted(open_page, store, epsilon):
    """Counted here from the trace: cut is what went beyond the range the way that its advantage wants."""
    run = make_run(store, steps=3, epsilon=epsilon)
    rows = panel(store, run, 1)
    ratio, advantage = rows["ratio_update"].to_numpy(), rows["advantage"].to_numpy()
    cut, more = (
        int((((ratio > 1 + x) & (advantage > 0)) | ((ratio < 1 - x) & (advantage < 0))).sum())
        for x in (epsilon, epsilon / 2)
    )
    right = 0 if more == cut else 1 if more <= 2 * cut else 2
    at = open_page(KEY, lang="en", run=run, step="3")
    assert f"cut {cut} of {len(rows)} tokens" in texts(at)
    assert at.button(key="rck_halved_commit").disabled
    with pytest.raises(IndexError):
        strips(at, "ratio_limits")
    at = commit(at, right)
    assert f"It would cut {more};" in texts(at)
    assert at.success
    at.button(key="rck_halved_again").click().run()
    at.radio(key="rck_halved_try1").set_value((right + 1) % 3).run()
    at.button(key="rck_halved_commit").click().run()
    assert not at.success
    assert sum(strips(at, "ratio_limits")["limits"]["trained"][:2]) == cut


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


@pytest.mark.parametrize(
    ("key", "strip"), [(KEY, lambda at: picture(at)["strip"]["sent"]), ("kl", lambda at: strips(at, "rck_kl_strip"))]
)
def test_a_response_is_shown_with_its_own_reward_whatever_the_task_gives(open_page, store, monkeypatch, key, strip):
    def halved(config, learner, step):
        trace = step_trace(config, learner, step)
        rewards = pa.array([0.5 * x - 0.25 for x in trace.samples["reward"].to_pylist()], trace.samples["reward"].type)
        at = trace.samples.column_names.index("reward")
        return replace(trace, samples=trace.samples.set_column(at, trace.samples.schema.field(at), rewards))

    monkeypatch.setattr("tests.lessons.conftest.step_trace", halved)
    at = open_page(key, lang="en", run=make_run(store, steps=3), step="3", rck_step="3")
    assert strip(at)["rows"][0]["note"] in ("right, reward 0.25", "wrong, reward -0.25")
