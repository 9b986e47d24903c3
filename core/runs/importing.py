"""One front door for runs from elsewhere: our own four files and other people's formats, however they come.

What is taken in is somebody else's: sizes are limited before anything is unpacked, nothing is run, every text stays
text. A format is recognised by what is inside, not by names. A server does this in a process of its own, whose memory
is bounded (core/runs/limited.py).
"""

from __future__ import annotations

import contextlib
import io
import lzma
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import pyarrow as pa

from core.errors import ConfigError, Message
from core.runs import formats, limited
from core.runs.errors import RunNotFound
from core.runs.export import COLLECTED_FILE, LABELS_FILE
from core.runs.foreign import ImportFailed
from core.runs.formats import TableReader
from core.runs.limited import MOST_BYTES, MOST_FILES
from core.runs.naming import new_id
from core.runs.parquet_files import Budget, opened, rows_of
from core.runs.recorded import TraceFilesError, import_recorded
from core.runs.store import RunStore
from core.runs.table_checks import RowsError

__all__ = ["MOST_BYTES", "ImportFailed", "import_any", "import_bounded"]

_TEXTS = (".json", ".jsonl")
#: So many folders, one in the other, count in a ZIP.
_DEEPEST = 6
_TRACE = ("run.json", "steps.parquet", "samples.parquet", "tokens.parquet")


def import_bounded(store: RunStore, source: Path, name: str | None = None) -> str:
    """As `import_any`, in at most so much memory as core.runs.limited says; what does not fit raises ImportFailed.

    Meant for a process that does only this.
    """
    for group in (formats.TABLES, formats.TEXTS):
        formats.all_of(group)  # what is imported for them is no part of what the files take
    memory = limited.memory_of_import()
    try:
        with limited.bounded(memory):
            return import_any(store, source, name)
    except MemoryError:
        raise ImportFailed(limited.too_large(memory)) from None


def import_any(store: RunStore, source: Path | bytes, name: str | None = None) -> str:
    """Takes a run in and returns its new id; it is over, cannot be trained on, and what it lacks is null.

    `source` is a file, a folder or a file's bytes; `name` what the run is to be called (none: what it says itself, or
    the file's name). Raises ImportFailed with one sentence where that is no such run, ConfigError at a bad name,
    StoreError, and MemoryError. Nothing stays behind then.
    """
    try:
        if isinstance(source, bytes):
            return _from_bytes(store, source, name, "imported run")
        if source.is_dir():
            return _from_folder(store, source, name, source.name)
        if not source.is_file():
            raise ImportFailed("There is no file or folder {place}.", place=source)
        if source.stat().st_size > MOST_BYTES:
            raise _too_large(source.stat().st_size)
        return _from_bytes(store, source.read_bytes(), name, source.stem)
    except RowsError as error:
        raise ImportFailed("These files are no run: {cause}.", cause=error) from error
    except (ImportFailed, ConfigError, MemoryError):  # Arrow's own lack of memory is one of its exceptions, too
        raise
    except OSError as error:
        raise ImportFailed("The files could not be read: {cause}.", cause=error.strerror or error) from error
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, pa.ArrowException) as error:
        cause = (str(error).splitlines() or [""])[0].rstrip(".")[:200]
        raise ImportFailed(
            "The files could not be read as a run: {kind}, {cause}.", kind=type(error).__name__, cause=cause
        ) from error


def _too_large(size: int) -> ImportFailed:
    return ImportFailed(
        "That is {given:.0f} MiB; at most {bound} MiB can be imported.", given=size / 2**20, bound=MOST_BYTES // 2**20
    )


def _no_run() -> ImportFailed:
    return ImportFailed(
        "This is not a run: it must be this app's export (run.json, steps.parquet, samples.parquet, tokens.parquet, "
        "as a folder or ZIP), TRL's completions (completions_00001.parquet, one or many, as a file, folder or ZIP), a "
        "log in UNIPO's format (JSON), or prime-rl's token export (rank_0.jsonl, one or many)."
    )


def _too_many(files: int) -> ImportFailed:
    return ImportFailed("There are {given} files; at most {bound} can be imported.", given=files, bound=MOST_FILES)


def _from_bytes(store: RunStore, data: bytes, name: str | None, given_name: str) -> str:
    if len(data) > MOST_BYTES:
        raise _too_large(len(data))
    if data.startswith(b"PK"):
        with tempfile.TemporaryDirectory(prefix="credit-lab-") as folder:
            _unzip(data, Path(folder))
            return _from_folder(store, Path(folder), name, given_name)
    if data.startswith(b"PAR1"):
        reader, table = _table(data)
        return reader.add(store, [table], name or _title(given_name))
    return _add_texts(store, [(_text(data), PurePosixPath("unnamed"))], name)


