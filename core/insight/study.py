"""How right each method's credit is, over seeds and training steps: `python -m core.insight.study`.

For each seed a PPO learner is trained. At some steps its policy answers a large batch, and the same responses get three
credits: PPO's, from the critic as it is then; GRPO's, from the group's rewards; VinePPO's, from a few continuations.
Each is compared with the true advantages, from many other continuations; and so is the truth, measured a second time
("again"), which says how much of the disagreement is the measurement's own noise. All credits are taken in units of
reward: before whitening, and before GRPO's division by the group's standard deviation.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from core.algorithms.value_loss import explained_variance
from core.config import RunConfig
from core.insight.agreement import compare
from core.insight.whatif import credit_under, stored_step
from core.learners.registry import AnyLearner, learner, needs_of
from core.training.continuations import Oracle, Responses
from core.training.trainer import Trainer
from core.versions import versions

RECORDED = Path(__file__).parent / "recorded" / "credit-study.json"
CREDITS = ("ppo", "grpo", "vine", "again")
METRICS = ("correlation", "mean_absolute_error", "blame_accuracy", "chance", "explained_variance")

#: Seeds of the continuations: the truth's, its repetition's and the vine learner's are independent of each other.
_TRUTH, _AGAIN, _VINE = 1_000_003, 2_000_003, 3_000_003


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    config: RunConfig  # whose first PPO learner is trained
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    at: tuple[int, ...] = (5, 15, 30, 75, 145)  # before which steps
    middle: int = 75  # which of them is called mid-training: half of the default run
    prompts: int = 64  # questions answered for each measurement
    continuations: int = 256  # of each prefix, for the truth
    measured: AnyLearner = learner("vine")  # noqa: RUF009  (frozen)


@dataclass(frozen=True)
class StudyRow:
    """One credit of one seed's responses at one step; a number that does not exist is None."""

    seed: int
    step: int
    credit: str  # one of CREDITS
    success: float  # share of right responses
    correlation: float | None
    mean_absolute_error: float
    blame_accuracy: float | None
    chance: float | None  # blame accuracy of blaming any token alike
    blamed: int  # responses that these two are of
    explained_variance: float | None  # of the true values by the learner's own; None for GRPO, which has none


def run(plan: Plan) -> Iterable[StudyRow]:
    """Trains and measures, seed by seed. Deterministic on the CPU."""
    for seed in plan.seeds:
        config = plan.config.model_copy(update={"seed": seed, "steps": max(plan.at) + 1, "eval_every": 0})
        learner = next(x for x in config.learners if needs_of(x).critic).name
        trainer = Trainer(config, learner)
        while trainer.step <= max(plan.at):
            if trainer.step in plan.at:
                yield from measure(trainer, plan)
            next(trainer.steps())


def measure(trainer: Trainer, plan: Plan) -> list[StudyRow]:
    """All credits at the trainer's next step, of more responses than it trains on; the trainer stays as it is."""
    own = {"prompts_per_step": plan.prompts, "trace": "all"}
    examiner = Trainer(trainer.config.model_copy(update=own), trainer.learner)
    examiner.step = trainer.step
    examiner.policy.load_state_dict(trainer.policy.state_dict())
    assert examiner.value_model is not None
    assert trainer.value_model is not None
    examiner.value_model.load_state_dict(trainer.value_model.state_dict())
    trace = next(examiner.steps())  # its own update comes after all that is looked at here
    step = stored_step(trace.samples, trace.tokens)
    mask, rewards = step.experience.mask, step.experience.rewards
    responses = Responses(step.panel.prompts, step.panel.completion_ids, mask, rewards)
    oracle = Oracle.of(trainer)
    truth = oracle.estimate(responses, continuations=plan.continuations, seed=_TRUTH + trainer.step)
    again = oracle.estimate(responses, continuations=plan.continuations, seed=_AGAIN + trainer.step)
    vine = oracle.estimate(responses, continuations=needs_of(plan.measured).continuations, seed=_VINE + trainer.step)
    given = (
        (credit_under(step, trainer.settings).advantages_raw, step.experience.values),
        (credit_under(step, learner("grpo")).advantages_raw, None),
        (credit_under(step, plan.measured, vine.values).advantages_raw, vine.values),
        (again.advantages, again.values),
    )
    rows = []
    for name, (advantages, values) in zip(CREDITS, given, strict=True):
        agreement = compare(advantages, truth.advantages, mask, rewards, truth.advantages_high)
        explained = None if values is None else float(explained_variance(values, truth.values, mask))
        rows.append(
            StudyRow(
                seed=trainer.config.seed,
                step=trainer.step,
                credit=name,
                success=float(rewards.mean()),
                explained_variance=explained if explained is not None and math.isfinite(explained) else None,
                **asdict(agreement),
            )
        )
    return rows


