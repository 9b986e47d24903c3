"""Logs in UNIPO's format (poloclub/unipo, docs/canonical_schema.json) as runs: ours (export.py) and their explorer's.

A log is JSON with a header and entries, or JSON lines with the header first. One entry is one update of the policy;
entries between two rollouts become the passes of one step. What the explorer is built of (built.py) is read, too. Most
fields are free: what a log lacks stays null.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from core.integrations.unipo.built import UnipoStep, assembled, step_of
from core.integrations.unipo.header import UnipoLog, learner_of, log_from_lines, log_of, parsed, run_of
from core.integrations.unipo.steps import phases, shape_of, traces
from core.runs.foreign import ImportFailed, add_run, foreign_config, recorded_settings
from core.runs.formats import TextReader
from core.runs.store import RunStore
from core.training.trace import StepTrace


def read(text: str, place: PurePosixPath) -> UnipoLog | UnipoStep | None:
    """A log, or a part of one, from the text of a file; None where this is neither. Raises ImportFailed."""
    whole = parsed(text)
    return log_from_lines(text) if whole is None else log_of(whole, place.name) or step_of(whole, place)


def add(store: RunStore, parts: Sequence[UnipoLog | UnipoStep], name: str | None) -> str:
    """One run with a learner per log; returns its id. Raises ImportFailed where there are more than four."""
    logs = assembled(parts)
    if len(logs) > 4:
        raise ImportFailed("There are {given} UNIPO logs; at most 4 fit into one run.", given=len(logs))
    learners = [learner_of(x) for x in logs]
    made = [phases(x) for x in logs]
    described = [{**run_of(x), **shape_of(x, y)} for x, y in zip(logs, made, strict=True)]
    agreed = {key: value for key, value in described[0].items() if all(x.get(key) == value for x in described)}
    config = foreign_config("UNIPO log", {**agreed, "steps": max(len(x) for x in made)}, learners)
    of_learners = []
    for settings, learner, steps in zip(config.learners, learners, made, strict=True):
        known = recorded_settings(config, settings.name, learner)
        of_learners.append(traces(steps, settings.name, known, learner.algorithm))
    label = logs[0].header.get("label")
    title = name or (label if isinstance(label, str) and label.strip() else f"UNIPO: {learners[0].algorithm.upper()}")
    return add_run(store, config, title[:200] if name is None else title, _in_turns(of_learners), learners)


def _in_turns(traces: Sequence[Iterator[StepTrace]]) -> Iterator[StepTrace]:
    """Step by step, the learners taking turns."""
    waiting = list(traces)
    while waiting:
        for trace in list(waiting):
            step = next(trace, None)
            if step is None:
                waiting.remove(trace)
            else:
                yield step


READER = TextReader(read=read, add=add)
