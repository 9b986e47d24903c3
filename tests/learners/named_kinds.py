"""Where code outside core/learners and core/algorithms/surrogates names a kind of learner or a surrogate.

`python -m tests.learners.named_kinds` counts the places by file.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.algorithms.surrogates import SURROGATES
from core.learners.registry import LEARNER_KINDS

ROOT = Path(__file__).parents[2]
#: Where kinds and surrogates are declared: nothing here is about these folders.
DECLARED = ("core/learners/", "core/algorithms/surrogates/")
WORDS = LEARNER_KINDS.keys() | SURROGATES.keys()
#: As a variable, an attribute or a key is called. `reward_model` is a setting of every learner, and `clip` any clip.
NAMES = {x.replace("-", "_") for x in LEARNER_KINDS} - {"reward_model"}
SETTINGS = {x.settings.__name__ for x in LEARNER_KINDS.values()}
MODULES = ("core.learners.kinds.", "core.algorithms.surrogates.")
#: What every surrogate is made of, and so no surrogate's own.
NO_ONES = {"core.algorithms.surrogates.base"}


@dataclass(frozen=True)
class Named:
    """One place."""

    file: str
    line: int
    word: str  # the kind's or surrogate's name, the class of its settings or its module
    how: str  # text, name, import, class or asked; in JavaScript and CSS "text" or "name" alone


def _is_word(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and node.value in WORDS
    return isinstance(node, ast.Tuple | ast.List | ast.Set) and any(map(_is_word, node.elts))


def _declares(module: str) -> bool:
    """Whether it is a kind's or a surrogate's own module."""
    own = module.startswith(MODULES) and module not in NO_ONES
    return own and (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()


def _words(node: ast.AST) -> Iterator[ast.Constant]:
    return (x for x in ast.walk(node) if isinstance(x, ast.Constant) and _is_word(x))


def _asked(tree: ast.AST) -> set[ast.AST]:
    """Constants and classes by which code asks which kind something is: compared with, matched or tested for."""
    asked: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            asked.update(x for side in (node.left, *node.comparators) if _is_word(side) for x in _words(side))
        elif isinstance(node, ast.MatchValue):
            asked.update(_words(node.value))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
            asked.update(x for x in ast.walk(node.args[1]) if isinstance(x, ast.Name) and x.id in SETTINGS)
    return asked


def in_python(text: str, file: str = "") -> Iterator[Named]:
    """The places of a module."""
    tree = ast.parse(text)
    asked = _asked(tree)
    for node in ast.walk(tree):
        named: list[tuple[str, str]] = []
        if isinstance(node, ast.Constant) and _is_word(node):
            named = [(str(node.value), "asked" if node in asked else "text")]
        elif isinstance(node, ast.Name) and node.id in SETTINGS:
            named = [(node.id, "asked" if node in asked else "class")]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            modules = {module, *(f"{module}.{x.name}" for x in node.names)}
            named = [(x, "import") for x in sorted(modules) if _declares(x)]
        elif isinstance(node, ast.Import):
            named = [(x.name, "import") for x in node.names if _declares(x.name)]
        else:
            name = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "arg", None)
            named = [(name, "name")] if isinstance(name, str) and name in NAMES else []
        yield from (Named(file, getattr(node, "lineno", 0), word, how) for word, how in named)


#: Comments, texts and names of JavaScript; of a template string, what stands in ${…} is code, and the rest a text.
_JAVASCRIPT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[A-Za-z_$][\w$]*""", re.DOTALL
)


def in_javascript(text: str, file: str = "", line: int = 1) -> Iterator[Named]:
    """The places of a module, or of what declares its types."""
    for match in _JAVASCRIPT.finditer(text):
        part, at = match[0], line + text.count("\n", 0, match.start())
        if part.startswith("`"):
            if part[1:-1] in WORDS:
                yield Named(file, at, part[1:-1], "text")
            for code in re.findall(r"\$\{([^`]*?)\}", part):
                yield from in_javascript(code, file, at)
        elif part[0] in "\"'" and part[1:-1] in WORDS:
            yield Named(file, at, part[1:-1], "text")
        elif part in NAMES:
            yield Named(file, at, part, "name")


def in_css(text: str, file: str = "") -> Iterator[Named]:
    """The places of a style sheet: selectors of a class, and attributes that are to have a value."""
    for match in re.finditer(rf"""[.="']({"|".join(sorted(LEARNER_KINDS))})(?![\w-])""", text):
        yield Named(file, 1 + text.count("\n", 0, match.start()), match[1], "name")


_READERS = {".py": in_python, ".js": in_javascript, ".mjs": in_javascript, ".ts": in_javascript, ".css": in_css}


@functools.cache
def places() -> tuple[Named, ...]:
    """All places of core, lessons and app.py; not of prose, catalogues and what others wrote (vendor)."""
    files = [ROOT / "app.py", *(ROOT / "core").rglob("*"), *(ROOT / "lessons").rglob("*")]
    return tuple(
        place
        for path in sorted(files)
        if path.suffix in _READERS and "vendor" not in path.parts
        if not (file := path.relative_to(ROOT).as_posix()).startswith(DECLARED)
        for place in _READERS[path.suffix](path.read_text(encoding="utf-8"), file)
    )


if __name__ == "__main__":
    every = places()
    for (name, way), number in sorted(Counter((x.file, x.how) for x in every).items()):
        print(f"{number:4} {way:6} {name}")
    print(f"{len(every)} places in {len({x.file for x in every})} files")
