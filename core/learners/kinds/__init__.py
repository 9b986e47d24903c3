"""Who learns: one file a kind, found by import."""
