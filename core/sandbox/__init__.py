"""Runs programs that nobody has read, behind two walls, and says which of their unit tests they pass.

The first wall is an interpreter of its own (pydantic-monty: Python written anew, without files, processes or network),
in worker processes; the second is what the operating system keeps such a worker from (`core.sandbox.wall`). What a test
expects never enters a worker, so a program can at most say an answer, never that it was right.
"""
