"""How credit is given: pure functions on [B, T] tensors, one idea a file. Reduction is always separate."""
