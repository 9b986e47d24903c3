"""Nothing stands in core/ and lessons/ for the tests alone, or for nobody."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: What other modules are asked for by name (core/discovery.py, core/runs/formats.py).
DECLARATIONS = {"KIND", "SURROGATE", "REWARD", "READER", "WRITER"}
#: module → what of it is called from elsewhere → by whom.
FROM_ELSEWHERE = {
    "core.integrations.trl.callback": {"CreditLabCallback": "who trains with TRL"},
    "core.sandbox.python_worker": {"main": "the file is run by itself"},
    "core.sandbox.wall.launch": {"main": "the file is run by itself"},
    "core.tasks.math_verify_worker": {"warm": "core/sandbox/python_worker.py, which is given its name"},
    "core.tasks.reasoning_worker": {"warm": "core/sandbox/python_worker.py, which is given its name"},
    "lessons.elsewhere.notebook": {"board": "who works in a notebook"},
}


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def given(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Names that a module defines, and where."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            yield from ((x.id, node) for x in node.targets if isinstance(x, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node


def loaded(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are read within them."""
    every = (x for node in nodes for x in ast.walk(node))
    return {x.id for x in every if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Load)}


def unused(modules: Mapping[str, ast.Module]) -> set[tuple[str, str]]:
    """(module, name) of what a module defines, and nothing in it but itself and no other module reads."""
    read: dict[str, set[str]] = defaultdict(set)  # module → names that others take from it
    handed_on: list[tuple[str, str, str]] = []  # (package, the module in it, a name of that)
    for module, tree in modules.items():
        own, packages = loaded([tree]), set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                packages |= {x.name for x in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                packages |= {f"{node.module}.{x.name}" for x in node.names}
                names = {x.name for x in node.names}
                others = names - own if node.module.startswith(f"{module}.") else set()
                handed_on += [(module, node.module, x) for x in others]
                read[node.module] |= names - others
        attributes = {x.attr for x in ast.walk(tree) if isinstance(x, ast.Attribute)}
        for package in packages & modules.keys() - {module}:
            read[package] |= attributes
    for package, module, name in handed_on:
        if name in read[package]:
            read[module].add(name)
    left = set()
    for module, tree in modules.items():
        taken = read[module] | FROM_ELSEWHERE.get(module, {}).keys() | DECLARATIONS
        by_place = {id(x): loaded([x]) for x in tree.body}
        for name, place in given(tree):
            others = (x for at, x in by_place.items() if at != id(place))
            if name not in taken and not name.startswith("__") and not any(name in x for x in others):
                left.add((module, name))
    return left


def test_the_search_finds_what_is_used_by_itself_alone() -> None:
    texts = {
        "a": "from a.b import f, g\nimport d",
        "a.b": "def f(): g()\ndef g(): pass\ndef h(): return h()\nUSED = UNUSED = 1\nprint(USED)",
        "c": "from a import f\nfrom a import b\nb.x",
        "d": "def x(): pass\nKIND = 1\ny: int = 2",
    }
    result = unused({name: ast.parse(text) for name, text in texts.items()})
    assert result == {("a.b", "h"), ("a.b", "UNUSED"), ("d", "x"), ("d", "y")}


def test_everything_in_core_and_lessons_is_used_by_the_app() -> None:
    """Also by benches and examples; not by tests alone."""
    files = [
        ROOT / "app.py",
        *(x for name in ("core", "lessons", "benches", "examples") for x in (ROOT / name).rglob("*.py")),
    ]
    modules = {module_of(x): ast.parse(x.read_text(encoding="utf-8")) for x in files}
    assert len(modules) > 500
    left = unused(modules)
    assert {(module, name) for module, name in left if module.startswith(("core.", "lessons."))} == set()
    for module, names in FROM_ELSEWHERE.items():
        assert names.keys() <= {x for x, _place in given(modules[module])}
