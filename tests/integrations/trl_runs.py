"""Real, tiny runs of TRL's GRPOTrainer for tests: the bundled model, four questions, a few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.models.bundled import BUNDLED

MODEL = BUNDLED / "chain-sum-3x1"
BOS = "<bos>"
#: One learning rate at which a few steps move the policy far enough to clip.
LEARNING_RATE = 3e-3


def right(prompts: list[str], completions: list[str], answer: list[str], **_: Any) -> list[float]:
    return [float(completion.endswith(x)) for completion, x in zip(completions, answer, strict=True)]


def brevity(completions: list[str], **_: Any) -> list[float]:
    return [-len(x) / 100 for x in completions]


def trainer(
    out: Path, callbacks: list[Any], *, prompts: int = 3, rewards: tuple[Any, ...] = (right, brevity), **options: Any
) -> Any:
    """`prompts` groups of four responses in a generation batch, two updates on each, unless `options` say otherwise."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    questions = [(a, b, c) for a in (8, 3, 9, 5) for b in (1, 7) for c in (6, 4)]
    arguments: dict[str, Any] = {
        "output_dir": str(out),
        "num_generations": 4,
        "per_device_train_batch_size": prompts * 4,
        "gradient_accumulation_steps": 1,
        "num_iterations": 2,
        "max_completion_length": 12,
        "max_steps": 6,
        "learning_rate": LEARNING_RATE,
        "lr_scheduler_type": "constant",
        "beta": 0.0,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
        "seed": 5,
    }
    return GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(MODEL),
        reward_funcs=list(rewards),
        args=GRPOConfig(**{**arguments, **options}),
        train_dataset=Dataset.from_dict(
            {
                "prompt": [f"{BOS}{a}+{b}+{c}=" for a, b, c in questions],
                "answer": [str(a + b + c) for a, b, c in questions],
            }
        ),
        processing_class=AutoTokenizer.from_pretrained(MODEL),
        callbacks=callbacks,
    )
