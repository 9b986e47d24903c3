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
    "pydantic_monty": "pydantic-monty",
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
    importers: dict[str, set[str]] = {}
    for place in places:
        path = ROOT / place
        for file in [path] if path.is_file() else path.rglob("*.py"):
            for node in nodes(ast.parse(file.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module or ""]
                for name in names:
                    importers.setdefault(name.split(".")[0], set()).add(str(file.relative_to(ROOT)))
    return importers


def required(file: str) -> set[str]:
    """What a requirements file names, and what the files name that it includes."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    own = {match[1] for line in lines if (match := re.match(r"([\w.-]+)==", line))}
    return own.union(*(required(line.removeprefix("-r ")) for line in lines if line.startswith("-r ")))


def missing(imported: dict[str, set[str]], known: set[str]) -> dict[str, set[str]]:
    ours = {"core", "lessons", "examples", "tests", "benches", "app"}
    others = {name: files for name, files in imported.items() if name not in sys.stdlib_module_names | ours}
    assert others, "no imports were found: the search is broken"
    return {name: files for name, files in others.items() if PACKAGES.get(name, name) not in known}


def test_everything_that_the_app_imports_is_required() -> None:
    assert missing(imports("core", "lessons", "app.py", nodes=at_once), required("requirements.txt")) == {}


def test_what_an_extra_brings_is_imported_where_it_is_needed_only() -> None:
    extras = set().union(*(required(x.name) for x in ROOT.glob("requirements-*.txt") if x.stem != "requirements-dev"))
    imported = imports("core", "lessons", "app.py")
    assert {"peft"} <= imported.keys()
    assert missing(imported, required("requirements.txt") | extras) == {}


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
    imported = imports("core")
    assert "torch" in imported
    assert not imported.keys() & {"streamlit", "lessons", "starlette", "plotly"}


def test_a_pages_folder_takes_nothing_from_another_pages() -> None:
    pages = {path.parent.name for path in ROOT.glob("lessons/*/page.py")}
    assert {"how_grpo_works", "ratio_and_clip"} <= pages
    taken = [
        f"{file.relative_to(ROOT)}: {name}"
        for page in sorted(pages)
        for file in sorted((ROOT / "lessons" / page).rglob("*.py"))
        for name in modules_of(file)
        if name.split(".")[0] == "lessons" and set(name.split(".")[1:2]) & (pages - {page})
    ]
    assert taken == []


def modules_of(file: Path) -> Iterator[str]:
    """Dotted names of all that a file imports, wherever in it; of `from a import b` also `a.b`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports by a relative name"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


#: Parts of a name that say nothing of what it is. Of `found`, `said` and `told` only whole names of data.
NICKNAMES = {"nursery", "bury", "buried", "obey", "heard", "keeper", "aim"}
PHRASES = ("taking_in", "take_in")
NO_DATA = {"found", "said", "told"}


def named(tree: ast.AST) -> Iterator[str]:
    """Every name that a module gives: to functions, classes, parameters, variables and attributes, and to values that
    fill a text's places.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.AnnAssign | ast.alias):
            name = node.asname if isinstance(node, ast.alias) else getattr(node.target, "id", None)
            yield name or ""


def is_nickname(name: str) -> bool:
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    if NICKNAMES & {part.lower() for part in parts} or any(x in name.lower() for x in PHRASES):
        return True
    return name.strip("_").lower() in NO_DATA


def test_names_are_the_fields_or_plain() -> None:
    assert is_nickname("_ask_nursery")
    assert is_nickname("KeeperOfRuns")
    assert not is_nickname("claim")
    assert not is_nickname("_not_found")
    assert list(filter(is_nickname, named(ast.parse("_('{said} {last}').format(said=1, last=2, **rest)")))) == ["said"]
    given = {
        f"{file.relative_to(ROOT)}: {name}"
        for place in ("core", "lessons", "benches", "examples", "tests")
        for file in (ROOT / place).rglob("*.py")
        for name in (*named(ast.parse(file.read_text(encoding="utf-8"))), file.stem)
        if not name.startswith("test_") and is_nickname(name)
    }
    assert given == set()


#: In JavaScript: what is no name (comments, strings), and what is; of a template string, what stands in ${…} may be.
_JAVASCRIPT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[A-Za-z_$][\w$]*""", re.DOTALL
)


def javascript_names(text: str) -> Iterator[str]:
    """Every name that stands in the code of a module; those of the browser's own objects, too."""
    for match in _JAVASCRIPT.finditer(text):
        part = match[0]
        if part.startswith("`"):
            for code in re.findall(r"\$\{([^`]*?)\}", part):
                yield from javascript_names(code)
        elif part[0] not in "\"'/":
            yield part


