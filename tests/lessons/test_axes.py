"""A figure of ours says what its axes are."""

from __future__ import annotations

import ast
from pathlib import Path

import lessons

HERE = Path(lessons.__file__).parent


def _calls(function: ast.AST, name: str) -> list[ast.Call]:
    """Calls in a function of what is called `name`, alone or as a method."""
    calls = [x for x in ast.walk(function) if isinstance(x, ast.Call)]
    return [x for x in calls if name == getattr(x.func, "id", getattr(x.func, "attr", ""))]


def _drawing(source: str) -> list[ast.FunctionDef]:
    """The functions that put a figure on a page, each with what draws it."""
    functions = {x.name: x for x in ast.walk(ast.parse(source)) if isinstance(x, ast.FunctionDef)}
    shown = [f for f in functions.values() if any(k.arg == "alt" for x in _calls(f, "figure") for k in x.keywords)]
    return [_with_drawing(f, functions) for f in shown]


def _with_drawing(function: ast.FunctionDef, functions: dict[str, ast.FunctionDef]) -> ast.FunctionDef:
    """The function, with what draws its figure, where that is a function of its own: `figure(drawn(…), …)`."""
    given = [x.args[0] for x in _calls(function, "figure") if x.args]
    names = [x.func.id for x in given if isinstance(x, ast.Call) and isinstance(x.func, ast.Name)]
    drawing = [functions[x] for x in names if x in functions]
    function.body = [*function.body, *drawing]
    return function


def _untitled(function: ast.FunctionDef) -> list[str]:
    """Which axes of the function's figure have no title. Bars that lie have their categories' names in its place."""
    lying = any(k.arg == "orientation" for x in _calls(function, "add_bar") for k in x.keywords)
    axes = ["update_xaxes"] if lying else ["update_xaxes", "update_yaxes"]
    return [x for x in axes if not any(k.arg == "title" for call in _calls(function, x) for k in call.keywords)]


def test_every_figure_says_what_its_axes_are() -> None:
    drawn = [(path, f) for path in sorted(HERE.rglob("*.py")) for f in _drawing(path.read_text(encoding="utf-8"))]
    assert len(drawn) > 10
    bare = {f"{path.relative_to(HERE)}:{f.name}": _untitled(f) for path, f in drawn}
    assert not {x: axes for x, axes in bare.items() if axes}
