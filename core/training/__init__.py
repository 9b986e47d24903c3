"""Rollout, trainer, trace: one generator of steps that everything else consumes."""