def test_names_in_javascript_are_plain_too() -> None:
    text = """// told
    /* found */ const said = `a ${heard(1)} told`, x = "found", aimAt = 'it\\'s told', retold = { foundation: 1 };"""
    assert [x for x in javascript_names(text) if is_nickname(x)] == ["said", "heard", "aimAt"]
    files = [
        file
        for place in ("lessons", "tests")
        for file in (ROOT / place).rglob("*")
        if file.suffix in (".js", ".mjs", ".ts") and not ("vendor" in file.parts and file.suffix == ".js")
    ]
    assert len(files) > 50
    assert {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in javascript_names(file.read_text(encoding="utf-8"))
        if is_nickname(name)
    } == set()


def types_of(tree: ast.Module) -> Iterator[str]:
    """Names of a module's classes and of the types that it gives a name, without an underscore in front."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name.lstrip("_")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not _is_type_variable(node.value):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and re.fullmatch(r"_?[A-Z][a-z]\w*", target.id):
                    yield target.id.lstrip("_")


def _is_type_variable(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("TypeVar", "ParamSpec")


def test_no_two_types_are_called_the_same() -> None:
    text = "class _A: ...\nBc = int | str\n_Cd: TypeAlias = str\nT = TypeVar('T')\nRow = TypeVar('Row')\nMOST = 3"
    assert list(types_of(ast.parse(text))) == ["A", "Bc", "Cd"]
    places: dict[str, set[str]] = {}
    for folder in ("core", "lessons"):
        for file in (ROOT / folder).rglob("*.py"):
            for name in types_of(ast.parse(file.read_text(encoding="utf-8"))):
                places.setdefault(name, set()).add(str(file.relative_to(ROOT)))
    assert len(places) > 100
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


#: What imports by a name that is worked out, and so is seen by no contract of import-linter: file → why it may.
BY_NAME = {
    "core/discovery.py": "registries by import; what they are given is looked at below",
    "core/lazy.py": "a module when it is first used; what it is given is looked at below",
    "core/runs/formats.py": "integrations, which are looked up by name when asked for",
    "core/sandbox/python_worker.py": "the module that its pool names, in a process of its own",
    "core/tasks/registry.py": "the kinds of tasks in its own folder",
}
_IMPORTERS = {"__import__", "import_module", "load_module", "exec_module", "run_module", "run_path", "resolve_name"}
_IMPORTERS |= {"exec", "eval", "entry_points", "spec_from_file_location", "find_spec", "walk_packages", "iter_modules"}


def called_names(file: Path) -> Iterator[tuple[str, ast.AST]]:
    """Every name or attribute that stands in a file's code, called or handed on."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name | ast.Attribute):
            yield (node.id if isinstance(node, ast.Name) else node.attr), node
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.name, node) for alias in node.names)


def imported_by_name(folder: Path) -> set[str]:
    """Files that import a module by a name that is worked out, or run code that is text."""
    return {
        file.relative_to(ROOT if file.is_relative_to(ROOT) else folder).as_posix()
        for file in folder.rglob("*.py")
        for name, node in called_names(file)
        if name in _IMPORTERS and not (isinstance(node, ast.Attribute) and name in ("eval", "find_spec"))
    }


def test_nothing_imports_around_the_layers(tmp_path: Path) -> None:
    planted = {
        "a.py": "import importlib\nimportlib.import_module('core.' + name)",
        "b.py": "from importlib import import_module as load\nload('lessons.server')",
        "c.py": "runs = __import__('core.runs.store')",
        "d.py": "exec('import lessons')",
        "e.py": "model.eval()",
        "f.py": "import core.runs",
    }
    for name, text in planted.items():
        (tmp_path / name).write_text(text)
    assert imported_by_name(tmp_path) == {"a.py", "b.py", "c.py", "d.py"}
    assert imported_by_name(ROOT / "core") == BY_NAME.keys()


def test_registries_and_lazy_modules_keep_to_the_layers() -> None:
    """`lazy` names no module of ours, `declared` a folder of its own: anything else could import upwards unseen."""
    seen = set()
    for file in (ROOT / "core").rglob("*.py"):
        place = file.relative_to(ROOT).as_posix()
        package = place.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "lazy":
                name = ast.literal_eval(node.args[0])
                assert name.partition(".")[0] not in ("core", "lessons", "examples"), place
                seen.add(name)
            if node.func.id == "declared":
                own = isinstance(node.args[0], ast.Name) and node.args[0].id == "__name__"
                folder = package if own else ast.literal_eval(node.args[0])
                assert folder.startswith(package if own else package.rpartition(".")[0]), place
                seen.add(folder)
    assert {"torch", "core.learners.kinds", "core.algorithms.surrogates"} <= seen


def test_no_test_runs_a_page_by_importing_it() -> None:
    """A page runs where it is imported: while tests are collected that is on the store of whoever runs them."""
    pages = re.compile(r"^(?:from|import) lessons\.(?:\w+\.)+page\b|^from lessons\.\w+ import .*\bpage\b", re.MULTILINE)
    files = [x for x in (ROOT / "tests").rglob("*.py") if "vendor" not in x.parts]
    assert len(files) > 150
    assert [str(x.relative_to(ROOT)) for x in files if pages.search(x.read_text(encoding="utf-8"))] == []
