"""Studies that train one learner under several conditions over seeds: their files, and their commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from core.insight.recorded_file import write_rows
from core.insight.recording import options_of, train_the_rest
from core.versions import versions


class ConditionResult(Protocol):
    """What every such study has of one learner."""

    @property
    def condition(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def success(self) -> tuple[float, ...]:
        """Of each step's own responses."""


Result = TypeVar("Result", bound=ConditionResult)


def write_conditions(
    rows: Iterable[Result],
    path: Path,
    *,
    order: Iterable[str],
    version: int,
    about: Mapping[str, Any],
    line: Callable[[Result], str],
) -> None:
    """Everything as JSON, by condition in this order and seed; `about`: what the study says of itself, `line`: a result
    as JSON."""
    place = {name: i for i, name in enumerate(order)}
    kept = sorted(rows, key=lambda x: (place[x.condition], x.seed))
    seeds, steps = sorted({x.seed for x in kept}), len(kept[0].success)
    head = {"version": version, "seeds": seeds, "steps": steps, **about, "versions": versions()}
    write_rows(head, map(line, kept), path)


def record_conditions(
    arguments: Sequence[str] | None,
    *,
    command: str,
    description: str,
    recorded: Path,
    names: Iterable[str],
    read: Callable[[Path], list[Result]],
    write: Callable[[list[Result], Path], None],
    train: Callable[[tuple[str, int], list[Result]], Result],
    line: Callable[[Result], str],
) -> None:
    """The command of such a study: trains what is not recorded yet, prints a line each, and writes all where the page
    finds it. `train` is handed (condition, seed) and what is there so far."""
    every = list(names)
    options = options_of(command, description, recorded, every, "conditions").parse_args(arguments)
    wanted = [x for x in every if x in (options.only or every)]
    rows = train_the_rest(
        options.out,
        [(name, seed) for seed in range(options.seeds) for name in wanted],
        read=read,
        write=write,
        key=lambda x: (x.condition, x.seed),
        train=train,
        line=line,
    )
    print(f"{options.out}: {len(rows)} learners")
