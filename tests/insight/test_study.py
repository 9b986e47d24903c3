"""The study: what it measures is the learner as it is, it disturbs nothing, and its table is the mean of its rows."""

from __future__ import annotations

import json
import statistics
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from core.config import RunConfig
from core.insight.study import CREDITS, PRESET, RECORDED, Plan, StudyRow, measure, run, summary, table, write
from core.learners.kinds.ppo import PPOSettings
from core.learners.kinds.vine import VineSettings
from core.presets import preset
from core.training.trainer import Trainer

CONFIG = RunConfig(prompts_per_step=4, num_generations=4, eval_every=0, learners=(PPOSettings(),), steps=4)
PLAN = Plan(
    CONFIG, seeds=(0, 1), at=(1, 3), middle=3, prompts=12, continuations=64, measured=VineSettings(continuations=8)
)


@pytest.fixture(scope="module")
def rows() -> list[StudyRow]:
    torch.set_num_threads(1)
    return list(run(PLAN))


def test_there_is_a_row_for_each_seed_step_and_credit(rows) -> None:
    keys = [(row.seed, row.step, row.credit) for row in rows]
    assert keys == [(seed, step, credit) for seed in (0, 1) for step in (1, 3) for credit in CREDITS]
    for row in rows:
        assert (row.explained_variance is None) == (row.credit == "grpo")


def test_more_continuations_are_closer_to_the_truth_and_uniform_credit_is_chance(rows) -> None:
    by = {credit: [row for row in rows if row.credit == credit] for credit in CREDITS}
    for vine, again in zip(by["vine"], by["again"], strict=True):
        assert again.mean_absolute_error < vine.mean_absolute_error
        assert again.correlation > vine.correlation > 0.2
        assert again.explained_variance > 0.9
    blamed = [row for row in by["grpo"] if row.blamed]
    assert blamed
    for row in blamed:
        assert row.blame_accuracy <= row.chance + 1e-6
        assert row.chance < 0.2


def test_measuring_leaves_the_learner_as_it_was_and_repeats_itself() -> None:
    torch.set_num_threads(1)
    measured, alone = Trainer(CONFIG, "ppo"), Trainer(CONFIG, "ppo")
    plan = replace(PLAN, continuations=8)
    results = []
    for mine, other in zip(measured.steps(), alone.steps(), strict=True):
        assert mine.tokens.equals(other.tokens)
        if measured.step < 2:
            results.append((measure(measured, plan), measure(measured, plan)))
    assert all(first == second for first, second in results)


def test_the_table_is_the_mean_and_spread_of_the_rows(rows) -> None:
    lines = summary(rows)
    assert [(x["step"], x["credit"]) for x in lines] == [(step, credit) for step in (1, 3) for credit in CREDITS]
    first = [row.mean_absolute_error for row in rows if (row.step, row.credit) == (1, "ppo")]
    assert lines[0]["mean_absolute_error"] == {
        "mean": pytest.approx(statistics.mean(first)),
        "std": pytest.approx(statistics.stdev(first)),
        "n": 2,
    }
    gone = summary([replace(rows[0], correlation=None), rows[len(CREDITS) * 2]])[0]["correlation"]
    assert (gone["n"], gone["std"]) == (1, None)
    assert len(table(rows).splitlines()) == 1 + len(lines)


def test_what_is_written_can_be_read(rows, tmp_path) -> None:
    write(PLAN, rows, tmp_path / "deep" / "study.json")
    read = json.loads((tmp_path / "deep" / "study.json").read_text())
    assert read["about"]["responses"] == 48
    assert RunConfig.model_validate(read["about"]["config"]) == CONFIG
    assert len(read["rows"]) == len(rows)
    assert read["rows"][0]["mean_absolute_error"] == pytest.approx(rows[0].mean_absolute_error, rel=1e-5)


def test_the_recorded_result_is_of_the_default_study_and_its_summary_of_its_rows() -> None:
    read = json.loads(RECORDED.read_text())
    plan = Plan(preset(PRESET))
    about = read["about"]
    assert about["seeds"] == list(plan.seeds)
    assert about["at"] == list(plan.at)
    assert about["middle"] == plan.middle
    assert about["responses"] == plan.prompts * plan.config.num_generations
    assert about["config"]["preset"] == PRESET == "long-sums"
    rows = [StudyRow(**row) for row in read["rows"]]
    credits = about.get("credits", ["ppo", "grpo", "vine", "again"])  # of a file that another version wrote
    assert len(rows) == len(plan.seeds) * len(plan.at) * len(credits)
    for line, again in zip(read["summary"], summary(rows), strict=True):
        for name, recorded in line.items():
            if isinstance(recorded, dict) and recorded["mean"] is not None:
                assert recorded["mean"] == pytest.approx(again[name]["mean"], rel=1e-4, abs=1e-6)
    assert all(a["step"] <= b["step"] for a, b in pairwise(read["summary"]))
