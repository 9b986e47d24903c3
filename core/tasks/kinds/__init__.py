"""What there is to be asked: a module a kind of task, each with its declaration `KIND` (core/tasks/kind.py).

A new kind is a file here, and where it brings a start model of its own, that model's folder in core/models/bundled.
"""
