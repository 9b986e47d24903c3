"""The code that computes what a lesson shows: its file, its lines, its text. Read, not imported: no torch for that."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from lessons.i18n import _
from lessons.kit.glossary import say_small

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Code:
    """A function (or `Class.method`) of the app, and in a few words what it computes. `what` is already translated."""

    path: str  # from the repository's root: "core/algorithms/advantages.py"
    name: str
    what: str


@dataclass(frozen=True)
class Source:
    text: str
    first: int  # line number
    last: int


@functools.cache
def source(path: str, name: str) -> Source:
    """The text of a function. Raises LookupError if the file has none of this name (tests hold that links fit)."""
    text = (ROOT / path).read_text(encoding="utf-8")
    body: list[ast.stmt] = ast.parse(text).body
    node: ast.stmt | None = None
    for part in name.split("."):
        kinds = (ast.FunctionDef, ast.ClassDef)
        node = next((x for x in body if isinstance(x, kinds) and x.name == part), None)
        if not isinstance(node, kinds):
            raise LookupError(f"{path} has no {name}")
        body = node.body
    assert node is not None
    start = min([node.lineno, *(x.lineno for x in getattr(node, "decorator_list", []))])
    end = node.end_lineno or start
    return Source("\n".join(text.splitlines()[start - 1 : end]), start, end)


def show_code(*codes: Code) -> None:
    """Each function in a fold: where it stands, and its very text."""
    for n, code in enumerate(codes):
        _fold(code, f"code_{n}_{code.path}_{code.name}")


@st.fragment
def _fold(code: Code, key: str) -> None:
    """Filled once it is opened: what colours code is 1.5 MB, which every lesson would fetch for a closed fold."""
    place = f"`{code.path}` · `{code.name}`"
    fold = st.expander(f"{code.what} – {place}", icon=":material/code:", on_change="rerun", key=key)
    if not fold.open:
        return
    excerpt = source(code.path, code.name)
    with fold:
        say_small(
            (
                _("Lines {first}–{last}. This is the function that measures.")
                if code.path.startswith("core/insight/")
                else _("Lines {first}–{last}. This is the function that trains.")
            ).format(first=excerpt.first, last=excerpt.last)
        )
        st.code(excerpt.text, language="python")
