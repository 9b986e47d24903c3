"""torch in the web process: only for pages that compute, imported once behind a lock, then out of the collector's way.

Streamlit collects garbage after every rerun, and torch's many objects would make each collection several times slower;
sessions that arrive during somebody else's first import of it can fail. So pages call `engine()` before they use
anything of core.algorithms or core.insight, and import those inside their functions.
"""

from __future__ import annotations

import functools
import gc
import threading

_lock = threading.Lock()


def engine() -> None:
    """Makes sure that torch is there; costs some seconds the first time in a process, nothing afterwards."""
    with _lock:
        _load()


@functools.cache
def _load() -> None:
    import torch

    torch.set_num_threads(1)  # spinning threads are slower than none on tensors this small
    gc.collect()
    gc.freeze()
