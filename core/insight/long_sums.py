"""Long sums, learner by learner and seed by seed: `python -m core.insight.long_sums`.

Every learner of `setups()` is trained from the same start weights with as many responses a step as all others, on a
number of questions of its own. What is kept is the share of right answers among each step's own responses, with what it
cost. The file grows learner by learner: what it holds already is not trained again, so that an interrupted study goes
on.
Deterministic on the CPU, but for the times.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from core.config import RunConfig
from core.learners.registry import AnyLearner, learner
from core.presets import preset
from core.training.trainer import Trainer
from core.versions import versions

RECORDED = Path(__file__).parent / "recorded" / "long-sums.json"
COMMAND = "python -m core.insight.long_sums"
#: What the file is like.
VERSION = 1
STEPS, RESPONSES, SEEDS = 60, 128, 10
SIGHTED, BLIND = "chain-sum-6x1", "chain-sum-6x1-blind"
#: What a learner's success is averaged over: name → the steps, as a slice.
SPANS: Mapping[str, slice] = {"first-20": slice(0, 20), "all-60": slice(0, 60), "last-10": slice(-10, None)}

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

    def config(self, seed: int) -> RunConfig:
        """The run of it alone."""
        own = {"seed": seed, "steps": STEPS, "eval_every": 0, "panel_size": 1, "measure_kl": False, "model": self.model}
        shape = {"prompts_per_step": self.questions, "num_generations": RESPONSES // self.questions}
        return RunConfig(**{**preset("long-sums").model_dump(), **own, **shape, "learners": (self.settings,)})


@dataclass(frozen=True)
class SeedResult:
    """One learner with one seed."""

    setup: str
    seed: int
    success: tuple[float, ...]  # of each step's own responses
    explained: tuple[float | None, ...]  # share of its returns' variance that the critic explains, by step
    scored: int  # responses scored: trained on, a critic fitted to, and continuations
    seconds: float  # of the steps

    def mean(self, span: str) -> float:
        """Mean success over a span of SPANS."""
        return statistics.fmean(self.success[SPANS[span]])


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
        yield Setup(f"ppo-zero-16x8{ending}", _ppo("zero"), model=model)
        yield Setup(f"ppo-fitted-16x8{ending}", _ppo("fitted", model), model=model)
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
    yield Setup("ppo-fitted-slow-0.8-16x8", _ppo("fitted", lam=0.8, value_learning_rate=2e-4))
    yield Setup("vine-128x1", learner("vine"), 128)
    for critic in ("zero", "fitted", "frozen", "oracle"):
        for lam in _LAMBDAS:
            if (critic, lam) not in (("zero", 0.95), ("fitted", 0.95)):  # those are above, with more seeds
                yield Setup(f"ppo-{critic}-{lam:g}-16x8", _ppo(critic, lam=lam), seeds=5)


def setups() -> dict[str, Setup]:
    """All learners of the study, by name, in the order in which they are trained."""
    return {x.name: x for x in _setups()}


def train(setup: Setup, seed: int) -> SeedResult:
    """One learner with one seed, from the first step to the last."""
    success, explained, seconds, scored = [], [], 0.0, 0
    for trace in Trainer(setup.config(seed), setup.settings.name).steps():
        success.append(float(trace.scalars["success_rate"] or 0))
        explained.append(trace.scalars.get("vf_explained_var"))
        seconds += float(trace.scalars["step_time_s"] or 0)
        scored = int(trace.scalars["samples_seen"] or 0)
    return SeedResult(setup.name, seed, tuple(success), tuple(explained), scored, seconds)


# -- what it says ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SeedDifference:
    """The mean of a paired difference over seeds, with its 95 % interval (Student's t)."""

    mean: float
    low: float
    high: float
    seeds: int


def paired(first: Sequence[float], second: Sequence[float]) -> SeedDifference:
    """first − second, seed by seed. Raises ValueError unless both have the same number of seeds, at least two."""
    differences = [a - b for a, b in zip(first, second, strict=True)]
    if len(differences) < 2:
        raise ValueError("a paired difference needs at least two seeds")
    mean = statistics.fmean(differences)
    half = student(len(differences) - 1) * statistics.stdev(differences) / len(differences) ** 0.5
    return SeedDifference(mean, mean - half, mean + half, len(differences))


def student(freedom: int, level: float = 0.95) -> float:
    """The two-sided quantile of Student's t: |t| stays below it with probability `level`.

    The density is integrated by Simpson's rule in the angle θ with t = √n · tan θ, where it is cos^(n − 1) θ without
    tails; the quantile is found by bisection.
    """

    def inside(angle: float, parts: int = 400) -> float:
        width = angle / parts
        heights = [math.cos(i * width) ** (freedom - 1) for i in range(parts + 1)]
        return width / 3 * (heights[0] + heights[-1] + 4 * sum(heights[1:-1:2]) + 2 * sum(heights[2:-1:2]))

    low, high, whole = 0.0, math.pi / 2, inside(math.pi / 2)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < level * whole else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def results_of(rows: Iterable[SeedResult], setup: str) -> dict[int, SeedResult]:
    """One learner's results by seed."""
    return {x.seed: x for x in sorted(rows, key=lambda x: x.seed) if x.setup == setup}


def difference(rows: Sequence[SeedResult], first: str, second: str, span: str) -> SeedDifference:
    """First − second over the seeds that both have. Raises ValueError where these are fewer than two."""
    a, b = results_of(rows, first), results_of(rows, second)
    seeds = [x for x in a if x in b]
    return paired([a[x].mean(span) for x in seeds], [b[x].mean(span) for x in seeds])


def table(rows: Sequence[SeedResult]) -> str:
    """A line per learner: mean success (standard deviation over seeds) by span, its worst seed at the end, its cost."""
    head = ["learner", "seeds", *SPANS, "worst seed, last-10", "scored", "seconds"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name in setups():
        own = list(results_of(rows, name).values())
        if own:
            cells = [_spread([x.mean(span) for x in own]) for span in SPANS]
            worst = f"{min(x.mean('last-10') for x in own):.3f}"
            cost = [f"{own[0].scored:,}", f"{statistics.median(x.seconds for x in own):.0f}"]
            lines.append("| " + " | ".join([name, str(len(own)), *cells, worst, *cost]) + " |")
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    spread = f" ({statistics.stdev(values):.3f})" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3f}{spread}"


# -- the file ----------------------------------------------------------------------------------------------------------


def read(path: Path = RECORDED) -> list[SeedResult]:
    """What was measured. Raises ValueError where the file is of another version; an absent one holds nothing."""
    if not path.is_file():
        return []
    stored = json.loads(path.read_text(encoding="utf-8"))
    if stored["about"]["version"] != VERSION:
        raise ValueError(f"{path.name} is of version {stored['about']['version']}, and this reads version {VERSION}")
    rows = [{**x, "success": tuple(x["success"]), "explained": tuple(x["explained"])} for x in stored["rows"]]
    return [SeedResult(**x) for x in rows]


def write(rows: Sequence[SeedResult], path: Path) -> None:
    """Everything as JSON, a line per learner and seed; the file is complete or as it was."""
    about = {
        "version": VERSION,
        "steps": STEPS,
        "responses": RESPONSES,
        "setups": {
            name: {"model": x.model, "questions": x.questions, "settings": x.settings.model_dump(mode="json")}
            for name, x in setups().items()
        },
        "versions": versions(),
    }
    order = list(setups())
    lines = [
        json.dumps(_rounded(asdict(x)), separators=(",", ":"))
        for x in sorted(rows, key=lambda x: (order.index(x.setup) if x.setup in order else len(order), x.seed))
    ]
    partial = path.with_name(path.name + ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    body = ",\n".join(lines)
    partial.write_text(f'{{"about":{json.dumps(about)},\n"rows":[\n{body}\n]}}\n', encoding="utf-8")
    os.replace(partial, path)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(x) for name, x in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(x) for x in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main(arguments: list[str] | None = None) -> None:
    """Trains what the file does not hold yet, learner by learner, and prints the table."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="at most so many (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=setups(), metavar="LEARNER", help="of these learners alone")
    parser.add_argument("--out", type=Path, default=RECORDED, help="the file (default: the recorded result)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = read(options.out)
    known, chosen = {(x.setup, x.seed) for x in rows}, setups()
    for seed in range(options.seeds):
        for name in options.only or chosen:
            if seed < chosen[name].seeds and (name, seed) not in known:
                result = train(chosen[name], seed)
                rows.append(result)
                write(rows, options.out)
                text = " ".join(f"{span} {result.mean(span):.3f}" for span in SPANS)
                print(f"{name:24} seed {seed}: {text}  {result.seconds:.0f} s", flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
