"""What the operating system keeps a process from, part by part. The standard library is all that is imported here: a
worker's launcher runs it in a bare interpreter (`python -I -S`), before anything else.
"""
