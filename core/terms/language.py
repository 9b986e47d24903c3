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
`per_token(x)` does so at once, so that a mean over the step counts a response as often as it has tokens.

`following(x, end)` is x at the next token that the policy wrote, `end` after the last; `scan(x, decay)` is x plus decay
times the scan there. What an environment wrote in between is passed over, so that decay is taken once across it; no
function reads a number there, and none has one there.

All mistakes are found here, when the list of terms is made, and not when a page shows it.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from core.terms.term import TermError
from core.text import is_huge, quoted

Tree: TypeAlias = int | float | list[Any]

#: So many parts may stand within each other. In a tree they are up to twice as many levels, as a < b < c is two: that
#: is what the browser's evaluator (terms.js) takes.
MOST_LEVELS = 60

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
    """What expressions may speak of: names of settings, of columns per response and of columns per token.

    `texts` are those of the settings that are no numbers: they can only be compared with a text.
    """

    settings: Collection[str] = ()
    responses: Collection[str] = ()
    tokens: Collection[str] = ()
    texts: Collection[str] = ()


@dataclass(frozen=True)
class Scope:
    """What a name means in one expression."""

    names: Names
    terms: Mapping[str, int]  # earlier terms and their levels
    later: Collection[str] = field(default=())  # terms that an expression may not use yet

    def parse(self, expression: str, own: str | None = None) -> tuple[Tree, int]:
        """(tree, level). `own` is the name of the term itself: alone, it means the column of that name.

        Raises TermError where the text is no expression of the language, or speaks of what nothing has.
        """
        try:
            body = ast.parse(expression, mode="eval").body
        except (SyntaxError, ValueError) as error:
            if words := sorted(set(re.findall(r"\w+", expression)) & set(self.names.tokens) & set(keyword.kwlist)):
                raise TermError(
                    f"the column {words[0]} can be computed, but not read: it is a word of Python"
                ) from None
            raise TermError(f"{quoted(expression)} is not an expression ({error})") from None
        except (RecursionError, MemoryError):
            raise _too_deep(expression) from None
        if _is_deeper(body, MOST_LEVELS):
            raise _too_deep(expression)
        if isinstance(body, ast.Name) and body.id == own:
            return self._name(body.id, as_column=True)
        return self._node(body)

    def _node(self, node: ast.expr) -> tuple[Tree, int]:
        match node:
            case ast.Constant(value=bool() as truth):
                raise TermError(f"{truth} is written {int(truth)}")
            case ast.Constant(value=int() as number) if is_huge(number):
                raise TermError(f"the number {quoted(number)} is too large")
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

    def _name(self, name: str, *, as_column: bool = False, as_text: bool = False) -> tuple[Tree, int]:
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
        if name in self.names.texts and not as_text:
            raise TermError(f"the setting {name!r} is text: it can only be compared with a text, by == or !=")
        if meanings:
            return [meanings[0], name], {"setting": SCALAR, "response": RESPONSE, "token": TOKEN}[meanings[0]]
        raise TermError(f"{name!r} is no column, no setting, no earlier term and nothing that the language has")

    def _comparison(self, node: ast.Compare) -> tuple[Tree, int]:
        """a < b < c means a < b and b < c."""
        sides = [node.left, *node.comparators]
        if any(map(_has_chain, sides[1:-1])):  # each of these is written twice: the tree would double at every level
            raise TermError(f"between two signs of {quoted(ast.unparse(node))} there is a comparison of three again")
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
                if isinstance(other, ast.Name) and self._name(other.id, as_text=True)[0] == ["setting", other.id]:
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
        checked = [self._node(x) for x in node.args]
        return [name, *(tree for tree, _ in checked)], _level(name, node.args, [level for _, level in checked])


def _level(name: str, arguments: Sequence[ast.expr], levels: Sequence[int]) -> int:
    """The level of a function's result, from its arguments' levels."""
    if name in ("per_token", "following", "scan"):
        return TOKEN
    _, _, over = name.rpartition("_")
    if over not in ("response", "group", "batch"):
        return max(levels)
    first, *ddof = levels
    if any(x != SCALAR for x in ddof):
        raise TermError(f"{name}'s ddof must be one number for the whole step")
    if over == "response" and first != TOKEN:
        raise TermError(f"{name} needs a number per token, but {ast.unparse(arguments[0])!r} is none")
    if over == "group" and first == TOKEN:
        raise TermError(f"{name} compares responses, but {ast.unparse(arguments[0])!r} is a number per token")
    if over == "batch" and first == SCALAR:
        raise TermError(f"{name} needs several numbers, but {ast.unparse(arguments[0])!r} is one for the step")
    return SCALAR if over == "batch" else RESPONSE


def _has_chain(node: ast.expr) -> bool:
    return any(isinstance(x, ast.Compare) and len(x.ops) > 1 for x in ast.walk(node))


def _is_deeper(root: ast.AST, most: int) -> bool:
    """Whether more than `most` parts stand within each other; without recursion, as it is asked of any depth."""
    level = [root]
    for _ in range(most):
        level = [part for node in level for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        if not level:
            return False
    return True


def _too_deep(expression: str) -> TermError:
    return TermError(
        f"{quoted(expression)} has more than {MOST_LEVELS} parts within each other: write it as several terms"
    )
