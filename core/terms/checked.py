"""A list of terms, checked when it is made: each expression as a tree (see language.py), and the regions' bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.terms.language import BUILTINS, FUNCTIONS, RESPONSE, SCALAR, TOKEN, Names, Scope, Tree
from core.terms.term import Region, Term, TermError


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
            with_term = Scope(names, self.levels, later={x.name for x in self.terms} - set(self.levels))
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
        return Scope(self.names, self.levels).parse(expression)[0]

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
        scope = Scope(self.names, self.levels)
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
