"""Random steps and random lists of terms, for comparing evaluators with each other."""

from __future__ import annotations

import random
from typing import Any

from core.terms import RESPONSE, SCALAR, TOKEN, Names, Term, Terms

SETTINGS = ("gamma", "ddof", "maybe", "mode", "switch")
RESPONSES = ("group", "reward", "score")
TOKENS = ("value", "delta", "ratio", "advantage")
NAMES = Names(SETTINGS, RESPONSES, TOKENS)


def step(rng: random.Random) -> dict[str, Any]:
    """One step in the form of terms.js, with numbers that are missing, holes and settings that are unknown."""
    lengths = [rng.randint(1, 6) for _ in range(rng.randint(1, 6))]
    gaps = rng.choice((0, 0, 0.1))

    def number() -> float | None:
        # Whole numbers too, so that comparisons meet equal ones.
        return None if rng.random() < gaps else rng.choice((rng.uniform(-2, 2), float(rng.randint(-2, 2))))

    holes = [[rng.random() < 0.3 for _ in range(n)] for n in lengths]
    for row in holes:
        row[rng.randrange(len(row))] = False  # every response has a token that the policy wrote
    groups = [rng.randint(0, 2) for _ in lengths]
    columns = [x for x in TOKENS if rng.random() < 0.8]
    return {
        "settings": {
            "gamma": rng.choice((1, 0.9, 0)),
            "ddof": rng.choice((0, 1, 1, 2)),
            "maybe": rng.choice((None, 0.5)),
            "mode": rng.choice(("group", "none", None)),
            "switch": rng.choice((True, False)),
        },
        "step": {"t1": rng.choice((None, 0.25)), "t2": rng.choice((None, -1.5))},
        "whole": rng.random() < 0.7,
        "lengths": lengths,
        "responses": {"group": groups, **{name: [number() for _ in lengths] for name in RESPONSES[1:]}},
        "tokens": {name: [[number() for _ in range(n)] for n in lengths] for name in columns},
        "holes": rng.choice((None, holes, holes)),
    }


def terms(rng: random.Random, wild: bool = False) -> Terms:
    """Seven terms that use each other; two have a column's name. `wild` ones may divide by 0 and overflow."""
    made: list[Term] = []
    levels: dict[str, int] = {}
    for name in ("t0", "t1", "ratio", "t2", "t3", "advantage", "t4"):
        maker = _Maker(rng, dict(levels), wild, later={"ratio", "advantage"} - set(levels))
        level = rng.choice((SCALAR, RESPONSE, TOKEN))
        given = ("maybe",) if rng.random() < 0.15 else ()
        made.append(Term(name, maker.expression(level, 4), given=given))
        levels = Terms(made, NAMES).levels
    return Terms(made, NAMES)


class _Maker:
    def __init__(self, rng: random.Random, terms: dict[str, int], wild: bool, later: set[str]) -> None:
        self.rng, self.terms, self.wild = rng, terms, wild
        self.columns = {RESPONSE: RESPONSES[1:], TOKEN: [x for x in TOKENS if x not in later and x not in terms]}

    def expression(self, level: int, depth: int) -> str:
        """An expression of at most this level."""
        rng = self.rng
        if depth == 0 or rng.random() < 0.15:
            return self._leaf(level)
        if rng.random() < 0.35:
            return self._reduction(level, depth - 1)
        a, b, c = (self.expression(rng.randint(SCALAR, level), depth - 1) for _ in range(3))
        # What jumps is asked of recorded numbers only: of computed ones, rounding alone would decide.
        p, q, r = (self._leaf(rng.randint(SCALAR, level), recorded=True) for _ in range(3))
        plain = [
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a} * {b})",
            f"-{a}",
            f"({a} if {p} > 0 else {b})",
            f"({a} if mode == 'group' else {b})",
            f"({p} {rng.choice(('<', '<=', '>', '>=', '==', '!='))} {q})",
            f"({p} and {q})",
            f"({p} or {q} or {p} < {r})",
            f"(not {p})",
            f"min({a}, {b})",
            f"max({a}, {b}, {c})",
            f"clamp({a}, -1, {c})",
            f"abs({a})",
            f"sign({p})",
            f"expm1(clamp({a}, -3, 3))",
            f"exp(clamp({a}, -3, 3))",
            f"log(abs({a}) + 1)",
            f"sqrt(abs({a}))",
            f"({a} / (abs({b}) + 1))",
            f"clamp({a}, -9, 9) ** 2",
        ]
        wild = [f"({a} / {b})", f"log({a})", f"sqrt({a})", f"exp({a} * 400)", f"({a} ** {b})", f"({a} / 0)"]
        return rng.choice(plain + wild * 2 if self.wild else plain)

    def _reduction(self, level: int, depth: int) -> str:
        rng = self.rng
        token, response = self._token(depth), f"(reward * {self.expression(RESPONSE, depth)})"
        over_step = [f"{x}_batch({rng.choice((token, response))})" for x in ("mean", "min", "max")]
        over_step.append(f"std_batch({rng.choice((token, response))}, ddof)")
        per_response = [f"{x}_response({token})" for x in ("sum", "mean")]
        per_response += [f"{x}_group({response})" for x in ("sum", "mean", "min", "max")]
        per_response.append(f"std_group({response}, {rng.choice(('ddof', '1', 'maybe'))})")
        any_token = self.expression(TOKEN, depth)
        per_token = [f"following({any_token}, {self.expression(TOKEN, depth)})", f"scan({any_token}, gamma)"]
        per_token.append(f"scan({any_token}, clamp({self.expression(TOKEN, depth)}, -1, 1))")
        return rng.choice([over_step, over_step + per_response, per_response + per_token * 3][level])

    def _token(self, depth: int) -> str:
        return f"per_token({self.expression(TOKEN, depth)})"

    def _leaf(self, level: int, recorded: bool = False) -> str:
        own = [x for x, y in self.terms.items() if y <= level and not recorded]
        leaves = [str(self.rng.randint(0, 3)), "0.5", "gamma", "maybe", "switch", "batch_size", *own]
        if level >= RESPONSE:
            leaves += ["length", "group_size", *self.columns[RESPONSE] * 2]
        if level >= TOKEN:
            leaves += ["last", "position", *self.columns[TOKEN] * 3]
        return self.rng.choice(leaves)
