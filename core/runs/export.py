"""A run as files for anyone outside: the four files of the trace contract, the peers' log format, and a script.

Everything streams step by step: a run with every response kept is larger than one wants in memory.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from core.errors import Refusal
from core.rewards.preferences import to_json
from core.runs import formats
from core.runs.migrations.traces import TRACE_VERSION, conform, stamped, widest
from core.runs.records import LearnerInfo, RunInfo
from core.runs.script import snippet
from core.runs.store import RunStore
from core.stored_config import CONFIG_VERSION
from core.training.trace import COLLECTED, SAMPLES, STEPS, TOKENS

__all__ = ["export", "export_file", "export_formats", "export_zip", "run_json", "snippet"]

OWN = ("parquet", "csv")  # beside the formats of integrations
COLLECTED_FILE = "collected"  # beside the four files, where a learner learns from a data set
LABELS_FILE = "preferences.json"  # beside them, where a reward model learns from labelled pairs
ROWS_PER_GROUP = 65_536  # small row groups make a Parquet file large and slow to read


class ExportError(Refusal, RuntimeError):
    """The files could not be written."""


def export(store: RunStore, run_id: str, directory: Path, format: str = "parquet") -> list[Path]:
    """Writes a run into `directory` (made where missing) and returns the files.

    parquet, csv: run.json, steps, samples, tokens, with the trace contract's columns and any that the run has on top,
    and collected where a learner learns from a data set, preferences.json where a reward model does from labels;
    an integration's format (unipo): one JSON per learner; one that writes a whole run (html): one file, which
    `directory` names unless it is a folder. A run that still goes on is exported up to its last finished step. Raises
    ExportError, RunNotFound, StoreError.
    """
    if format not in export_formats():
        raise ExportError(
            "There is no export format {given}; there are {names}.", given=repr(format), names=export_formats()
        )
    info = store.get(run_id)
    try:
        if format in formats.names(formats.RUN_WRITERS):
            return [_write_run(store, info, directory, format)]
        directory.mkdir(parents=True, exist_ok=True)
        if format not in OWN:
            writer = formats.load(formats.WRITERS, format)
            return [writer.write(store, info, x.name, directory / f"{format}-{x.name}.json") for x in info.learners]
        head = directory / "run.json"
        text = json.dumps(run_json(store, info), indent=2, ensure_ascii=False) + "\n"
        head.write_bytes(text.encode("utf-8", "replace"))  # no file takes half a character
        tables = [*_write_tables(store, info, directory, format), *_write_sets(store, info, directory, format)]
        return [head, *tables, *_write_labels(store, info, directory)]
    except OSError as error:
        raise ExportError(
            "The export could not be written to {place}: {cause}.", place=directory, cause=error.strerror or error
        ) from error


def export_formats() -> list[str]:
    """What `export` can write."""
    return [*OWN, *formats.names(formats.WRITERS), *formats.names(formats.RUN_WRITERS)]


def export_file(store: RunStore, run_id: str, format: str) -> bytes:
    """What a format that writes a whole run as one file writes, for a download button."""
    with tempfile.TemporaryDirectory() as folder:
        return export(store, run_id, Path(folder) / "run", format)[0].read_bytes()


def _write_run(store: RunStore, info: RunInfo, place: Path, format: str) -> Path:
    """Writes the run as one file: `place`, or one of the run's name within it where it is a folder."""
    try:
        writer = formats.load(formats.RUN_WRITERS, format)
    except ImportError as error:
        raise ExportError(
            "The format {format} is written by the app's pages, which are not installed here: {cause}.",
            format=format,
            cause=error,
        ) from error
    path = place / f"{info.id}.{writer.ending}" if place.is_dir() else place
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.write(store, info, path)
    return path


def export_zip(store: RunStore, run_id: str, format: str = "parquet") -> bytes:
    """The same files in one ZIP archive, for a download button."""
    buffer = io.BytesIO()
    # Parquet is compressed already; text shrinks tenfold.
    packing = zipfile.ZIP_STORED if format == "parquet" else zipfile.ZIP_DEFLATED
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(buffer, "w", packing) as archive:
        for path in export(store, run_id, Path(folder), format):
            archive.write(path, path.name)
    return buffer.getvalue()


