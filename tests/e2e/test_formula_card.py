"""The formula card in a real browser, on real steps of every kind of learner: what it prints is what was computed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from core.config import RunConfig
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.learners.kinds.vine import VineSettings
from core.training.trainer import Trainer
from tests.e2e.conftest import LiveRun, Server
from tests.e2e.equations import number, result, true_as_printed
from tests.e2e.windows import Windows

pytestmark = pytest.mark.browser

STEP = 1  # the second: by then ratios and values have moved
PASS = 1  # the last one at which a gradient was taken
_FAST = {"learning_rate": 2e-3, "num_iterations": 2}
_GRPO: dict[str, dict[str, Any]] = {
    "grpo": {},
    "gspo": {"importance_sampling_level": "sequence", "epsilon": 0.01, "epsilon_high": 0.01},
    "cispo": {"surrogate": "cispo", "epsilon_high": 0.02, "beta": 0.01},
    "rloo": {"baseline": "leave-one-out", "scale_rewards": "none"},
    "reinforce": {"baseline": "none", "scale_rewards": "none", "whiten_advantages": True},
    "whitened": {"whiten_advantages": True, "scale_ddof": 0},
    "batch": {"scale_rewards": "batch", "dual_clip": 1.5},
    "penalised": {"kl_coef": 0.05, "baseline": "leave-one-out"},
}
_ASK = {"steps": 2, "prompts_per_step": 4, "num_generations": 8, "eval_every": 0, "trace": "all"}
CONFIGS = (
    RunConfig(
        learners=(
            PPOSettings(**_FAST),
            VineSettings(continuations=3, **_FAST),
            VineSettings(name="vine-raw", continuations=2, whiten_advantages=False, **_FAST),
            PPOSettings(name="ppo-gspo", importance_sampling_level="sequence", **_FAST),
        ),
        **_ASK,
    ),
    *(
        RunConfig(learners=tuple(GRPOSettings(name=name, **_FAST, **_GRPO[name]) for name in names), **_ASK)
        for names in (("grpo", "gspo", "cispo", "rloo"), ("reinforce", "whitened", "batch", "penalised"))
    ),
)


@pytest.fixture(scope="module")
def runs(server: Server) -> Iterator[dict[str, LiveRun]]:
    """By learner, a run that really trained for two steps."""
    made = [LiveRun(server.store, config) for config in CONFIGS]
    for run in made:
        for learner in run.config.learners:
            for trace in Trainer(run.config, learner.name).steps():
                run.store.append(run.id, trace)
        run.end()
    yield {learner.name: run for run in made for learner in run.config.learners}
    for run in made:
        run.store.delete(run.id)


class Trace:
    """One learner's step as it is in the store."""

    def __init__(self, run: LiveRun, learner: str) -> None:
        self.settings = run.config.learner(learner)
        self.samples = run.store.samples(run.id, learner, STEP).to_pandas()
        tokens = run.store.tokens(run.id, learner, STEP).to_pandas()
        self.all = tokens[tokens["pass"] == 0]
        self.now = tokens[tokens["pass"] == PASS]
        self.tokens = tokens

    def scores(self) -> pd.Series:
        """By sample, what GRPO compares."""
        if self.settings.kl_coef > 0:
            return self.all.groupby("sample")["token_reward"].sum()
        return self.samples.set_index("sample")["reward"]

    def compared(self, sample: int) -> pd.Series:
        """The scores of the response's group."""
        group = self.samples.set_index("sample")["group"]
        return self.scores()[group[group == group[sample]].index]

    def before_whitening(self, sample: int) -> float:
        """The response's advantage by the formulas of core/algorithms/advantages.py, in plain numpy."""
        settings, scores = self.settings, self.scores()
        assert isinstance(settings, GRPOSettings)
        own = float(scores[sample])
        if settings.baseline == "none":
            return own
        members = self.compared(sample)
        others = members.drop(sample) if settings.baseline == "leave-one-out" else members
        spread = {"group": members, "batch": scores, "none": None}[settings.scale_rewards]
        if np.ptp(members) == 0:
            return 0.0
        raw = own - others.mean()
        return float(raw if spread is None else raw / (spread.std(ddof=settings.scale_ddof) + settings.scale_eps))


