"""What is maximised, token by token: one file a surrogate."""
