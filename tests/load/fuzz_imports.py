"""Thousands of changed files of runs, imported: nothing but a run or a sentence comes out, and no page dies of one.

    python -m tests.load.fuzz_imports --files 2000 [--seed 0] [--pages]

Each file is an export of this app (two kinds), TRL's completions (two), a UNIPO log (four) or prime-rl's, changed at
random (mutations.py), or a run in the store of which something was edited by hand. What is imported is then opened as
browsers and pages do. Prints what came out of each kind, the slowest import, and the most memory that was taken.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from core.config import RunConfig
from core.errors import Refusal
from core.runs import lifecycle
from core.runs.arrow import unpack
from core.runs.errors import DataUnreadable, RunNotFound
from core.runs.export import export
from core.runs.feed import Feed
from core.runs.importing import ImportFailed, import_any
from core.runs.limited import bounded
from core.runs.records import RunUnreadable
from core.runs.store import RunStore
from tests.helpers import step_traces
from tests.integrations.test_prime_rl import jsonl, record
from tests.load.mutations import Files, of_files, of_json, of_parquet, zipped

ANSWERS = [["6", "6", True, 3, True], ["7", "7", False, 3, True]]
EVENTS: tuple[tuple[str, Any], ...] = (
    ("start", None),
    ("drift", 0.25),
    ("change", {"learning_rate": 1e-5}),
    ("rejected-change", {"assignments": {"steps": 0}, "reason": "no", "message": None}),
    ("final", {"sampled": 0.5, "greedy": 0.25}),
    *(
        ("evaluation", {"when": when, "samples": 1, "questions": ["1+5=", "2+5="], "truths": ["6", "7"],
                        "greedy": ANSWERS, "sampled": [[x] for x in ANSWERS]})
        for when in ("before", "after")
    ),
)  # fmt: skip


@dataclass
class Outcome:
    """What came out of all files of a kind."""

    imported: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by the sentence's key
    slowest_s: float = 0.0


class Broken(AssertionError):
    """Something else than a run or a sentence came out, or what came in cannot be opened."""


def made_up_run(store: RunStore, name: str = "made up", **settings: Any) -> str:
    """A finished run with an event of every kind."""
    config = RunConfig(steps=2, num_generations=4, **settings)
    run_id = store.create(config, name)
    for trace in step_traces(config, 2, groups=2):
        store.append(run_id, trace)
    for learner in config.learners:
        lifecycle.mark(store, run_id, learner.name, "finished")
        for kind, value in EVENTS:
            store.add_event(run_id, learner.name, 1, kind, value)
    return run_id


def corpus(store: RunStore, folder: Path) -> dict[str, Files]:
    """Sound files of every kind, by name."""
    run_id = made_up_run(store)
    own = {x.name: x.read_bytes() for x in export(store, run_id, folder / "own")}
    logs = {x.name: x.read_bytes() for x in export(store, run_id, folder / "unipo", "unipo")}
    log = json.loads(logs["unipo-grpo.json"])
    lines = [{"type": "header", **log["header"]}, *({"type": "step", **x} for x in log["entries"])]
    store.delete(run_id)
    steps = {
        f"static/grpo/step-{n}.json": {"step": n, "prompts": x.pop("prompts")} for n, x in enumerate(log["entries"])
    }
    for number, entry in enumerate(log["entries"]):
        entry["step"] = number
    built = {"static/grpo_metrics.json": log, **steps}
    return {
        "own": own,
        "own, run.json alone": own,
        "TRL": {f"completions_{n:05}.parquet": _completions(n, talk=False) for n in (1, 2)},
        "TRL, conversations": {"completions_00001.parquet": _completions(1, talk=True)},
        "UNIPO": {"unipo-grpo.json": logs["unipo-grpo.json"]},
        "UNIPO, two learners": logs,
        "UNIPO, lines": {"log.jsonl": "\n".join(map(json.dumps, lines)).encode()},
        "UNIPO, built": {name: json.dumps(x).encode() for name, x in built.items()},
        "prime-rl": {
            f"token_exports/step_{n}/rank_0.jsonl": jsonl(record(n, 0, 0.5), record(n, 1, -0.5)).encode()
            for n in (1, 2)
        },
    }


def _completions(step: int, *, talk: bool) -> bytes:
    prompts = [x for x in "ab" for _ in range(4)]
    turns = [[{"role": "user", "content": x}] for x in prompts]
    answers = [[{"role": "assistant", "content": f"it is {i}"}] for i in range(8)]
    rows = {
        "step": [step] * 8,
        "prompt": turns if talk else prompts,
        "completion": answers if talk else [f"it is {i}" for i in range(8)],
        "right": [1.0, 0.0, 0.0, 1.0] * 2,
        "advantage": [0.5, -0.5, -0.5, 0.5] * 2,
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(rows), sink)
    return sink.getvalue().to_pybytes()


def changed(kind: str, files: Files, rng: random.Random) -> bytes:
    """A file of this kind, changed."""
    if kind.endswith("run.json alone"):  # where the schema has most to say
        return zipped({**files, "run.json": of_json(files["run.json"], rng)})
    return of_files(files, rng)


def import_one(store: RunStore, data: bytes, outcome: Outcome) -> str | None:
    """Imports; returns the run's id, or None where it was refused by one sentence. Raises Broken."""
    before, began = len(store.runs()), time.perf_counter()
    try:
        run_id = import_any(store, data)
    except (ImportFailed, Refusal) as error:
        outcome.refused[error.messages[0].key] += 1
        if "\n" in str(error) or len(store.runs()) != before:
            raise Broken(f"the refusal has several lines, or left something behind: {error!s:.300}") from error
        return None
    except MemoryError:
        outcome.refused["memory"] += 1
        return None
    except Exception as error:
        raise Broken(f"{type(error).__name__}: {error!s:.300}") from error
    finally:
        outcome.slowest_s = max(outcome.slowest_s, time.perf_counter() - began)
    outcome.imported += 1
    return run_id