def run_json(store: RunStore, info: RunInfo) -> dict[str, Any]:
    """What `run.json` holds. `config` is as the run was started; `events` tell what was changed since, and when."""
    devices, hashes = ({getattr(x, name) for x in info.learners} - {None} for name in ("device", "start_hash"))
    return {
        "id": info.id,
        "name": info.name,
        "created": info.created,
        "status": info.status,
        "reason": info.reason and str(info.reason),
        "recorded": info.recorded,
        "seed": info.config.seed,
        "device": ", ".join(sorted(devices)) or None,
        "start_hash": hashes.pop() if len(hashes) == 1 else None,
        "versions": info.versions,
        "config_version": CONFIG_VERSION,
        "trace_version": TRACE_VERSION,
        "config": info.config.model_dump(mode="json"),
        "learners": [_learner_json(x) for x in info.learners],
        "events": store.events(info.id),
    }


def _learner_json(learner: LearnerInfo) -> dict[str, Any]:
    """`reason` and `warning` are English for whoever reads the file; as `…_message` the app reads them itself."""
    names = ("name", "algorithm", "status", "step", "steps", "start_hash", "device")
    fields = {name: getattr(learner, name) for name in names}
    for name, message in (("reason", learner.reason), ("warning", learner.warning)):
        fields |= {name: message and str(message), f"{name}_message": message and message.to_dict()}
    return fields


def _write_tables(store: RunStore, info: RunInfo, directory: Path, format: str) -> list[Path]:
    """Steps, samples and tokens in one walk over the run: learners in the config's order, then steps."""
    ending = "csv" if format == "csv" else "parquet"
    paths = [directory / f"{name}.{ending}" for name in ("steps", "samples", "tokens")]
    writers = [_TableFile(path, schema) for path, schema in zip(paths, _layouts(store, info), strict=True)]
    try:
        for learner in info.learners:
            for _, *tables in store.learner_steps(info.id, learner.name):
                for writer, table in zip(writers, tables, strict=True):
                    writer.add(table)
    finally:
        for writer in writers:
            writer.close()
    return paths


def _write_sets(store: RunStore, info: RunInfo, directory: Path, format: str) -> list[Path]:
    """The data sets of learners that have one, in one file; no file where there is none."""
    sets = [table for x in info.learners if (table := store.collected(info.id, x.name)) is not None]
    if not sets:
        return []
    path = directory / f"{COLLECTED_FILE}.{'csv' if format == 'csv' else 'parquet'}"
    writer = _TableFile(path, widest(COLLECTED, (x.schema for x in sets)))
    try:
        for table in sets:
            writer.add(table)
    finally:
        writer.close()
    return [path]


def _write_labels(store: RunStore, info: RunInfo, directory: Path) -> list[Path]:
    """The labelled pairs that reward models learnt from, as a file that can be uploaded again; none where there are
    none."""
    labels = store.preferences(info.id)
    if labels is None:
        return []
    path = directory / LABELS_FILE
    path.write_text(to_json(labels), encoding="utf-8")
    return [path]


def _layouts(store: RunStore, info: RunInfo) -> list[pa.Schema]:
    """The columns of the three files: a learner may have some of its own, and a file needs its columns first."""
    layouts = [layout for x in info.learners for layout in store.layouts(info.id, x.name)]
    return [widest(schema, (x[i] for x in layouts)) for i, schema in enumerate((STEPS, SAMPLES, TOKENS))]


class _TableFile:
    """Collects small tables into row groups of a Parquet or CSV file. The same rows always give the same bytes."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        make: Callable[..., Any] = pa.csv.CSVWriter if path.suffix == ".csv" else pa.parquet.ParquetWriter
        options = {} if path.suffix == ".csv" else {"compression": "zstd"}
        self._writer, self._schema = make(str(path), stamped(schema), **options), schema
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, table: pa.Table) -> None:
        self._waiting.append(conform(table, self._schema))
        self._rows += table.num_rows
        if self._rows >= ROWS_PER_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.concat_tables(self._waiting).combine_chunks())
        self._waiting, self._rows = [], 0


def read_tables(directory: Path) -> Iterator[tuple[str, Path]]:
    """(name, path) of the three tables of a Parquet export, and of its data sets where it has any."""
    for name in ("steps", "samples", "tokens"):
        yield name, directory / f"{name}.parquet"
    if (path := directory / f"{COLLECTED_FILE}.parquet").is_file():
        yield COLLECTED_FILE, path
