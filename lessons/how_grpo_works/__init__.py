"""The parts of the lesson on GRPO that only it has."""
