"""Small files that unpack to much: refused by a sentence, in bounded memory and time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.runs import limited, parquet_files
from core.runs.importing import ImportFailed, import_any
from core.runs.parquet_files import Budget, opened, rows_of
from core.runs.store import RunStore

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'store' / 'runs.sqlite'}", home=tmp_path / "store")


def repeated(value: object, rows: int, kind: pa.DataType) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, "int32")), pa.array([value], kind))


def completions(rows: int, prompt: str) -> bytes:
    """TRL's columns, each one value over and over: dictionary-encoded, run-length packed."""
    columns = {
        "step": repeated(1, rows, pa.int64()),
        "prompt": repeated(prompt, rows, pa.string()),
        "completion": repeated("c", rows, pa.string()),
        "advantage": repeated(0.0, rows, pa.float64()),
    }
    sink = pa.BufferOutputStream()
    options = {"compression": "zstd", "store_schema": False, "row_group_size": rows}
    pq.write_table(pa.table(columns), sink, dictionary_pagesize_limit=2**22, **options)
    return sink.getvalue().to_pybytes()


LAUNCH = """import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)"""


def import_in_a_process(path: Path, home: Path) -> tuple[int, str, float]:
    """(exit code, what it said, peak GiB) of `python -m core import`, as pages run it."""
    # By way of a small process: a child's peak counts what its parent held when it was begun, and tests hold much.
    command = [sys.executable, "-c", LAUNCH, sys.executable, "-m", "core", "import", str(path)]
    env = {**os.environ, "CREDIT_LAB_HOME": str(home), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr, int(done.stdout.split()[-1]) / (2**20 if sys.platform == "linux" else 2**30)


def test_a_kilobyte_that_says_a_megabyte_eight_thousand_times(tmp_path: Path) -> None:
    (tmp_path / "bomb.parquet").write_bytes(completions(8_000, "x" * 2**20))
    assert (tmp_path / "bomb.parquet").stat().st_size < 2_000
    code, text, peak = import_in_a_process(tmp_path / "bomb.parquet", tmp_path / "home")
    assert (code, text) == (2, "Unpacked, the tables are too large: at most 1024 MiB can be imported.\n")
    assert peak < 1.0  # GiB; without the bound it was more than 8


def test_rows_are_counted_before_and_while_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "MOST_ROWS", 100_000)
    file = opened(pa.BufferReader(completions(100_001, "p")), "it")
    with pytest.raises(ImportFailed, match="There are more than 100000 rows"):
        rows_of(file, "it", Budget())
    assert rows_of(opened(pa.BufferReader(completions(100_000, "p")), "it"), "it", Budget()).num_rows == 100_000
    budget = Budget()
    rows_of(opened(pa.BufferReader(completions(60_000, "p")), "it"), "it", budget)
    with pytest.raises(ImportFailed, match="There are more than 100000 rows"):  # of all files of one import
        rows_of(opened(pa.BufferReader(completions(60_000, "p")), "it"), "it", budget)


def test_what_is_unpacked_is_what_was_packed() -> None:
    rng = np.random.default_rng(0)
    texts = pa.array([None if x < 5 else "é" * int(x % 9) for x in rng.integers(0, 99, 40_000)])
    table = pa.table({"t": texts, "n": rng.normal(size=40_000), "l": [[x] for x in range(40_000)]})
    for columns in (["t", "n"], ["t", "n", "l"]):
        sink = pa.BufferOutputStream()
        pq.write_table(table.select(columns), sink, row_group_size=7_000)
        read = rows_of(opened(pa.BufferReader(sink.getvalue()), "it"), "it", Budget())
        assert read.equals(table.select(columns))


def test_an_import_that_takes_more_memory_than_it_may_says_so(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_bytes(b'{"header": {"algorithm": "ppo"}, "entries": [' + b"[]," * 500_000 + b"[]]}")
    script = (
        "from pathlib import Path\n"
        "from core.runs import importing, limited\n"
        "from core.runs.store import RunStore\n"
        "limited.memory_of_import = lambda: 16 * 2**20\n"
        f"store = RunStore('sqlite:///{tmp_path}/runs.sqlite', home=Path({str(tmp_path)!r}))\n"
        "try:\n"
        f"    importing.import_bounded(store, Path({str(tmp_path / 'log.json')!r}))\n"
        "except importing.ImportFailed as error:\n"
        "    print(error)\n"
        "    print(len(bytearray(256 * 2**20)), store.runs())\n"  # the bound holds for the import alone
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    if not sys.platform.startswith("linux"):  # elsewhere counts alone bound it
        assert "entries must be a list of objects" in done.stdout
        return
    assert done.stdout.splitlines() == [str(limited.too_large(16 * 2**20)), f"{256 * 2**20} []"], done.stderr


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"header":{"algorithm":"ppo"},"entries":' + b"[" * 100_000, "nested too deeply"),
        (b'{"header":{"algorithm":"ppo"},"entries":[' + b"9" * 5_000 + b"]}", "This is not a run"),
        (
            b'{"type":"header","algorithm":"ppo"}\n{"step":' + b"1" * 1_000_000,
            "The UNIPO log has no entries",
        ),  # a cut last line is left out
    ],
)
def test_json_that_is_no_end_of_something(store: RunStore, data: bytes, sentence: str) -> None:
    with pytest.raises(ImportFailed, match=sentence):
        import_any(store, data)
    assert store.runs() == []


def test_a_zip_of_too_many_files_is_refused_by_their_number(store: RunStore) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for number in range(20_001):
            archive.writestr(f"{number}.json", b"")
    with pytest.raises(ImportFailed, match="There are 20001 files; at most 20000"):
        import_any(store, sink.getvalue())
