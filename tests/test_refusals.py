"""What core refuses is a message that pages translate: how errors are made and raised, and of what texts.

Read from the source, as a sentence that nobody translates is seen by no other test until somebody meets it.
"""

from __future__ import annotations

import ast
import builtins
import functools
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import errors
from lessons.i18n.spoken import calls, refusals

ROOT = Path(__file__).parents[1]
BUILTIN = {name for name, x in vars(builtins).items() if isinstance(x, type) and issubclass(x, BaseException)}

#: Where core raises what is no refusal, since only who writes code ever reads it: file → who or what it is for.
FOR_PROGRAMMERS = {
    "core/__main__.py": "argparse takes no other kind, and prints it",
    "core/algorithms/advantages.py": "settings that validation lets through do not lead there",
    "core/algorithms/aggregation.py": "settings that validation lets through do not lead there",
    "core/curation.py": "questions asked for before the start model chose them",
    "core/errors/message.py": "how a stored message is read: caught beside it",
    "core/insight/curation_study.py": "a condition before the one that it is as many as: only commands lead there",
    "core/insight/recorded_file.py": "a study of another version: only commands lead there",
    "core/insight/seed_results.py": "a study of fewer than two seeds: only commands lead there",
    "core/insight/pass_at_k.py": "a call with fewer answers than it asks about",
    "core/models/reward.py": "what the disk refuses, as a disk says it: caught by the worker and the command line",
    "core/models/packed.py": "a model that asks for no mask: caught beside it",
    "core/learners/registry.py": "a call about settings that a kind does not have",
    "core/runs/arrow.py": "a table that the trainer made wrongly",
    "core/runs/event_values.py": "how an event is validated: caught beside it",
    "core/runs/formats.py": "a format that no caller names",
    "core/runs/controls.py": "a control that no page has",
    "core/tasks/arithmetic.py": "how an expression is read: caught beside it",
    "core/sandbox/wall/raised.py": "a part of the wall that the system lacks: caught beside it",
    "core/sandbox/wall/system.py": "what the system says of a call: caught where the wall is raised",
    "core/tasks/deadline.py": "caught by all who use it, who say what took so long",
    "core/tasks/matching.py": "an answer that is not to be remembered: caught beside it",
    "core/tasks/question_file.py": "how JSON is read: caught beside it",
    "core/tasks/registry.py": "a module that declares no kind",
    "core/tasks/verifiers.py": "how a formula is read: caught beside it",
    "core/terms/checked.py": "a term that cannot be: tests declare every one",
    "core/terms/data.py": "arrays that do not fit each other",
    "core/terms/evaluate.py": "a term that cannot be: tests declare every one",
    "core/terms/language.py": "a term that cannot be: tests declare every one",
    "core/terms/latex.py": "a number that is missing: caught by who writes the text",
    "core/terms/term.py": "a region that cannot be: tests declare every one",
    "core/training/fitted.py": "a critic of a kind that has none",
    "core/workers/controls.py": "how a worker ends: caught in its main function",
    "core/workers/interruption.py": "how a worker ends: caught in its main function",
    "core/workers/worker.py": "how a worker ends: caught in its main function",
}
#: What puts an exception into another thread.
HANDED_ON = {"core/tasks/deadline.py: _OutOfTime"}
#: What is raised a second time in another thread than the one that caught it.
RAISED_AGAIN = {"core/models/fetching.py: failed[0]"}


@functools.cache
def trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder in ("core", "lessons")
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