def _from_folder(store: RunStore, folder: Path, name: str | None, given_name: str) -> str:
    if (folder / "run.json").is_file():
        missing = [x for x in _TRACE if not (folder / x).is_file()]
        if missing:
            raise ImportFailed("Of this app's four files {names} is missing.", names=missing)
        further = (f"{COLLECTED_FILE}.parquet", LABELS_FILE)
        files = [folder / x for x in (*_TRACE, *further) if (folder / x).is_file()]
        if (size := sum(x.stat().st_size for x in files)) > MOST_BYTES:
            raise _too_large(size)
        return _recorded(store, folder, name, given_name)
    below = folder / "completions"
    files = sorted(x for x in (*folder.iterdir(), *(below.iterdir() if below.is_dir() else ())) if x.is_file())
    if len(files) > MOST_FILES:
        raise _too_many(len(files))
    chosen = [x for x in files if x.suffix in (".parquet", ".json", ".jsonl")]
    size = sum(x.stat().st_size for x in chosen)
    if size > MOST_BYTES:
        raise _too_large(size)
    for reader in formats.all_of(formats.TABLES):
        tables = [x for x in chosen if x.suffix == ".parquet" and x.name.startswith(reader.prefix)]
        if tables:
            budget = Budget()
            pieces = [_table_for(reader, x, budget) for x in tables]
            return str(reader.add(store, pieces, name or _title(given_name)))
    return _add_texts(store, [(_text(x.read_bytes()), _place(x, folder)) for x in _texts_in(folder)], name)


def _texts_in(folder: Path) -> list[Path]:
    """The texts in a folder and below it: some formats have a file for each step, in folders of their own."""
    files = []
    for path in folder.rglob("*"):
        if path.suffix in _TEXTS and path.is_file():
            files.append(path)
            if len(files) > MOST_FILES:
                raise _too_many(len(files))
    if (size := sum(x.stat().st_size for x in files)) > MOST_BYTES:
        raise _too_large(size)
    return sorted(files)


def _place(path: Path, folder: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(folder).as_posix())


def _add_texts(store: RunStore, texts: list[tuple[str, PurePosixPath]], name: str | None) -> str:
    """A run from those of the texts that the first fitting format reads; each comes with its place."""
    for reader in formats.all_of(formats.TEXTS):
        logs = [x for x in (reader.read(*text) for text in texts) if x is not None]
        if logs:
            return str(reader.add(store, logs, name))
    raise _no_run()


def _recorded(store: RunStore, folder: Path, name: str | None, given_name: str) -> str:
    run_id = new_id()
    try:
        import_recorded(store, folder, run_id)
        if name is not None:
            store.rename(run_id, name)
    except BaseException as error:
        with contextlib.suppress(RunNotFound):
            store.delete(run_id)
        if isinstance(error, TraceFilesError):  # where a ZIP was unpacked tells nobody anything
            raise ImportFailed(error.message.replaced(str(folder), given_name)) from error
        raise
    return run_id


def _unzip(data: bytes, folder: Path) -> None:
    """Only plain files, texts in their folders and all others by their names alone: nothing leads out of `folder`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [x for x in archive.infolist() if not x.is_dir() and "__MACOSX" not in x.filename]
            if len(members) > MOST_FILES:
                raise _too_many(len(members))
            if (size := sum(x.file_size for x in members)) > MOST_BYTES:
                raise _too_large(size)
            left = MOST_BYTES
            for member in members:
                target = folder.joinpath(*_parts(member.filename))
                if target.exists():
                    raise ImportFailed("The ZIP holds two files called {name}.", name=target.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as file:
                    content = file.read(left + 1)
                left -= len(content)
                if left < 0:  # the archive lies about its sizes
                    raise _too_large(MOST_BYTES + 1)
                target.write_bytes(content)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ImportFailed("The ZIP is broken, encrypted or of a kind that cannot be read.") from error


def _table(data: bytes) -> tuple[TableReader, pa.Table]:
    """A single Parquet file, and which format takes it."""
    what = Message("The file")
    file = opened(pa.BufferReader(data), what)
    for reader in formats.all_of(formats.TABLES):
        if reader.takes(file.schema_arrow):
            return reader, rows_of(file, what, Budget())
    raise ImportFailed(
        "This Parquet file ({columns}) is not a run: it must be this app's export (run.json, steps.parquet, "
        "samples.parquet, tokens.parquet, as a folder or ZIP), TRL's completions (completions_00001.parquet, "
        "one or many, as a file, folder or ZIP) or a log in UNIPO's format (JSON).",
        columns=[_title(x) for x in file.schema_arrow.names[:8]],
    )


def _table_for(reader: TableReader, path: Path, budget: Budget) -> pa.Table:
    """A Parquet file that is called as the format calls its files."""
    file = opened(path, path.name)
    if not reader.takes(file.schema_arrow):
        raise ImportFailed(
            "{name} must have the columns {columns}, but has {given}.",
            name=path.name,
            columns=reader.columns,
            given=[_title(x) for x in file.schema_arrow.names[:8]],
        )
    return rows_of(file, path.name, budget)


def _title(text: str) -> str:
    """A file's or column's name, as a run can be called or a sentence can quote it."""
    return "".join(x for x in text if x.isprintable()).strip()[:200] or "imported run"


def _parts(name: str) -> list[str]:
    """Where a file of a ZIP is unpacked to, below the folder for it."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.suffix not in _TEXTS or path.name == "run.json":
        return [path.name or "unnamed"]
    return [x for x in path.parts if x not in ("/", ".", "..")][-_DEEPEST:] or ["unnamed"]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_run() from error
