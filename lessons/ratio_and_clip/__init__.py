"""The parts of the lesson on ratio and clip that only it has."""
