"""The study's parts one by one on made-up numbers: its credits, its measuring, its plan, its summary and its file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from core.algorithms.foresight import best_constant, foresight
from core.algorithms.types import Experience
from core.config import RunConfig
from core.insight import study
from core.insight.agreement import compare
from core.insight.replay import score_ids
from core.insight.study import CREDITS, METRICS, VERSION, Plan, StudyRow, measure, run, summary, table, write
from core.insight.whatif import StoredStep
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.learners.kinds.vine import VineSettings
from core.learners.registry import needs_of
from core.presets import preset
from core.training.continuations import Responses, TrueValues
from core.training.trainer import Trainer
from core.versions import versions

SETTINGS = PPOSettings(name="with-critic", kl_coef=0.3, gamma=0.9, lam=0.6)
CONFIG = RunConfig(
    prompts_per_step=2, num_generations=2, learners=(GRPOSettings(), SETTINGS), steps=9, eval_every=4, panel_size=4
)
PLAN = Plan(
    CONFIG, seeds=(4, 5), at=(1, 3), middle=3, prompts=6, continuations=7, measured=VineSettings(continuations=3)
)
LENGTHS = (4, 2, 1, 3)


def made_up(seed: int) -> Tensor:
    return torch.rand(4, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def true_values(seed: int, shape: tuple[int, ...] = (4, 4)) -> TrueValues:
    """Any numbers, with advantages that go up and down."""
    draw = torch.Generator().manual_seed(seed)
    values = torch.rand(shape, generator=draw)
    advantages = torch.rand(shape, generator=draw) - 0.5
    high = advantages + 0.2
    noise, which = torch.zeros_like(values), torch.arange(values.numel()).reshape(values.shape)
    return TrueValues(values, values, values, advantages, advantages - 0.2, high, noise, which, 8, 16, 128)


@pytest.fixture(scope="module")
def step() -> StoredStep:
    mask = torch.arange(4) < torch.tensor(LENGTHS)[:, None]
    old, ref, values = (torch.where(mask, made_up(i), 0) for i in range(3))
    rewards, group = torch.tensor([1.0, 0.0, 0.25, 1.0], dtype=torch.float64), torch.tensor([0, 0, 1, 1])
    experience = Experience(mask, -old, -ref, rewards, group, torch.zeros(4, dtype=torch.bool), values)
    return StoredStep(SimpleNamespace(), experience, (-old,))  # type: ignore[arg-type]


def gae(step: StoredStep, values: Tensor, lam: float, kl_coef: float = 0.0) -> list[list[float]]:
    """The sum of surprises, response by response; γ is the settings'."""
    seen, rows = step.experience, []
    for b, n in enumerate(LENGTHS):
        reward = (-kl_coef * (seen.logprobs_old - seen.logprobs_ref)[b, :n]).numpy().copy()
        reward[-1] += float(seen.rewards[b])
        v = values[b, :n].double().numpy()
        surprise = reward + SETTINGS.gamma * np.append(v[1:], 0) - v
        fade = (SETTINGS.gamma * lam) ** np.arange(n)
        rows.append([float(fade[: n - t] @ surprise[t:]) for t in range(n)])
    return rows


def test_each_credit_is_what_the_studys_head_says(step) -> None:
    vine, again = true_values(11), true_values(12)
    credits = study._credits(step, SETTINGS, VineSettings(continuations=3), vine, again)
    assert tuple(credits) == CREDITS
    seen = step.experience
    others = seen.rewards[[1, 0, 3, 2]]  # groups of two
    own = (seen.rewards - others) / 2  # r less the mean of both
    level = torch.where(seen.mask, others[:, None], 0)
    expected = {
        "ppo": (gae(step, seen.values, 0.6, 0.3), seen.values),
        "critic": (gae(step, seen.values, 0.6), seen.values),
        "lambda-0": (gae(step, seen.values, 0.0), seen.values),
        "perfect": (gae(step, again.values, 0.6), again.values),
        "group-mean": (gae(step, level, 0.6), level),
        "grpo": ([[float(own[b])] * n for b, n in enumerate(LENGTHS)], None),
        "again": ([again.advantages[b, :n].tolist() for b, n in enumerate(LENGTHS)], again.values),
    }
    for name, (advantages, values) in expected.items():
        for b, n in enumerate(LENGTHS):
            assert credits[name][0][b, :n].tolist() == pytest.approx(advantages[b], abs=1e-6), name
        result = credits[name][1]
        assert (result is None) == (values is None), name
        if result is not None:
            torch.testing.assert_close(result, values, check_dtype=False)
    # λ = 0 and γ = 1 are VinePPO's own.
    for b, n in enumerate(LENGTHS):
        v = vine.values[b, :n].tolist()
        changes = [after - before for before, after in zip(v, [*v[1:], float(seen.rewards[b])], strict=True)]
        assert credits["vine"][0][b, :n].tolist() == pytest.approx(changes, abs=1e-6)
    assert credits["vine"][1] is vine.values


