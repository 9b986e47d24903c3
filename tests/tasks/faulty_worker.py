"""A verifier that does what a hostile answer might lead to, as a worker's module."""

from __future__ import annotations

import os
import time

_kept: list[bytes] = []


def warm(_name: str, _options: str, _size: int) -> None:
    """Nothing is loaded."""


def answer(entry: str, given: str) -> float:
    """What becomes of an answer that is called so."""
    if given == "hang":
        while True:
            pass
    if given == "swallow":
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue
    if given == "one long step of C":
        return float(len(str(9 ** (9**9))))
    if given == "memory":
        while True:
            _kept.append(b"x" * (64 << 20))
    if given == "abort":
        os.abort()
    if given == "half, and late":
        time.sleep(1.0)  # as where others have the processor
        return 0.5
    if given == "deep":
        return answer(entry, given)
    return {"nan": float("nan"), "high": 7.0, "half": 0.5, "text": "x"}[given]  # type: ignore[return-value]
