"""A worker's process: what surrounds a `Worker` from the fork to the exit code."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path

from core.errors import ConfigError, Message, Refusal, cause_of
from core.places import log_path
from core.runs import lifecycle
from core.runs.errors import RunNotFound, StoreBusy, StoreError
from core.runs.patience import WORKERS_S
from core.runs.store import RunStore
from core.training.checkpoints import CheckpointError
from core.workers.child import STORE_LOST
from core.workers.worker import Worker

HEARTBEAT_S = 1.0


def work(url: str, home: Path, run_id: str, learner: str) -> int:
    """A worker process from start to end: returns its exit code. Every ending is written into the store first.

    `home` is where the run's checkpoints and logs go; models are kept in the app's own data folder, for all runs.
    """
    store = RunStore(url, home=home, patience_s=WORKERS_S)
    _log_to_file(store, run_id, learner)
    import torch

    torch.set_num_threads(1)  # a learner has one core; more threads only spin against each other
    from core.training.allocator import keep_freed

    keep_freed()
    try:
        if not lifecycle.claim(store, run_id, learner):
            return 0
    except StoreError as error:
        logging.error("%s", error)
        return _store_lost(error)
    worker = Worker(store, run_id, learner)
    signal.signal(signal.SIGTERM, lambda *_: setattr(worker, "closing", True))
    worker.interruption.watch()
    ended = threading.Event()
    threading.Thread(target=_heartbeat, args=(store, run_id, learner, ended), daemon=True).start()
    try:
        return supervise(worker)
    finally:
        ended.set()


def supervise(worker: Worker) -> int:
    """Lets a worker train; whatever happens to it is written down as a message. Returns the exit code."""
    try:
        worker.run()
        return 0
    except RunNotFound:
        logging.info("the run was deleted")
        return 0
    except Exception as error:
        logging.exception("the learner failed")
        reason = _reason(error, worker)
    try:
        lifecycle.mark(worker.store, worker.run_id, worker.learner, "failed", reason)
    except StoreError as unwritten:
        logging.exception("nor could the reason be written down: %s", reason)
        return _store_lost(unwritten)
    return 1


def _store_lost(error: StoreError) -> int:
    """The exit code that tells the launcher why nothing was written down."""
    return STORE_LOST if isinstance(error, StoreBusy) else 1


def _heartbeat(store: RunStore, run_id: str, learner: str, ended: threading.Event) -> None:
    impatient = store.patient(0)  # a sign of life that comes late is none
    while not ended.wait(HEARTBEAT_S):
        try:
            lifecycle.beat(impatient, run_id, learner)
        except StoreError as error:
            logging.warning("no sign of life could be written: %s", error)


def _reason(error: Exception, worker: Worker) -> Message:
    if isinstance(error, (StoreError, ConfigError, CheckpointError)):
        return error.message
    if isinstance(error, OSError):
        return Message("A file could not be written or read: {cause}.", cause=error.strerror or error)
    log = log_path(worker.store.home, worker.run_id, worker.learner)
    cause = cause_of(error, 300)
    if not isinstance(error, Refusal):  # a mistake of ours, which its kind helps to find
        cause = Message("{kind}: {cause}", kind=type(error).__name__, cause=cause)
    return Message("Training failed: {cause} (details in {place}).", cause=cause, place=log)


def _log_to_file(store: RunStore, run_id: str, learner: str) -> None:
    """Sends all output of this process to the learner's log, or nowhere where that cannot be written."""
    log = log_path(store.home, run_id, learner)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        target = os.open(os.devnull, os.O_WRONLY)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True)
