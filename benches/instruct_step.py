"""A GRPO step of a real instruct model, three ways: ours, the plain way, and TRL 1.16's GRPOTrainer.

The shapes are the same: SmolLM2-135M-Instruct, 8 prompts of about 75 tokens × 8 responses of at most 16, two updates on
each rollout, every response in each, 8 of them in memory at once, no KL. Ours is the trainer as the preset
`smollm2-sums` runs it, with the trace of 32 responses after each pass; held-out evaluation is off. The plain way is
what one writes first: transformers' `generate`, and forward passes over whole sequences with the logits of every
position; its weights are bfloat16, its optimiser's float32, as ours. TRL is measured with float32 weights under
bfloat16 autocast, and with bfloat16 weights, which is faster and loses small updates, as nothing keeps them in float32.

Each way has a process of its own, so that its peak memory (`VmHWM`, all that the process ever held) is its own. The
ways take turns, round by round, so that whatever else the machine does meets all of them.

    python -m benches.instruct_step [--rounds N] [--cycles N] [--threads N] [--ways ours plain trl trl-bf16]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from benches.memory import most_resident
from core.config import RunConfig
from core.learners.registry import learner
from core.models.start import StartModel, load
from core.presets import preset
from core.tasks.reasoning_settings import ReasoningGymSettings
from core.tasks.registry import task_for

#: With the chat template's own system prompt, a question becomes about 75 tokens.
INSTRUCTION = (
    "Work it out in your head and answer with the number alone: no words, no units, no equation, nothing before or "
    "after it."
)
PASSES, LEARNING_RATE, EPSILON = 2, 1e-5, 0.2
#: Cycles at the start of each process that nobody counts: caches fill, allocators grow.
WARM_UP = 1


def config(cycles: int) -> RunConfig:
    """The preset's run with one learner, longer prompts, and nothing but training."""
    given = preset("smollm2-sums")
    task = ReasoningGymSettings(instruction=INSTRUCTION)
    grpo = learner("grpo", learning_rate=LEARNING_RATE, num_iterations=PASSES, epsilon=EPSILON)
    shape = {"prompts_per_step": 8, "num_generations": 8}
    alone = {"task": task, "system_prompt": None, "steps": cycles, "eval_every": 0, "compare_samples": 0, **shape}
    return given.model_copy(update={**alone, "learners": (grpo,), "device": "cpu"})


def ours(cycles: int) -> Iterator[dict[str, float]]:
    """Each cycle is a step of the trainer, trace included."""
    from core.training.allocator import keep_freed
    from core.training.trainer import Trainer

    keep_freed()  # as every worker does
    trainer = Trainer(config(cycles), "grpo")
    steps = trainer.steps()
    for _ in range(cycles):
        started = time.perf_counter()
        trace = next(steps)
        yield {"seconds": time.perf_counter() - started, "length": float(trace.scalars["completion_length"] or 0)}


