"""Formulas as data: named expressions over trace columns and settings, which Python and the browser evaluate alike."""

from core.terms.checked import Terms
from core.terms.data import Data, Value
from core.terms.evaluate import clip_sides, evaluate, evaluate_tree
from core.terms.language import RESPONSE, SCALAR, TOKEN, Names, Tree
from core.terms.term import Region, Term, TermError

__all__ = [
    "RESPONSE",
    "SCALAR",
    "TOKEN",
    "Data",
    "Names",
    "Region",
    "Term",
    "TermError",
    "Terms",
    "Tree",
    "Value",
    "clip_sides",
    "evaluate",
    "evaluate_tree",
]