def summary(rows: Sequence[StudyRow]) -> list[dict[str, Any]]:
    """Mean and standard deviation (ddof 1) over seeds, for each step and credit; `n` seeds have that number."""
    lines = []
    for step, credit in dict.fromkeys((row.step, row.credit) for row in rows):
        own = [row for row in rows if (row.step, row.credit) == (step, credit)]
        line: dict[str, Any] = {"step": step, "credit": credit, "blamed": sum(row.blamed for row in own)}
        for metric in ("success", *METRICS):
            numbers = [x for row in own if (x := getattr(row, metric)) is not None]
            line[metric] = {
                "mean": statistics.mean(numbers) if numbers else None,
                "std": statistics.stdev(numbers) if len(numbers) > 1 else None,
                "n": len(numbers),
            }
        lines.append(line)
    return lines


def write(plan: Plan, rows: Sequence[StudyRow], path: Path) -> None:
    """Everything as JSON: what was measured, each seed's numbers, and their means with spread."""
    about = {
        "config": plan.config.model_dump(mode="json"),
        "seeds": plan.seeds,
        "at": plan.at,
        "middle": plan.middle,
        "responses": plan.prompts * plan.config.num_generations,
        "continuations": plan.continuations,
        "vine_continuations": needs_of(plan.measured).continuations,
        "versions": versions(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = json.loads(json.dumps({"summary": summary(rows), "rows": [asdict(x) for x in rows]}), parse_float=_round)
    path.write_text(json.dumps({"about": about, **rounded}, indent=1) + "\n", encoding="utf-8")


def _round(text: str) -> float:
    return float(f"{float(text):.6g}")


def table(rows: Sequence[StudyRow]) -> str:
    """The summary as text, a line per step and credit."""
    head = f"{'step':>4} {'credit':6}" + "".join(f"{name:>22}" for name in ("success", *METRICS)) + f"{'blamed':>8}"
    lines = [head]
    for line in summary(rows):
        cells = []
        for metric in ("success", *METRICS):
            mean, std = line[metric]["mean"], line[metric]["std"]
            text = "none" if mean is None else f"{mean:.3f}" + ("" if std is None else f" ± {std:.3f}")
            cells.append(f"{text:>22}")
        lines.append(f"{line['step']:4} {line['credit']:6}" + "".join(cells) + f"{line['blamed']:8}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Runs the study, prints its table and writes it where the pages find it."""
    plan = Plan(RunConfig())
    parser = argparse.ArgumentParser(prog="python -m core.insight.study", description="How right each credit is.")
    parser.add_argument("--seeds", type=int, default=len(plan.seeds), help="how many (default: %(default)s)")
    parser.add_argument("--at", type=int, nargs="+", default=plan.at, help="before which steps (default: %(default)s)")
    parser.add_argument("--continuations", type=int, default=plan.continuations, help="for the truth (%(default)s)")
    parser.add_argument("--out", type=Path, default=RECORDED, help="where to write it (default: the recorded result)")
    options = parser.parse_args(arguments)
    at = tuple(sorted(options.at))
    middle = plan.middle if plan.middle in at else at[len(at) // 2]
    plan = Plan(plan.config, tuple(range(options.seeds)), at, middle, continuations=options.continuations)
    torch.set_num_threads(1)
    rows = list(tqdm(run(plan), total=len(CREDITS) * len(plan.seeds) * len(plan.at), desc="credits measured"))
    print(table(rows))
    write(plan, rows, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
