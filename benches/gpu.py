"""Tokens per second on a GPU, sampling and updating, and how much of the card's bfloat16 peak that is.

A step is the trainer's own, with its trace and without held-out questions. The arithmetic is counted, not estimated:
one more step runs under torch's FLOP counter, which sees every matrix product that is really made (each prompt once,
equal responses once), and each step's share follows from its own number of tokens.

    python -m benches.gpu [--only NAME] [--steps N] [--device cuda|cpu]

On the CPU it only shows that the bench itself works: choose `--only tiny`.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import statistics
import tempfile
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benches.memory import WIDE, Case, every_group_followed, make_model, settings
from core.config import RunConfig
from core.errors import ConfigError
from core.models import precision, start
from core.models.fit import memory
from core.models.fit.sizes import size_of
from core.training.gather import Asker
from core.training.trainer import Trainer

#: Dense bfloat16 peak in FLOP/s, by a word in the card's name; the makers' data sheets. The first that fits counts.
PEAKS = {
    "B200": 2250e12, "GH200": 989e12, "H200": 989e12, "H100 PCIe": 756e12, "H100 NVL": 835e12, "H100": 989e12,
    "A100": 312e12, "A800": 312e12, "L40S": 362e12, "L40": 181e12, "L4": 121e12, "A10G": 70e12, "A10": 125e12,
    "RTX A6000": 155e12, "RTX 6000 Ada": 364e12, "RTX 4090": 165e12, "RTX 3090": 71e12,
}  # fmt: skip
#: A part of a card, or its smaller namesake.
SMALLER = re.compile(r"\bMIG\b|Laptop|Max-Q", re.IGNORECASE)
#: Steps that nobody counts: kernels are chosen, the allocator grows, the optimiser makes its moments.
WARM_UP = 2

#: As large as Llama 3.2's smallest, with a smaller vocabulary.
ONE_BILLION = WIDE | {
    "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
    "num_key_value_heads": 8,
}  # fmt: skip
TINY = WIDE | {"vocab_size": 400, "hidden_size": 320, "num_hidden_layers": 2, "intermediate_size": 512}
SHAPE = {"prompts_per_step": 8, "num_generations": 8, "max_completion_length": 128, "micro_batch_size": 32}
SMALL_SHAPE = {"prompts_per_step": 2, "num_generations": 4, "max_completion_length": 8, "micro_batch_size": 4}
CASES = [
    Case("made-up-1b", ONE_BILLION, SHAPE, "grpo"),
    Case("made-up-1b", ONE_BILLION, SHAPE, "ppo"),
    Case("smollm2", "SmolLM2-135M-Instruct", SHAPE, "grpo"),
    Case("smollm2", "SmolLM2-135M-Instruct", SHAPE, "ppo"),
    Case("tiny", TINY, SMALL_SHAPE, "grpo"),
    Case("tiny", TINY, SMALL_SHAPE, "ppo"),
]


@dataclass(frozen=True)
class Part:
    """Sampling, or all of a step that comes after it."""

    seconds: float  # a step's
    tokens: float  # response tokens a step, times passes in the update
    flops: float

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds

    @property
    def rate(self) -> float:
        """FLOP/s."""
        return self.flops / self.seconds


@dataclass(frozen=True)
class Measured:
    """Medians over the counted steps."""

    rollout: Part
    update: Part
    peak_bytes: int | None  # of the device's memory, as allocated; None on the CPU
    predicted_bytes: int | None
    dtype: str


def peak_of(name: str) -> float | None:
    """The card's dense bfloat16 peak in FLOP/s; None for one that is not in the table."""
    if SMALLER.search(name):
        return None
    return next((x for word, x in PEAKS.items() if re.search(rf"\b{re.escape(word)}\b", name)), None)


def measured_peak(device: torch.device) -> float:
    """FLOP/s of the best of some large bfloat16 products: what this device really does at its best."""
    size = 8192 if device.type == "cuda" else 1024
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    seconds = []
    for _ in range(12):
        wait(device)
        started = time.perf_counter()
        _ = a @ b
        wait(device)
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds)


def wait(device: torch.device) -> None:
    """Until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure(config: RunConfig, steps: int) -> Measured:
    """Times `steps` steps of the config's only learner, then counts one more."""
    [learner] = config.learners
    trainer = Trainer(config.model_copy(update={"steps": WARM_UP + steps + 1}), learner.name)
    cuda = trainer.device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats(trainer.device)
    run = trainer.steps()
    with every_group_followed():
        traces = [next(run) for _ in range(WARM_UP + steps)][WARM_UP:]
    peak = torch.cuda.max_memory_allocated(trainer.device) if cuda else None
    rollout_flops, update_flops, counted = count(trainer)

    def part(column: str, flops: float, passes: int) -> Part:
        tokens = [float(x.scalars["completion_length"] or 0) * x.samples.num_rows for x in traces]
        seconds = statistics.median(float(x.scalars[column] or 0) for x in traces)
        mean = statistics.median(tokens)
        return Part(seconds, mean * passes, flops * mean / counted)

    rollout = part("rollout_time_s", rollout_flops, 1)
    update = part("update_time_s", update_flops, learner.num_iterations)
    return Measured(rollout, update, peak, predicted(trainer), trainer.dtype)