@functools.cache
def error_classes() -> frozenset[str]:
    """Names of the builtin exceptions and of all that derive from them in core and lessons, refusals included."""
    bases = {
        node.name: {name_of(x) for x in node.bases}
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    names = {*BUILTIN, *(x for x, y in vars(errors).items() if isinstance(y, type) and issubclass(y, Exception))}
    while more := {name for name, of in bases.items() if of & names} - names:
        names |= more
    return frozenset(names)


@functools.cache
def refusal_classes() -> frozenset[str]:
    return frozenset(refusals(trees().values()))


def name_of(node: ast.AST | None) -> str:
    """The last part of a dotted name; "" where it is none."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def inside(tree: ast.AST) -> Iterator[tuple[ast.AST, list[ast.AST]]]:
    """Every node with those that it stands in, the innermost last."""

    def visit(node: ast.AST, around: list[ast.AST]) -> Iterator[tuple[ast.AST, list[ast.AST]]]:
        yield node, around
        for part in ast.iter_child_nodes(node):
            yield from visit(part, [*around, node])

    yield from visit(tree, [])


# -- errors are made by their own names, where they are raised ---------------------------------------------------------


def renamed(tree: ast.Module) -> Iterator[ast.AST]:
    """Where an exception's class, Message or verbatim gets another name, or is handed on as a value."""
    watched = error_classes() | {"Message", "verbatim"}
    for node, around in inside(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (node for x in node.names if x.name in watched and x.asname not in (None, x.name))
        if not isinstance(node, ast.Name | ast.Attribute) or name_of(node) not in watched or not around:
            continue
        if not isinstance(node.ctx, ast.Load) or _is_annotation(node, around):
            continue
        parent = around[-1]
        holder = around[-2] if isinstance(parent, ast.Tuple) and len(around) > 1 else parent
        match holder:
            case ast.Call(func=func) if func is node or name_of(func) in ("isinstance", "issubclass", "suppress"):
                pass
            case ast.ExceptHandler() | ast.ClassDef() | ast.Raise() | ast.MatchClass() | ast.Attribute():
                pass
            case ast.Assign() if isinstance(parent, ast.Tuple):  # several to be caught, by one name
                pass
            case _:
                yield node


def _is_annotation(node: ast.AST, around: list[ast.AST]) -> bool:
    chain = [*around, node]
    for outer, part in itertools.pairwise(chain):
        match outer:
            case ast.arg(annotation=x) | ast.AnnAssign(annotation=x) | ast.FunctionDef(returns=x) if x is part:
                return True
    return any(isinstance(x, ast.Subscript) for x in around)  # type[…], Callable[…]


def not_made_there(tree: ast.Module, functions: set[str]) -> Iterator[ast.Raise]:
    """What is raised and is neither made right there, nor by one of the functions that give one, nor caught."""
    for node, around in inside(tree):
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        match node.exc:
            case ast.Call(func=ast.Name(name)) if name in error_classes() | functions:
                continue
            case ast.Call(func=ast.Attribute(value, name)) if name_of(value) in error_classes() or name in BUILTIN:
                continue
            case ast.Call(func=ast.Attribute(ast.Name("argparse"), "ArgumentTypeError")):
                continue
            case ast.Name(name) if name in error_classes():
                continue
            case ast.Name(name) if any(isinstance(x, ast.ExceptHandler) and x.name == name for x in around):
                continue
        yield node


def giving_errors(tree: ast.Module) -> set[str]:
    """The module's functions that say that they return an exception."""
    functions = [x for x in ast.walk(tree) if isinstance(x, ast.FunctionDef)]
    return {x.name for x in functions if name_of(x.returns) in error_classes()}


def made_elsewhere(tree: ast.Module) -> Iterator[ast.Call]:
    """Builtin exceptions that are made without being raised in the same breath."""
    raised = {id(x.exc) for x in ast.walk(tree) if isinstance(x, ast.Raise)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in BUILTIN and id(node) not in raised:
            yield node


PLANTED = {
    "an alias": ("E = ValueError\nraise E('x')", renamed),
    "an alias by import": ("from core.errors import ConfigError as E", renamed),
    "an alias as a parameter": ("def f(kind=ValueError): ...", renamed),
    "an alias in a table": ("KINDS = {'a': ConfigError}", renamed),
    "an alias by condition": ("E = ConfigError if x else RequestError", renamed),
    "handed on": ("make(ConfigError, 'text')", renamed),
    "another name for Message": ("M = Message", renamed),
    "another name by an annotation": ("E: type[Exception] = ValueError", renamed),
    "a variable": ("err = ValueError('x')\nraise err", lambda tree: not_made_there(tree, set())),
    "of a table": ("raise KINDS['a']('x')", lambda tree: not_made_there(tree, set())),
    "of a call": ("raise made('x')", lambda tree: not_made_there(tree, {"refused"})),
    "made before": ("err = ValueError('x')", made_elsewhere),
    "returned": ("def f(): return TypeError('x')", made_elsewhere),
}
PLAIN = """
from core.errors import ConfigError, Message
CAUGHT = (ValueError, OSError)
def f(error: Exception) -> type[ValueError]:
    try:
        g()
    except (TypeError, KeyError) as other:
        raise ConfigError("x") from other
    except CAUGHT as other:
        raise other
    with suppress(OSError):
        if isinstance(error, (ConfigError, OSError)):
            raise RunUnreadable.of(run)
    raise Stopped
"""


@pytest.mark.parametrize("text", PLANTED)
def test_the_rules_see_what_they_are_for(text: str) -> None:
    code, rule = PLANTED[text]
    assert list(rule(ast.parse(code)))
    assert not list(rule(ast.parse(PLAIN)))


def test_errors_go_by_their_own_names() -> None:
    assert {f"{place}: {ast.unparse(x)}" for place, tree in trees().items() for x in renamed(tree)} == HANDED_ON


def test_what_is_raised_is_made_where_it_is_raised() -> None:
    loose = [
        f"{place}: {ast.unparse(x.exc)}"  # type: ignore[arg-type]
        for place, tree in trees().items()
        for x in not_made_there(tree, giving_errors(tree))
    ]
    assert set(loose) == RAISED_AGAIN
    made = [f"{place}:{x.lineno}" for place, tree in trees().items() for x in made_elsewhere(tree)]
    assert made == []


def test_core_raises_refusals_but_for_what_only_programmers_read() -> None:
    known = refusal_classes()
    plain = {
        place
        for place, tree in trees().items()
        if place.startswith("core/")
        for x in ast.walk(tree)
        if isinstance(x, ast.Raise) and x.exc is not None
        for name in [name_of(x.exc.func if isinstance(x.exc, ast.Call) else x.exc)]
        if name in error_classes() - known or name == "ArgumentTypeError"
    }
    assert plain == FOR_PROGRAMMERS.keys()


# -- what they are made of ---------------------------------------------------------------------------------------------


def words_in(value: ast.AST, around: ast.AST | None = None) -> Iterator[str]:
    """Literal words that would be part of a text, wherever they stand in an expression.

    A name is followed to what the function `around` assigns to it. Left out: messages, whose words are templates; keys
    of tables; formats; options of the command line.
    """
    match value:
        case ast.Constant(str() as text):
            if re.search("[A-Za-z]{2}", text) and not text.startswith("--"):
                yield text
        case ast.Call(func=func) if name_of(func) in ("Message", "N_", "_", "get"):
            return
        case ast.Subscript(inner, _):
            yield from words_in(inner, around)
        case ast.FormattedValue(inner, _, _):
            yield from words_in(inner, around)
        case ast.Call(func=ast.Attribute(inner, "split" | "strip" | "partition" | "removeprefix" | "startswith")):
            yield from words_in(inner, around)
        case ast.Attribute(inner, _):
            yield from words_in(inner, around)
        case ast.Compare():
            return
        case ast.IfExp(_, then, otherwise):
            yield from (*words_in(then, around), *words_in(otherwise, around))
        case ast.Name(name) if around is not None:
            for node in ast.walk(around):
                if isinstance(node, ast.Assign) and any(name_of(x) == name for x in node.targets):
                    yield from words_in(node.value)
        case _:
            for part in ast.iter_child_nodes(value):
                yield from words_in(part, around)


def functions_around(tree: ast.Module) -> dict[int, ast.AST]:
    """id of a call → the innermost function that it stands in."""
    return {
        id(node): next((x for x in reversed(around) if isinstance(x, ast.FunctionDef)), tree)
        for node, around in inside(tree)
        if isinstance(node, ast.Call)
    }


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('verbatim(f"the file {x} is bad")', ["the file ", " is bad"]),
        ('verbatim("bad")', ["bad"]),
        ('verbatim("it is {}".format(x))', ["it is {}"]),
        ('verbatim("it is " + x)', ["it is "]),
        ('verbatim(x or "nothing")', ["nothing"]),
        ('verbatim(" and ".join(x))', [" and "]),
        ('def f(x):\n    text = f"bad {x}"\n    return verbatim(text)', ["bad "]),
        ('verbatim(" ".join(str(error).split()))', []),
        ('verbatim(values["text"])', []),
        ('verbatim(values.get("text"))', []),
        ('verbatim(f"{x:02d}")', []),
    ],
)
def test_literal_words_are_seen(code: str, words: list[str]) -> None:
    tree = ast.parse(code)
    around = functions_around(tree)
    calls = [x for x in ast.walk(tree) if isinstance(x, ast.Call) and name_of(x.func) == "verbatim"]
    assert [y for x in calls for y in words_in(x.args[0], around[id(x)])] == words


def test_text_that_no_template_stands_behind_has_no_words_of_ours() -> None:
    made = [
        (f"{place}:{x.lineno}", list(words_in(x.args[0], around[id(x)])))
        for place, tree in trees().items()
        for around in [functions_around(tree)]
        for x in ast.walk(tree)
        if isinstance(x, ast.Call) and name_of(x.func) == "verbatim"
    ]
    assert len(made) >= 5
    assert [(place, words) for place, words in made if words] == []


def test_values_of_messages_have_no_words_of_ours() -> None:
    """A word that stands in a value is shown in English in every language: it belongs into a template, or a Message."""
    spoken = [(x.place, x.node.lineno, y) for x in calls(ROOT) for y in x.node.keywords if y.arg not in (None, "key")]
    assert len(spoken) > 200
    assert [(place, line, words) for place, line, x in spoken if (words := list(words_in(x.value)))] == []
    called = [
        (place, ast.unparse(x))
        for place, tree in trees().items()
        for x in ast.walk(tree)
        if isinstance(x, ast.Call) and name_of(x.func) in ("clean", "real") and place.startswith("core/")
    ]
    assert len(called) > 10
    # What these take second stands in what they refuse; names of a file's own fields stay as they are.
    spelt = [(place, x) for place, x in called for y in words_in(ast.parse(x).body[0].value.args[1]) if " " in y]  # type: ignore[attr-defined]
    assert spelt == []
