"""Who learns: one file a kind, with its settings, its credit, its terms and what it needs."""