def count(trainer: Trainer) -> tuple[float, float, float]:
    """(FLOP of the next step's sampling, of the rest of it, its response tokens). Makes that step."""
    asker = Asker(trainer.policy, trainer.codec, trainer.task, trainer.config, trainer.settings, trainer.max_length)
    with FlopCounterMode(display=False) as sampling, precision.matmuls(trainer.dtype, trainer.device):
        gathered = asker.gather(trainer.step, trainer._generator)
    with FlopCounterMode(display=False) as whole, every_group_followed():
        next(trainer.steps())
    rollout = sampling.get_total_flops()
    return rollout, whole.get_total_flops() - rollout, float(gathered.rollout.mask.sum())


def predicted(trainer: Trainer) -> int | None:
    """What core/models/fit/memory.py says of this run, without what a process itself needs."""
    size = size_of(start.config_of(trainer.config.model) or {})
    if size is None:
        return None
    prompt = len(trainer.codec.ids(trainer.task.prompts(trainer.config.seed, 0, 1)[0]))
    prediction = memory.predict(
        size, trainer.config, trainer.settings, prompt=prompt, completion=trainer.max_length,
        device=trainer.device.type, dtype=trainer.dtype,
    )  # fmt: skip
    return prediction.total - memory.PROCESS


def line(name: str, measured: Measured, peak: float) -> str:
    """A case's lines."""
    lines = [f"{name}, {measured.dtype} products"]
    for what, part in (("rollout", measured.rollout), ("update", measured.update)):
        lines.append(
            f"  {what:8} {part.seconds * 1e3:9.1f} ms  {part.tokens_per_second:10,.0f} tokens/s  "
            f"{part.rate / 1e12:8.2f} TFLOP/s  {part.rate / peak:6.1%} of the peak"
        )
    if measured.peak_bytes is not None and measured.predicted_bytes is not None:
        off = measured.predicted_bytes / measured.peak_bytes - 1
        lines.append(
            f"  memory   {measured.peak_bytes / 1e9:6.2f} GB allocated at most, {measured.predicted_bytes / 1e9:.2f} "
            f"predicted ({off:+.1%})"
        )
    return "\n".join(lines)


def run_of(case: Case, model: str, device: str) -> RunConfig:
    """The run of a case on a device; bfloat16 where that is worth it."""
    dtype: dict[str, Any] = {"device": device, "dtype": "auto"}
    return settings(replace(case, run=case.run | dtype), model)


def main() -> None:
    parser = argparse.ArgumentParser(description="Tokens per second on a GPU, and the share of its bfloat16 peak.")
    parser.add_argument("--only", help="cases whose name holds this (default: all but tiny)")
    parser.add_argument("--steps", type=int, default=5, help="steps counted of each (default 5)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("this machine has no CUDA; `--device cpu --only tiny` shows that the bench itself works")
    warnings.filterwarnings("ignore")
    device = torch.device(options.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    peak = peak_of(name)
    if peak is None:
        peak = measured_peak(device)
        print(f"{name}: not in the table, so the peak is a large bfloat16 product's: {peak / 1e12:.1f} TFLOP/s")
    else:
        print(f"{name}: {peak / 1e12:.0f} TFLOP/s dense bfloat16, as its maker says")
    with tempfile.TemporaryDirectory(prefix="gpu-") as scratch:
        for case in CASES:
            if (options.only or "") not in case.name or (case.name == "tiny" and not options.only):
                continue
            try:
                measured = measure(run_of(case, model_of(case, Path(scratch)), options.device), options.steps)
            except ConfigError as error:
                print(f"{case.name}, {case.learner}: left out ({error})")
                continue
            shape = "{prompts_per_step} × {num_generations} responses of at most {max_completion_length} tokens"
            print(line(f"{case.name}, {case.learner}, {shape.format(**case.run)}", measured, peak), flush=True)
            gc.collect()


def model_of(case: Case, scratch: Path) -> str:
    """The model's name, or the folder of a made-up one, which is made once."""
    if isinstance(case.model, str):
        return case.model
    folder = scratch / case.name
    if not (folder / "config.json").is_file():
        make_model(json.loads(json.dumps(case.model)), folder)
    return str(folder)


if __name__ == "__main__":
    main()
