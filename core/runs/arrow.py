"""Tables as compressed bytes: Arrow IPC streams, zstd, with the trace's version in their schema."""

from __future__ import annotations

import pyarrow as pa

from core.runs.migrations.traces import stamped

_OPTIONS = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=3))


def pack(table: pa.Table, schema: pa.Schema) -> bytes:
    """The table as bytes: the contract's columns, and after them whatever else it has.

    Raises ValueError where the contract's columns are missing or of other types.
    """
    own = pa.schema([table.schema.field(i) for i in range(min(len(schema), len(table.schema)))])
    if own != schema:
        differing = sorted({f"{f.name}: {f.type}" for f in own} ^ {f"{f.name}: {f.type}" for f in schema})
        raise ValueError(f"a trace table breaks the contract at {', '.join(differing) or 'the order of its columns'}")
    sink = pa.BufferOutputStream()
    layout = stamped(table.schema)
    with pa.ipc.new_stream(sink, layout, options=_OPTIONS) as writer:
        writer.write_table(table.replace_schema_metadata(layout.metadata).combine_chunks())
    return sink.getvalue().to_pybytes()


def unpack(blob: bytes) -> pa.Table:
    """The table as it was packed, by whichever version: `core.runs.migrations.traces.read_table` brings it up."""
    with pa.ipc.open_stream(blob) as reader:
        return reader.read_all()


def schema_of(blob: bytes) -> pa.Schema:
    """The columns of a packed table; its rows are left packed."""
    with pa.ipc.open_stream(blob) as reader:
        return reader.schema
