"""Long sums, learner by learner and seed by seed: `python -m core.insight.long_sums`.

Every learner of `setups()` is trained from the same start weights with as many responses a step as all others, on a
number of questions of its own. What is kept is the share of right answers among each step's own responses, with what it
cost. The file grows learner by learner: what it holds already is not trained again, so that an interrupted study goes
on.
Deterministic on the CPU, but for the times.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from core.config import RunConfig
from core.insight.seed_results import (
    LONG_SUMS,
    SPANS,
    SeedDifference,
    SeedResult,
    difference,
    knowledge,
    known_difference,
    median_scored,
    read,
    results_of,
    write,
)
from core.learners.registry import AnyLearner, learner
from core.presets import preset
from core.training.trainer import Trainer
from core.versions import versions

COMMAND = "python -m core.insight.long_sums"
STEPS, RESPONSES, SEEDS = 60, 128, 10
#: Where it is measured what a critic knows: every so many steps, on so many responses.
EVERY, CHECKED = 10, RESPONSES
SIGHTED, BLIND = "chain-sum-6x1", "chain-sum-6x1-blind"

_PPO: dict[str, Any] = {"kl_coef": 0.0}
_LAMBDAS = (0.0, 0.5, 0.8, 0.95, 1.0)


@dataclass(frozen=True)
class Setup:
    """One learner, the questions that a step of it has, and the start model."""

    name: str
    settings: AnyLearner
    questions: int = 16
    model: str = SIGHTED
    seeds: int = SEEDS
    checked: bool = False  # whether it is measured at evaluations what the critic knows: that changes no other number

    def config(self, seed: int) -> RunConfig:
        """The run of it alone."""
        own = {"seed": seed, "steps": STEPS, "eval_every": 0, "panel_size": 1, "measure_kl": False, "model": self.model}
        own["value_check_responses"] = 0
        shape = {"prompts_per_step": self.questions, "num_generations": RESPONSES // self.questions}
        check = {"eval_every": EVERY, "value_check_responses": CHECKED, "panel_size": CHECKED} if self.checked else {}
        return RunConfig(**{**preset("long-sums").model_dump(), **own, **shape, **check, "learners": (self.settings,)})


def _ppo(critic: str, model: str = SIGHTED, **settings: Any) -> AnyLearner:
    """PPO whose critic begins at zero, fitted, fitted and frozen, or is measured by 8 continuations of each prefix."""
    fitted = {"value_model": f"{model}-critic"}
    how: dict[str, dict[str, Any]] = {
        "zero": {},
        "fitted": fitted,
        "frozen": {**fitted, "value_freeze_after": 0},
        "oracle": {"oracle_continuations": 8},
    }
    return learner("ppo", **_PPO, **how[critic], **settings)


def _batch() -> AnyLearner:
    """No critic and no group: the batch's mean is the baseline (REINFORCE++, arXiv:2501.03262)."""
    return learner("grpo", name="batch", baseline="none", scale_rewards="none", whiten_advantages=True)


def _setups() -> Iterator[Setup]:
    for model, ending in ((SIGHTED, ""), (BLIND, "-blind")):
        yield Setup(f"grpo-16x8{ending}", learner("grpo"), model=model)
        yield Setup(f"ppo-zero-16x8{ending}", _ppo("zero"), model=model, checked=not ending)
        yield Setup(f"ppo-fitted-16x8{ending}", _ppo("fitted", model), model=model, checked=not ending)
        yield Setup(f"vine-16x8{ending}", learner("vine"), model=model)
        yield Setup(f"batch-128x1{ending}", _batch(), 128, model)
        yield Setup(f"ppo-zero-128x1{ending}", _ppo("zero"), 128, model)
        yield Setup(f"ppo-fitted-128x1{ending}", _ppo("fitted", model), 128, model)
    for questions in (64, 32, 8, 4):
        yield Setup(f"grpo-{questions}x{RESPONSES // questions}", learner("grpo"), questions)
    yield Setup("batch-32x4", _batch(), 32)
    yield Setup("batch-16x8", _batch(), 16)
    yield Setup("grpo-whitened-16x8", learner("grpo", scale_rewards="none", whiten_advantages=True))
    yield Setup("ppo-fitted-32x4", _ppo("fitted"), 32)
    yield Setup("ppo-fitted-1e-4-16x8", _ppo("fitted", value_learning_rate=1e-4), checked=True)
    yield Setup("ppo-fitted-slow-0.8-16x8", _ppo("fitted", lam=0.8, value_learning_rate=2e-4))
    yield Setup("vine-128x1", learner("vine"), 128)
    for critic in ("zero", "fitted", "frozen", "oracle"):
        for lam in _LAMBDAS:
            if (critic, lam) not in (("zero", 0.95), ("fitted", 0.95)):  # those are above, with more seeds
                checked = (critic, lam) == ("frozen", 0.95)
                yield Setup(f"ppo-{critic}-{lam:g}-16x8", _ppo(critic, lam=lam), seeds=5, checked=checked)


def setups() -> dict[str, Setup]:
    """All learners of the study, by name, in the order in which they are trained."""
    return {x.name: x for x in _setups()}


def train(setup: Setup, seed: int) -> SeedResult:
    """One learner with one seed, from the first step to the last."""
    success, explained, known, seconds, scored = [], [], [], 0.0, 0
    for trace in Trainer(setup.config(seed), setup.settings.name).steps():
        success.append(float(trace.scalars["success_rate"] or 0))
        explained.append(trace.scalars.get("vf_explained_var"))
        if setup.checked and trace.step % EVERY == 0:
            known.append(trace.scalars["value_explained"])
        seconds += float(trace.scalars["step_time_s"] or 0)
        scored = int(trace.scalars["samples_seen"] or 0)
    return SeedResult(setup.name, seed, tuple(success), tuple(explained), scored, seconds, tuple(known))


