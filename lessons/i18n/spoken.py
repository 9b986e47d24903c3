"""What core can say, read from its source: every template of a `Message` and of an exception that carries messages.

A template is the literal first argument of `Message(…)` or of an exception derived from `core.errors.Refusal`, so that
it can be read without running anything. tests/lessons/test_messages.py holds core to that.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core import errors
from core.errors import key_of

FOLDERS = ("core", "lessons")
#: Those of core.errors itself.
REFUSALS = tuple(x.__name__ for x in vars(errors).values() if isinstance(x, type) and issubclass(x, errors.Refusal))


@dataclass(frozen=True)
class Spoken:
    key: str
    template: str
    place: str  # the file, from the repository's root


@dataclass(frozen=True)
class Call:
    """Where a message or an exception that carries messages is made."""

    node: ast.Call
    name: str  # of what is made
    place: str

    @property
    def template(self) -> str | None:
        """The literal first argument; None where there is none or it is something else."""
        first = self.node.args[0] if self.node.args else None
        return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None

    @property
    def key(self) -> str:
        given = next((x.value for x in self.node.keywords if x.arg == "key"), None)
        return str(given.value) if isinstance(given, ast.Constant) else key_of(self.template or "")


def what_is_spoken(root: Path) -> Iterator[Spoken]:
    """Every template with its key, once for each place that has it."""
    for call in calls(root):
        if call.template is not None:
            yield Spoken(call.key, call.template, call.place)


def calls(root: Path) -> Iterator[Call]:
    """Every `Message(…)` and every refusal that is made in `core/` and `lessons/` below `root`."""
    trees = {
        path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*.py"))
        if path.parent != root / "core" / "errors"  # what makes messages says none
    }
    names = {"Message", *REFUSALS, *refusals(trees.values())}
    for place, tree in trees.items():
        for node, owner in _calls(tree, ""):
            if (made := _made(node, owner if owner in names else "")) in names:
                yield Call(node, made, place)


def _calls(tree: ast.AST, owner: str) -> Iterator[tuple[ast.Call, str]]:
    """Every call, and in which class it stands ("": in none)."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            yield node, owner
        yield from _calls(node, node.name if isinstance(node, ast.ClassDef) else owner)


def _made(call: ast.Call, owner: str) -> str:
    """What a call makes an instance of, by the last part of its name; `owner` is the class whose `cls` is meant."""
    match call.func:
        case ast.Name("cls"):
            return owner
        case ast.Attribute(ast.Call(ast.Name("super")), "__init__"):
            return owner
        case ast.Name(name) | ast.Attribute(_, name):
            return name
    return ""


def refusals(trees: Iterable[ast.Module]) -> set[str]:
    """The names of all classes that derive from `Refusal`."""
    bases = {
        node.name: {x.id for x in node.bases if isinstance(x, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    names = {*REFUSALS}
    while more := {name for name, of in bases.items() if of & names} - names:
        names |= more
    return names
