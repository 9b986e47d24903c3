"""The parts of the lesson on PPO: the pipeline, the sub-steps of one training step, γ and λ, and the check."""
