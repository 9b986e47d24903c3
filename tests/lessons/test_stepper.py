"""The steppers of How PPO works and How GRPO works: what the browser computes, against Python on the shipped run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import lessons.shared
from core.learners.registry import learner
from core.runs.recorded import SHIPPED, import_recorded
from core.runs.store import RunStore
from core.terms import Data, evaluate
from core.training.terms import terms_for
from lessons.board.assets import FOLDER
from lessons.how_grpo_works.group_steps import stations
from lessons.i18n import LANGUAGES
from lessons.kit.history import RECORDED
from tests.lessons.conftest import NotedLauncher, Open, make_run
from tests.lessons.stepped import given, in_browser

PAGES = ("how-ppo-works", "how-grpo-works")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunStore]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREDIT_LAB_HOME", str(tmp_path_factory.mktemp("shipped")))
        made = RunStore()
        import_recorded(made, SHIPPED[RECORDED], RECORDED)
        yield made
        made.close()


@pytest.fixture
def open_shipped(open_page: Open, shipped: RunStore, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page on the run that comes with the app; the fixture of the same run's empty store comes first."""
    monkeypatch.setattr(lessons.shared, "store", lambda: shipped)
    monkeypatch.setattr(lessons.shared, "launcher", NotedLauncher)
    return open_page


@pytest.fixture(scope="module")
def opened() -> dict[str, AppTest]:
    """Pages that tests here have opened already."""
    return {}


@pytest.fixture
def ppo(open_shipped: Open, opened: dict[str, AppTest]) -> AppTest:
    return opened.setdefault("ppo", opened.get("ppo") or open_shipped("how-ppo-works"))


@pytest.fixture
def grpo(open_shipped: Open, opened: dict[str, AppTest]) -> AppTest:
    return opened.setdefault("grpo", opened.get("grpo") or open_shipped("how-grpo-works"))


def in_python(sent: dict[str, Any], kind: str, settings: dict[str, Any], names: Sequence[str]) -> dict[str, list[Any]]:
    """The learner's terms over what was sent, by Python's evaluator, of the columns that the stepper shows."""
    own = {**sent["data"]["settings"], **settings}
    data = Data.from_json({**sent["data"], "settings": own})
    form = learner(kind, kl_coef=0.05 if kind == "ppo" else 0.0)  # of the terms: the slider brings a penalty in
    values = evaluate(terms_for(form), data, recompute=True)
    places = (
        [(sent["shown"][0], t) for t in range(len(sent["tokens"][0]))]
        if kind == "ppo"
        else [(x, 0) for x in sent["shown"]]
    )
    return {name: [values[name].at(*x) for x in places] for name in names}


PPO_NAMES = ("old_k1", "token_reward", "delta", "advantage_raw", "advantage")
PPO_SETTINGS: list[dict[str, float]] = [
    {},
    {"lam": 0.0},
    {"gamma": 0.9, "lam": 0.5},
    {"lam": 1.0, "kl_coef": 0.2},
]


def test_ppos_numbers_are_those_of_python_under_every_setting(ppo: AppTest) -> None:
    sent = given(ppo)
    sliders = {"gamma": "gamma", "lam": "lam", "kl_coef": "beta"}
    changes = [{"set": {sliders[x]: y for x, y in settings.items()}} for settings in PPO_SETTINGS]
    for settings, answer in zip(PPO_SETTINGS, in_browser(sent, changes, PPO_NAMES), strict=True):
        expected = in_python(sent, "ppo", settings, PPO_NAMES)
        for name in PPO_NAMES:
            assert answer["rows"][name] == pytest.approx(expected[name], abs=1e-9), (settings, name)
        assert answer["changed"] == bool(settings)
    assert len({tuple(x["rows"]["advantage"]) for x in in_browser(sent, changes, ["advantage"])}) == len(changes)