def test_a_row_compares_a_credit_and_its_values_with_the_truth(step) -> None:
    seen, truth, values = step.experience, true_values(13), true_values(14).values
    truth.advantages[1, 0], truth.advantages_high[1, 0] = -0.6, -0.4  # a wrong response that one token ruined
    advantages = true_values(15).advantages
    trainer = SimpleNamespace(config=SimpleNamespace(seed=3), step=8)
    row = study._row(trainer, "ppo", advantages, values, truth, step)  # type: ignore[arg-type]
    agreement = compare(advantages, truth.advantages, seen.mask, seen.rewards, truth.advantages_high)
    ahead = foresight(values, truth.values, seen.rewards, seen.mask)
    assert row == StudyRow(
        seed=3,
        step=8,
        credit="ppo",
        success=0.5625,
        explained_variance=ahead.explained,
        value_error=ahead.error,
        constant_error=best_constant(truth.values, seen.mask),
        outcome_explained=ahead.outcome,
        **asdict(agreement),
    )
    bare = study._row(trainer, "grpo", advantages, None, truth, step)  # type: ignore[arg-type]
    nothing = {"explained_variance": None, "value_error": None, "outcome_explained": None}
    assert bare == replace(row, credit="grpo", **nothing)
    # The upper end of the true drop's interval decides who is blamed.
    doubted = replace(truth, advantages_high=torch.ones_like(truth.advantages))
    assert row.blamed == 1
    assert study._row(trainer, "ppo", advantages, values, doubted, step).blamed == 0  # type: ignore[arg-type]


def test_measuring_asks_for_a_larger_batch_of_the_learner_as_it_is(monkeypatch) -> None:
    torch.set_num_threads(1)
    trainer = Trainer(CONFIG, "with-critic")
    trainer.step = 2
    with torch.no_grad():
        for model in (trainer.policy, trainer.value_model):
            for x in model.parameters():
                x += 0.02 * torch.randn(x.shape, generator=torch.Generator().manual_seed(x.numel()))
    asked, looked_at = [], {}

    class Oracle:
        @classmethod
        def of(cls, whose: Trainer) -> Oracle:
            assert whose is trainer
            return cls()

        def estimate(self, responses: Responses, *, continuations: int, seed: int) -> TrueValues:
            asked.append((responses, continuations, seed))
            return true_values(seed, responses.mask.shape)

    def credits(step: StoredStep, *given) -> dict[str, tuple[Tensor, Tensor | None]]:
        looked_at["step"], looked_at["given"] = step, given
        return real(step, *given)

    real = study._credits
    monkeypatch.setattr(study, "Oracle", Oracle)
    monkeypatch.setattr(study, "_credits", credits)
    rows = measure(trainer, PLAN)
    assert [(x.seed, x.step, x.credit) for x in rows] == [(CONFIG.seed, 2, x) for x in CREDITS]
    # The truth, its repetition and VinePPO's few: of independent continuations, others in every step.
    assert [x[1:] for x in asked] == [(7, 1_000_005), (7, 2_000_005), (3, 3_000_005)]
    step, (settings, measured, vine, again) = looked_at["step"], looked_at["given"]
    assert (settings, measured) == (trainer.settings, PLAN.measured)
    shape = step.panel.mask.shape
    assert shape[0] == PLAN.prompts * CONFIG.num_generations
    truth = true_values(1_000_005, shape)
    assert torch.equal(vine.values, true_values(3_000_005, shape).values)
    assert torch.equal(again.values, true_values(2_000_005, shape).values)
    made = real(step, settings, measured, vine, again)
    assert rows == [study._row(trainer, name, *made[name], truth, step) for name in CREDITS]
    for responses, *_ in asked:
        assert responses.prompts == step.panel.prompts
        assert torch.equal(responses.completion_ids, step.panel.completion_ids)
        assert torch.equal(responses.mask, step.panel.mask)
        assert torch.equal(responses.rewards, step.experience.rewards)
    # Whoever was asked, it was this policy that answered and this critic that valued, with the questions of this step.
    scores, mask = score_ids(trainer, step.panel.prompts, step.panel.completion_ids, step.panel.mask), step.panel.mask
    torch.testing.assert_close(scores.logprobs[mask], step.experience.logprobs_old[mask], atol=1e-4, rtol=0)
    torch.testing.assert_close(scores.values[mask], step.experience.values[mask], atol=1e-4, rtol=0)
    examiner = Trainer(CONFIG.model_copy(update={"prompts_per_step": PLAN.prompts}), "with-critic")
    examiner.step = 2
    assert next(examiner.steps()).samples["prompt"].to_pylist() == step.panel.prompts


