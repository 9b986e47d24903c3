"""Somebody else's Parquet files, read so that a small file cannot become a large table.

Parquet packs well: a kilobyte can say "this megabyte of text, eight thousand times", and its footer can say anything.
So texts are read as their dictionaries, what they come to is counted before they are written out, and rows are read a
few at a time and counted as they come. What a single page unpacks to only the memory of the process bounds
(core/runs/limited.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from core.errors import Message
from core.runs.foreign import ImportFailed

#: What all tables of one import may come to, unpacked: a run of 5 million tokens, every response kept, has 0.6 GiB.
MOST_BYTES, MOST_ROWS = 2**30, 20_000_000
MOST_COLUMNS, MOST_ROW_GROUPS = 500, 20_000
#: Rows that are unpacked at a time. Texts inside lists and structures cannot be read as dictionaries, so fewer.
_BATCH, _NESTED_BATCH = 16_384, 128


@dataclass
class Budget:
    """What may still be unpacked; all files of one import share one."""

    bytes: int = -1
    rows: int = -1

    def __post_init__(self) -> None:
        self.bytes = MOST_BYTES if self.bytes < 0 else self.bytes
        self.rows = MOST_ROWS if self.rows < 0 else self.rows

    def take(self, rows: int, size: int) -> None:
        """Raises ImportFailed where that is more than is left."""
        self.rows, self.bytes = self.rows - rows, self.bytes - size
        if self.rows < 0:
            raise ImportFailed("There are more than {bound} rows; so many cannot be imported.", bound=MOST_ROWS)
        if self.bytes < 0:
            raise ImportFailed(
                "Unpacked, the tables are too large: at most {bound} MiB can be imported.",
                bound=MOST_BYTES // 2**20,
            )


def opened(source: Path | pa.BufferReader, name: str | Message) -> pa.parquet.ParquetFile:
    """A file of which only the footer has been read. Raises ImportFailed."""
    try:
        file = _open(source, [])
        texts = [x.name for x in file.schema_arrow if pa.types.is_string(x.type) or pa.types.is_large_string(x.type)]
        if isinstance(source, pa.BufferReader):
            source.seek(0)
        file = _open(source, texts)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ImportFailed("{name} is not a Parquet file, or is cut short.", name=name) from error
    about = file.metadata
    if about.num_columns > MOST_COLUMNS or about.num_row_groups > MOST_ROW_GROUPS:
        raise ImportFailed(
            "{name} has {columns} columns in {groups} row groups; at most {most_columns} columns and {most_groups} row "
            "groups are allowed.",
            name=name,
            columns=about.num_columns,
            groups=about.num_row_groups,
            most_columns=MOST_COLUMNS,
            most_groups=MOST_ROW_GROUPS,
        )
    return file


def _open(source: Path | pa.BufferReader, texts: list[str]) -> pa.parquet.ParquetFile:
    return pa.parquet.ParquetFile(
        source,
        read_dictionary=texts,
        pre_buffer=False,
        thrift_string_size_limit=2**24,
        thrift_container_size_limit=10**6,
        arrow_extensions_enabled=False,
    )


def rows_of(file: pa.parquet.ParquetFile, name: str | Message, budget: Budget) -> pa.Table:
    """All rows of an opened file, as plain columns. Raises ImportFailed where they are too many, large or damaged."""
    if file.metadata.num_rows > budget.rows:  # what the footer admits needs no reading
        budget.take(file.metadata.num_rows, 0)
    declared = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
    if declared > budget.bytes:
        budget.take(0, declared)
    try:
        return pa.Table.from_batches(list(_batches(file, budget)), schema=_plain_schema(file.schema_arrow))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, MemoryError):
            raise
        raise ImportFailed("{name} is damaged and cannot be read.", name=name) from error


def _batches(file: pa.parquet.ParquetFile, budget: Budget) -> Iterator[pa.RecordBatch]:
    nested = any(pa.types.is_nested(x.type) for x in file.schema_arrow)
    for batch in file.iter_batches(_NESTED_BATCH if nested else _BATCH, use_threads=False):
        budget.take(batch.num_rows, sum(map(_unpacked, batch.columns)))
        plain = [x.dictionary_decode() if pa.types.is_dictionary(x.type) else x for x in batch.columns]
        made = pa.record_batch(plain, schema=_plain_schema(batch.schema))
        made.validate(full=True)  # texts that are no UTF-8 would fail much later, in somebody else's hands
        yield made


def _unpacked(column: pa.Array) -> int:
    """Bytes of a column once every row has its own text."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary)
    of_rows = pc.sum(pc.take(lengths, column.indices)).as_py() or 0
    return int(of_rows) + 4 * len(column) + int(column.dictionary.nbytes)


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    fields = [x.with_type(x.type.value_type) if pa.types.is_dictionary(x.type) else x for x in schema]
    return pa.schema(fields, metadata=schema.metadata)
