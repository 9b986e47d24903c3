"""Predicted against measured peak memory: made-up models of real sizes and SmolLM2, each case in a process of its own.

    python -m benches.memory [--only NAME]

A case makes two steps (the first makes the optimiser's moments, the second stands for all later ones); what counts is
the largest resident set, as the operating system saw it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from core.config import RunConfig
from core.given_config import parse_config

ROOT = Path(__file__).parents[1]
PROMPT_WORDS = 60


@dataclass(frozen=True)
class Case:
    """A model's config and a run's settings."""

    name: str
    model: dict[str, Any] | str  # a config.json, or the name of a start model
    run: dict[str, Any]
    learner: str
    own: dict[str, Any] = field(default_factory=dict)  # the learner's settings


LLAMA = {
    "model_type": "llama", "vocab_size": 32_000, "hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8,
    "num_attention_heads": 8, "num_key_value_heads": 8, "tie_word_embeddings": False,
}  # fmt: skip
QWEN = {
    "model_type": "qwen2", "vocab_size": 32_000, "hidden_size": 768, "intermediate_size": 2048,
    "num_hidden_layers": 12, "num_attention_heads": 12, "num_key_value_heads": 4, "tie_word_embeddings": True,
}  # fmt: skip
WIDE = {
    "model_type": "llama", "vocab_size": 32_000, "hidden_size": 1024, "intermediate_size": 2816,
    "num_hidden_layers": 16, "num_attention_heads": 16, "num_key_value_heads": 8, "tie_word_embeddings": True,
}  # fmt: skip
#: As narrow as the bundled models, which core/models/lean.py runs.
NARROW = {
    "model_type": "llama", "vocab_size": 1_000, "hidden_size": 96, "intermediate_size": 256, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 4, "tie_word_embeddings": True,
}  # fmt: skip
BASIC: dict[str, Any] = {
    "preset": "memory", "steps": 2, "prompts_per_step": 4, "num_generations": 8, "max_completion_length": 32,
    "eval_every": 0, "device": "cpu", "measure_kl": False, "checkpoint_every": 1000,
}  # fmt: skip
LONG = {"micro_batch_size": 8, "max_completion_length": 200}
SUMS = {"micro_batch_size": 8, "prompts_per_step": 4, "num_generations": 16}

CASES = [
    Case("llama-grpo", LLAMA, {"micro_batch_size": 16}, "grpo"),
    Case("llama-grpo-whole", LLAMA, {}, "grpo"),
    Case("llama-grpo-long", LLAMA, LONG | {"prompts_per_step": 2}, "grpo"),
    Case("llama-ppo", LLAMA, {"micro_batch_size": 16}, "ppo"),
    Case("llama-ppo-whole-reference", LLAMA, {"measure_kl": True}, "ppo"),
    Case("qwen-grpo-reference", QWEN, {"micro_batch_size": 8, "measure_kl": True}, "grpo"),
    Case("qwen-grpo-evaluating", QWEN, {"micro_batch_size": 8, "eval_every": 1, "compare_samples": 16}, "grpo"),
    Case("qwen-ppo", QWEN, {"micro_batch_size": 8}, "ppo"),
    Case("qwen-ppo-lora", QWEN, {"micro_batch_size": 8, "lora_rank": 8}, "ppo"),
    Case("wide-grpo", WIDE, {"micro_batch_size": 8}, "grpo"),
    Case("wide-grpo-long", WIDE, LONG | {"prompts_per_step": 1}, "grpo"),
    Case("wide-grpo-checkpointed", WIDE, {"gradient_checkpointing": True}, "grpo"),
    Case("wide-ppo", WIDE, {"micro_batch_size": 8}, "ppo"),
    Case("qwen-grpo-checking", QWEN, {"micro_batch_size": 8, "value_check_responses": 8, "eval_every": 1}, "grpo"),
    Case("narrow-grpo-checking", NARROW, {"value_check_responses": 32, "eval_every": 1}, "grpo"),
    Case("narrow-vine", NARROW, {"prompts_per_step": 1}, "vine", {"continuations": 16}),
    Case("narrow-grpo", NARROW, {"num_generations": 32, "max_completion_length": 200}, "grpo"),
    Case("narrow-ppo", NARROW, {"num_generations": 32, "max_completion_length": 200}, "ppo"),
    Case("narrow-grpo-all-kept", NARROW, {"max_completion_length": 400, "micro_batch_size": 8, "trace": "all"}, "grpo"),
    Case("smollm2-grpo", "SmolLM2-135M-Instruct", SUMS, "grpo"),
    Case("smollm2-ppo", "SmolLM2-135M-Instruct", SUMS, "ppo"),
]  # fmt: skip


def settings(case: Case, model: str) -> RunConfig:
    """The run of a case: questions of some length, never answered right."""
    question = " ".join(f"w{i}" for i in range(PROMPT_WORDS))
    questions = [{"question": f"{question} x{i}", "answer": "123456789"} for i in range(80)]
    learner = {"algorithm": case.learner, "learning_rate": 1e-6} | ({"kl_coef": 0.0} if case.learner == "ppo" else {})
    if case.run.get("measure_kl"):
        learner["kl_coef"] = 0.05
    learner |= case.own
    task = {"kind": "questions", "questions": questions, "heldout": 16, "matching": "exact"}
    return parse_config({**BASIC, **case.run, "model": model, "task": task, "learners": [learner]})


def make_model(config: dict[str, Any], folder: Path) -> None:
    """A model of that config with random weights, and a tokenizer of as many words; runs in a process of its own."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    made = AutoConfig.for_model(**config)
    made.pad_token_id, made.bos_token_id, made.eos_token_id = 0, 1, 2
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(made, dtype=torch.float32).save_pretrained(folder)
    words = ["<pad>", "<bos>", "<eos>", "<unk>", *(f"w{i}" for i in range(config["vocab_size"] - 104))]
    words += [f"x{i}" for i in range(100)]
    inner = Tokenizer(models.WordLevel({x: i for i, x in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {f"{x}_token": f"<{x}>" for x in ("pad", "bos", "eos", "unk")}
    PreTrainedTokenizerFast(tokenizer_object=inner, **special).save_pretrained(folder)


def every_group_followed() -> contextlib.AbstractContextManager[object]:
    """Groups whose responses all score the same are followed back in there like all others.

    Those of a made-up model do, and would leave out most of what a step computes and keeps.
    """
    return mock.patch("core.training.update._teaches", return_value=True)


def measure(config: RunConfig) -> dict[str, Any]:
    """Peak resident bytes of two steps, and of the process before them. Runs in a process of its own."""
    import torch

    import core.workers.process  # noqa: F401  # what a worker has in memory before it begins
    from core.training.allocator import keep_freed
    from core.training.trainer import Trainer

    torch.set_num_threads(1)
    keep_freed()
    before = _resident()
    trainer = Trainer(config, config.learners[0].name)
    with every_group_followed():
        for _ in trainer.steps():
            pass
    trainer.compared("after") if config.compare_samples else trainer.final_evaluation()
    prompt = len(trainer.codec.ids(trainer.task.prompts(0, 0, 1)[0]))
    peak = most_resident()
    return {"before": before, "peak": peak, "prompt": prompt, "completion": trainer.max_length}


def most_resident() -> int:
    """Bytes that this process ever held (Linux). `ru_maxrss` would not do: a child starts with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def run(case: Case, scratch: Path) -> dict[str, Any]:
    """Measured and predicted peak of a case, in bytes."""
    if isinstance(case.model, str):
        if case.model not in ("chain-sum-3x1",):
            _apart("fetch", case.model, "")
        return measured_with(case, case.model)
    _apart("make_model", json.dumps(case.model), str(scratch / "model"))
    return measured_with(case, str(scratch / "model"))


def measured_with(case: Case, model: str) -> dict[str, Any]:
    """The same of a case whose model is there: by this name, or in this folder."""
    from core.models.fit import free_memory

    config = settings(case, model)
    measured = json.loads(_apart("measure", config.model_dump_json(), ""))
    prediction = free_memory.needs(config, config.learners[0], prompt=measured["prompt"])
    assert prediction is not None
    return {**measured, "predicted": prediction.total, "parts": prediction}


def _apart(what: str, first: str, second: str) -> str:
    command = [sys.executable, "-m", "benches.memory", "--inside", what, first, second]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return ended.stdout.splitlines()[-1] if ended.stdout else ""


def main() -> None:
    parser = argparse.ArgumentParser(description="Predicted against measured peak memory.")
    parser.add_argument("--only", help="cases whose name holds this")
    parser.add_argument("--inside", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        what, first, second = options.inside
        if what == "make_model":
            make_model(json.loads(first), Path(second))
        elif what == "fetch":
            from core.models import start

            start.locate(first)
        else:
            print(json.dumps(measure(parse_config(json.loads(first)))))
        return
    print(f"{'case':28} {'measured':>10} {'predicted':>10} {'off':>7}   MB")
    for case in CASES:
        if options.only and options.only not in case.name:
            continue
        with tempfile.TemporaryDirectory(prefix="memory-") as scratch:
            measured = run(case, Path(scratch))
        off = measured["predicted"] / measured["peak"] - 1
        peak, predicted = measured["peak"] / 1e6, measured["predicted"] / 1e6
        print(f"{case.name:28} {peak:10.0f} {predicted:10.0f} {off:+7.1%}", flush=True)
        parts = measured["parts"]
        print(
            f"    process {measured['before'] / 1e6:.0f}, activations {parts.activations / 1e6:.0f}, logits "
            f"{parts.logits / 1e6:.0f}, cache {parts.cache / 1e6:.0f}, evaluation {parts.evaluation / 1e6:.0f}"
        )


if __name__ == "__main__":
    main()