def opened(store: RunStore, run_id: str) -> None:
    """Everything that a browser asks for, and the export: of what was imported nothing is unreadable. Raises Broken."""
    try:
        feed = Feed(store)
        live = json.loads(feed.live(run_id).text())
        for step in {x["step"] for x in live["rows"]}:
            for group in json.loads(feed.step(run_id, step).text())["groups"]:
                json.loads(feed.group(run_id, step, group["group"]).text())
        with tempfile.TemporaryDirectory() as folder:
            export(store, run_id, Path(folder))
    except Exception as error:
        raise Broken(f"imported, but {type(error).__name__}: {error!s:.300}") from error


# -- what is stored, edited by hand ------------------------------------------------------------------------------------


def edit_store(store: RunStore, run_id: str, rng: random.Random) -> None:
    """Changes something that the store holds of a run."""
    with store.write() as c:
        match rng.randrange(3):
            case 0:
                _edit_json(c, "events", "value", run_id, rng)
            case 1:
                _edit_json(c, "steps", "scalars", run_id, rng)
            case _:
                _edit_table(c, rng.choice(("samples", "tokens")), run_id, rng)


def _edit_json(c: sa.Connection, table: str, column: str, run_id: str, rng: random.Random) -> None:
    rows = c.execute(sa.text(f"SELECT id, {column} FROM {table} WHERE run = :run"), {"run": run_id}).all()
    key, text = rng.choice(rows)
    new = of_json(json.dumps([json.loads(text)]).encode(), rng)
    try:
        value = json.loads(new)
        new = json.dumps(value[0] if isinstance(value, list) and value else value).encode()
    except ValueError:  # a number of four thousand digits
        pass
    c.execute(sa.text(f"UPDATE {table} SET {column} = :new WHERE id = :key"), {"new": new.decode(), "key": key})


def _edit_table(c: sa.Connection, name: str, run_id: str, rng: random.Random) -> None:
    query = f"SELECT step_id, {name} FROM blobs JOIN steps ON steps.id = step_id WHERE run = :run"
    key, blob = rng.choice(c.execute(sa.text(query), {"run": run_id}).all())
    sink = pa.BufferOutputStream()
    pq.write_table(unpack(blob), sink)
    try:
        table = pq.read_table(pa.BufferReader(of_parquet(sink.getvalue().to_pybytes(), rng)))
    except (pa.ArrowException, OSError):
        return
    packed = pa.BufferOutputStream()
    with pa.ipc.new_stream(packed, table.schema) as writer:
        writer.write_table(table)
    new = {"new": packed.getvalue().to_pybytes(), "key": key}
    c.execute(sa.text(f"UPDATE blobs SET {name} = :new WHERE step_id = :key"), new)


