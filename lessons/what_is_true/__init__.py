"""The parts of the lesson on what is true: the truth measured, guessed at, drawn, and studied over a training."""
