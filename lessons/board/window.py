"""A whole window of a run as bytes, for viewers whose browsers cannot pull: stateless, so nothing can get lost."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import Any

from core.errors import Message
from core.runs.errors import RunNotFound, StoreError
from core.runs.feed import Payload
from core.runs.records import ACTIVE, RunInfo, RunUnreadable


@dataclass(frozen=True)
class Window:
    live: bool
    parts: list[tuple[str, Payload]] = field(default_factory=list)
    problem: tuple[str, Message] | None = None  # (missing | trouble, why)

    def data(self, channel: str) -> bytes:
        """One line of JSON that says what follows, then each part gzipped as it is kept for all viewers."""
        head: list[dict[str, Any]] = [{"kind": kind, "bytes": len(payload.body)} for kind, payload in self.parts]
        if self.problem:
            head.append({"kind": self.problem[0], "error": self.problem[1].view()})
        line = json.dumps({"channel": channel, "parts": head}, ensure_ascii=False).encode()
        return b"\n".join([line, b"".join(payload.body for _, payload in self.parts)])


def window(run_id: str, wanted: dict[str, Any]) -> Window:
    """The run's rows, and the step and group that a browser asked for; anything else in `wanted` is ignored."""
    from lessons.shared import feed

    try:
        # The feed's own run, not the store's: that one may have ended since the feed looked, and who is told so asks no
        # more for the last step, which the feed does not know yet. It goes before the rows, so that none is missing.
        run = feed().run(run_id)
        live = run.active or run.status == "queued"
        parts = [("live", feed().live(run_id, 0))]
    except RunNotFound as error:
        return Window(False, problem=("missing", error.message))
    except RunUnreadable as error:
        return Window(False, problem=("missing", error.message))
    except StoreError as error:
        return Window(True, problem=("trouble", error.message))
    step = newest(run) if wanted.get("follow") is True else wanted.get("step")
    try:
        # The step goes first: when the rows come that name it, the browser has it already.
        if isinstance(step, int) and step >= 0:
            parts.insert(0, ("step", feed().step(run_id, step)))
            group = wanted.get("group")
            if group is None:  # nobody chose one, however the browser says so
                group = telling(parts[0][1])
            if isinstance(group, int):
                parts.insert(0, ("group", feed().group(run_id, step, group)))
    except (RunNotFound, StoreError):
        pass  # the step was forgotten meanwhile, or has no such group; the browser then asks for another
    return Window(live, parts)


@functools.lru_cache(maxsize=32)
def telling(step: Payload) -> int | None:
    """The group that a viewer who chose none is shown, as the step itself says."""
    group: int | None = json.loads(step.text())["telling"]
    return group


def newest(run: RunInfo) -> int:
    """The step that a viewer who follows is shown, as in model.js: one that all made, or while some work, all of those.

    Only where one has none at all it is the newest of any.
    """
    working = [learner.step for learner in run.learners if learner.status in ("queued", *ACTIVE)]
    made = [learner.step for learner in run.learners]
    common = min(working or made)
    return common if common >= 0 else max(made)
