"""A TRL GRPOTrainer's arguments in our settings' words. Nothing of TRL is imported: the trainer is only looked at."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from core.errors import Message
from core.runs.foreign import ForeignLearner

#: TRL's name of a way to average per-token losses → ours (held against TRL by tests/algorithms/test_against_trl.py).
AGGREGATIONS = {
    "grpo": "seq-mean-token-mean",
    "bnpo": "token-mean",
    "dapo": "token-mean",
    "dr_grpo": "seq-mean-token-sum-norm",
    "cispo": "token-mean",
}
DTYPES = {"float32", "bfloat16"}


def run_settings(trainer: Any, prompts_per_step: int) -> dict[str, Any]:
    """The settings of a run that a trainer's arguments give. `steps` counts rollouts, as everywhere here."""
    args = trainer.args
    updates = trainer.state.max_steps if trainer.state.max_steps > 0 else args.max_steps
    per_rollout = args.steps_per_generation * trainer.num_iterations / args.gradient_accumulation_steps
    dtype = "bfloat16" if args.bf16 else str(getattr(trainer.model, "dtype", "")).removeprefix("torch.")
    known = {
        "model": _model(str(getattr(trainer.model.config, "_name_or_path", "") or "")),
        "seed": args.seed,
        "steps": max(1, math.ceil(updates / per_rollout)) if updates > 0 else None,
        "prompts_per_step": prompts_per_step,
        "num_generations": trainer.num_generations,
        "temperature": trainer.temperature,
        "max_completion_length": trainer.max_completion_length,
        "eval_every": 0,
        "dtype": dtype if dtype in DTYPES else None,
        "gradient_checkpointing": bool(args.gradient_checkpointing),
        "measure_kl": trainer.beta != 0,
        "trace": "panel",
        "device": trainer.accelerator.device.type,
    }
    return {name: value for name, value in known.items() if value not in (None, "")}


def _model(name: str) -> str:
    """A hub's name as it is, a folder by its last part: where it lies says nothing of the run."""
    return Path(name).name if Path(name).is_dir() else name


def learner_settings(trainer: Any) -> dict[str, Any]:
    """The settings of a learner that a trainer's arguments give. Settings that only TRL has count as not recorded."""
    args = trainer.args
    known = {
        "learning_rate": args.learning_rate,
        "num_iterations": trainer.num_iterations,
        "epsilon": trainer.epsilon_low,
        "importance_sampling_level": trainer.importance_sampling_level,
        "beta": trainer.beta,
        "kl_loss_estimator": "k3",
        "kl_coef": 0.0,
        "max_grad_norm": args.max_grad_norm,
        "weight_decay": args.weight_decay,
        "baseline": "group-mean",
        "whiten_advantages": False,
        "dynamic_sampling": False,
        "num_mini_batches": max(1, args.steps_per_generation // args.gradient_accumulation_steps),
    }
    if trainer.loss_type in AGGREGATIONS:
        cispo = trainer.loss_type == "cispo"
        known |= {
            "aggregation": AGGREGATIONS[trainer.loss_type],
            "surrogate": "cispo" if cispo else "clip",
            # TRL's bound of CISPO is the ratio itself, ours what it may be above 1.
            "epsilon_high": trainer.epsilon_high - 1 if cispo else trainer.epsilon_high,
            "dual_clip": None if cispo else args.delta,
        }
    if not trainer.use_adaptive_entropy:
        known["entropy_coef"] = trainer.entropy_coef
    if trainer.multi_objective_aggregation == "sum_then_normalize":
        known |= {"scale_rewards": trainer.scale_rewards, "scale_ddof": 1, "scale_eps": 1e-4}
    return known


def loss_is_ours(trainer: Any) -> bool:
    """Whether our settings can express TRL's loss per token. Where not, clipping and objective stay null."""
    args = trainer.args
    return (
        trainer.loss_type in AGGREGATIONS
        and not trainer.use_adaptive_entropy
        and trainer.top_entropy_quantile >= 1
        and trainer.off_policy_mask_threshold is None
        and not (trainer.use_vllm and trainer.vllm_importance_sampling_correction)
        # TRL's default weighs the KL in the loss with the ratio; only where the ratio is 1 is that ours.
        and not (trainer.beta != 0 and args.use_bias_correction_kl)
    )


def learner_of(trainer: Any) -> ForeignLearner:
    warning = None
    if not loss_is_ours(trainer):
        warning = Message(
            "TRL's loss here (loss_type={kind}) has parts that this lab has no formula for: which tokens were clipped "
            "and the objective per token are not recorded.",
            kind=trainer.loss_type,
        )
    return ForeignLearner("grpo", learner_settings(trainer), warning, str(trainer.accelerator.device))
