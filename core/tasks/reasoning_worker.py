"""What one verifier of reasoning-gym is asked, in a worker of its own (core/sandbox/python_pool.py): a score."""

from __future__ import annotations

import ast
import base64
import contextlib
import json
import pickle
import sys
from typing import Any

from core.tasks.catalog import build

#: Verifiers that evaluate a Python list, where the answer is not the right text already.
LITERAL = frozenset({"binary_matrix", "n_queens", "number_sorting", "spiral_matrix", "string_insertion"})

_data: Any = None


def warm(name: str, options: str, size: int) -> None:
    """Makes the data set before the wall stands: some read files for it, or import what is not there yet.

    `options` as JSON; `size` in questions. ConfigError where there is no such data set.
    """
    global _data
    _data = build(name, json.loads(options), 0, size)
    if name in LITERAL:
        # The module's own `eval` stands before the built-in one: it reads lists and runs nothing.
        vars(sys.modules[type(_data).__module__])["eval"] = ast.literal_eval
    with contextlib.suppress(Exception):  # it is only to have been called once
        answer(packed(_data[0]), str(_data[0]["answer"]))


def answer(entry: str, given: str) -> float:
    """What the verifier gives for an answer to an entry that is `packed`. Raises whatever it raises."""
    return float(_data.score_answer(given, pickle.loads(base64.b64decode(entry))))


def packed(entry: dict[str, Any]) -> str:
    """An entry as the worker reads it: as it is, with tuples and keys that JSON would make others of.

    Entries are made by the data set and not by a model, so that the worker can trust what it unpacks.
    """
    return base64.b64encode(pickle.dumps(entry)).decode()
