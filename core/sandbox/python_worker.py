"""A Python process behind the system's wall that does work of ours on text which nobody has read.

It imports the module and warms it up, raises the wall, and then answers one line after the other: arguments as JSON,
for which it writes `{"value": …}` or `{"error": "ValueError"}`. It ends with its input.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import sysconfig

from core.sandbox.wall.raised import raise_wall


def main(module: str, begin: str) -> None:
    """Answers with the module's `answer(*arguments)`; its `warm(*begin)` (JSON) loads all that this may need."""
    worker = importlib.import_module(module)
    worker.warm(*json.loads(begin))
    # What a library prints shall not stand among the reports.
    reports, quiet = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(quiet, descriptor)
    os.close(quiet)
    code = {x for name in ("stdlib", "platstdlib", "purelib", "platlib") if (x := sysconfig.get_path(name))}
    raised = raise_wall(readable=sorted(code), keep=[reports])
    _write(reports, {"walls": raised})
    for line in sys.stdin.buffer:
        try:
            report = {"value": worker.answer(*json.loads(line))}
        except Exception as error:  # whatever hostile text leads to, it is one report
            report = {"error": type(error).__name__}
        _write(reports, report)


def _write(descriptor: int, report: dict[str, object]) -> None:
    os.write(descriptor, json.dumps(report).encode() + b"\n")