def table(rows: Sequence[SeedResult]) -> str:
    """A line per learner: mean success (standard deviation over seeds) by span, its worst seed at the end, its cost."""
    head = ["learner", "seeds", *SPANS, "worst seed, last-10", "scored", "seconds"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name in setups():
        own = list(results_of(rows, name).values())
        if own:
            cells = [_spread([x.mean(span) for x in own]) for span in SPANS]
            worst = f"{min(x.mean('last-10') for x in own):.3f}"
            cost = [f"{median_scored(rows, name):,}", f"{statistics.median(x.seconds for x in own):.0f}"]
            lines.append("| " + " | ".join([name, str(len(own)), *cells, worst, *cost]) + " |")
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    spread = f" ({statistics.stdev(values):.3f})" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3f}{spread}"


#: What is compared, seed by seed: the first minus the second.
PAIRS = (
    *(
        (f"{name}-16x8{ending}", f"grpo-16x8{ending}")
        for ending in ("", "-blind")
        for name in ("ppo-zero", "ppo-fitted", "vine")
    ),
    ("grpo-whitened-16x8", "grpo-16x8"),
    ("ppo-fitted-1e-4-16x8", "ppo-fitted-16x8"),
    ("ppo-frozen-0.95-16x8", "ppo-fitted-16x8"),
    ("batch-128x1", "grpo-32x4"),
    ("ppo-fitted-32x4", "grpo-32x4"),
    ("ppo-fitted-128x1", "grpo-32x4"),
    *((f"{name}-128x1", "batch-128x1") for name in ("ppo-zero", "ppo-fitted", "vine")),
    *((f"{name}-128x1-blind", "batch-128x1-blind") for name in ("ppo-zero", "ppo-fitted")),
    ("batch-16x8", "grpo-16x8"),
    ("ppo-fitted-0.5-16x8", "ppo-fitted-16x8"),
    ("ppo-fitted-slow-0.8-16x8", "ppo-fitted-16x8"),
)


def differences(rows: Sequence[SeedResult]) -> str:
    """A line per pair: the mean difference with its 95 % interval, by span; pairs with fewer than two seeds are out."""
    lines = ["| first − second | seeds | " + " | ".join(SPANS) + " |", "|---" * (len(SPANS) + 2) + "|"]
    for first, second in PAIRS:
        shared = results_of(rows, first).keys() & results_of(rows, second).keys()
        if len(shared) > 1:
            known = [difference(rows, first, second, span) for span in SPANS]
            cells = [_interval(x) for x in known]
            lines.append("| " + " | ".join([f"{first} − {second}", str(len(shared)), *cells]) + " |")
    return "\n".join(lines)


def _interval(known: SeedDifference) -> str:
    return f"{known.mean:+.3f} ({known.low:+.3f} to {known.high:+.3f})"


#: Whose critics are compared, seed by seed, in what they know after the first step.
KNOWING = (
    ("ppo-fitted-1e-4-16x8", "ppo-fitted-16x8"),
    ("ppo-fitted-16x8", "ppo-frozen-0.95-16x8"),
    ("ppo-fitted-16x8", "ppo-zero-16x8"),
)


def knowing(rows: Sequence[SeedResult]) -> str:
    """A line per pair of critics: the mean difference in what they explain of the true values, with its interval."""
    lines = ["| first − second | seeds | later evaluations, on average |", "|---|---|---|"]
    for first, second in KNOWING:
        if len(results_of(rows, first).keys() & results_of(rows, second).keys()) > 1:
            own = known_difference(rows, first, second)
            lines.append(f"| {first} − {second} | {own.seeds} | {_interval(own)} |")
    return "\n".join(lines)


def critics(rows: Sequence[SeedResult]) -> str:
    """A line per critic that was checked: what it explains of the true values, the median and the lowest of seeds."""
    steps = [f"before step {x + 1}" for x in range(0, STEPS, EVERY)]
    lines = ["| critic | seeds | " + " | ".join(steps) + " |", "|---" * (len(steps) + 2) + "|"]
    for name, setup in setups().items():
        if setup.checked and (known := knowledge(rows, name)):
            cells = [f"{median:.2f} ({least:.2f})" for median, least in known]
            lines.append("| " + " | ".join([name, str(len(results_of(rows, name))), *cells]) + " |")
    return "\n".join(lines)


def _about() -> dict[str, Any]:
    return {
        "steps": STEPS,
        "responses": RESPONSES,
        "setups": {
            name: {"model": x.model, "questions": x.questions, "settings": x.settings.model_dump(mode="json")}
            for name, x in setups().items()
        },
        "versions": versions(),
    }


def main(arguments: list[str] | None = None) -> None:
    """Trains what the file does not hold yet, learner by learner, and prints the table."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="at most so many (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=setups(), metavar="LEARNER", help="of these learners alone")
    parser.add_argument("--out", type=Path, default=LONG_SUMS, help="the file (default: the recorded result)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = read(options.out)
    known, chosen = {(x.setup, x.seed) for x in rows}, setups()
    for seed in range(options.seeds):
        for name in options.only or chosen:
            if seed < chosen[name].seeds and (name, seed) not in known:
                result = train(chosen[name], seed)
                rows.append(result)
                write(rows, list(chosen), _about(), options.out)
                text = " ".join(f"{span} {result.mean(span):.3f}" for span in SPANS)
                print(f"{name:24} seed {seed}: {text}  {result.seconds:.0f} s", flush=True)
    print(table(rows), differences(rows), critics(rows), knowing(rows), sep="\n\n")


if __name__ == "__main__":
    main()
