"""Where a board opens: at a prompt that every learner answered both ways, where their credits differ by sight."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.config import RunConfig
from core.runs import lifecycle
from core.runs.feed import Feed
from core.runs.opening import VISIBLE, GroupShown, Opening, difference, instructive, most_mixed, opening
from core.runs.recorded import SHIPPED, import_recorded
from core.runs.store import RunStore
from tests.helpers import step_trace


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(home=tmp_path)


def shown(
    right: float = 0.5, *, good: list[float], bad: list[float], cut: bool = True, different: int = 2
) -> GroupShown:
    return GroupShown(right, {True: np.array(good, float), False: np.array(bad, float)}, cut, different)


ONE_FOR_ALL = shown(good=[1, 1, 1, 1], bad=[-1, -1, -1, -1])
ONE_EACH = shown(good=[1, 0, 0, 0], bad=[0, 0, 0, -1])


def test_credits_differ_by_where_they_lie_not_by_who_was_right_more_often() -> None:
    assert difference(ONE_FOR_ALL.credits, ONE_FOR_ALL.credits) == 0
    more = {True: np.ones(40), False: -np.ones(4)}
    assert difference(ONE_FOR_ALL.credits, more) == 0
    assert difference(ONE_FOR_ALL.credits, ONE_EACH.credits) == pytest.approx(5 / 6, abs=0.01)
    assert difference(ONE_FOR_ALL.credits, {x: 3 * y for x, y in ONE_FOR_ALL.credits.items()}) == pytest.approx(2 / 3)
    nothing = {True: np.zeros(3), False: np.zeros(0)}
    assert difference(nothing, nothing) == 0
    assert difference({True: np.ones(2), False: np.zeros(0)}, {True: np.zeros(0), False: -np.ones(2)}) == 0


def test_a_prompt_that_one_learner_answered_all_rightly_shows_nothing() -> None:
    assert instructive({"a": ONE_FOR_ALL, "b": ONE_EACH}) > 0
    assert instructive({"a": ONE_FOR_ALL, "b": shown(1.0, good=[1, 0], bad=[])}) == 0
    assert instructive({"a": ONE_FOR_ALL, "b": ONE_FOR_ALL}) == 0, "nothing tells them apart"


def test_a_clip_that_shows_and_few_responses_to_read_are_worth_more() -> None:
    def score(**more: object) -> float:
        return instructive({"a": ONE_FOR_ALL, "b": shown(good=[1, 0, 0, 0], bad=[0, 0, 0, -1], **more)})  # type: ignore[arg-type]

    assert score(cut=False) < score()
    assert score(different=8) < score(different=3) == score()


def test_of_the_steps_that_all_learners_made_the_most_mixed_are_looked_at() -> None:
    rates = {
        0: {"a": 0.0, "b": 0.5},
        1: {"a": 0.4, "b": 0.5},
        2: {"a": 0.9, "b": 0.5},
        3: {"a": 0.5},
        4: {"a": 0.5, "b": None},
        5: {"a": 1.0, "b": 1.0},
        6: {"a": float("nan"), "b": 0.5},
    }
    assert most_mixed(rates, ["a", "b"]) == [1, 2]


def finished(store: RunStore, config: RunConfig, steps: int = 3) -> str:
    run_id = store.create(config)
    names = [x.name for x in config.learners]
    lifecycle.enqueue(store, run_id, names)
    for name in names:
        assert lifecycle.claim(store, run_id, name)
        for step in range(steps):
            store.append(run_id, step_trace(config, name, step))
    return run_id


def test_a_run_that_goes_on_is_followed_and_one_that_is_over_says_where_it_opens(store: RunStore) -> None:
    config = RunConfig(steps=3)
    run_id = finished(store, config)

    def opens() -> object:
        return json.loads(Feed(store, refresh_s=0).live(run_id).text())["run"]["opening"]

    assert opens() is None
    for name in ("ppo", "grpo"):
        lifecycle.mark(store, run_id, name, "finished")
    at = opens()
    assert isinstance(at, dict)
    samples = {x: store.samples(run_id, x, at["step"]).to_pandas() for x in ("ppo", "grpo")}
    for own in samples.values():
        assert own[own["group"] == at["group"]]["success"].nunique() == 2


def test_one_learner_alone_opens_where_it_came_to(store: RunStore) -> None:
    config = RunConfig(steps=3, learners=RunConfig().learners[:1])
    run = store.get(finished(store, config))
    rates = {step: {run.learners[0].name: 0.5} for step in range(3)}
    assert opening(store, run, rates) is None


def test_a_run_whose_tokens_cannot_be_read_still_has_its_board(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = finished(store, RunConfig(steps=3))
    for name in ("ppo", "grpo"):
        lifecycle.mark(store, run_id, name, "finished")

    def broken(*_: object) -> None:
        raise ValueError("damaged")

    monkeypatch.setattr(store, "tokens", broken)
    live = json.loads(Feed(store, refresh_s=0).live(run_id).text())
    assert live["run"]["opening"] is None
    assert len(live["rows"]) == 6


@pytest.mark.parametrize("run_id", SHIPPED)
def test_every_recorded_run_opens_where_groups_are_mixed_and_credits_differ(store: RunStore, run_id: str) -> None:
    """Checked on the files themselves, in another way than the one by which the step was chosen."""
    folder = SHIPPED[run_id]
    import_recorded(store, folder, run_id)
    names = [x.name for x in store.get(run_id).learners]
    if len(names) < 2:
        pytest.fail("a recorded run of one learner has nothing to compare: say here what it is to show")
    where = json.loads(Feed(store).live(run_id).text())["run"]["opening"]
    assert where is not None
    at = Opening(**where)
    last = max(store.get(run_id).learners, key=lambda x: x.step).step
    assert at.step < last, "by the end all is right"
    samples, tokens = (pd.read_parquet(folder / f"{x}.parquet") for x in ("samples", "tokens"))
    responses = samples[(samples["step"] == at.step) & (samples["group"] == at.group)]
    assert (responses.groupby("learner")["success"].mean().between(0.1, 0.9)).all()
    assert set(responses["learner"]) == set(names)
    here = tokens[(tokens["step"] == at.step) & (tokens["pass"] == 0)]
    here = here.merge(responses[["learner", "sample", "success"]], on=["learner", "sample"])
    widest = here["advantage"].abs().max()
    profile = here.groupby(["learner", "success"])["advantage"].quantile(np.linspace(0, 1, 21)).unstack() / widest
    apart = [
        (profile.loc[(a, verdict)] - profile.loc[(b, verdict)]).abs().mean()
        for a in names
        for b in names
        for verdict in (True, False)
        if a < b
    ]
    assert max(apart) > VISIBLE, "no two credits differ by sight"
    cut = tokens[(tokens["step"] == at.step) & (tokens["clipped"].fillna(0) != 0)]
    assert len(cut), "no gradient is cut"