def test_a_plan_is_trained_seed_by_seed_up_to_its_last_measurement(monkeypatch) -> None:
    made = []

    class Learner:
        def __init__(self, config: RunConfig, learner: str) -> None:
            self.config, self.learner, self.step = config, learner, 0
            made.append(self)

        def steps(self) -> Iterator[None]:
            while self.step < self.config.steps:
                self.step += 1
                yield None

    monkeypatch.setattr(study, "Trainer", Learner)
    monkeypatch.setattr(study, "measure", lambda trainer, plan: [(trainer.config.seed, trainer.step, plan)])
    assert list(run(replace(PLAN, at=(3, 1)))) == [
        (seed, at, replace(PLAN, at=(3, 1))) for seed in (4, 5) for at in (1, 3)
    ]
    for trainer, seed in zip(made, (4, 5), strict=True):
        assert trainer.learner == "with-critic"  # GRPO has none to study
        assert trainer.config == CONFIG.model_copy(update={"seed": seed, "steps": 4, "eval_every": 0})
        assert trainer.step == 4


ROW = StudyRow(0, 5, "ppo", 0.5, 0.25, 0.125, 0.75, 0.0625, 3, 0.875, 0.03125, 0.5, None)
ROWS = [
    ROW,
    replace(ROW, seed=1, success=0.75, correlation=None, blamed=4, outcome_explained=0.1),
    replace(ROW, step=15, credit="grpo", explained_variance=None),
]


def test_a_summary_has_mean_spread_and_count_of_what_exists() -> None:
    first, second = summary(ROWS)
    assert (first["step"], first["credit"], first["blamed"]) == (5, "ppo", 7)
    assert list(first) == ["step", "credit", "blamed", "success", *METRICS]
    assert first["success"] == {"mean": 0.625, "std": pytest.approx(0.125 * 2**0.5), "n": 2}
    assert first["correlation"] == {"mean": 0.25, "std": None, "n": 1}
    assert first["outcome_explained"] == {"mean": 0.1, "std": None, "n": 1}
    assert first["chance"] == {"mean": 0.0625, "std": 0, "n": 2}
    assert (second["step"], second["credit"], second["blamed"]) == (15, "grpo", 3)
    assert second["explained_variance"] == {"mean": None, "std": None, "n": 0}


def test_the_table_has_a_line_for_each_step_and_credit_in_columns() -> None:
    head, first, second = table(ROWS).split("\n")
    names = ("success", *METRICS)
    assert head == "step credit    " + "".join(x.rjust(22) for x in names) + "  blamed"
    cells = ["0.625 ± 0.177", "0.250", "0.125 ± 0.000", "0.750 ± 0.000", "0.062 ± 0.000", "0.875 ± 0.000"]
    cells += ["0.031 ± 0.000", "0.500 ± 0.000", "0.100"]
    assert first == "   5 ppo       " + "".join(x.rjust(22) for x in cells) + "       7"
    assert second.startswith("  15 grpo      ")
    assert second.split()[2:] == ["0.500", "0.250", "0.125", "0.750", "0.062", "none", "0.031", "0.500", "none", "3"]


