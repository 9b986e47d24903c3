"""Where runs, checkpoints and logs are kept on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from core.environment import environment


def data_folder() -> Path:
    """The folder of the environment variable CREDIT_LAB_HOME, else the platform's place for application data.

    Where nobody knows the user's own folder (a container's user without one) it is below the current folder.
    """
    try:
        return _data_folder()
    except RuntimeError:  # pathlib's, where there is no user's folder to begin with
        return Path(".credit-lab").absolute()


def expanded(path: str) -> Path:
    """The path with `~` and `~name` as the folder that they stand for, where this system knows it."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # pathlib's
        return Path(path)


def _data_folder() -> Path:
    if home := environment().home:
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
    return environment().database_url or f"sqlite:///{home / 'runs-1.sqlite'}"


def critics_folder() -> Path:
    """Where critics that were fitted before a run's first step are kept for other runs."""
    return data_folder() / "critics"


def reward_models_folder() -> Path:
    """Where reward models are kept for runs to train on."""
    return data_folder() / "reward-models"


def log_path(home: Path, run_id: str, learner: str) -> Path:
    return home / "logs" / f"{run_id}-{learner}.log"
