"""TRL: its completions as runs, and a callback that watches its GRPOTrainer."""
