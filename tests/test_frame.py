"""What holds the house together: who may import whom, and that everything imported is in the requirements."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Import names that differ from the package's name.
PACKAGES = {
    "annotated_types": "annotated-types",
    "sqlalchemy": "SQLAlchemy",
    "babel": "Babel",
    "PIL": "pillow",
    "markdown_it": "markdown-it-py",
    "reasoning_gym": "reasoning-gym",
    "math_verify": "math-verify",
    "yaml": "PyYAML",
}


def at_once(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a file is imported: what stands in functions waits until they are called."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from at_once(node)


def imports(*places: str, nodes: Callable[[ast.AST], Iterable[ast.AST]] = ast.walk) -> dict[str, set[str]]:
    """Top-level modules that the places' Python files import, and which files import them."""
    found: dict[str, set[str]] = {}
    for place in places:
        path = ROOT / place
        for file in [path] if path.is_file() else path.rglob("*.py"):
            for node in nodes(ast.parse(file.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module or ""]
                for name in names:
                    found.setdefault(name.split(".")[0], set()).add(str(file.relative_to(ROOT)))
    return found


def required(file: str) -> set[str]:
    """What a requirements file names, and what the files name that it includes."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    own = {match[1] for line in lines if (match := re.match(r"([\w.-]+)==", line))}
    return own.union(*(required(line.removeprefix("-r ")) for line in lines if line.startswith("-r ")))


def missing(found: dict[str, set[str]], known: set[str]) -> dict[str, set[str]]:
    ours = {"core", "lessons", "tests", "benches", "app"}
    others = {name: files for name, files in found.items() if name not in sys.stdlib_module_names | ours}
    assert others, "no imports were found: the search is broken"
    return {name: files for name, files in others.items() if PACKAGES.get(name, name) not in known}


def test_everything_that_the_app_imports_is_required() -> None:
    assert missing(imports("core", "lessons", "app.py", nodes=at_once), required("requirements.txt")) == {}


def test_what_an_extra_brings_is_imported_where_it_is_needed_only() -> None:
    extras = set().union(*(required(x.name) for x in ROOT.glob("requirements-*.txt") if x.stem != "requirements-dev"))
    found = imports("core", "lessons", "app.py")
    assert {"peft"} <= found.keys()
    assert missing(found, required("requirements.txt") | extras) == {}


def test_everything_that_the_tests_import_is_required() -> None:
    known = required("requirements.txt") | required("requirements-dev.txt")
    # datasets and its trainer's parts come with trl, whose pin holds them.
    assert missing(imports("tests", "benches"), known | {"datasets"}) == {}


def test_every_requirement_is_pinned() -> None:
    files = [x.name for x in ROOT.glob("requirements*.txt")]
    assert {"requirements.txt", "requirements-dev.txt", "requirements-model.txt"} <= set(files)
    for file in files:
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
            assert not line or line.startswith(("#", "-r ")) or re.fullmatch(r"[\w.-]+==[\w.]+", line), line


def test_the_core_knows_nothing_of_the_page() -> None:
    found = imports("core")
    assert "torch" in found
    assert not found.keys() & {"streamlit", "lessons", "starlette", "plotly"}
