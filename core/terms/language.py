"""The language of terms: Python's expression syntax, checked and turned into a tree that needs no parser.

A tree is JSON: a number, or a list whose first entry says what it is:

    ["text", "group"]                              a text literal; only compared with a setting by == or !=
    ["setting", n]  ["response", n]  ["token", n]  a setting; a column with a number per response or per token
    ["term", n]  ["builtin", n]                    an earlier term; one of BUILTINS
    ["neg", a]  ["not", a]
    ["+", a, b]  and so - * / **  < <= > >= == !=  truth is 1 or 0
    ["and", a, b, …]  ["or", a, b, …]
    ["if", condition, then, otherwise]
    ["min", a, b, …]                               and so every function of FUNCTIONS, by its name

Every tree has a level: 0 one number for the step, 1 one per response, 2 one per token. Lower levels are broadcast;
`per_token(x)` does so at once, so that a mean over the step counts a response as often as it has tokens. All mistakes
are found here, when the list of terms is made, and not when a page shows it.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from core.terms.term import Region, Term, TermError

Tree: TypeAlias = int | float | list[Any]

SCALAR, RESPONSE, TOKEN = 0, 1, 2

#: What every step has without being recorded, and its level.
BUILTINS = {"last": TOKEN, "length": RESPONSE, "group_size": RESPONSE, "batch_size": SCALAR, "position": TOKEN}

#: How many arguments each function takes: at least, at most (None: any number).
FUNCTIONS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("min", "max"), (2, None)),
    "clamp": (3, 3),
    **dict.fromkeys(("exp", "log", "expm1", "abs", "sign", "sqrt"), (1, 1)),
    "per_token": (1, 1),
    **dict.fromkeys(("following", "scan"), (2, 2)),
    **dict.fromkeys(("sum_response", "mean_response"), (1, 1)),
    **dict.fromkeys(("sum_group", "mean_group", "min_group", "max_group"), (1, 1)),
    **dict.fromkeys(("mean_batch", "min_batch", "max_batch"), (1, 1)),
    **dict.fromkeys(("std_group", "std_batch"), (2, 2)),
}

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


@dataclass(frozen=True)
class Names:
    """What expressions may speak of: names of settings, of columns per response and of columns per token."""

    settings: Collection[str] = ()
    responses: Collection[str] = ()
    tokens: Collection[str] = ()


@dataclass(frozen=True)
class RegionTrees:
    """A region with its expressions as trees."""

    region: Region
    ratio_from: Tree | None
    ratio_to: Tree | None
    values: dict[str, Tree]


class Terms:
    """A checked list of terms, each with its tree and level, and the clip regions that belong to it.

    Raises TermError, one sentence that names the term, for whatever the language does not have. `trees` and `levels`
    are by term, in order; `columns` has every column's level. A term that has a column's name has at least that
    column's level, since the recorded numbers may be its value.
    """

    def __init__(self, terms: Sequence[Term], names: Names, regions: Sequence[Region] = ()) -> None:
        self.terms = tuple(terms)
        self.names = names
        self.trees: dict[str, Tree] = {}
        self.levels: dict[str, int] = {}
        self.columns = dict.fromkeys(names.responses, RESPONSE) | dict.fromkeys(names.tokens, TOKEN)
        for term in self.terms:
            with_term = _Scope(names, self.levels, later={x.name for x in self.terms} - set(self.levels))
            try:
                self._name_is_free(term)
                tree, level = with_term.parse(term.expression, own=term.name)
                if level > self.columns.get(term.name, TOKEN):
                    raise TermError("the expression has a number per token, but the column of its name per response")
            except TermError as error:
                raise TermError(f"term {term.name!r}: {error}") from None
            self.trees[term.name] = tree
            self.levels[term.name] = max(level, self.columns.get(term.name, SCALAR))
        self.regions = tuple(self._region(x) for x in regions)

    def tree(self, expression: str) -> Tree:
        """The tree of an expression that may use all these terms. Raises TermError."""
        return _Scope(self.names, self.levels).parse(expression)[0]

    def as_json(self, translate: Callable[[str], str] = str) -> dict[str, Any]:
        """What terms.js takes: {"terms": […], "regions": […]}. Titles, help and sentences go through `translate`."""
        terms = [
            {
                "name": x.name,
                "tree": self.trees[x.name],
                "level": self.levels[x.name],
                "title": x.title and translate(x.title),  # gettext translates "" into the catalogue's header
                "help": x.help and translate(x.help),
                "tex": x.tex,
                "source": x.source,
                "given": list(x.given),
            }
            for x in self.terms
        ]
        regions = [
            {
                "side": x.region.side,
                "ratio_from": x.ratio_from,
                "ratio_to": x.ratio_to,
                "advantage": x.region.advantage,
                "cuts": x.region.cuts,
                "says": x.region.says and translate(x.region.says),
                "values": x.values,
                "symbol": x.region.symbol,
            }
            for x in self.regions
        ]
        return {"terms": terms, "regions": regions}

    def _name_is_free(self, term: Term) -> None:
        if not term.name.isidentifier():
            raise TermError("a term's name must be an identifier")
        if term.name in self.trees:
            raise TermError("there are two terms of this name")
        if term.name in BUILTINS or term.name in FUNCTIONS:
            raise TermError("the language has this name already")
        if term.name in self.names.settings:
            raise TermError("there is a setting of this name")
        for name in term.given:
            if name not in self.names.settings:
                raise TermError(f"it is given by {name!r}, which is no setting")

    def _region(self, region: Region) -> RegionTrees:
        scope = _Scope(self.names, self.levels)
        for name in ("ratio", "advantage"):
            scope.parse(name)

        def bound(expression: str | None) -> Tree | None:
            if expression is None:
                return None
            tree, level = scope.parse(expression)
            if level != SCALAR:
                raise TermError(f"the bound {expression!r} of a region must be one number for the whole step")
            return tree

        values = {name: scope.parse(x)[0] for name, x in region.values.items()}
        return RegionTrees(region, bound(region.ratio_from), bound(region.ratio_to), values)


@dataclass(frozen=True)
class _Scope:
    """What a name means in one expression."""

    names: Names
    terms: Mapping[str, int]  # earlier terms and their levels
    later: Collection[str] = field(default=())  # terms that an expression may not use yet

    def parse(self, expression: str, own: str | None = None) -> tuple[Tree, int]:
        """(tree, level). `own` is the name of the term itself: alone, it means the column of that name."""
        try:
            body = ast.parse(expression, mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise TermError(f"{expression!r} is not an expression ({error})") from None
        if isinstance(body, ast.Name) and body.id == own:
            return self._name(body.id, as_column=True)
        return self._node(body)

    def _node(self, node: ast.expr) -> tuple[Tree, int]:
        match node:
            case ast.Constant(value=bool() as truth):
                raise TermError(f"{truth} is written {int(truth)}")
            case ast.Constant(value=int() | float() as number) if math.isfinite(number):
                return number, SCALAR
            case ast.Constant(value=str() as text):
                raise TermError(f"the text {text!r} can only be compared with a setting, by == or !=")
            case ast.Name():
                return self._name(node.id)
            case ast.UnaryOp(op=ast.USub()):
                return self._of("neg", [node.operand])
            case ast.UnaryOp(op=ast.Not()):
                return self._of("not", [node.operand])
            case ast.BinOp() if type(node.op) in _OPERATORS:
                return self._of(_OPERATORS[type(node.op)], [node.left, node.right])
            case ast.BoolOp():
                return self._of("and" if isinstance(node.op, ast.And) else "or", node.values)
            case ast.IfExp():
                return self._of("if", [node.test, node.body, node.orelse])
            case ast.Compare():
                return self._comparison(node)
            case ast.Call(func=ast.Name()):
                return self._call(node)
        raise TermError(f"the language of terms does not have {ast.unparse(node)!r}")

    def _of(self, kind: str, parts: Sequence[ast.expr]) -> tuple[Tree, int]:
        checked = [self._node(x) for x in parts]
        return [kind, *(tree for tree, _ in checked)], max(level for _, level in checked)

    def _name(self, name: str, as_column: bool = False) -> tuple[Tree, int]:
        if name in BUILTINS:
            return ["builtin", name], BUILTINS[name]
        if name in self.terms and not as_column:
            return ["term", name], self.terms[name]
        if name in self.later and not as_column:
            raise TermError(f"{name!r} is not an earlier term but this one or a later one")
        kinds = {"setting": self.names.settings, "response": self.names.responses, "token": self.names.tokens}
        meanings = [kind for kind, own in kinds.items() if name in own]
        if len(meanings) > 1:
            raise TermError(f"{name!r} has several meanings: {' and '.join(meanings)}")
        if meanings:
            return [meanings[0], name], {"setting": SCALAR, "response": RESPONSE, "token": TOKEN}[meanings[0]]
        raise TermError(f"{name!r} is no column, no setting, no earlier term and nothing that the language has")

    def _comparison(self, node: ast.Compare) -> tuple[Tree, int]:
        """a < b < c means a < b and b < c."""
        sides = [node.left, *node.comparators]
        checked = [self._compared(op, *sides[i : i + 2]) for i, op in enumerate(node.ops)]
        if len(checked) == 1:
            return checked[0]
        return ["and", *(tree for tree, _ in checked)], max(level for _, level in checked)

    def _compared(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> tuple[Tree, int]:
        if type(op) not in _OPERATORS:
            raise TermError(f"the language of terms does not have {ast.unparse(ast.Compare(left, [op], [right]))!r}")
        sign = _OPERATORS[type(op)]
        for text, other in ((left, right), (right, left)):
            if sign in ("==", "!=") and isinstance(text, ast.Constant) and isinstance(text.value, str):
                if isinstance(other, ast.Name) and self._name(other.id)[0] == ["setting", other.id]:
                    return [sign, ["setting", other.id], ["text", text.value]], SCALAR
                raise TermError(f"the text {text.value!r} can only be compared with a setting")
        return self._of(sign, [left, right])

    def _call(self, node: ast.Call) -> tuple[Tree, int]:
        assert isinstance(node.func, ast.Name)
        name, n = node.func.id, len(node.args)
        if name not in FUNCTIONS:
            raise TermError(f"there is no function {name!r}; there are {', '.join(FUNCTIONS)}")
        least, most = FUNCTIONS[name]
        if node.keywords or any(isinstance(x, ast.Starred) for x in node.args):
            raise TermError(f"{name} takes plain arguments only, without names or stars")
        if n < least or (most is not None and n > most):
            wanted = f"{least}" if most == least else f"{least} or more"
            raise TermError(f"{name} takes {wanted} argument{'s' if wanted != '1' else ''}, but was given {n}")
        tree, level = self._of(name, node.args)
        return tree, self._level(name, node.args, level)

    def _level(self, name: str, arguments: Sequence[ast.expr], level: int) -> int:
        """The level of a function's result, from the highest level of its arguments."""
        if name in ("per_token", "following", "scan"):
            return TOKEN
        _, _, over = name.rpartition("_")
        if over not in ("response", "group", "batch"):
            return level
        first = self._node(arguments[0])[1]
        if len(arguments) > 1 and self._node(arguments[1])[1] != SCALAR:
            raise TermError(f"{name}'s ddof must be one number for the whole step")
        if over == "response" and first != TOKEN:
            raise TermError(f"{name} needs a number per token, but {ast.unparse(arguments[0])!r} is none")
        if over == "group" and first == TOKEN:
            raise TermError(f"{name} compares responses, but {ast.unparse(arguments[0])!r} is a number per token")
        if over == "batch" and first == SCALAR:
            raise TermError(f"{name} needs several numbers, but {ast.unparse(arguments[0])!r} is one for the step")
        return SCALAR if over == "batch" else RESPONSE
