"""The parts of the lesson on KL that only it has."""
