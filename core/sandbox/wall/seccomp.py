"""A filter on system calls (seccomp): what is not on the list fails with EPERM, above all sockets, forks and writing.

Source: Documentation/userspace-api/seccomp_filter.rst. A filter is a program of the kernel's packet filter; each of its
steps is 8 bytes, and what it reads is `struct seccomp_data`: number, architecture, instruction pointer, six arguments.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from core.sandbox.wall.syscalls import ALLOWED, ARCHITECTURES, NUMBERS
from core.sandbox.wall.system import prctl

_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_SET_SECCOMP, _FILTER = 22, 2
_ARCHITECTURE_AT = 4
_X32 = 0x40000000  # numbers from here on are another interface of x86-64, with the same calls once more

_THREAD = 0x00010000  # CLONE_THREAD
_SET_NAME, _NAME_MEMORY = 15, 0x53564D41  # of prctl
#: O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND and O_TMPFILE's own bit.
_WRITING = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000

Instruction = tuple[int, int, int, int]  # code, steps to skip where true, where false, operand


def filter_steps(machine: str, pid: int, may_execute: bool) -> list[Instruction]:
    """The filter for one architecture; `pid` may send itself signals (abort does). KeyError for another architecture.

    `may_execute` leaves execve open, for a launcher that becomes the worker by it: a fork is refused in any case, so
    nothing is ever started beside it.
    """
    numbers = NUMBERS[machine]
    steps = [_load(_ARCHITECTURE_AT), (_JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]), _return(_KILL_PROCESS), _load(0)]
    if machine == "x86_64":
        steps += [(_JUMP_AT_LEAST, 0, 1, _X32), _refuse(errno.EPERM)]
    free = [x for names in ALLOWED.values() for x in names if x in numbers]
    for name in [*free, *(["execve", "execveat"] if may_execute else [])]:
        steps += _on(numbers[name], [_return(_ALLOW)])
    # The C library tries clone3 first, whose flags a filter cannot see, and falls back to clone, whose flags it can.
    steps += _on(numbers["clone3"], [_refuse(errno.ENOSYS)])
    steps += _on(numbers["clone"], [_argument(0), (_JUMP_SET, 0, 1, _THREAD), _return(_ALLOW)])
    steps += _on(numbers["openat"], [_argument(2), (_JUMP_SET, 1, 0, _WRITING), _return(_ALLOW)])
    steps += _on(numbers["tgkill"], [_argument(0), (_JUMP_EQUAL, 0, 1, pid), _return(_ALLOW)])
    naming = [(_JUMP_EQUAL, 0, 1, x) for x in (_SET_NAME, _NAME_MEMORY)]
    steps += _on(numbers["prctl"], [_argument(0), naming[0], _return(_ALLOW), naming[1], _return(_ALLOW)])
    # Limits may be asked for, not set: the pointer to new ones is null, both halves of it.
    asked = [_argument(2), (_JUMP_EQUAL, 0, 3, 0), (_LOAD, 0, 0, 16 + 8 * 2 + 4), (_JUMP_EQUAL, 0, 1, 0)]
    steps += _on(numbers["prlimit64"], [*asked, _return(_ALLOW)])
    return [*steps, _refuse(errno.EPERM)]


def restrict(may_execute: bool) -> None:
    """Puts the filter on this process, for good. OSError or KeyError (its architecture) where that cannot be.

    Privileges that programs gain by being executed must be off before.
    """
    steps = filter_steps(platform.machine(), os.getpid(), may_execute)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *x) for x in steps))
    program = struct.pack("@HP", len(steps), ctypes.addressof(code))  # struct sock_fprog
    prctl(_SET_SECCOMP, _FILTER, ctypes.create_string_buffer(program, len(program)))


def _on(number: int, steps: list[Instruction]) -> list[Instruction]:
    """`steps` where this is the call's number; what they do not allow or refuse themselves is refused."""
    last = [] if steps[-1][0] == _RETURN and len(steps) == 1 else [_refuse(errno.EPERM)]
    return [(_JUMP_EQUAL, 0, len(steps) + len(last), number), *steps, *last]


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _argument(index: int) -> Instruction:
    """The lower 32 bits of an argument, on a little-endian machine (both architectures are)."""
    return _load(16 + 8 * index)


def _return(value: int) -> Instruction:
    return (_RETURN, 0, 0, value)


def _refuse(number: int) -> Instruction:
    return _return(_ERRNO | number)
