"""What stands for a forked process: it hands over its own arguments, variables, folder and files, and ends as it ends.

    python -I -S client.py SOCKET ARGUMENT...

It passes signals on that ask a process to end; where it is killed itself, the parent kills the forked one.
"""

import contextlib
import json
import os
import signal
import socket
import sys


def main() -> int:
    place, *words = sys.argv[1:]
    interrupts = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    request = {"words": words, "cwd": os.getcwd(), "env": dict(os.environ), "interrupts": interrupts}
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place)
    socket.send_fds(connection, [b"\n"], [0, 1, 2])
    connection.sendall(json.dumps(request).encode() + b"\n")
    answers = connection.makefile("r")
    pid = int(answers.readline())
    for number in (signal.SIGTERM, signal.SIGHUP, *([signal.SIGINT] if interrupts else [])):
        signal.signal(number, lambda given, _: pass_on(pid, given))
    code = int(answers.readline())
    if code < 0:
        if -code != signal.SIGKILL:  # whose effect is always the same
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def pass_on(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended, and how is told in a moment
        os.kill(pid, number)


if __name__ == "__main__":
    os._exit(main())
