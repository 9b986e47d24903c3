"""How right each method's credit is, over seeds and training steps: `python -m core.insight.study`.

For each seed a PPO learner is trained. At some steps its policy answers a large batch, and the same responses get
several credits, each compared with the true advantages, which come from many continuations of every prefix:

ppo         as it trains: the critic as it is then, λ, and the KL penalty in the reward
critic      the same without the KL penalty: what the critic alone says
lambda-0    that with λ = 0: each token's own change of the critic's value
perfect     that with the true values in the critic's place, measured a second time; what is left to be wrong is λ's
group-mean  that with one number a response in the critic's place: the mean reward of the others in its group
grpo        GRPO's: the response's reward against its group's mean
vine        VinePPO's: values from a few continuations, and λ = 0
again       the truth, measured a second time: how much of a disagreement is the measurement's own noise

All credits are in units of reward: before whitening, and before GRPO's division by the group's standard deviation.
Where a credit has values, these are judged, too (core/algorithms/foresight.py).
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from core.algorithms.foresight import best_constant, foresight
from core.config import RunConfig
from core.insight.agreement import compare
from core.insight.rounding import significant
from core.insight.whatif import StoredStep, ValueSource, credit_under, stored_step, values_of
from core.learners.registry import AnyLearner, learner, needs_of
from core.presets import PRESETS, preset
from core.training.continuations import Oracle, Responses, TrueValues
from core.training.trainer import Trainer
from core.versions import versions

RECORDED = Path(__file__).parent / "recorded" / "credit-study.json"
#: What a study's file is like: 1 had ppo, grpo, vine and again, and of their values the explained variance alone.
VERSION = 2
PRESET = "long-sums"
CREDITS = ("ppo", "critic", "lambda-0", "perfect", "group-mean", "grpo", "vine", "again")
METRICS = (
    "correlation",
    "mean_absolute_error",
    "blame_accuracy",
    "chance",
    "explained_variance",
    "value_error",
    "constant_error",
    "outcome_explained",
)

#: Seeds of the continuations: the truth's, its repetition's and the vine learner's are independent of each other.
_TRUTH, _AGAIN, _VINE = 1_000_003, 2_000_003, 3_000_003


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    config: RunConfig  # whose first PPO learner is trained
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    at: tuple[int, ...] = (0, 5, 15, 30, 55)  # before which steps
    middle: int = 30  # which of them is called mid-training: half of the preset's run
    prompts: int = 32  # questions answered for each measurement
    continuations: int = 128  # of each prefix, for the truth
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
    explained_variance: float | None  # of the true values by the credit's own; None for GRPO's, which has none
    value_error: float | None = None  # mean squared error of its values
    constant_error: float | None = None  # the same for the best constant, whatever the credit
    outcome_explained: float | None = None  # share of the rewards' variance that its values explain


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


def examined(trainer: Trainer, own: Mapping[str, Any]) -> tuple[StoredStep, Responses]:
    """The trainer's next step under other settings of the run (`own`: how many responses, say), all of it kept, and its
    responses. The trainer, which has a critic, stays as it is."""
    examiner = Trainer(trainer.config.model_copy(update={**own, "trace": "all"}), trainer.learner)
    examiner.step = trainer.step
    examiner.policy.load_state_dict(trainer.policy.state_dict())
    assert examiner.value_model is not None
    assert trainer.value_model is not None
    examiner.value_model.load_state_dict(trainer.value_model.state_dict())
    trace = next(examiner.steps())  # its own update comes after all that is looked at here
    step = stored_step(trace.samples, trace.tokens)
    seen = step.experience
    return step, Responses(step.panel.prompts, step.panel.completion_ids, seen.mask, seen.rewards)


def measure(trainer: Trainer, plan: Plan) -> list[StudyRow]:
    """All credits at the trainer's next step, of more responses than it trains on; the trainer stays as it is."""
    step, responses = examined(trainer, {"prompts_per_step": plan.prompts})
    oracle = Oracle.of(trainer)
    truth = oracle.estimate(responses, continuations=plan.continuations, seed=_TRUTH + trainer.step)
    again = oracle.estimate(responses, continuations=plan.continuations, seed=_AGAIN + trainer.step)
    vine = oracle.estimate(responses, continuations=needs_of(plan.measured).continuations, seed=_VINE + trainer.step)
    return [
        _row(trainer, name, advantages, values, truth, step)
        for name, (advantages, values) in _credits(step, trainer.settings, plan.measured, vine, again).items()
    ]


