"""The check of values at evaluations: its numbers against numpy's and exact values; and that it changes nothing."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from core.algorithms.types import Experience
from core.config import RunConfig
from core.given_config import change
from core.learners.registry import learner
from core.runs.export import export
from core.runs.feed import Feed
from core.runs.importing import import_any
from core.runs.store import RunStore
from core.training import value_check
from core.training.trace import AT_EVALUATIONS, VALUE_CHECK, StepTrace
from core.training.trainer import Trainer
from core.training.value_check import ValueCheck
from tests.training.exact import exact_values
from tests.training.test_oracle import oracle, responses  # noqa: F401  (fixtures)

K = 8
COLUMNS = ("value_measured", "value_measured_noise", "advantage_measured")
#: Two questions of the three in the panel are checked, before steps 1 and 3.
SMALL = {"prompts_per_step": 4, "num_generations": 4, "steps": 3, "eval_every": 2, "panel_size": 12, "device": "cpu"}
CHECK = {"value_check_responses": 9, "value_check_continuations": K}
LEARNERS = {
    "ppo": learner("ppo", value_learning_rate=3e-3),
    "grpo": learner("grpo"),
    "vine": learner("vine", continuations=2),
    "oracle": learner("ppo", name="oracle", oracle_continuations=2, lam=0.5),
}
#: What takes time differs from run to run.
TIMES = ("wall_time_s", "tokens_per_second", "step_time_s", "rollout_time_s", "update_time_s")


def traces(name: str, **settings: Any) -> list[StepTrace]:
    torch.set_num_threads(1)
    config = change(RunConfig(learners=(LEARNERS[name],)), {**SMALL, "task.heldout": 16, **settings})
    return list(Trainer(config, name).steps())


@pytest.fixture(scope="module")
def checked() -> dict[str, list[StepTrace]]:
    return {name: traces(name, **CHECK) for name in LEARNERS}


# -- the numbers -----------------------------------------------------------------------------------------------------


def by_hand(trace: StepTrace, groups_of: int = 4) -> dict[str, float | None]:
    """From the trace alone, in float64 and numpy; shares no code with core."""
    t = trace.tokens.to_pandas().query("`pass` == 0")
    t = t[t["value_measured"].notna()].merge(trace.samples.to_pandas(), on=["learner", "step", "sample"])
    t = t.sort_values(["sample", "position"])
    true, reward = t["value_measured"].to_numpy(float), t["reward"].to_numpy(float)
    # equal prefixes: the same question, and the same tokens before
    before = t.groupby("sample")["token_id"].transform(
        lambda x: [str(x.tolist()[:i]) for i in range(len(x))]  # type: ignore[arg-type]
    )
    prefix = t["prompt"] + before
    noise = true * (1 - true) / (K - 1)  # rewards are 0 or 1 here
    np.testing.assert_allclose(noise, t["value_measured_noise"], atol=1e-6)
    share = prefix.map(prefix.value_counts(normalize=True)).to_numpy()
    n = len(t)
    in_variance = (noise * (1 - share)).mean() * n / (n - 1)  # Σ over prefixes of w (1 − w) v, as a mean over tokens
    each = t.groupby("sample")["reward"].first()
    group = t.groupby("sample")["group"].first()
    others = [each[(group == group[s]) & (each.index != s)].mean() for s in t["sample"]]
    spread = true.var(ddof=1) - in_variance
    numbers: dict[str, float | None] = {
        "value_explained": None,
        "value_outcome_explained": None,
        "value_outcome_ceiling": 1 - ((reward - true).var(ddof=1) - in_variance) / reward.var(ddof=1),
        "value_error": None,
        "value_error_group_mean": float(np.mean((np.array(others) - true) ** 2) - noise.mean()),
        "value_error_constant": true.var() - in_variance * (n - 1) / n,
        "value_check_scored": K * prefix.nunique(),
    }
    if t["value"].notna().all():
        value = t["value"].to_numpy(float)
        numbers |= {
            "value_explained": 1 - ((true - value).var(ddof=1) - in_variance) / spread,
            "value_outcome_explained": 1 - (reward - value).var(ddof=1) / reward.var(ddof=1),
            "value_error": float(np.mean((value - true) ** 2) - noise.mean()),
        }
    return numbers


@pytest.mark.parametrize("name", LEARNERS)
def test_every_number_follows_from_the_trace(checked, name) -> None:
    for number in (0, 2):
        trace = checked[name][number]
        expected = by_hand(trace)
        for column in VALUE_CHECK:
            recorded = trace.scalars[column]
            assert recorded == (None if expected[column] is None else pytest.approx(expected[column], abs=2e-5)), column
        assert (trace.scalars["value_explained"] is None) == (name == "grpo")
        first = trace.tokens.to_pandas().query("`pass` == 0")
        assert sorted(first[first["value_measured"].notna()]["sample"].unique()) == list(range(8))  # whole groups
        assert first["sample"].nunique() == 12


@pytest.mark.parametrize("name", LEARNERS)
def test_a_tokens_measured_advantage_is_what_it_changed(checked, name) -> None:
    trace = checked[name][2]
    rewards = dict(zip(trace.samples["sample"].to_pylist(), trace.samples["reward"].to_pylist(), strict=True))
    tokens = trace.tokens.to_pandas()
    for (number, sample), own in tokens[tokens["sample"] < 8].groupby(["pass", "sample"]):
        values = [*own.sort_values("position")["value_measured"], rewards[sample]]
        changes = [after - before for before, after in itertools.pairwise(values)]
        np.testing.assert_allclose(own.sort_values("position")["advantage_measured"], changes, atol=1e-6)
        assert number in (0, 1, 2)


def test_against_every_continuation_the_numbers_are_right_on_average(oracle, responses) -> None:  # noqa: F811
    """True values by enumeration, on sums of two numbers; what is compared is the average of 60 checks with K = 4."""
    exact = exact_values(oracle, responses, floor=1e-6).values.numpy()
    draw = np.random.default_rng(0)
    mask, count = responses.mask, len(responses.mask)
    says = torch.tensor(0.4 + 0.4 * exact + 0.1 * draw.standard_normal(exact.shape))
    group = torch.arange(count) // 8
    zeros = torch.zeros(mask.shape)
    experience = Experience(mask, zeros, None, responses.rewards, group, torch.zeros(count) > 0, says.float())
    rows = [
        ValueCheck(oracle.estimate(responses, continuations=4, seed=seed)).numbers(experience) for seed in range(60)
    ]
    m = mask.numpy()
    true, value = exact[m], says.numpy()[m]
    reward = np.broadcast_to(responses.rewards.numpy()[:, None], m.shape)[m]
    total = responses.rewards.view(-1, 8).sum(1, keepdim=True).double()
    others = np.broadcast_to(((total - responses.rewards.view(-1, 8)) / 7).reshape(-1, 1).numpy(), m.shape)[m]
    expected = {
        "value_explained": 1 - (true - value).var() / true.var(),
        "value_outcome_explained": 1 - (reward - value).var() / reward.var(),
        "value_outcome_ceiling": 1 - (reward - true).var() / reward.var(),
        "value_error": np.mean((value - true) ** 2),
        "value_error_group_mean": np.mean((others - true) ** 2),
        "value_error_constant": true.var(),
    }
    for name, number in expected.items():
        numbers = np.array([row[name] for row in rows], float)
        assert numbers.mean() == pytest.approx(number, abs=4 * numbers.std() / len(rows) ** 0.5 + 2e-3), name
    noise = 0.25 * (true * (1 - true)).mean()
    assert noise > 0.01  # which is what an error without the correction would be too large by


# -- that it changes nothing, and when it is made --------------------------------------------------------------------


@pytest.mark.parametrize("name", LEARNERS)
def test_a_run_with_the_check_trains_as_one_without_it_to_the_bit(checked, name) -> None:
    plain = traces(name)
    for one, other in zip(plain, checked[name], strict=True):
        assert one.samples.equals(other.samples)
        assert one.tokens.drop_columns([*COLUMNS]).equals(other.tokens.drop_columns([*COLUMNS]))
        for column in COLUMNS:
            assert one.tokens[column].null_count == one.tokens.num_rows
        here, there = ({k: v for k, v in x.scalars.items() if k not in (*TIMES, *VALUE_CHECK)} for x in (one, other))
        assert here == there
        assert all(one.scalars[x] is None for x in VALUE_CHECK)
        assert (one.prompt_hash, one.events) == (other.prompt_hash, other.events)


def test_continuations_of_a_check_are_no_responses_seen(checked) -> None:
    for name, steps in checked.items():
        assert steps[0].scalars["value_check_scored"] > 0
        if name in ("ppo", "grpo"):
            assert [x.scalars["samples_seen"] for x in steps] == [16, 32, 48]


def test_it_is_made_at_evaluations_alone(checked) -> None:
    for steps in checked.values():
        for column in AT_EVALUATIONS:
            assert steps[1].scalars[column] is None
        assert steps[1].tokens["value_measured"].null_count == steps[1].tokens.num_rows
        assert None not in (steps[0].scalars["heldout_success"], steps[2].scalars["value_error_constant"])
    never = traces("grpo", **CHECK, eval_every=0, steps=1)
    assert never[0].scalars["value_error_constant"] is None


def test_all_learners_of_a_run_are_checked_on_the_same_questions(checked) -> None:
    asked = {tuple(trace.samples["prompt"].to_pylist()[:8]) for trace in (steps[2] for steps in checked.values())}
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("settings", "size", "kept", "count"),
    [
        ({"value_check_responses": 8}, 4, 12, 8),
        ({"value_check_responses": 9}, 4, 12, 8),
        ({"value_check_responses": 1}, 4, 12, 4),  # never a part of a group
        ({"value_check_responses": 99}, 4, 12, 12),  # no more than what the trace keeps
        ({"value_check_responses": 8}, 1, 12, 8),
        ({"value_check_responses": 0}, 4, 12, 0),
    ],
)
def test_so_many_responses_are_checked_in_whole_groups(settings, size, kept, count) -> None:
    own = learner("ppo", num_generations=size)
    config = change(RunConfig(learners=(own,)), {**SMALL, **settings})
    assert value_check.how_many(config, own, 2, kept) == count
    assert value_check.how_many(config, own, 3, kept) == 0


def test_alone_in_its_group_a_response_has_no_others() -> None:
    [trace] = traces("ppo", **CHECK, steps=1, num_generations=1, prompts_per_step=16)
    assert trace.scalars["value_error_group_mean"] is None
    assert trace.scalars["value_error"] is not None


def test_a_value_known_exactly_has_the_error_0_and_explains_what_can_be() -> None:
    """The measured values themselves in the critic's place, but measured again: their own noise is theirs."""
    [trace] = traces("oracle", **CHECK, steps=1, **{"oracle.oracle_continuations": 256}, trace="all")
    assert trace.scalars["value_error"] == pytest.approx(0, abs=0.01)
    assert trace.scalars["value_explained"] == pytest.approx(1, abs=0.1)
    ceiling = trace.scalars["value_outcome_ceiling"]
    assert trace.scalars["value_outcome_explained"] == pytest.approx(ceiling, abs=0.1)


