"""Whether a trainer is one that the callback understands: it wraps private methods, which may change with a version."""

from __future__ import annotations

import inspect
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from core.errors import ConfigError, Message

PINNED = "1.16"
#: What is wrapped, and the parameters that it must have.
WRAPPED = {
    "_generate_and_score_completions": ["inputs"],
    "_calculate_rewards": ["inputs", "prompts", "completions", "completion_ids_list"],
    "_get_per_token_logps_and_entropies": ["model", "input_ids", "attention_mask", "logits_to_keep", "batch_size"],
    "_compute_loss": ["model", "inputs"],
    "_get_grad_norm": ["model", "grad_norm"],
}


def check(trainer: Any, callback: Any) -> None:
    """Raises ConfigError where this callback would not understand the trainer."""
    try:
        installed = version("trl")
    except PackageNotFoundError:
        raise ConfigError("CreditLabCallback needs TRL {wanted}, which is not installed.", wanted=PINNED) from None
    if not installed.startswith(f"{PINNED}."):
        raise ConfigError(
            "CreditLabCallback reads private methods of TRL {wanted}, but TRL {given} is installed; pip install "
            "'trl=={wanted}.*'",
            wanted=PINNED,
            given=installed,
        )
    for name, parameters in WRAPPED.items():
        method = getattr(trainer, name, None)
        actual = list(inspect.signature(method).parameters) if callable(method) else None
        if actual is None or actual[: len(parameters)] != parameters:
            raise ConfigError(
                "CreditLabCallback expects a GRPOTrainer of TRL {wanted}, but this {kind}'s {name} is {given}.",
                wanted=PINNED,
                kind=type(trainer).__name__,
                name=name,
                given=Message("missing") if actual is None else Message("another one"),
            )
    if trainer.accelerator.num_processes > 1:
        raise ConfigError(
            "CreditLabCallback watches one process, but this training has {given}.",
            given=trainer.accelerator.num_processes,
        )
    if callback not in trainer.callback_handler.callbacks:
        raise ConfigError("CreditLabCallback: give it to the trainer as well, as callbacks=[callback].")