def _credits(
    step: StoredStep, settings: AnyLearner, measured: AnyLearner, vine: TrueValues, again: TrueValues
) -> dict[str, tuple[Tensor, Tensor | None]]:
    """Each of CREDITS: the advantages [B, T], and the values [B, T] that they are made of where there are any."""
    bare = settings.model_copy(update={"kl_coef": 0.0})

    def of(how: AnyLearner, values: ValueSource | Tensor = "stored") -> tuple[Tensor, Tensor | None]:
        return credit_under(step, how, values).advantages_raw, values_of(step, values)

    return {
        "ppo": of(settings),
        "critic": of(bare),
        "lambda-0": of(bare.model_copy(update={"lam": 0.0})),
        "perfect": of(bare, again.values),
        "group-mean": of(bare, "leave-one-out"),
        "grpo": (credit_under(step, learner("grpo")).advantages_raw, None),
        "vine": of(measured, vine.values),
        "again": (again.advantages, again.values),
    }


def _row(
    trainer: Trainer, credit: str, advantages: Tensor, values: Tensor | None, truth: TrueValues, step: StoredStep
) -> StudyRow:
    mask, rewards = step.experience.mask, step.experience.rewards
    agreement = compare(advantages, truth.advantages, mask, rewards, truth.advantages_high)
    seen = None if values is None else foresight(values, truth.values, rewards, mask)
    return StudyRow(
        seed=trainer.config.seed,
        step=trainer.step,
        credit=credit,
        success=float(rewards.mean()),
        explained_variance=None if seen is None else seen.explained,
        value_error=None if seen is None else seen.error,
        constant_error=best_constant(truth.values, mask),
        outcome_explained=None if seen is None else seen.outcome,
        **asdict(agreement),
    )


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
        "version": VERSION,
        "config": plan.config.model_dump(mode="json"),
        "seeds": plan.seeds,
        "at": plan.at,
        "middle": plan.middle,
        "responses": plan.prompts * plan.config.num_generations,
        "credits": CREDITS,
        "continuations": plan.continuations,
        "vine_continuations": needs_of(plan.measured).continuations,
        "versions": versions(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = significant({"summary": summary(rows), "rows": [asdict(x) for x in rows]}, 6)
    path.write_text(json.dumps({"about": about, **rounded}, indent=1) + "\n", encoding="utf-8")


def table(rows: Sequence[StudyRow]) -> str:
    """The summary as text, a line per step and credit."""
    head = f"{'step':>4} {'credit':10}" + "".join(f"{name:>22}" for name in ("success", *METRICS)) + f"{'blamed':>8}"
    lines = [head]
    for line in summary(rows):
        cells = []
        for metric in ("success", *METRICS):
            mean, std = line[metric]["mean"], line[metric]["std"]
            text = "none" if mean is None else f"{mean:.3f}" + ("" if std is None else f" ± {std:.3f}")
            cells.append(f"{text:>22}")
        lines.append(f"{line['step']:4} {line['credit']:10}" + "".join(cells) + f"{line['blamed']:8}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Runs the study, prints its table and writes it where the pages find it."""
    plan = Plan(preset(PRESET))
    parser = argparse.ArgumentParser(prog="python -m core.insight.study", description="How right each credit is.")
    parser.add_argument("--seeds", type=int, default=len(plan.seeds), help="how many (default: %(default)s)")
    parser.add_argument("--at", type=int, nargs="+", default=plan.at, help="before which steps (default: %(default)s)")
    parser.add_argument("--continuations", type=int, default=plan.continuations, help="for the truth (%(default)s)")
    parser.add_argument("--preset", default=PRESET, choices=PRESETS, help="whose PPO is trained (%(default)s)")
    parser.add_argument("--out", type=Path, default=RECORDED, help="where to write it (default: the recorded result)")
    options = parser.parse_args(arguments)
    at = tuple(sorted(options.at))
    middle = plan.middle if plan.middle in at else at[len(at) // 2]
    plan = Plan(preset(options.preset), tuple(range(options.seeds)), at, middle, continuations=options.continuations)
    torch.set_num_threads(1)
    rows = list(tqdm(run(plan), total=len(CREDITS) * len(plan.seeds) * len(plan.at), desc="credits measured"))
    print(table(rows))
    write(plan, rows, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
