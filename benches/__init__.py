"""Measurements. Each is a module that prints what it measured and how: `make bench`."""
