"""A Python process behind the system's wall that does work of ours on text which nobody has read.

It imports the module and warms it up, raises the wall, and then answers one line after the other: as JSON, how many
seconds of processor time it may take, and the arguments, for which it writes `{"value": …}` or
`{"error": "ValueError"}`. It ends with its input, or by SIGPROF where its time is used up.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import sysconfig

from core.sandbox.wall.raised import raise_wall

#: Seconds of processor time until it is ready; a library that needs longer hangs.
_READY = 100.0


def main(module: str, begin: str) -> None:
    """Answers with the module's `answer(*arguments)`; its `warm(*begin)` (JSON) loads all that this may need."""
    _may_take(_READY)
    worker = importlib.import_module(module)
    worker.warm(*json.loads(begin))
    # What a library prints shall not stand among the reports.
    reports, quiet = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(quiet, descriptor)
    os.close(quiet)
    code = {x for name in ("stdlib", "platstdlib", "purelib", "platlib") if (x := sysconfig.get_path(name))}
    raised = raise_wall(readable=sorted(code), keep=[reports])
    _may_take(0)  # where the wall does not let it measure time, it ends here
    _write(reports, {"walls": raised})
    for line in sys.stdin.buffer:
        seconds, arguments = json.loads(line)
        _may_take(seconds)
        try:
            report = {"value": worker.answer(*arguments)}
        except Exception as error:  # whatever hostile text leads to, it is one report
            report = {"error": type(error).__name__}
        _may_take(0)
        _write(reports, report)


def _may_take(seconds: float) -> None:
    """Of processor time from now on; 0 for any. Nobody handles the signal, so it ends a long step of C, too."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _write(descriptor: int, report: dict[str, object]) -> None:
    os.write(descriptor, json.dumps(report).encode() + b"\n")
