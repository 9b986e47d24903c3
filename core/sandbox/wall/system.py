"""The few calls of the C library that the wall is made of."""

from __future__ import annotations

import ctypes
import os
import sys

LINUX = sys.platform == "linux"

_libc = ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: int | ctypes.Array[ctypes.c_char] | None) -> int:
    """A system call's result; OSError where it is below 0."""
    given = [ctypes.c_long(x) if isinstance(x, int) else x for x in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *given))


def prctl(option: int, second: int, third: object = 0) -> int:
    """prctl(2) with up to two values; OSError where it fails."""
    last = ctypes.c_ulong(third) if isinstance(third, int) else third
    return _checked(_libc.prctl(option, ctypes.c_ulong(second), last, ctypes.c_ulong(0), ctypes.c_ulong(0)))


def unshare(flags: int) -> int:
    """unshare(2); OSError where it is not permitted."""
    return _checked(_libc.unshare(ctypes.c_int(flags)))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
