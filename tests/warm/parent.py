"""Forks a process for each client (client.py): warm in what is not ours, new in everything else.

    python -P parent.py FD PROGRAM [MODULE...]

`FD` is a listening socket, `PROGRAM` what its processes find as `sys.executable`; the modules can be imported by none
of them. It has one thread and computes nothing, so that it stays forkable; it ends with its standard input.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from types import ModuleType
from typing import Any

#: Seconds in which a client has asked for what it wants; it does so at once.
PATIENCE = 10


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.modules.update(dict.fromkeys(sys.argv[3:]))  # type: ignore[arg-type]  # None: importing it raises
    import_what_is_not_ours()
    listening = socket.socket(fileno=int(sys.argv[1]))
    request = serve(listening)
    if request is not None:  # in a forked process
        run(request["words"])


def import_what_is_not_ours() -> None:
    """What core's modules import up to a run's first step; no module of core's, which each process imports itself."""
    import numpy
    import pyarrow
    import pyarrow.parquet
    import pydantic
    import sqlalchemy.dialects.sqlite
    import torch._dynamo
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    pyarrow.table({"x": numpy.zeros(1)})  # makes Arrow import pandas
    ready = (torch, pydantic, sqlalchemy, LlamaForCausalLM, PreTrainedTokenizerFast)
    assert all(ready)
    assert not [x for x in sys.modules if x.partition(".")[0] in ("core", "lessons", "tests")]
    gc.collect()
    gc.freeze()


def serve(listening: socket.socket) -> dict[str, Any] | None:
    """Forks for clients until the input ends. Returns in each forked process what it was asked for; else None."""
    wake_up = wake_on_child()
    clients: dict[int, socket.socket] = {}  # a forked process → who asked for it
    with selectors.DefaultSelector() as selector:
        for source in (0, wake_up, listening):
            selector.register(source, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if 0 in ready:
                break
            for pid in [x for x, client in clients.items() if client in ready]:
                os.kill(pid, signal.SIGKILL)  # a client says nothing more: it has gone
                selector.unregister(clients[pid])
            if wake_up in ready:
                os.read(wake_up, 4096)
                collect(clients, selector)
            if listening in ready:
                client, _ = listening.accept()
                try:
                    request, files = asked(client)
                except (OSError, ValueError):  # it has gone before it had asked, or has not asked in time
                    client.close()
                    continue
                if not (pid := os.fork()):
                    for own in (client, listening, *clients.values()):
                        own.close()
                    become(request, files)
                    return request
                for file in files:
                    os.close(file)
                clients[pid] = client
                with contextlib.suppress(OSError):  # it has gone: it is read as ready, and the process killed
                    client.sendall(f"{pid}\n".encode())
                selector.register(client, selectors.EVENT_READ)
    for pid in clients:
        os.kill(pid, signal.SIGKILL)
    return None


def wake_on_child() -> int:
    """A file descriptor that becomes readable when a child has ended."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler there must be, or no byte is written
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def collect(clients: dict[int, socket.socket], selector: selectors.BaseSelector) -> None:
    """Tells the clients whose processes have ended how they did."""
    for pid in list(clients):
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            client = clients.pop(pid)
            if client in {x.fileobj for x in selector.get_map().values()}:
                selector.unregister(client)
            with contextlib.suppress(OSError):  # it was killed
                client.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            client.close()


def asked(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """A client's request and its standard input, output and error.

    Raises OSError or ValueError where it does not ask.
    """
    client.settimeout(PATIENCE)
    _, files, _, _ = socket.recv_fds(client, 1, 3)
    try:
        with client.makefile("r") as lines:
            request = json.loads(lines.readline())
    except (OSError, ValueError):
        for file in files:
            os.close(file)
        raise
    client.settimeout(None)
    return request, files


def become(request: dict[str, Any], files: list[int]) -> None:
    """Makes this forked process the one that was asked for, up to its first line of Python."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler if request["interrupts"] else signal.SIG_IGN)
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.executable = sys.argv[2]


def run(words: list[str]) -> None:
    """As the interpreter does with these arguments. `__main__` is a new module: a name that this file has in its own is
    no name that the program can use."""
    sys.modules["__main__"] = module = ModuleType("__main__")
    safe = words[0] == "-P"  # the current folder is not on the path
    option, *rest = words[safe:]
    first = {"-m": os.getcwd(), "-c": ""}.get(option, os.path.dirname(os.path.realpath(option)))
    given = [x for x in os.environ.get("PYTHONPATH", "").split(os.pathsep) if x]
    sys.path[:0] = [*([] if safe else [first]), *map(os.path.abspath, given)]
    if option == "-m":
        sys.argv = ["-m", *rest[1:]]
        runpy._run_module_as_main(rest[0])  # type: ignore[attr-defined]
    elif option == "-c":
        sys.argv = ["-c", *rest[1:]]
        module.__dict__["__builtins__"] = __builtins__
        exec(compile(rest[0], "<string>", "exec"), module.__dict__)
    else:
        sys.argv = [option, *rest]
        runpy.run_path(option, run_name="__main__")


if __name__ == "__main__":
    main()