def test_the_file_says_what_was_measured_and_rounds_to_six_digits(tmp_path) -> None:
    path = tmp_path / "new" / "and" / "study.json"
    write(PLAN, [replace(ROW, success=1 / 3, mean_absolute_error=12345.678)], path)
    write(PLAN, [replace(ROW, success=1 / 3, mean_absolute_error=12345.678)], path)  # over an older one
    text = path.read_text(encoding="utf-8")
    assert text.startswith('{\n "about": {\n  "version"')
    assert text.endswith("}\n")
    read = json.loads(text)
    assert list(read) == ["about", "summary", "rows"]
    assert read["about"] == {
        "version": VERSION,
        "config": CONFIG.model_dump(mode="json"),
        "seeds": [4, 5],
        "at": [1, 3],
        "middle": 3,
        "responses": 12,
        "credits": list(CREDITS),
        "continuations": 7,
        "vine_continuations": 3,
        "versions": versions(),
    }
    (row,) = read["rows"]
    assert (row["success"], row["mean_absolute_error"]) == (0.333333, 12345.7)
    assert row == {**asdict(ROW), "success": 0.333333, "mean_absolute_error": 12345.7}
    assert read["summary"][0]["success"] == {"mean": 0.333333, "std": None, "n": 1}


DEFAULT = Plan(RunConfig())


@pytest.mark.parametrize(
    ("at", "middle"), [((3, 1), 3), ((9, 2, 11, 5), 9), ((99, 98, DEFAULT.middle, 97), DEFAULT.middle), ((9,), 9)]
)
def test_the_command_runs_its_plan_prints_and_writes(at, middle, tmp_path, monkeypatch, capsys) -> None:
    plans, threads = [], torch.get_num_threads()

    def measured(plan: Plan) -> Iterator[StudyRow]:
        assert torch.get_num_threads() == 1
        plans.append(plan)
        yield from ROWS

    bars = []
    monkeypatch.setattr(study, "run", measured)
    monkeypatch.setattr(study, "tqdm", lambda rows, **options: bars.append(options) or rows)
    path = tmp_path / "study.json"
    try:
        study.main(["--seeds", "3", "--at", *map(str, at), "--continuations", "2", "--out", str(path)])
    finally:
        torch.set_num_threads(threads)
    (plan,) = plans
    in_order = tuple(sorted(at))
    assert (plan.seeds, plan.at, plan.middle, plan.continuations) == ((0, 1, 2), in_order, middle, 2)
    assert (plan.prompts, plan.measured) == (DEFAULT.prompts, DEFAULT.measured)
    assert bars[0]["total"] == len(CREDITS) * 3 * len(at)
    assert capsys.readouterr().out == f"{table(ROWS)}\nwrote {path}\n"
    assert json.loads(path.read_text(encoding="utf-8"))["about"]["at"] == list(in_order)


def test_the_recorded_study_is_of_the_default_plan_and_of_this_version() -> None:
    about = json.loads(study.RECORDED.read_text(encoding="utf-8"))["about"]
    assert about["version"] == VERSION
    assert (about["seeds"], about["at"], about["middle"]) == ([*DEFAULT.seeds], [*DEFAULT.at], DEFAULT.middle)
    assert about["responses"] == DEFAULT.prompts * preset(study.PRESET).num_generations
    assert about["continuations"] == DEFAULT.continuations
    assert about["vine_continuations"] == needs_of(DEFAULT.measured).continuations


def test_a_row_of_the_first_version_has_none_of_what_came_later() -> None:
    row = StudyRow(0, 5, "ppo", 0.5, 0.25, 0.125, 0.75, 0.0625, 3, 0.875)
    assert (row.value_error, row.constant_error, row.outcome_explained) == (None, None, None)


def test_the_default_command_is_the_default_plan_in_the_recorded_place(monkeypatch) -> None:
    plans, written = [], []
    monkeypatch.setattr(study, "run", lambda plan: plans.append(plan) or ROWS)
    monkeypatch.setattr(study, "write", lambda *given: written.append(given))
    study.main([])
    (plan,) = plans
    assert plan == Plan(plan.config)
    assert written == [(plan, ROWS, study.RECORDED)]