def answered(store: RunStore, run_id: str) -> str:
    """Opens a run that was edited: "shown", or "unreadable" where a sentence says so. Raises Broken."""
    feed, result = Feed(store), "shown"
    asks: list[Callable[[], object]] = [lambda: feed.live(run_id)]
    asks += [lambda step=step: feed.step(run_id, step) for step in range(2)]
    asks += [lambda step=step, group=group: feed.group(run_id, step, group) for step in range(2) for group in range(2)]
    for ask in asks:
        try:
            ask()
        except (DataUnreadable, RunUnreadable, RunNotFound):
            result = "unreadable"
        except Exception as error:
            raise Broken(f"stored, and {type(error).__name__}: {error!s:.300}") from error
    return result


# -- all of it ---------------------------------------------------------------------------------------------------------


def fuzz(
    store: RunStore, files: int, seed: int, look: Callable[[str], None], folder: Path, *, keep_going: bool = False
) -> tuple[dict[str, Outcome], list[str]]:
    """(what came out by kind, what broke). `look` opens pages on a run that came in."""
    kinds = corpus(store, folder)
    for files_of_kind in kinds.values():  # what they need is imported once, and is no part of what a file takes
        store.delete(import_any(store, zipped(files_of_kind)))
    outcomes: dict[str, Outcome] = defaultdict(Outcome)
    broken: list[str] = []
    for number in range(files):
        rng = random.Random(f"{seed}-{number}")
        kind = rng.choice([*kinds, "stored"])
        run_id: str | None = None
        try:
            if kind == "stored":
                run_id = made_up_run(store, f"edited {number}")
                edit_store(store, run_id, rng)
                outcomes[kind].refused[answered(store, run_id)] += 1
            else:
                run_id = import_one(store, changed(kind, kinds[kind], rng), outcomes[kind])
                if run_id is not None:
                    opened(store, run_id)
            if run_id is not None:
                look(run_id)
        except Exception as error:
            if not keep_going:
                raise Broken(f"file {number} of seed {seed} ({kind})") from error
            broken.append(f"file {number} of seed {seed} ({kind}): {error!s:.400}")
            traceback.print_exc(limit=-4)
        if run_id is not None:
            store.delete(run_id)
    return outcomes, broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pages", action="store_true", help="also open the pages on every run that came in")
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as home:
        store = RunStore(f"sqlite:///{home}/runs.sqlite", home=Path(home))
        look = _pages(store) if options.pages else lambda _: None
        with bounded(2 * 2**30):
            outcomes, broken = fuzz(store, options.files, options.seed, look, Path(home), keep_going=True)
    for kind, outcome in sorted(outcomes.items()):
        refused = sum(outcome.refused.values())
        print(f"{kind}: {outcome.imported} imported, {refused} refused, slowest {outcome.slowest_s:.2f} s")
        for key, count in outcome.refused.most_common(12):
            print(f"    {count:5}  {key}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{options.files} files in {time.perf_counter() - began:.0f} s; at most {peak:.2f} GiB; {len(broken)} broke")
    print(*broken, sep="\n")
    return 1 if broken else 0


def _pages(store: RunStore) -> Callable[[str], None]:
    """Opens Runs, the lab and two lessons on a run."""
    from streamlit.testing.v1 import AppTest

    import lessons.shared
    from lessons.catalog import lesson

    lessons.shared.store = lambda: store
    lessons.shared.feed = lambda: Feed(store)
    root = Path(__file__).resolve().parents[2]

    def look(run_id: str) -> None:
        for key in ("runs", "lab", "how-ppo-works", "a-real-instruct-model"):
            at = AppTest.from_file(str(root / "app.py"), default_timeout=120)
            at.run()
            at.switch_page(lesson(key).path.relative_to(root).as_posix())
            at.query_params["run"] = run_id
            at.run()
            if at.exception:
                raise Broken(f"page {key}: {at.exception[0].value:.300}")

    return look


if __name__ == "__main__":
    sys.exit(main())
