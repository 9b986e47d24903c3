"""What is told of one's own run on curated data is what the recorded studies measure of the same run."""

from __future__ import annotations

from typing import Any

import pytest

from core.given_config import change
from core.insight import curated_run as own
from core.insight import curation_study, unit_test_study
from core.presets import preset
from core.training.trace import StepTrace
from core.training.trainer import Trainer

FEW = {"task.heldout": 16, "prompts_per_step": 4}


def kept(name: str, settings: dict[str, Any]) -> tuple[own.CuratedRun, list[StepTrace]]:
    """Three steps as the studies train them, read as a stored run is."""
    about = {"seed": 3, "steps": 3, "eval_every": 2, "measure_kl": False}
    config = change(preset(name), {**about, **settings})
    traces = list(Trainer(config, "grpo").steps())
    rows = [{**x.scalars, "step": x.step} for x in traces]
    return own.curated_run(config, rows, lambda step: traces[step].samples), traces


@pytest.fixture(autouse=True)
def the_last_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (curation_study, unit_test_study):
        monkeypatch.setattr(module, "EVERY", 2)
    for module in (curation_study, unit_test_study, own):
        monkeypatch.setattr(module, "LAST", 2)
    monkeypatch.setattr(own, "STEPS", 2)


def test_wrong_ground_truths_are_told_as_the_study_tells_them(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {**FEW, "wrong_truths": 0.4, "prompts_per_step": 16}
    monkeypatch.setattr(curation_study, "CONDITIONS", {"wrong-40": settings})
    recorded, (run, traces) = curation_study.train("wrong-40", 3, steps=3), kept("chain-sum", settings)
    assert (run.steps, run.silent, run.tests) == (3, recorded.silent, None)
    assert run.silent_early == pytest.approx(sum(x.scalars["frac_reward_zero_std"] for x in traces[:2]) / 2)
    assert run.truths is not None
    assert (run.truths.paid, run.truths.right) == (recorded.paid, recorded.right)
    example = run.truths.example
    assert example is not None
    assert example.stated != example.right
    rows = [y for x in traces[1:] for y in x.samples.to_pylist()]
    paid = [x for x in rows if (x["prompt"], x["response"]) == (example.prompt, example.response)]
    assert paid
    assert all((x["reward"], x["success"]) == (1.0, False) for x in paid)


def test_programs_are_told_as_the_study_tells_them(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {**FEW, "tests_per_question": 1, "wrong_tests": 0.4}
    monkeypatch.setattr(unit_test_study, "CONDITIONS", {"tests-1-wrong-40": settings})
    recorded, (run, _traces) = unit_test_study.train("tests-1-wrong-40", 3, steps=3), kept("program", settings)
    assert (run.silent, run.truths) == (recorded.silent, None)
    assert run.tests == own.ByUnitTests(recorded.wrongly_paid, recorded.unpaid, recorded.example)
    assert recorded.example is not None


def test_data_that_pay_what_is_right_teach_nothing_wrong_and_an_empty_trace_says_nothing() -> None:
    clean = preset("chain-sum")

    def never(_step: int) -> Any:
        raise AssertionError("no response is needed")

    assert not own.pays_wrongly(clean)
    assert own.curated_run(clean, [{"step": 0, "frac_reward_zero_std": 0.5}], never) == own.CuratedRun(
        1, 0.5, 0.5, None, None
    )
    assert own.curated_run(clean, [], never) == own.CuratedRun(0, None, None, None, None)
    assert own.curated_run(clean, [{"step": 0, "frac_reward_zero_std": None}], never).silent is None