def plain(cycles: int) -> Iterator[dict[str, float]]:
    """generate, then forward passes over whole sequences with the logits of every position."""
    settings = config(cycles)
    start, task = load(settings.model, dtype=torch.bfloat16), task_for(settings.task)
    model, tokenizer = start.model, start.codec.tokenizer
    masters = [x.detach().float() for x in model.parameters()]
    optimizer = torch.optim.AdamW(masters, lr=LEARNING_RATE, weight_decay=0.0)
    for step in range(cycles):
        started = time.perf_counter()
        prompts = [x for x in task.prompts(settings.seed, step, settings.prompts_per_step) for _ in range(8)]
        asked = start.codec.encode(prompts, "cpu")
        attention = torch.ones_like(asked.ids) if asked.attention is None else asked.attention.long()
        with torch.no_grad():
            sequences = model.generate(
                asked.ids, attention_mask=attention, do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                max_new_tokens=settings.max_completion_length, pad_token_id=start.codec.pad_id,
            )  # fmt: skip
        length = asked.ids.shape[1]
        responses = sequences[:, length:]
        ended = torch.isin(responses, torch.tensor(start.codec.end_ids)).int()
        mask = (ended.cumsum(1) - ended) == 0
        texts = tokenizer.batch_decode(responses, skip_special_tokens=True)
        rewards = torch.tensor([task.verify(p, x).reward for p, x in zip(prompts, texts, strict=True)])
        grouped = rewards.view(-1, 8)
        advantages = ((grouped - grouped.mean(1, keepdim=True)) / (grouped.std(1, keepdim=True) + 1e-4)).view(-1, 1)
        whole = torch.cat([attention, mask.long()], dim=1)

        def logprobs(part: Tensor, ids: Tensor = sequences, whole: Tensor = whole, length: int = length) -> Tensor:
            logits = model(ids[part], attention_mask=whole[part]).logits.float()
            return logits.log_softmax(-1)[:, :-1].gather(2, ids[part, 1:, None])[:, length - 1 :, 0]

        parts = torch.arange(len(prompts)).split(settings.micro_batch_size or len(prompts))
        with torch.no_grad():
            old = torch.cat([logprobs(part) for part in parts])
        for _ in range(PASSES):
            for part in parts:
                ratio, a = (logprobs(part) - old[part]).exp(), advantages[part]
                surrogate = torch.minimum(ratio * a, ratio.clamp(1 - EPSILON, 1 + EPSILON) * a)
                (-(surrogate * mask[part]).sum() / mask.sum()).backward()
            for master, x in zip(masters, model.parameters(), strict=True):
                master.grad, x.grad = x.grad.float(), None
            torch.nn.utils.clip_grad_norm_(masters, 1.0)
            optimizer.step()
            with torch.no_grad():
                for master, x in zip(masters, model.parameters(), strict=True):
                    x.copy_(master)
        yield {"seconds": time.perf_counter() - started, "length": float(mask.sum(1).float().mean())}


def trl(cycles: int, *, bf16_weights: bool = False) -> Iterator[dict[str, float]]:
    """One optimiser step per pass over the whole rollout, as in the other two."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    settings = config(cycles)
    start = load(settings.model, dtype=torch.bfloat16 if bf16_weights else torch.float32)
    task, tokenizer = task_for(settings.task), start.codec.tokenizer
    asked = [x for step in range(cycles) for x in task.prompts(settings.seed, step, settings.prompts_per_step)]
    batch = settings.prompts_per_step * settings.num_generations
    at_once = settings.micro_batch_size or batch
    rendered = {x: _rendered(start, x) for x in asked}
    questions = {y: x for x, y in rendered.items()}
    cycles_done: list[dict[str, float]] = []
    lengths: list[float] = []

    class Clock(TrainerCallback):
        """Called after each optimiser step; a cycle has one per pass."""

        started = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step % PASSES == 0:
                now = time.perf_counter()
                cycles_done.append({"seconds": now - self.started, "length": lengths[-1]})
                self.started = time.perf_counter()

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.started = time.perf_counter()

    def reward(prompts: list[str], completions: list[str], completion_ids: list[list[int]], **_: Any) -> list[float]:
        lengths.append(sum(len(x) for x in completion_ids) / len(completion_ids))
        return [task.verify(questions[p], x).reward for p, x in zip(prompts, completions, strict=True)]

    with tempfile.TemporaryDirectory() as out:
        arguments = GRPOConfig(
            output_dir=out,
            num_generations=settings.num_generations,
            per_device_train_batch_size=at_once,
            gradient_accumulation_steps=batch // at_once,
            num_iterations=PASSES,
            max_completion_length=settings.max_completion_length,
            max_steps=cycles * PASSES,
            temperature=settings.temperature,
            beta=0.0,
            epsilon=EPSILON,
            loss_type="dapo",  # token-mean over the batch, as the others
            learning_rate=LEARNING_RATE,
            lr_scheduler_type="constant",
            use_cpu=True,
            bf16=not bf16_weights,
            gradient_checkpointing=False,
            shuffle_dataset=False,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        trainer = GRPOTrainer(
            model=start.model,
            reward_funcs=reward,
            args=arguments,
            train_dataset=Dataset.from_dict({"prompt": [rendered[x] for x in asked]}),
            processing_class=tokenizer,
            callbacks=[Clock()],
        )
        trainer.train()
    yield from cycles_done


def _rendered(start: StartModel, question: str) -> str:
    turns = [{"role": "user", "content": question}]
    return str(start.codec.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))


WAYS: dict[str, tuple[str, Callable[[int], Iterator[dict[str, float]]]]] = {
    "ours": ("ours", ours),
    "plain": ("the plain way", plain),
    "trl": ("TRL, float32 weights under bfloat16 autocast", trl),
    "trl-bf16": ("TRL, bfloat16 weights", lambda cycles: trl(cycles, bf16_weights=True)),
}


def measure(way: str, cycles: int) -> None:
    """In a process of its own: prints the cycles' times and the process's peak memory as JSON."""
    warnings.filterwarnings("ignore")
    measured = list(WAYS[way][1](cycles + WARM_UP))[WARM_UP:]
    peak = most_resident()
    print(json.dumps({"cycles": measured, "peak": peak}))


def prompt_tokens() -> float:
    """Mean length of the first step's prompts."""
    settings = config(1)
    start, task = load(settings.model), task_for(settings.task)
    return statistics.mean(len(start.codec.ids(x)) for x in task.prompts(settings.seed, 0, settings.prompts_per_step))


