"""prime-rl: the token export of its RL trainer, read."""
