"""The parts of the lesson on ratio, clip and KL that only it has."""
