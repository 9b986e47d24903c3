"""Nothing stands in core/ and lessons/ for the tests alone, or for nobody."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
FRONTEND = ROOT / "lessons" / "board" / "frontend"

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
    """Names that are read within them, but for what a function calls its parameters and what it makes itself."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            names |= loaded(ast.iter_child_nodes(node))
            continue
        body = node.body if isinstance(node.body, list) else [node.body]
        around = [x for x in ast.iter_child_nodes(node) if x not in body]  # decorators, defaults, types
        names |= loaded(around) | (loaded(body) - own_names(node))
    return names


def own_names(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """Names that stand for something of the function's own, as it takes or stores them."""
    inside = list(ast.walk(function))
    elsewhere = {name for x in inside if isinstance(x, ast.Global | ast.Nonlocal) for name in x.names}
    taken = {x.arg for x in _arguments(function)}
    stored = {x.id for x in inside if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)}
    return (taken | stored) - elsewhere


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.arg]:
    of = function.args
    return [*of.posonlyargs, *of.args, *of.kwonlyargs, *filter(None, (of.vararg, of.kwarg))]


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
        "e": "def p(): pass\ndef q(): pass\ndef r(): pass\ndef i(p=r): return p, [q for q in ()]\ni(lambda p: p)",
    }
    result = unused({name: ast.parse(text) for name, text in texts.items()})
    assert result == {("a.b", "h"), ("a.b", "UNUSED"), ("d", "x"), ("d", "y"), ("e", "p"), ("e", "q")}


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


_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_EXPORTED = re.compile(r"^export (?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
_TAKEN = re.compile(r"(?:import|export) \{([^}]*)\} from \"([^\"]+)\"")
#: module of the browser → what of it is called by what loads the module by its name (loader/).
LOADED = {"lesson.js": {"mount"}, "url.js": {"keepIn"}, "web_page.mjs": {"openPage"}}


def unused_in_the_browser(modules: Mapping[str, str]) -> set[tuple[str, str]]:
    """(module, name) of what a module exports, and neither it nor another reads. The loader's modules (.mjs) are put
    together into one, so that what one of them has is used wherever it stands."""
    code = {name: _COMMENT.sub("", text) for name, text in modules.items()}
    taken: dict[str, set[str]] = defaultdict(set, {name: set(used) for name, used in LOADED.items()})
    for text in code.values():
        for names, module in _TAKEN.findall(text):
            taken[module.rpartition("/")[2]] |= {x.split(" as ")[0].strip() for x in names.split(",")}
    loader = " ".join(text for name, text in code.items() if name.endswith(".mjs"))
    left = set()
    for name, text in code.items():
        words = Counter(re.findall(r"[\w$]+", loader if name.endswith(".mjs") else text))
        own = set(_EXPORTED.findall(text)) - taken[name.rpartition("/")[2]]
        left |= {(name, x) for x in own if words[x] == 1}
    return left


def test_the_search_finds_what_no_module_of_the_browser_reads() -> None:
    modules = {
        "a.js": "export const used = 1;\nexport function own() {}\nown();\nexport class Left {} // Left",
        "b/c.js": 'import { used as it } from "../a.js";\nexport async function left() {}',
        "loader/d.mjs": "export const e = 1, f = e;\nexport const g = 2;",
        "loader/h.mjs": "g();",
    }
    assert unused_in_the_browser(modules) == {("a.js", "Left"), ("b/c.js", "left")}


def test_everything_that_a_module_of_the_browser_exports_is_used_by_the_app() -> None:
    files = [x for x in FRONTEND.rglob("*") if x.suffix in (".js", ".mjs") and x.parent.name != "vendor"]
    modules = {x.relative_to(FRONTEND).as_posix(): x.read_text(encoding="utf-8") for x in files}
    assert len(modules) > 100
    assert unused_in_the_browser(modules) == set()


def test_every_class_that_a_style_is_for_is_given_to_something() -> None:
    others = [
        x for place in ("lessons", "core") for x in (ROOT / place).rglob("*") if x.suffix in (".py", ".js", ".mjs")
    ]
    words = set(re.findall(r"[\w-]+", "\n".join(x.read_text(encoding="utf-8") for x in others)))
    sheets = [x for x in FRONTEND.rglob("*.css") if x.parent.name != "vendor"]
    assert len(sheets) > 10
    left = {
        f"{sheet.name}: {name}"
        for sheet in sheets
        for selector in re.findall(r"([^{}]*)\{", _COMMENT.sub("", sheet.read_text(encoding="utf-8")))
        for name in re.findall(r"\.([A-Za-z_][\w-]*)", selector)
        # A picture's class is put together from its name (picture.js); uPlot gives those that begin with u-.
        if name not in words and name.removesuffix("-picture") not in words and not name.startswith("u-")
    }
    assert left == set()
