"""Starts the app: Streamlit on the app.py that stands beside this package, in the repository and once installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

#: With its settings beside it, in `.streamlit/config.toml`.
APP = Path(__file__).resolve().parents[1] / "app.py"


def command(port: int | None = None) -> list[str]:
    """What starts the app, on Streamlit's own port (8501 or the next free one) or on this one.

    `-P` keeps the current folder out of what is imported: it may hold a `core` or an `app.py` of its own.
    """
    words = [sys.executable, "-P", "-m", "streamlit", "run", str(APP)]
    return [*words, f"--server.port={port}"] if port is not None else words


def serve(port: int | None = None) -> int:
    """Serves the app until it is stopped; returns its exit code."""
    words = command(port)
    if os.name == "posix":
        os.execv(words[0], words)  # signals that are meant for this process then reach the server
    return subprocess.call(words)
