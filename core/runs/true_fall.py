"""Measures the response of core/insight/true_fall.py on the recorded run, and writes it where the page reads it:

python -m core.runs.true_fall
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import torch

from core.insight.true_fall import CONTINUATIONS, EXAMPLE, RECORDED, measure
from core.runs.recorded import SHIPPED, import_recorded
from core.runs.store import RunStore

COMMAND = "python -m core.runs.true_fall"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description="A response whose truth falls, and its critic's values.")
    parser.add_argument("--continuations", type=int, default=CONTINUATIONS, help="fresh endings of every prefix")
    parser.add_argument("--out", type=Path, default=RECORDED, help="where to write it (default: the recorded result)")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        store = RunStore(home=Path(home))
        import_recorded(store, SHIPPED[EXAMPLE.run], EXAMPLE.run)
        result = measure(store, EXAMPLE, given.continuations)
        store.close()
    given.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
