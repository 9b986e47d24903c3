"""Traces that come as files: the demo run shipped with the app, or anybody's Parquet export."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.config import RunConfig
from core.errors import Refusal
from core.learners.registry import without
from core.rewards import preferences
from core.rewards.preferences import Preference
from core.runs import lifecycle
from core.runs.export import LABELS_FILE, read_tables
from core.runs.migrations.traces import NewerTrace, check_version, take_over
from core.runs.parquet_files import Budget, opened, rows_of
from core.runs.records import RunUnreadable
from core.runs.run_json import TraceFilesError, check_against, read_head
from core.runs.store import RunNotFound, RunStore
from core.runs.table_checks import check_collected, check_step, check_steps, check_texts, incomplete
from core.stored_config import StoredConfigError, load_config
from core.tasks.kinds.imported import ImportedSettings
from core.training.trace import STEPS, StepTrace, prompt_hash, prompts_of

__all__ = ["SHIPPED", "TraceFilesError", "import_recorded", "import_shipped"]

#: run id → its folder
SHIPPED = {
    "recorded-long-sums": Path(__file__).parent / "shipped" / "long-sums",
    "recorded-smollm2-sums": Path(__file__).parent / "shipped" / "smollm2-sums",
}


#: Columns without which a row cannot be placed.
_KEYS = {
    "steps": ("learner", "step"),
    "samples": ("learner", "step", "sample", "group", "prompt", "response"),
    "tokens": ("learner", "step", "pass", "sample", "position", "token"),
    "collected": ("learner", "sample", "group", "prompt", "response"),
}


def import_shipped(store: RunStore) -> None:
    """Puts every recorded run that comes with the app into the store, unless it is there already."""
    for run_id, folder in SHIPPED.items():
        if (folder / "run.json").exists():
            import_recorded(store, folder, run_id)


def import_recorded(store: RunStore, directory: Path, run_id: str) -> None:
    """Puts the four files of a Parquet export into the store as a run that is over. Doing it again changes nothing.

    Raises TraceFilesError where the files are missing or break the contract, or a newer version wrote them.
    """
    try:
        head = read_head(json.loads((directory / "run.json").read_text(encoding="utf-8")))
        check_version(head["trace_version"])
        config = load_config(head["config"], head["config_version"])
        check_against(head, config)
        tables, budget = {}, Budget()
        for name, path in read_tables(directory):
            tables[name] = take_over(rows_of(opened(path, path.name), path.name, budget), name)
        _check(tables, config)
        _set_steps(tables["steps"], head)
        labels = _labels_in(directory)
        if _is_there(store, run_id, head):
            return
        store.create(config, head["name"], run_id=run_id, preferences=labels)
        for trace in _traces(tables):
            _check_step(trace, config)
            store.append(run_id, trace)
        lifecycle.record(store, run_id, head)  # last: only a complete import counts as one
    except (StoredConfigError, NewerTrace) as error:
        raise TraceFilesError(
            "The files in {place} were made by another version of the app: {cause}.", place=directory, cause=error
        ) from error
    except MemoryError:  # Arrow's own lack of memory is one of its exceptions, too
        raise
    except (OSError, ValueError, RecursionError, OverflowError, pa.ArrowException) as error:
        cause = error.messages[0] if isinstance(error, Refusal) else str(error)  # of several bad settings the first
        raise TraceFilesError("The files in {place} are not a trace: {cause}.", place=directory, cause=cause) from error


def _labels_in(directory: Path) -> tuple[Preference, ...]:
    """The labelled pairs of an export. Raises PreferencesError where the file holds none."""
    path = directory / LABELS_FILE
    if not path.is_file():
        return ()
    with path.open("rb") as file:
        return preferences.read(file.read(preferences.MOST_BYTES + 1))  # one more: it is refused, and no more is read


def _check(tables: dict[str, pa.Table], config: RunConfig) -> None:
    """Raises TraceFilesError or RowsError where the files speak of learners that the config lacks, or hold no trace."""
    names = [x.name for x in config.learners]
    for table, columns in ((x, y) for x, y in _KEYS.items() if x in tables):
        gaps = [x for x in columns if tables[table][x].null_count]
        if gaps:
            raise TraceFilesError("{table} has rows without {names}", table=table, names=gaps)
        strangers = set(tables[table]["learner"].unique().to_pylist()) - set(names)
        if strangers:
            raise TraceFilesError("{table} speaks of a learner that the config does not have", table=table)
        check_texts(tables[table], table)
    check_steps(tables["steps"])
    for name in names:
        if (data := _set_of(tables, name)) is not None:
            check_collected(data)


def _set_of(tables: dict[str, pa.Table], learner: str) -> pa.Table | None:
    """The data set of a learner; None where the files have none."""
    if "collected" not in tables:
        return None
    own = tables["collected"].filter(pc.equal(tables["collected"]["learner"], learner))
    return own.combine_chunks() if own.num_rows else None


def _check_step(trace: StepTrace, config: RunConfig) -> None:
    """Raises RowsError where a step's rows cannot be, TraceFilesError where they lack what every run of ours has."""
    check_step(trace.samples, trace.tokens)
    if not isinstance(config.task, ImportedSettings):  # such a run may lack anything, and pages know it
        lacking = incomplete(trace.samples, trace.tokens, without(config.learner(trace.learner)), finite=False)
        if lacking is not None:
            raise TraceFilesError(
                "step {step} of {learner} has no {column}", step=trace.step, learner=trace.learner, column=lacking
            )


