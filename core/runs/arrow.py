"""Tables as compressed bytes: Arrow IPC streams, zstd."""

from __future__ import annotations

import pyarrow as pa

_OPTIONS = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=3))


def pack(table: pa.Table, schema: pa.Schema) -> bytes:
    """The table as bytes. Raises ValueError where it is not of the contract's columns and types."""
    if table.schema != schema:
        differing = sorted({f"{f.name}: {f.type}" for f in table.schema} ^ {f"{f.name}: {f.type}" for f in schema})
        raise ValueError(f"a trace table breaks the contract at {', '.join(differing) or 'the order of its columns'}")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_OPTIONS) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


def unpack(blob: bytes) -> pa.Table:
    with pa.ipc.open_stream(blob) as reader:
        return reader.read_all()
