"""Where runs, checkpoints and logs are kept on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data_folder() -> Path:
    """The folder of the environment variable CREDIT_LAB_HOME, else the platform's place for application data."""
    if home := os.environ.get("CREDIT_LAB_HOME"):
        return Path(home).expanduser().absolute()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "credit-lab"


def database_url(home: Path) -> str:
    """The address of the store: CREDIT_LAB_DATABASE_URL, else a SQLite file in `home`.

    The tables in it say their version and are brought up to date when it is opened (core/runs/migrations/schema.py);
    the 1 in its name is from the time before that, and stays, so that runs made then are found.
    """
    return os.environ.get("CREDIT_LAB_DATABASE_URL") or f"sqlite:///{home / 'runs-1.sqlite'}"


def log_path(home: Path, run_id: str, learner: str) -> Path:
    return home / "logs" / f"{run_id}-{learner}.log"
