"""The command line, `credit-lab` or `python -m core`: train, collect, export, save, reward, import, runs, app …"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TypeAlias

# Nothing heavy is imported up here, so that --help answers at once.

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code: 0 done, 1 a learner failed or a person said no, 2 it cannot be."""
    options = _parser().parse_args(arguments)
    if options.command == "app":
        from core.serve import serve

        return serve(options.port)
    from core import cli as commands

    return commands.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="credit-lab" if Path(sys.argv[0]).stem == "credit-lab" else "python -m core",
        description="Train PPO and GRPO, and look at what they did.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _training(commands)
    _stored(commands)
    _reward(commands)
    commands.add_parser("runs", help="list the app's runs")
    commands.add_parser("settings", help="list every setting with its default and what it does")

    app = commands.add_parser("app", help="start the app and print its address")
    app.add_argument(
        "--port", type=_port, metavar="N", help="which port it serves (default: 8501, or the next free one)"
    )
    return parser


def _training(commands: Commands) -> None:
    """What trains learners, or writes what they would learn from."""
    train = commands.add_parser("train", help="train learners side by side and write the four files of the trace")
    _describe_run(train)
    train.add_argument("--trace", choices=("panel", "all"), help="keep the tokens of a panel of responses, or of all")
    train.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="a new or empty folder, or an earlier export"
    )
    train.add_argument("--keep", action="store_true", help="also keep the run among the app's runs")

    collect = commands.add_parser("collect", help="collect the data set that an offline learner would learn from")
    _describe_run(collect)
    collect.add_argument("--out", type=Path, required=True, metavar="FILE", help="the Parquet file to write")


def _stored(commands: Commands) -> None:
    """What is done with a run that is there."""
    export = commands.add_parser("export", help="write a run of the app as files")
    export.add_argument("run", metavar="RUN", help="its id, or the beginning of it (see `python -m core runs`)")
    export.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the files go; with --format html, the file"
    )
    export.add_argument(
        "--format",
        choices=("parquet", "csv", "unipo", "html"),
        default="parquet",
        help="html is one web page that opens without a server (default: %(default)s)",
    )

    save = commands.add_parser("save", help="save what a learner of a run has become, as a Hugging Face model")
    save.add_argument("run", metavar="RUN", help="its id, or the beginning of it (see `python -m core runs`)")
    save.add_argument("--learner", metavar="NAME", help="whose policy (may be left away where the run has one learner)")
    save.add_argument(
        "--out", type=Path, metavar="DIR", help="a new or empty folder (default: among the app's start models)"
    )

    import_ = commands.add_parser("import", help="take in a run from elsewhere, to look at it in the app")
    import_.add_argument(
        "path",
        type=Path,
        metavar="PATH",
        help="an export of this app (folder or ZIP), TRL's completions (file, folder or ZIP), or UNIPO's log (JSON)",
    )
    import_.add_argument("--name", metavar="NAME", help="what to call it (default: as it calls itself, else its file)")

    delete = commands.add_parser("delete", help="delete runs of the app, with their traces and checkpoints")
    delete.add_argument(
        "runs", nargs="+", metavar="RUN", help="its id, or the beginning of it (see `python -m core runs`)"
    )
    delete.add_argument("--yes", action="store_true", help="ask nothing")


def _reward(commands: Commands) -> None:
    """What trains a reward model."""
    reward = commands.add_parser("reward", help="train a reward model on preferences, for learners to train on")
    reward.add_argument(
        "--preset", default="chain-sum", metavar="NAME", help="whose start model and task (%(default)s)"
    )
    reward.add_argument(
        "--preferences", nargs="+", type=Path, metavar="FILE", help="files of labels, JSON or CSV, put together"
    )
    reward.add_argument(
        "--judge", type=int, metavar="N", help="let the task's verifier label N pairs of the start policy's answers"
    )
    reward.add_argument("--noise", type=float, default=0.0, metavar="P", help="how often the judge errs (%(default)s)")
    reward.add_argument("--labels", type=Path, metavar="FILE", help="write the judge's labels there, .json or .csv")
    reward.add_argument("--epochs", type=int, metavar="N", help="how often every pair is learnt from")
    reward.add_argument("--seed", type=int, default=0, metavar="S", help="pairs, what is held out, and batches")
    reward.add_argument("--name", default="reward-model", metavar="NAME", help="what to call it (%(default)s)")
    reward.add_argument(
        "--out", type=Path, metavar="DIR", help="train it as a run and write its trace there, a new or empty folder"
    )
    reward.add_argument("--keep", action="store_true", help="also keep that run among the app's runs")


def _describe_run(parser: argparse.ArgumentParser) -> None:
    """Options that say which run is meant."""
    parser.add_argument(
        "--preset", default="chain-sum", metavar="NAME", help="what to start from (default: %(default)s)"
    )
    parser.add_argument(
        "--learner",
        action="append",
        metavar="NAME",
        help="who takes part: a learner of the preset, another algorithm such as vine or dr-grpo, or a kind of learner "
        "(repeat it for more; default: all of the preset)",
    )
    parser.add_argument("--steps", type=int, metavar="N", help="how many rollouts each learner makes")
    parser.add_argument("--seed", type=int, metavar="S", help="prompts, sampling and shuffling follow from it")
    parser.add_argument(
        "--set",
        dest="assignments",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="any setting, e.g. epsilon=0.1 ppo.lam=1 task.terms=4 (`python -m core settings` lists them)",
    )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 65535, but is {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
