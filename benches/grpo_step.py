"""Our GRPO step beside the one of TRL's GRPOTrainer: the same start model, the same shapes, one thread each, in turns.

A cycle is one rollout of 16 prompts × 8 responses and two passes over it, in float32. Ours includes making the trace
(the tokens of 32 responses for every pass); held-out evaluation is off in both. Both take the same losses over as many
responses; ours computes equal prompts, responses and beginnings once (core/models/lean.py), and how many differed is
printed. The two take turns within one process, so that whatever else the machine does meets both. Then our cycle is set
against its own matrix products alone.

    python -m benches.grpo_step [--cycles N]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable

import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from benches import matmuls
from core.config import RunConfig
from core.learners.registry import AnyLearner, learner
from core.models.start import load
from core.tasks.kinds.chain_sum import ChainSum
from core.training.trainer import Trainer

#: Cycles that nobody counts: caches fill, allocators grow.
WARM_UP = 3


class InTurns(TrainerCallback):
    """After each of TRL's cycles one of ours, timing both."""

    def __init__(self, passes: int, ours: Callable[[], object]) -> None:
        self.passes, self.ours = passes, ours
        self.trl_seconds: list[float] = []
        self.our_seconds: list[float] = []
        self._started = 0.0

    def on_step_begin(self, args, state, control, **kwargs) -> None:
        # Called after the step's batch was made: the clock of a cycle's first step runs since the last cycle's end.
        if not self._started:
            self._started = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs) -> None:
        if state.global_step % self.passes:
            return
        self.trl_seconds.append(time.perf_counter() - self._started)
        started = time.perf_counter()
        self.ours()
        self.our_seconds.append(time.perf_counter() - started)
        self._started = time.perf_counter()


def trl_trainer(config: RunConfig, settings: AnyLearner, max_length: int, cycles: int, callback: InTurns, out: str):
    """TRL's trainer with our settings: one optimiser step per pass over the whole rollout."""
    start, task = load(config.model), ChainSum(config.task)
    batch = config.prompts_per_step * config.num_generations
    # The tokenizer adds no bos token by itself; ours does it when it encodes.
    bos = start.codec.tokenizer.bos_token
    prompts = [bos + p for step in range(cycles) for p in task.prompts(config.seed, step, config.prompts_per_step)]
    arguments = GRPOConfig(
        output_dir=out,
        num_generations=config.num_generations,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=1,
        steps_per_generation=1,
        num_iterations=settings.num_iterations,
        max_completion_length=max_length,
        max_steps=cycles * settings.num_iterations,
        temperature=config.temperature,
        beta=settings.beta,
        epsilon=settings.epsilon,
        loss_type="bnpo",  # token-mean over the batch, as ours
        learning_rate=settings.learning_rate,
        lr_scheduler_type="constant",
        max_grad_norm=settings.max_grad_norm,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        shuffle_dataset=False,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        seed=config.seed,
    )

    def reward(prompts: list[str], completions: list[str], **kwargs: object) -> list[float]:
        return [task.verify(p.removeprefix(bos), c).reward for p, c in zip(prompts, completions, strict=True)]

    return GRPOTrainer(
        model=start.model,
        reward_funcs=reward,
        args=arguments,
        train_dataset=Dataset.from_dict({"prompt": prompts}),
        processing_class=start.codec.tokenizer,
        callbacks=[callback],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Our GRPO step beside TRL's.")
    parser.add_argument("--cycles", type=int, default=20, help="cycles counted of each (default 20)")
    cycles = parser.parse_args().cycles + WARM_UP
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")

    settings = learner("grpo", num_iterations=2)
    config = RunConfig(
        prompts_per_step=16, num_generations=8, steps=cycles + 10, eval_every=0, device="cpu", learners=(settings,)
    )
    ours = Trainer(config, settings.name)
    steps = ours.steps()
    distinct: list[int] = []

    def our_cycle() -> None:
        samples = next(steps).samples
        distinct.append(len(set(zip(*(samples[x].to_pylist() for x in ("prompt", "response")), strict=True))))

    turns = InTurns(settings.num_iterations, our_cycle)
    with tempfile.TemporaryDirectory() as out:
        trl = trl_trainer(config, settings, ours.max_length, cycles, turns, out)
        trl.train()
    theirs, mine = (statistics.median(x[WARM_UP:]) for x in (turns.trl_seconds, turns.our_seconds))
    counted = len(turns.our_seconds) - WARM_UP
    print(
        f"model {config.model}, 16 prompts × 8 responses of at most {ours.max_length} tokens, 2 passes, 1 thread, fp32"
    )
    print(f"medians of {counted} cycles each, in turns:")
    print(f"  TRL GRPOTrainer  {theirs * 1e3:7.1f} ms a cycle")
    print(f"  ours             {mine * 1e3:7.1f} ms a cycle, with the trace of {config.panel_size} responses")
    print(f"  TRL / ours       {theirs / mine:7.2f}")
    print(f"  of our 128 responses {statistics.median(distinct[WARM_UP:]):.0f} were different ones")

    products = matmuls.record(our_cycle)
    alone, together = [], []
    for _ in range(7):
        alone.append(matmuls.seconds(products))
        started = time.perf_counter()
        our_cycle()
        together.append(time.perf_counter() - started)
    bare, whole = statistics.median(alone), statistics.median(together)
    print(f"the cycle's matrix products alone ({products.total()} of them, {matmuls.flops(products) / 1e9:.2f} GFLOP):")
    print(f"  products         {bare * 1e3:7.1f} ms")
    print(f"  whole cycle      {whole * 1e3:7.1f} ms, {whole / bare:.2f} times the products")


if __name__ == "__main__":
    main()