def test_ppos_numbers_are_the_recorded_ones_but_for_what_is_normalised_over_the_stored(
    ppo: AppTest, shipped: RunStore
) -> None:
    sent = given(ppo)
    step = int(re.search(r"PPO at step (\d+)", next(x.value for x in ppo.caption if "PPO at step" in x.value))[1]) - 1
    table = shipped.tokens(RECORDED, "ppo", step).to_pandas()
    last = table[table["pass"] == table["pass"].max() - 1].set_index(["sample", "position"])
    table = table[table["pass"] == 0].set_index(["sample", "position"])
    sample = sorted(set(table.index.get_level_values(0)))[sent["shown"][0]]
    [answer] = in_browser(sent, [{}], ["value", "token_reward", "delta", "advantage_raw", "advantage", "taken"])
    own = table.loc[sample].sort_index()
    for name in ("value", "token_reward", "delta", "advantage_raw"):
        assert answer["rows"][name] == pytest.approx(own[name].tolist(), abs=2e-6), name
    raw = table["advantage_raw"].to_numpy(float)
    assert answer["rows"]["advantage"] == pytest.approx(
        ((own["advantage_raw"] - raw.mean()) / (raw.std(ddof=1) + 1e-8)).tolist(), abs=1e-5
    )
    assert f"{raw.std(ddof=1):.3f}" in answer["sentences"]["whiten"]
    assert answer["rows"]["taken"] == pytest.approx(last.loc[sample].sort_index()["ratio_update"].tolist(), abs=1e-6)
    assert answer["sides"] == last.loc[sample].sort_index()["clipped"].tolist()
    assert answer["cuts"] == {"cut": int((last["clipped"] != 0).sum()), "all": len(last)}


def test_the_default_example_of_ppo_shows_a_slip_a_cut_and_is_opened_there(ppo: AppTest) -> None:
    sent = given(ppo)
    [answer] = in_browser(sent, [{}], ["delta", "advantage"])
    deltas = answer["rows"]["delta"]
    assert sent["start"] == "gae"
    assert deltas[sent["spot"]] == min(deltas)
    assert any(answer["sides"])
    assert answer["formulas"]["gae"] == 1


def test_a_narrower_range_cuts_more_and_a_ratio_that_is_moved_is_cut(ppo: AppTest) -> None:
    sent = given(ppo)
    changes = [{}, {"set": {"epsilon": 0.02}}, {"drag": {0: 0.5}}, {"drag": {0: 1.5}}]
    plain, narrow, low, high = in_browser(sent, changes, ["advantage", "surrogate_value"])
    assert narrow["cuts"]["cut"] > plain["cuts"]["cut"]
    first = plain["rows"]["advantage"][0]
    assert first < 0
    assert (low["sides"][0], high["sides"][0]) == (-1, 0)
    assert low["rows"]["surrogate_value"][0] == pytest.approx(0.8 * first)
    assert high["rows"]["surrogate_value"][0] == pytest.approx(1.5 * first)


GRPO_NAMES = ("score", "baseline_value", "difference", "score_spread", "credit", "advantage")


def test_a_flipped_reward_moves_every_advantage_of_the_group_and_no_other(grpo: AppTest) -> None:
    sent = given(grpo)
    rewards = [sent["data"]["responses"]["reward"][x] for x in sent["shown"]]
    changes = [{}, {"flips": [0]}, {"flips": [0, 3]}]
    answers = in_browser(sent, changes, GRPO_NAMES)
    for change, answer in zip(changes, answers, strict=True):
        flipped = [1 - x if i in change.get("flips", []) else x for i, x in enumerate(rewards)]
        whole = list(sent["data"]["responses"]["reward"])
        for place, row in enumerate(sent["shown"]):
            whole[row] = flipped[place]
        own = {**sent, "data": {**sent["data"], "responses": {**sent["data"]["responses"], "reward": whole}}}
        expected = in_python(own, "grpo", {}, GRPO_NAMES)
        for name in GRPO_NAMES:
            assert answer["rows"][name] == pytest.approx(expected[name], abs=1e-9), (change, name)
        by_hand = (np.array(flipped) - np.mean(flipped)) / (np.std(flipped, ddof=1) + 1e-4)
        assert answer["rows"]["credit"] == pytest.approx(by_hand.tolist(), abs=1e-9)
    before, after = answers[0]["rows"]["credit"], answers[1]["rows"]["credit"]
    assert all(a != b for a, b in zip(before, after, strict=True))


def test_a_smaller_group_is_its_first_responses_and_one_alone_says_nothing(grpo: AppTest) -> None:
    sent = given(grpo)
    rewards = [sent["data"]["responses"]["reward"][x] for x in sent["shown"]]
    sizes = range(1, len(rewards) + 1)
    for size, answer in zip(sizes, in_browser(sent, [{"set": {"G": x}} for x in sizes], ["credit"]), strict=True):
        own = np.array(rewards[:size])
        spread = np.std(own, ddof=1) if size > 1 else 0.0
        expected = [0.0] * size if len(set(own)) == 1 else ((own - own.mean()) / (spread + 1e-4)).tolist()
        assert answer["rows"]["credit"][:size] == pytest.approx(expected, abs=1e-9)
        assert answer["rows"]["credit"][size:] == [None] * (len(rewards) - size)
        assert ("nothing is learnt" in answer["sentences"]["credit"]) == (len(set(own)) == 1)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", PAGES)
