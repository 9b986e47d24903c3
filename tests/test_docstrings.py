"""What a public function of core raises, and of what shape its tensors are, stands in its docstring."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

Function = ast.FunctionDef | ast.AsyncFunctionDef

#: Public functions that raise and do not say so → why.
RAISES_ELSEWHERE = {
    "core/workers/launcher.py: start": "Launcher.start says it",
    "core/workers/launcher.py: resume": "Launcher.resume says it",
}


def public(tree: ast.AST) -> Iterator[Function]:
    """A module's public functions, and those of its public classes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node)


def own_raises(node: ast.AST) -> bool:
    """Whether it raises something of its own, not in a function within it; what is only passed on does not count."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise) and child.exc is not None:
            return True
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef) and own_raises(child):
            return True
    return False


def silent(tree: ast.AST) -> list[str]:
    """Public functions that raise, and whose docstring does not say what."""
    functions = (x for x in public(tree) if own_raises(x))
    return [x.name for x in functions if not re.search(r"[Rr]aise|\b\w*Error\b", ast.get_docstring(x) or "")]


def shapeless(tree: ast.AST) -> list[str]:
    """Public functions that take or give tensors, and say nowhere of which shape."""
    functions = ((x, f"{ast.unparse(x.args)} {ast.unparse(x.returns) if x.returns else ''}") for x in public(tree))
    return [
        x.name
        for x, types in functions
        if re.search(r"\bTensor\b", types) and not re.search(r"\[[^\]]+\]|number|float", ast.get_docstring(x) or "")
    ]


def test_the_search_finds_what_is_not_said() -> None:
    text = '''
class A:
    def b(self):
        raise ValueError
    def c(self):
        """Raises ValueError."""
        raise ValueError
    def d(self):
        def _inner():
            raise ValueError
        try:
            _inner()
        except ValueError:
            raise
def e(x: Tensor): "Some."
def f(x: Tensor): "x [B, T]"
def _g(x: Tensor): raise ValueError
'''
    assert silent(ast.parse(text)) == ["b"]
    assert shapeless(ast.parse(text)) == ["e"]


def test_public_functions_of_core_say_what_they_raise() -> None:
    files = sorted((ROOT / "core").rglob("*.py"))
    assert len(files) > 300
    places = {
        f"{file.relative_to(ROOT).as_posix()}: {name}"
        for file in files
        for name in silent(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert places == RAISES_ELSEWHERE.keys()


def test_public_functions_of_the_maths_say_of_which_shape_tensors_are() -> None:
    files = sorted((ROOT / "core" / "algorithms").rglob("*.py"))
    assert len(files) > 15
    assert {x.name: y for x in files if (y := shapeless(ast.parse(x.read_text(encoding="utf-8"))))} == {}
