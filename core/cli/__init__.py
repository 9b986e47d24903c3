"""What the command line does, a function a command (its options are in core/__main__.py)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from core.cli.collect import collect_set
from core.cli.reward import train_reward_model
from core.cli.stored import delete_runs, export_run, import_run, list_runs, save_policy
from core.cli.train import train_run
from core.errors import Refusal
from core.settings_list import list_settings

#: Set where a page runs a command: what is refused is then said as JSON, for the viewer's language.
AS_JSON = "CREDIT_LAB_REFUSALS_AS_JSON"


def run(options: argparse.Namespace) -> int:
    """Does what the parsed options say; returns the exit code."""
    try:
        return COMMANDS[options.command](options)
    except Refusal as error:
        print(error.message.to_json() if os.environ.get(AS_JSON) else error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # `… | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def _settings(_: argparse.Namespace) -> int:
    list_settings()
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "train": train_run,
    "collect": collect_set,
    "export": export_run,
    "save": save_policy,
    "reward": train_reward_model,
    "import": import_run,
    "runs": list_runs,
    "delete": delete_runs,
    "settings": _settings,
}