# -- stored, exported, imported, older -------------------------------------------------------------------------------


def test_it_outlives_the_store_an_export_and_an_import(checked, tmp_path: Path) -> None:
    names = ("ppo", "grpo")
    config = change(RunConfig(learners=tuple(LEARNERS[x] for x in names)), {**SMALL, **CHECK, "task.heldout": 16})
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    run_id = store.create(config, "checked")
    for name in names:
        for trace in checked[name]:
            store.append(run_id, trace)
    export(store, run_id, tmp_path / "files")
    again = import_any(store, tmp_path / "files")
    for run in (run_id, again):
        assert store.get(run).config.value_check_continuations == K
        for name in names:
            for trace in checked[name]:
                tokens = store.tokens(run, name, trace.step)
                for column in COLUMNS:
                    assert tokens[column].combine_chunks().equals(trace.tokens[column].combine_chunks())
                row = next(x for x in store.rows_since(run, 0)[0] if (x["learner"], x["step"]) == (name, trace.step))
                assert {x: row[x] for x in VALUE_CHECK} == {x: trace.scalars[x] for x in VALUE_CHECK}
    files = pd.read_parquet(tmp_path / "files" / "tokens.parquet")
    assert files.query("step == 1")["value_measured"].isna().all()


def test_the_feed_sends_it_and_what_a_learner_cannot_have_reads_none(checked, tmp_path: Path) -> None:
    names = ("ppo", "grpo")
    config = change(RunConfig(learners=tuple(LEARNERS[x] for x in names)), {**SMALL, **CHECK, "task.heldout": 16})
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    run_id = store.create(config, "checked")
    for name in names:
        store.append(run_id, checked[name][0])
    live = json.loads(Feed(store).live(run_id).text())
    assert live["run"]["at_evaluations"] == list(AT_EVALUATIONS)
    without = {x["name"]: set(x["without"]) & set(VALUE_CHECK) for x in live["learners"]}
    assert without == {"ppo": set(), "grpo": {"value_explained", "value_outcome_explained", "value_error"}}
    group = json.loads(Feed(store).group(run_id, 0, 0).text())
    for name in names:
        assert group["learners"][name]["checked_by"] == K
        tokens = checked[name][0].tokens.to_pandas().query("`pass` == 0 and sample == 0").sort_values("position")
        once = group["learners"][name]["responses"][0]["once"]
        for column in ("value_measured", "advantage_measured"):
            np.testing.assert_allclose(once[column], tokens[column].astype(float), rtol=1e-5, atol=1e-7)


def test_an_older_run_has_none_of_it() -> None:
    from core.runs.migrations.traces import read_table

    older = pa.table({"learner": ["ppo"], "step": pa.array([0], pa.int32())})
    assert read_table("steps", older)["value_error"].null_count == 1
    assert read_table("tokens", older)["value_measured"].null_count == 1