def test_every_place_in_its_sentences_is_filled(open_shipped: Open, key: str, lang: str) -> None:
    sent = given(open_shipped(key, lang=lang))
    changes: list[dict[str, Any]] = [{}]
    if sent["flips"]:
        right = [i for i, x in enumerate(sent["successes"]) if x]
        changes += [{"flips": right}, {"flips": right[: len(right) // 2]}, {"set": {"G": 1}}]
    else:
        changes += [{"set": {"beta": 0.1, "lam": 0.0}}]
    for answer in in_browser(sent, changes, []):
        assert list(answer["sentences"]) == [x["key"] for x in sent["stations"]]
        for key, text in answer["sentences"].items():
            assert text, key
            assert not re.search(r"[{}]|NaN|undefined", text), text
            assert ("。" in text) == (lang == "zh-TW"), text


@pytest.mark.parametrize(
    ("settings", "stations"),
    [
        ({}, ["rewards", "mean", "spread", "credit", "tokens"]),
        ({"grpo.scale_rewards": "none"}, ["rewards", "mean", "tokens"]),
        ({"grpo.scale_rewards": "batch"}, ["rewards", "mean", "spread", "credit", "tokens"]),
        ({"grpo.kl_coef": 0.1}, ["rewards", "mean", "spread", "credit", "tokens"]),
    ],
)
def test_grpos_sub_steps_are_those_of_the_runs_settings(
    open_page: Open, store: RunStore, settings: dict[str, Any], stations: list[str]
) -> None:
    at = open_page("how-grpo-works", run=make_run(store, steps=2, **settings), step="2")
    assert not at.exception
    sent = given(at)
    assert [x["key"] for x in sent["stations"]] == stations
    names = {row["name"] for x in sent["stations"] for row in x["rows"]}
    [answer] = in_browser(sent, [{}], sorted(names))
    for name in names:
        assert None not in answer["rows"][name], name


def test_who_divides_by_no_spread_has_no_such_sub_step() -> None:
    assert [x.key for x in stations(learner("grpo", scale_rewards="none"))] == ["rewards", "mean", "tokens"]


def test_without_whitening_or_a_reference_ppo_has_no_such_sub_step(open_page: Open, store: RunStore) -> None:
    at = open_page("how-ppo-works", run=make_run(store, steps=2, **{"ppo.whiten_advantages": False}), step="2")
    sent = given(at)
    assert "whiten" not in [x["key"] for x in sent["stations"]]
    assert sent["words"]["normalised"] == ""
    every = given(open_page("how-ppo-works", run=make_run(store, steps=2), step="2"))
    assert [x["key"] for x in every["stations"]] == [
        *("sample", "score", "kl", "values", "delta", "gae", "whiten", "ratio", "clip", "update")
    ]
    assert [x["name"] for x in every["sliders"]] == ["gamma", "lam", "epsilon", "beta"]


@pytest.mark.parametrize("key", PAGES)
def test_an_old_link_opens_the_sub_step_that_it_names(open_page: Open, store: RunStore, key: str) -> None:
    run = make_run(store, steps=2)
    old = {"how-ppo-works": ("gae.5", "gae"), "how-grpo-works": ("divide", "credit")}[key]
    for asked, start in (old, ("tokens" if "grpo" in key else "clip",) * 2):
        assert given(open_page(key, run=run, step="2", sub=asked))["start"] == start


def test_every_word_that_the_modules_ask_for_is_there(open_page: Open, store: RunStore) -> None:
    files = [*(FOLDER / "stepper").glob("*.js"), FOLDER / "player.js", FOLDER / "playback.js"]
    text = "\n".join(x.read_text(encoding="utf-8") for x in files)
    asked = set(re.findall(r"\bwords\.(\w+)", text))
    of_tokens = {x for x in asked if x.startswith("clip_")} | {"clip_cut", "clip_free"}
    run = make_run(store, steps=2)
    for key in PAGES:
        sent = given(open_page(key, run=run, step="2"))
        wanted = asked | {f"says_{x['key']}" for x in sent["stations"]} | (of_tokens if "ppo" in key else set())
        assert wanted - (of_tokens if "grpo" in key else set()) - sent["words"].keys() == set()