def card_of(page: Page, chip: Locator) -> dict[str, str]:
    """The card's lines for a token, by what they are about."""
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    parts = "[y.dataset.line, y.querySelector('dd > span').innerText, y.querySelector('dt').innerText]"
    shown = page.locator(".card .line").evaluate_all(f"x => x.map(y => {parts})")
    assert len({key for key, _, _ in shown}) == len(shown)
    return {key: text for key, text, _ in shown} | {f"{key}?": title for key, _, title in shown}


@pytest.fixture(scope="module")
def page(windows: Windows) -> Iterator[Page]:
    """One window for all tests: they click tokens, and change nothing else."""
    with windows.lent() as page:
        yield page


def open_step(page: Page, server: Server, run: LiveRun, number: int = PASS) -> Locator:
    """The lab at the run's step and pass; where the test before looked at the same, it is still open."""
    shown = parse_qs(urlsplit(page.url).query)
    if (shown.get("run"), shown.get("pass")) != ([run.id], [str(number)]):
        page.goto(f"{server.url}/lab?run={run.id}&step={STEP + 1}&pass={number}")
    lab = page.get_by_test_id("lab")
    expect(lab).to_have_attribute("data-shown-step", str(STEP + 1))
    return lab


def cards(page: Page, lab: Locator, run: LiveRun, learner: str) -> Iterator[tuple[dict[str, str], pd.Series, Trace]]:
    """Tokens of the learner, first, last and clipped ones among them: (card, its row after the update, trace)."""
    trace = Trace(run, learner)
    strips = page.locator(f'.learner[data-learner="{learner}"] .strip')
    chosen = []
    for row in range(0, strips.count(), 3):
        chips = strips.nth(row).locator(".t")
        chosen += [chips.nth(at) for at in (0, chips.count() // 2, chips.count() - 1)]
    clipped = [strips.locator(f".t.{side}") for side in ("high", "low")]
    for chip in [*chosen, *(x.first for x in clipped if x.count())]:
        lines = card_of(page, chip)  # one that the lab opens at is marked before it is chosen
        expect(lab).to_have_attribute("data-token", re.compile(rf"^{learner}\."))
        _, sample, position = (lab.get_attribute("data-token") or "").split(".")
        here = (trace.now["sample"] == int(sample)) & (trace.now["position"] == int(position))
        yield lines, trace.now[here].iloc[0], trace


@pytest.mark.parametrize("learner", [x.name for config in CONFIGS for x in config.learners])
def test_the_card_prints_what_was_computed(page: Page, server: Server, runs: dict[str, LiveRun], learner: str) -> None:
    run = runs[learner]
    lab = open_step(page, server, run)
    equations, clipped = 0, 0
    for lines, row, trace in cards(page, lab, run, learner):
        equations += sum(true_as_printed(text) for key, text in lines.items() if not key.endswith("?"))
        assert not any("≈" in line or "NaN" in line or "undefined" in line or "{" in line for line in lines.values())
        assert number(lines["advantage"].rpartition("= ")[2]) == pytest.approx(row["advantage"], abs=6e-4)
        assert number(lines["objective"].rpartition("= ")[2]) == pytest.approx(row["objective"], abs=6e-4)
        clipped += bool(row["clipped"])
        check_ratio(lines, row, trace)
        check_surrogate(lines, row, trace)
        check_credit(lines, row, trace)
        check_whitening(lines, row, trace)
    assert equations >= 15
    assert clipped or learner not in ("gspo", "cispo"), "what the clip does must have been looked at"


def check_ratio(lines: dict[str, str], row: pd.Series, trace: Trace) -> None:
    assert result(lines["ratio"]) == pytest.approx(row["ratio"], abs=6e-4)
    sequence = trace.settings.importance_sampling_level == "sequence"
    assert ("tokens of the response" in lines["ratio"]) == sequence
    if sequence:
        response = trace.now[trace.now["sample"] == row["sample"]]
        mean = (response["logprob"] - response["logprob_old"]).mean()
        assert result(lines["ratio"]) == pytest.approx(np.exp(mean), abs=6e-4)
        assert f"one for all {len(response)} tokens" in lines["ratio"]
        assert lines["ratio"].startswith("exp(mean(" if len(response) <= 12 else "exp(")
        assert "…" not in lines["ratio"], "so that it can be recomputed by hand"


def check_surrogate(lines: dict[str, str], row: pd.Series, trace: Trace) -> None:
    settings = trace.settings
    if settings.surrogate == "cispo":
        weight = min(row["ratio"], 1 + settings.clip_high)
        assert result(lines["weight"]) == pytest.approx(weight, abs=6e-4)
        assert result(lines["surrogate_value"]) == pytest.approx(weight * row["advantage"] * row["logprob"], abs=6e-4)
        assert not {"unclipped", "clipped_ratio_side", "bound"} & set(lines)
        assert lines["weight"].startswith("min(")
        assert ("not cut" in lines["gradient"]) == bool(row["clipped"])
        assert lines["gradient"].startswith("0:") == (row["advantage"] == 0)
        return
    inside = np.clip(row["ratio"], 1 - settings.epsilon, 1 + settings.clip_high)
    assert result(lines["unclipped"]) == pytest.approx(row["ratio"] * row["advantage"], abs=6e-4)
    assert result(lines["clipped_ratio_side"]) == pytest.approx(inside * row["advantage"], abs=6e-4)
    assert ("✓" in lines["clipped_ratio_side"]) == bool(row["clipped"])
    assert ("both are equal" in lines["unclipped"]) == (row["ratio"] == inside or row["advantage"] == 0)
    assert lines["gradient"].startswith("0: cut") == bool(row["clipped"])


def check_credit(lines: dict[str, str], row: pd.Series, trace: Trace) -> None:
    settings = trace.settings
    if isinstance(settings, GRPOSettings):
        expected = trace.before_whitening(int(row["sample"]))
        if settings.baseline == "none":
            assert lines["credit?"] == "reward, compared with nothing"
            assert number(lines["credit"]) == expected
            return
        tied = bool(np.ptp(trace.compared(int(row["sample"]))) == 0)
        if settings.scale_rewards == "none":
            assert "no_signal" not in lines, "without a division it changes nothing"
        else:
            assert lines["no_signal"] == ("yes" if tied else "no")
        assert number(lines["credit"].rpartition("= ")[2]) == pytest.approx(expected, abs=6e-4)
        others = settings.baseline == "leave-one-out"
        assert lines["baseline_value?"] == ("mean of the others" if others else "mean of the group")
        if not others:
            shown = lines["baseline_value"].partition("(")[2].partition(")")[0].split(", ")
            assert [number(x) for x in shown] == pytest.approx(trace.compared(int(row["sample"])).tolist(), abs=6e-4)
        if settings.scale_rewards == "group":
            spread = trace.compared(int(row["sample"])).std(ddof=settings.scale_ddof)
            assert number(lines["score_spread"].rpartition("= ")[2]) == pytest.approx(spread, abs=6e-4)
        assert ("score_std" in lines) == (settings.scale_rewards == "batch")
        assert ("score" in lines) == (settings.kl_coef > 0)
    elif isinstance(settings, VineSettings):
        assert result(lines["delta"]) == pytest.approx(row["advantage_raw"], abs=6e-4)
        response = trace.now[trace.now["sample"] == row["sample"]].set_index("position")["value"]
        after = response.get(row["position"] + 1, 0.0)
        assert result(lines["delta"]) == pytest.approx(row["token_reward"] + after - row["value"], abs=6e-4)
        assert number(lines["value"].split(" ")[0]) == pytest.approx(row["value"], abs=6e-4)
        assert f"mean reward of {settings.continuations} fresh endings" in lines["value"]
        assert not {"return", "credit", "baseline_value"} & set(lines)
    else:
        assert result(lines["delta"]) == pytest.approx(row["delta"], abs=6e-4)
        assert result(lines["advantage_raw"]) == pytest.approx(row["advantage_raw"], abs=6e-4)
        assert result(lines["return"]) == pytest.approx(row["return"], abs=6e-4)


def check_whitening(lines: dict[str, str], row: pd.Series, trace: Trace) -> None:
    settings = trace.settings
    assert ("advantage_std" in lines) == settings.whiten_advantages
    if not settings.whiten_advantages:
        return
    before = trace.all["advantage_raw"]
    if isinstance(settings, GRPOSettings):
        before = trace.all["sample"].map({x: trace.before_whitening(x) for x in trace.samples["sample"]})
    of_step = re.match(r"\(\S+ ([+−] \S+)\) / \((\S+) \+ 1e−8\) =", lines["advantage"])
    assert of_step, lines["advantage"]
    mean, std = of_step.groups()
    assert -number(mean.replace(" ", "")) == pytest.approx(before.mean(), abs=6e-4)
    assert number(std) == pytest.approx(before.std(ddof=settings.whiten_ddof), abs=6e-4)
    assert result(lines["advantage"]) == pytest.approx(row["advantage"], abs=6e-4)


def test_each_learner_is_introduced_by_its_own_way(page: Page, server: Server, runs: dict[str, LiveRun]) -> None:
    titles = {
        "ppo": "PPO: each token its own credit, from the critic",
        "vine": "VinePPO: each token its own credit, measured by 3 fresh endings",
        "vine-raw": "VinePPO raw: each token its own credit, measured by 2 fresh endings",
        "grpo": "GRPO: one credit a response, from its group of 8",
        "rloo": "RLOO: one credit a response, from the others of its group of 8",
        "reinforce": "reinforce: one credit a response, from its own reward",  # a name of its own, no kind's: as it is
    }
    first, second, last = dict.fromkeys(runs.values())
    for run in (last, first, second):  # what the tests before and after this one look at, first and last
        open_step(page, server, run)
        expect(page.get_by_text("Four learners, one start, the same questions.")).to_be_visible()
        for name in {x.name for x in run.config.learners} & set(titles):
            expect(page.locator(f'.learner[data-learner="{name}"] h3')).to_have_text(titles[name])


def test_cispo_claims_no_cut_gradient_anywhere(page: Page, server: Server, runs: dict[str, LiveRun]) -> None:
    run = runs["cispo"]
    open_step(page, server, run)
    trace = Trace(run, "cispo")
    bounded = int((trace.now["clipped"] != 0).sum())
    assert bounded > 0, "the update must have moved some ratio beyond the bound for this test to say anything"
    picture = page.locator('.scatter[data-scatter="cispo"]')
    expect(picture.locator(".note")).to_contain_text(f"{bounded} with a bounded weight, none cut")
    expect(picture.locator("circle.hollow")).to_have_count(bounded)
    expect(picture.locator(".cutaway")).to_have_count(0)
    expect(picture.locator("text", has_text="cut")).to_have_count(0)
    expect(picture.locator(".sub")).to_have_text("hollow: weight bounded, gradient not cut")
    expect(page.locator('.scatter[data-scatter="grpo"] .cutaway')).to_have_count(2)
    labels = page.locator('.learner[data-learner="cispo"] .t').evaluate_all("x => x.map(y => y.ariaLabel)")
    assert not any("cut" in label for label in labels)
    expect(page.locator(".legend .keys")).to_contain_text("CISPO: weight bounded")


@pytest.mark.parametrize("learner", ["grpo", "gspo", "cispo"])
def test_after_the_last_pass_no_gradient_is_shown_as_cut(
    page: Page, server: Server, runs: dict[str, LiveRun], learner: str
) -> None:
    """Where a token is then, it may well be out of the range; the sentence counts what the passes before cut."""
    run = runs[learner]
    open_step(page, server, run, PASS + 1)
    trace = Trace(run, learner)
    taken = trace.tokens[trace.tokens["pass"] <= PASS]["clipped"]
    picture = page.locator(f'.scatter[data-scatter="{learner}"]')
    expect(picture.locator("circle.hollow")).to_have_count(0)
    expect(picture.locator(".note")).to_contain_text("after the last pass, where no gradient is taken")
    high, low = int((taken == 1).sum()), int((taken == -1).sum())
    expected = (
        f"{high} with a bounded weight" if learner == "cispo" else f"{high} cut at the high side, {low} at the low"
    )
    expect(picture.locator(".note")).to_contain_text(expected)
    assert high + low > 0
    strips = page.locator(f'.learner[data-learner="{learner}"]')
    assert strips.locator(".t.high, .t.low").count() == 0
    assert card_of(page, strips.locator(".t").first)["gradient"].startswith("After the last pass no gradient is taken")
