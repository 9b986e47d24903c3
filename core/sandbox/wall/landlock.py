"""Landlock: no file but those named, no TCP, no signal or abstract socket to a process outside (Linux 5.13 and later).

Source: the kernel's Documentation/userspace-api/landlock.rst; numbers from include/uapi/linux/landlock.h. The three
system calls have the same numbers on every architecture.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from ctypes import create_string_buffer

from core.sandbox.wall.system import LINUX, syscall

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_GET_VERSION = 1
_BENEATH_PATH = 1  # the kind of rule
_EXECUTE, _READ_FILE = 1 << 0, 1 << 2
#: Rights over files that each version of the interface knows: all of them are taken away.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # version: how many bits
_BIND_AND_CONNECT = 0b11  # TCP, from version 4
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11  # from version 6


def version() -> int:
    """The kernel's version of Landlock; 0 where it has none, or it is off."""
    if not LINUX:
        return 0
    try:
        return syscall(_CREATE, None, 0, _GET_VERSION)
    except OSError:
        return 0


def opened(paths: Sequence[str]) -> list[int]:
    """A descriptor for each path that exists, for `restrict`."""
    return [os.open(x, os.O_PATH | os.O_CLOEXEC) for x in paths if os.path.exists(x)]


def restrict(readable: Sequence[int]) -> None:
    """From here on this process reads and executes what is beneath these descriptors, and no other file.

    OSError where the kernel has no Landlock. Privileges that programs gain by being executed must be off before.
    """
    known = version()
    handled = (1 << _FILE_RIGHTS[min(known, max(_FILE_RIGHTS))]) - 1 if known else 0
    fields = [handled]
    if known >= 4:
        fields.append(_BIND_AND_CONNECT)
    if known >= 6:
        fields.append(_ABSTRACT_SOCKETS_AND_SIGNALS)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    rules = syscall(_CREATE, create_string_buffer(attributes, len(attributes)), len(attributes), 0)
    for descriptor in readable:
        rule = struct.pack("=Qi", _EXECUTE | _READ_FILE, descriptor)
        syscall(_ADD, rules, _BENEATH_PATH, create_string_buffer(rule, len(rule)), 0)
    syscall(_RESTRICT, rules, 0)
    os.close(rules)
