"""A warm process that forks workers: importing torch and transformers takes seconds, forking milliseconds.

Reads one JSON object a line from standard input, {"run", "learner", "url", "home"}, and forks a worker for it; writes
{"ready": true} once it is warm and {"run", "learner", "pid", "code"} when a worker has ended (code below 0: by that
signal). At the end of its input (its app has gone) it asks its workers to stop, waits for them, and ends.

It must stay forkable, so it has one thread, runs no tensor operation, and never touches CUDA: a CUDA context does not
survive a fork, so each worker makes its own.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import selectors
import signal
import sys
import time
from pathlib import Path
from typing import Any

GRACE_S = 20.0  # for a worker to finish its step and save, once it is asked to stop
NICENESS = 5  # the page that watches is to be quicker than the training that it watches


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the app's; this process ends with its input
    wake_up = _wake_on_child()
    _import_what_workers_need()
    _say({"ready": True})
    workers: dict[int, dict[str, str]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(wake_up, selectors.EVENT_READ)
        unread = b""
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if wake_up in ready:
                os.read(wake_up, 4096)
                _collect(workers)
            if 0 in ready:
                piece = os.read(0, 65536)
                if not piece:
                    break
                *lines, unread = (unread + piece).split(b"\n")
                for line in lines:
                    request = json.loads(line)
                    workers[_fork(request)] = request
    _end(workers)


def _import_what_workers_need() -> None:
    """All that a worker would import up to its first step, which somebody waits for."""
    import numpy
    import pyarrow
    import torch._dynamo  # an optimiser's first step imports it
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from core.workers import process

    pyarrow.table({"x": numpy.zeros(1)})  # a trace's first table makes Arrow import pandas, where it is installed
    logging.info("warm: %s", [x.__name__ for x in (torch, LlamaForCausalLM, PreTrainedTokenizerFast, process)])
    gc.collect()
    gc.freeze()  # a worker's collector then leaves these pages alone, and they stay shared


def _wake_on_child() -> int:
    """A file descriptor that becomes readable when a child has ended."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler there must be, or no byte is written
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def _fork(request: dict[str, str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)  # the fork server's input is not the worker's
        os.nice(NICENESS)
        from core.workers.process import work

        code = work(request["url"], Path(request["home"]), request["run"], request["learner"])
    except BaseException:
        logging.exception("the worker broke down")
    finally:
        logging.shutdown()
        os._exit(code)


def _collect(workers: dict[int, dict[str, str]]) -> None:
    for pid in list(workers):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            request = workers.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            _say({"run": request["run"], "learner": request["learner"], "pid": pid, "code": code})


def _end(workers: dict[int, dict[str, str]]) -> None:
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while workers and time.monotonic() < deadline:
        _collect(workers)
        time.sleep(0.02)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)


def _say(message: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # the app has gone; the end of the input follows
        os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    main()
