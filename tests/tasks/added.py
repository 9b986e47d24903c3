"""A task that is added for a test: a file laid beside those of core/tasks/kinds, and found as they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.config import RunConfig
from core.tasks import kinds, registry
from core.tasks.kind import TaskKind


@pytest.fixture
def reverse_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TaskKind[Any]]:
    """The kind in tests/tasks/reverse_word.py, known everywhere in this process while the test runs.

    Here it is called `backwards`, so that the file itself may be copied into core/tasks/kinds and tried there.
    """
    folder, module = tmp_path / "kinds", "core.tasks.kinds.backwards"
    folder.mkdir()
    text = Path(__file__).with_name("reverse_word.py").read_text(encoding="utf-8")
    (folder / "backwards.py").write_text(text.replace("reverse-word", "backwards"), encoding="utf-8")
    settings = RunConfig.model_fields["task"]
    before = settings.annotation
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(folder)])
    kind = registry.discover()["backwards"]
    monkeypatch.setitem(registry.TASK_KINDS, kind.name, kind)
    # In a process that starts with the file there, the union is made with it.
    settings.annotation = before | kind.settings  # type: ignore[operator, assignment]
    RunConfig.model_rebuild(force=True)
    yield kind
    settings.annotation = before
    RunConfig.model_rebuild(force=True)
    del sys.modules[module]