def main() -> None:
    parser = argparse.ArgumentParser(description="A GRPO step of an instruct model: ours, the plain way, and TRL's.")
    parser.add_argument("--rounds", type=int, default=2, help="how often each way has its turn (default 2)")
    parser.add_argument("--cycles", type=int, default=3, help="cycles counted of a turn (default 3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="default: all cores")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="default: all")
    parser.add_argument("--alone", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        torch.set_num_threads(options.threads)
        measure(options.alone, options.cycles)
        return
    results: dict[str, list[dict[str, Any]]] = {way: [] for way in options.ways}
    for turn in range(options.rounds):
        for way in options.ways:
            results[way].append(_in_own_process(way, options))
            seconds = [x["seconds"] for x in results[way][-1]["cycles"]]
            print(f"  round {turn + 1}: {way:9} {', '.join(f'{x:.1f}' for x in seconds)} s", file=sys.stderr)
    given = config(1)
    print(
        f"{given.model}, {given.prompts_per_step} prompts of {prompt_tokens():.0f} tokens × {given.num_generations} "
        f"responses of at most {given.max_completion_length}, {PASSES} passes, {options.threads} thread(s)"
    )
    print(f"medians of {options.rounds} × {options.cycles} cycles each, in turns:")
    medians = {}
    for way, turns in results.items():
        cycles = [x for turn in turns for x in turn["cycles"]]
        medians[way] = statistics.median(x["seconds"] for x in cycles)
        peak, length = max(x["peak"] for x in turns), statistics.mean(x["length"] for x in cycles)
        factor = f", {medians[way] / medians['ours']:.2f} × ours" if "ours" in medians and way != "ours" else ""
        name = WAYS[way][0]
        print(
            f"  {name:46} {medians[way]:6.2f} s a step, {peak / 1e9:5.2f} GB, {length:4.1f} tokens a response{factor}"
        )


def _in_own_process(way: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "benches.instruct_step", "--alone", way, "--cycles", str(options.cycles)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads), "OMP_WAIT_POLICY": "PASSIVE"}
    answer = subprocess.run(
        [*command, "--threads", str(options.threads)], capture_output=True, text=True, env=environment, check=False
    )
    if answer.returncode:
        sys.exit(f"{way} failed:\n{answer.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(answer.stdout.strip().splitlines()[-1])
    return result


if __name__ == "__main__":
    main()
