"""What the process keeps in memory that it no longer uses. Only glibc's allocator and oneDNN are told anything."""

from __future__ import annotations

import ctypes
import functools
import os
import sys

#: glibc's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD (malloc.h).
_TRIM, _MMAP = -1, -3


#: Larger pieces (logits, a vocabulary's gradient) still go back at once: kept, they leave holes that nothing else fits.
_KEPT = 4 << 20


def keep_freed() -> None:
    """Makes freed memory in small pieces stay with the process instead of going back to the system at once.

    A training step frees and asks for the same megabytes over and over; each time the system hands out zeroed pages one
    by one. On SmolLM2-135M that was 8 million page faults a step, 11 of its 31 seconds.
    """
    # oneDNN keeps what it has made for each shape, up to 1024 of them; responses have other lengths in every step. A
    # part of a step needs some twenty, so few are kept: on SmolLM2 that was 40 MB a step less, and no slower. A setting
    # from outside wins. Read once, at the first product.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    if (libc := _glibc()) is not None:
        libc.mallopt(_MMAP, _KEPT)
        libc.mallopt(_TRIM, 2**31 - 1)


def give_back() -> None:
    """Gives freed memory back to the system: once a step, or its holes would add up from step to step."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


@functools.cache
def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