def _set_steps(steps: pa.Table, head: dict[str, Any]) -> None:
    """How far each learner came, by its steps: a run that went on while it was exported had made fewer before."""
    made = dict.fromkeys((x["name"] for x in head["learners"]), 0)
    for name in steps["learner"].to_pylist():
        made[name] += 1
    for learner in head["learners"]:
        learner["step"] = made[learner["name"]] - 1
        learner["steps"] = max(learner["steps"], made[learner["name"]])


def _is_there(store: RunStore, run_id: str, head: dict[str, Any]) -> bool:
    try:
        info = store.get(run_id)
    except RunNotFound:
        return False
    except RunUnreadable:  # an older recording under the same name
        store.delete(run_id)
        return False
    if info.recorded and info.created == head["created"]:
        return True
    store.delete(run_id)  # an import that was cut short, or an older recording under the same name
    return False


def _traces(tables: dict[str, pa.Table]) -> Iterator[StepTrace]:
    """Step by step, the learners taking turns, as if they had been made just now."""
    rows = tables["steps"].to_pylist()
    samples, tokens = _by_step(tables["samples"]), _by_step(tables["tokens"])
    nothing = {"samples": tables["samples"].slice(0, 0), "tokens": tables["tokens"].slice(0, 0)}
    made = {(x["learner"], x["step"]) for x in rows}
    for learner, step in (*samples, *tokens):
        if (learner, step) not in made:
            raise TraceFilesError(
                "there are rows of {learner}'s step {step}, but no such step", learner=learner, step=step
            )
    for row in sorted(rows, key=lambda x: x["step"]):
        key = (row["learner"], row["step"])
        here, its_tokens = samples.get(key, nothing["samples"]), tokens.get(key, nothing["tokens"])
        yield StepTrace(
            learner=row["learner"],
            step=row["step"],
            scalars={name: value for name, value in row.items() if name not in STEPS.names[:2]},
            samples=here,
            tokens=its_tokens,
            prompt_hash=prompt_hash(prompts_of(here)),
            collected=_set_of(tables, row["learner"]) if row["step"] == 0 else None,
        )


def _by_step(table: pa.Table) -> dict[tuple[str, int], pa.Table]:
    """(learner, step) → its rows; slices of the table, as an export keeps a step's rows together."""
    if not table.num_rows:
        return {}
    names = table["learner"].combine_chunks().dictionary_encode()
    own, steps = names.indices.to_numpy(), table["step"].to_numpy()
    begins = [0, *(np.flatnonzero((np.diff(own) != 0) | (np.diff(steps) != 0)) + 1).tolist(), table.num_rows]
    by_step: dict[tuple[str, int], pa.Table] = {}
    for start, end in itertools.pairwise(begins):
        key = names.dictionary[int(own[start])].as_py(), int(steps[start])
        if key in by_step:
            raise TraceFilesError("the rows of {learner}'s step {step} are not together", learner=key[0], step=key[1])
        by_step[key] = table.slice(start, end - start)
    return by_step
