"""How a study over seeds is recorded: what its file does not hold yet is trained, and written as each is done."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


def options_of(
    command: str, description: str, recorded: Path, only: Sequence[str] = (), what: str = ""
) -> argparse.ArgumentParser:
    """The options of such a study: how many seeds, a part of it alone (`only`: the choices of `what`; where there are
    any), another file."""
    parser = argparse.ArgumentParser(prog=command, description=description)
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: %(default)s)")
    if only:
        parser.add_argument("--only", nargs="*", choices=only, help=f"these {what} alone")
    parser.add_argument("--out", type=Path, default=recorded, help="where to write it (default: the recorded result)")
    return parser


def train_the_rest(
    out: Path,
    wanted: Iterable[Key],
    *,
    read: Callable[[Path], list[Row]],
    write: Callable[[list[Row], Path], None],
    key: Callable[[Row], Key],
    train: Callable[[Key, list[Row]], Row],
    line: Callable[[Row], str],
) -> list[Row]:
    """Trains what is wanted and not in the file, in this order, each on one thread, prints a line each, and writes all;
    returns all.

    `train` is handed what is there so far. What is written counts, also where it is cut off: it goes on from there.
    """
    import torch
    from tqdm import tqdm

    torch.set_num_threads(1)
    rows = read(out)
    there = {key(x) for x in rows}
    for one in tqdm([x for x in wanted if x not in there], desc="learners trained"):
        rows.append(train(one, rows))
        tqdm.write(line(rows[-1]))
        write(rows, out)
    return rows
