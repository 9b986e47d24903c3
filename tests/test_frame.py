"""What holds the house together: who may import whom, and that everything imported is in the requirements."""

from __future__ import annotations

import ast
import re
import sys
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
}


def imports(*places: str) -> dict[str, set[str]]:
    """Top-level modules that the places' Python files import, and which files import them."""
    found: dict[str, set[str]] = {}
    for place in places:
        path = ROOT / place
        for file in [path] if path.is_file() else path.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module or ""]
                for name in names:
                    found.setdefault(name.split(".")[0], set()).add(str(file.relative_to(ROOT)))
    return found


def required(file: str) -> set[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {match[1] for line in lines if (match := re.match(r"([\w.-]+)==", line))}


def missing(found: dict[str, set[str]], known: set[str]) -> dict[str, set[str]]:
    ours = {"core", "lessons", "tests", "benches", "app"}
    others = {name: files for name, files in found.items() if name not in sys.stdlib_module_names | ours}
    assert others, "no imports were found: the search is broken"
    return {name: files for name, files in others.items() if PACKAGES.get(name, name) not in known}


def test_everything_that_the_app_imports_is_required() -> None:
    assert missing(imports("core", "lessons", "app.py"), required("requirements.txt")) == {}


def test_everything_that_the_tests_import_is_required() -> None:
    known = required("requirements.txt") | required("requirements-dev.txt")
    # datasets and its trainer's parts come with trl, whose pin holds them.
    assert missing(imports("tests", "benches"), known | {"datasets"}) == {}


def test_every_requirement_is_pinned() -> None:
    for file in ("requirements.txt", "requirements-dev.txt", "requirements-model.txt"):
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
            assert not line or line.startswith(("#", "-r ")) or re.fullmatch(r"[\w.-]+==[\w.]+", line), line


def test_the_core_knows_nothing_of_the_page() -> None:
    found = imports("core")
    assert "torch" in found
    assert not found.keys() & {"streamlit", "lessons", "starlette", "plotly"}
