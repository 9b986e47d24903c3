"""UNIPO: the log format of its training explorer, written and read."""
