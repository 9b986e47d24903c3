"""The parts of the lesson on a real instruct model: which run, its answers before and after, and what changed."""
