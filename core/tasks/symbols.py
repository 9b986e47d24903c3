"""The signs of a formula in running text: which letter is a variable and which an article, a unit or a word's.

Only as far as core/tasks/expressions.py needs it, to tell a number that stands by itself from a part of a formula.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.tasks.notation import GROUPING, NUMERAL

_FUNCTIONS = "sqrt|arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|log|ln|pi"
#: Names that are also words (at max 3, 5 sec): functions only before a bracket.
_ALSO_WORDS = "cot|sec|csc|lg|exp|gcd|lcm|binom|min|max|floor|ceil|abs"
_COMMANDS = (
    rf"{_FUNCTIONS}|{_ALSO_WORDS}|[dt]?binom|infty|overline|bar|[lr]floor|[lr]ceil|pmod|sum|prod|int|lim|det|hat|alpha|"
    "beta|[Gg]amma|[Dd]elta|(?:var)?epsilon|zeta|eta|[Tt]heta|kappa|[Ll]ambda|mu|nu|xi|rho|[Ss]igma|tau|(?:var)?phi|chi|"
    "[Pp]si|[Oo]mega|Phi"
)
_NAME = rf"\\(?:{_COMMANDS})(?![A-Za-z])|(?<![A-Za-z])(?:{_FUNCTIONS}|(?:{_ALSO_WORDS})(?=\())(?![A-Za-z])"
#: In this order; each alternative is the kind of sign that it finds.
_SIGN = re.compile(
    rf"""
    (?P<repeating>[0-9]*\.[0-9]*\\(?:overline|bar|dot)\{{[0-9]{{1,18}}\}})  # 0.\overline{{3}}
    | (?P<number>{NUMERAL.pattern})
    | (?P<tag></?[A-Za-z][A-Za-z0-9]{{0,30}}\s?/?>)                         # <b>: no relation
    | (?P<degrees>\^\s?(?:\{{\s?\\circ\s?\}}|\\circ)|°)
    | (?P<symbol>(?:{_NAME}|[√∛∞\u0391-\u03c9])(?:_(?:\{{[^{{}}\n]{{0,40}}\}}|[0-9A-Za-z]))?)  # \log_2
    | (?P<joint>\\(?:pm|mp|bmod|mod|cup|cap)(?![A-Za-z])|[±∓∪∩])
    | (?P<operator>\\(?:frac|cdot|times|div)(?![A-Za-z])|[-+/×·÷])
    | (?P<relation>\\(?:leq?|geq?|neq?|lt|gt)(?![A-Za-z])|<=|>=|(?<![-=<>])[<>](?![-<>])|[≤≥≠])
    | (?P<power>\^|(?<=[A-Za-z0-9)}}])\*\*(?=[-A-Za-z0-9(]))
    | (?P<star>\*+)
    | (?P<index>_)
    | (?P<open>\\?\{{|[(\[])
    | (?P<close>\\?\}}|[)\]])
    | (?P<comma>[,;])
    | (?P<colon>:)
    | (?P<exclamation>!+)
    | (?P<word>[A-Za-z]'{{1,3}}(?=\()|[A-Za-z][²³]|[A-Za-z]+)
    | (?P<other>\\[A-Za-z]+|\\.|[^\s{GROUPING}])
    """,
    re.VERBOSE | re.ASCII,
)
#: Letters that are multiplied behind a number; other words are what was counted, or a unit (7pm, 5ft).
_PRODUCT = re.compile(r"[xyz]{2,3}|abc?|bc|ac|pq|mn|rs")
#: Letters that are a unit behind a number: 5 m, 10s, 20°C.
_UNITS = frozenset("mgshlLNJWVCF")
#: Letters that are a factor of a number before them even behind a space: 2 x.
_FACTORS = frozenset("xyznkrei")
_ARTICLES = frozenset("aAI")
#: Before these an exclamation mark is a factorial. Before a space or an end it closes a sentence: "it is 5!"
_AFTER_FACTORIAL = re.compile(
    r"[0-9A-Za-z(+/^=.,;:}$×·÷-]|\\[)\]A-Za-z}]|[ ](?:[*/+=×·÷^]|\\(?:cdot|times|div)|-[ ]?[0-9])"
)
#: Signs that nothing of a formula reaches over.
BREAK = "break"
_ENDS = ("number", "repeating", "letter", "symbol", "close", "degrees", "factorial")


@dataclass
class Sign:
    """A sign, and what it is where it stands."""

    kind: str  # a group of _SIGN; `letter` for a variable, `factorial`, `break` for what is no part of a formula
    text: str
    start: int
    end: int
    gap: bool  # whether white space stands before it

    @property
    def ends_operand(self) -> bool:
        return self.kind in _ENDS


#: What stands where a text begins and ends.
_NOTHING = Sign(BREAK, "", 0, 0, True)


def signs(text: str, left: int, right: int) -> list[Sign]:
    """The signs of text[left:right], each of its kind; in linear time."""
    read: list[Sign] = []
    end = left
    for x in _SIGN.finditer(text, left, right):
        read.append(Sign(str(x.lastgroup), x[0], x.start(), x.end(), x.start() > end or not read))
        end = x.end()
    for i, sign in enumerate(read):
        before = read[i - 1] if i else _NOTHING
        after = read[i + 1] if i + 1 < len(read) else _NOTHING
        sign.kind = _kind(sign, before, after, text)
    return read


def _kind(sign: Sign, before: Sign, after: Sign, text: str) -> str:
    """What a sign is between its neighbours, of which the one before has got its kind already."""
    even = sign.gap == after.gap
    match sign.kind:
        case "word":
            return _word(sign, before, after)
        case "star":  # not of **7**
            return "operator" if len(sign.text) == 1 and before.ends_operand and even else BREAK
        case "colon":  # 4:3 and 12:30
            return "joint" if before.kind == after.kind == "number" and even else BREAK
        case "exclamation":
            return "factorial" if _is_factorial(sign, before, text) else BREAK
        case "tag" | "other":
            return BREAK
    return sign.kind


def _word(sign: Sign, before: Sign, after: Sign) -> str:
    """A function's name, a variable, or a word of the text."""
    counted = before.kind == "number"
    if sign.text in ("mod", "choose"):
        return "joint"
    letter = sign.text.rstrip("'²³")
    if len(letter) > 1:
        return "letter" if counted and not sign.gap and _PRODUCT.fullmatch(letter) else BREAK
    if letter == "x" and counted and after.kind == "number" and sign.gap == after.gap:
        return "operator"  # 3 x 4
    goes_on = not after.gap and (after.kind in ("number", "open", "power") or after.text in ("+", "-", "*", "/"))
    if letter in _UNITS and (counted or before.kind == "degrees" or len(sign.text) > 1):
        return "letter" if not sign.gap and goes_on and after.text not in ("/", "^") else BREAK
    if counted and sign.gap:
        last = after.kind not in ("word", "number") and (after.text != "." or after.gap or after is _NOTHING)
        return "letter" if letter in _FACTORS and last else BREAK
    if letter in _ARTICLES and sign.gap and not goes_on and before.kind in (BREAK, "number"):
        return BREAK
    # "Option B - 7" is a dash, "B - 7" a difference.
    dash = before.kind == BREAK and before.text.isalpha() and letter.isupper() and after.text == "-" and after.gap
    return BREAK if dash else "letter"


def _is_factorial(sign: Sign, before: Sign, text: str) -> bool:
    if sign.gap or len(sign.text) > 1 or not before.ends_operand:
        return False
    within_product = text[max(0, before.start - 3) : before.start].rstrip(" ").endswith(tuple("!*/×·+"))
    return _AFTER_FACTORIAL.match(text, sign.end) is not None or within_product
