"""What a worker says of what became of its steps, in a sentence each."""

from __future__ import annotations

from core.errors import Message
from core.training.trainer import Trainer


def lost(step: int, saved: int, *, intact: bool) -> Message:
    """What became of the step inside which it stopped; people count steps from 1.

    `saved`: the step before which the newest checkpoint was written, -1: there is none. `intact`: the models are as
    they were before the step.
    """
    if intact:
        return Message("Inside step {step}, which Resume makes anew.", step=step)
    if saved <= 0:
        return Message("Stopped inside step {step}, before any checkpoint: Resume begins anew.", step=step)
    return Message(
        "Stopped inside step {step}: Resume continues from the last checkpoint, which is after step {saved}.",
        step=step,
        saved=saved,
    )


def about_drift(trainer: Trainer, drift: float) -> Message:
    """Why sampled and re-scored log-probabilities differ by up to `drift` nats."""
    if trainer.rounds:  # in float32 they agree, else the trainer had refused to go on
        return Message(
            "In bfloat16, rounding alone makes sampled and re-scored log-probabilities differ by up to "
            "{given:.2g}; the old policy's are therefore scored again, and every ratio begins at 1.",
            given=drift,
        )
    return Message("Sampled and re-scored log-probabilities differ by up to {given:.2g}.", given=drift)
