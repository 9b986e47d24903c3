"""The browser's part of the lab: small ES modules and style sheets, addressed by the hash of all of them together."""

from __future__ import annotations

import functools
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from streamlit import config

FOLDER = Path(__file__).resolve().parent / "frontend"
#: What figures are drawn with (frontend/lesson_figure.js).
FIGURES = "vendor/plotly-basic.js"
MIME = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
#: What stands before a loader besides common.mjs, as a loader can import nothing.
_BEFORE = {"document": ("anchor",), "present": ("bar", "parts", "fitting", "screens", "part_on_show")}


@dataclass(frozen=True)
class Asset:
    text: str
    mime: str
    gzipped: bytes


@functools.cache
def assets() -> dict[str, Asset]:
    """Every file that a browser may ask for, by its path below the asset folder; read once per process."""
    return {
        path.relative_to(FOLDER).as_posix(): _read(path) for path in sorted(FOLDER.rglob("*")) if path.suffix in MIME
    }


@functools.cache
def inline_files() -> dict[str, str]:
    """The files' texts by name, for where a browser cannot fetch them from this server.

    The library of the lessons' figures is not among them. It is larger than all else together, and where only Streamlit
    serves files, Streamlit draws the figures (lessons/kit/lesson/figure.py).
    """
    return {name: asset.text for name, asset in assets().items() if name != FIGURES}


@functools.cache
def loader(name: str) -> str:
    """The script that Streamlit is given for a component: it finds the modules, which then draw."""
    parts = ("common", *_BEFORE.get(name, ()), name)
    return "\n".join((FOLDER / "loader" / f"{part}.mjs").read_text(encoding="utf-8") for part in parts)


@functools.cache
def version() -> str:
    """Changes when any of the files changes, so that an address with it in may be cached for ever."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(f"{name}\0{asset.text}\0".encode())
    return digest.hexdigest()[:12]


def base_path() -> str:
    """The path under which the app is served, as `/lab` or an empty text (Streamlit's server.baseUrlPath)."""
    inner = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{inner}" if inner else ""


def _read(path: Path) -> Asset:
    text = path.read_text(encoding="utf-8")
    return Asset(text, MIME[path.suffix], gzip.compress(text.encode(), mtime=0))
