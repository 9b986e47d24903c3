"""Bounds of an import of somebody else's files: their size, and the memory and time of the process that reads them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from core.errors import Message

#: Bytes of the files, unzipped, and how many there may be.
MOST_BYTES, MOST_FILES = 256 * 2**20, 20_000
#: What a file of a run may be called.
ENDINGS = ("zip", "parquet", "json", "jsonl")
#: Bytes that an import may take beyond what the process has already, and at most this share of what is free.
MOST_MEMORY, SHARE_OF_FREE = 3 * 2**30, 0.7
#: Seconds of the processor that an import may take.
MOST_SECONDS = 300


def too_large(memory: int) -> Message:
    """What to say where an import needs more than `memory` bytes."""
    return Message(
        "Reading these files takes more memory than the {bound} MiB that an import may take here.",
        bound=memory // 2**20,
    )


def memory_of_import() -> int:
    """Bytes that an import may take here."""
    from core.models.fit.free_memory import available

    free = available()
    return MOST_MEMORY if free is None else min(MOST_MEMORY, int(free * SHARE_OF_FREE))


@contextlib.contextmanager
def bounded(memory: int) -> Iterator[None]:
    """Within, this process takes at most so many bytes more than it has now: more is a MemoryError.

    A processor that is busy for MOST_SECONDS longer ends it. Only where the system can hold a process to that (Linux):
    elsewhere the counts of rows and bytes alone bound an import.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    import pyarrow as pa

    before = {x: resource.getrlimit(x) for x in (resource.RLIMIT_AS, resource.RLIMIT_CPU)}
    used = resource.getrusage(resource.RUSAGE_SELF)
    wanted = {
        resource.RLIMIT_AS: _mapped() + memory,
        resource.RLIMIT_CPU: int(used.ru_utime + used.ru_stime) + MOST_SECONDS,
    }
    pool, threads = pa.default_memory_pool(), pa.cpu_count()
    pa.set_memory_pool(pa.system_memory_pool())  # the others map far more than they use, and so does each thread
    pa.set_cpu_count(1)
    try:
        for what, most in wanted.items():
            soft, hard = before[what]
            known = [x for x in (most, soft, hard) if x != resource.RLIM_INFINITY]
            resource.setrlimit(what, (min(known), hard))
        yield
    finally:
        for what, limits in before.items():
            resource.setrlimit(what, limits)
        pa.set_memory_pool(pool)
        pa.set_cpu_count(threads)


def _mapped() -> int:
    """Bytes of address space that this process has."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
