"""The parts of the lesson on PPO: the pipeline, the sub-steps of one training step, a guess, and the check."""
