"""The files that recorded studies stand in: JSON that says which version it is of, complete or as it was before."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def stored(path: Path, version: int) -> dict[str, Any] | None:
    """What the file holds; None where it is absent. Raises ValueError where it is of another version."""
    if not path.is_file():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if content["about"]["version"] != version:
        raise ValueError(f"{path.name} is of version {content['about']['version']}, and this reads version {version}")
    return content


def rows_of(path: Path, version: int) -> list[dict[str, Any]]:
    """The file's rows, none where it is absent. Raises ValueError as `stored`."""
    rows: list[dict[str, Any]] = (stored(path, version) or {"rows": []})["rows"]
    return rows


def write_text(text: str, path: Path) -> None:
    """Writes the file so that it is complete or as it was; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def write_rows(about: Mapping[str, Any], rows: Iterable[str], path: Path) -> None:
    """What was measured, a line of JSON each, below what the file is about; as `write_text`."""
    lines = ",\n".join(rows)
    write_text(f'{{"about": {json.dumps(about)},\n"rows": [\n{lines}\n]}}\n', path)
