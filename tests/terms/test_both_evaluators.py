"""The browser's evaluator and numpy's give the same numbers, on random steps and on the edges of the language."""

from __future__ import annotations

import json
import random
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.terms import Data, Region, Term, Terms, clip_sides, evaluate
from lessons.board.assets import FOLDER
from tests.terms import random_terms
from tests.terms.plain import same, to_json

CASES = 300
#: What rarely happens by chance.
EDGES = (
    "1 / 0",
    "0 / 0",
    "-1 / 0",
    "log(0)",
    "log(-1)",
    "sqrt(-1)",
    "exp(1000)",
    "(0 / 0) == (0 / 0)",
    "(0 / 0) != 1",
    "1 if 0 / 0 else 2",
    "not 0 / 0",
    "1 ** (0 / 0)",
    "(0 / 0) ** 0",
    "(-1) ** (1 / 0)",
    "(-8) ** (1 / 3)",
    "2 ** -2",
    "0 ** -1",
    "min(value, 0 / 0)",
    "max(1 / 0, value)",
    "clamp(value, 1, -1)",
    "clamp(0 / 0, 0, 1)",
    "sign(0 / 0)",
    "sign(-3)",
    "abs(-1 / 0)",
    "expm1(1e-9)",
    "min_batch(value * (1 / 0))",
    "scan(value, 1 / 0)",
    "std_group(reward, 5)",
    "std_batch(reward, 50)",
    "std_batch(reward, maybe)",
    "mean_group(2)",
    "switch + 1",
    "mode == 'group'",
    "'none' != mode",
    "maybe and 0",
    "maybe or 1",
    "not maybe",
    "0 < value < 1",
)
REGIONS = (
    Region(1, "1 + gamma / 5", None, "positive", True, ""),
    Region(-1, None, "1 - maybe", "negative", True, ""),
    Region(1, "1.5", "1.8", "any", False, ""),
)


@cache
def cases() -> list[tuple[Terms, dict[str, Any], bool]]:
    made = []
    for seed in range(CASES):
        rng = random.Random(1000 + seed)
        terms = random_terms.terms(rng, wild=seed % 3 == 0)
        if seed % 5 == 0:
            terms = Terms([*terms.terms], random_terms.NAMES, REGIONS)
        made.append((terms, random_terms.step(rng), seed % 2 == 0))
    edges = Terms([Term(f"e{i}", x) for i, x in enumerate(EDGES)], random_terms.NAMES)
    made += [(edges, random_terms.step(random.Random(seed)), False) for seed in range(8)]
    nowhere = random_terms.step(random.Random(0))
    nowhere["tokens"] = {
        "value": [["nan", "inf", "-inf", None, 1][:n] for n in [min(x, 5) for x in nowhere["lengths"]]]
    }
    nowhere["lengths"], nowhere["holes"] = [len(x) for x in nowhere["tokens"]["value"]], None
    return [*made, (edges, nowhere, False)]


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    """What the browser's evaluator makes of every case, in one call of node."""
    given = [{"terms": x.as_json(), "data": data, "recompute": recompute} for x, data, recompute in cases()]
    script = Path(__file__).with_name("evaluate.mjs")
    done = subprocess.run(
        ["node", str(script), str(FOLDER)], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made: list[dict[str, Any]] = json.loads(done.stdout)
    return made


def test_they_agree_on_every_case(answers: list[dict[str, Any]]) -> None:
    assert len(answers) == len(cases())
    for (terms, given, recompute), answer in zip(cases(), answers, strict=True):
        data = Data.from_json(given)
        evaluated = evaluate(terms, data, recompute=recompute)
        for term in terms.terms:
            ours, theirs = to_json(evaluated[term.name], data.mask), answer["values"][term.name]
            assert theirs["level"] == evaluated[term.name].level, (term, given)
            assert same(ours, theirs["numbers"]), (term, ours, theirs, given)


def test_they_agree_on_who_is_in_which_region(answers: list[dict[str, Any]]) -> None:
    seen = set()
    for (terms, given, recompute), answer in zip(cases(), answers, strict=True):
        if not terms.regions:
            continue
        data = Data.from_json(given)
        ours = to_json(clip_sides(terms, data, evaluate(terms, data, recompute=recompute)), data.mask)
        assert same(ours, answer["sides"]), (terms.terms, given)
        seen |= {x for row in ours for x in row}
    assert seen == {-1, 0, 1, None}, "every kind of answer must have been compared"


def test_the_cases_meet_what_can_happen(answers: list[dict[str, Any]]) -> None:
    """Numbers, missing ones, NaN and both infinities, on every level."""
    seen = {
        (x["level"], _kind(y)) for answer in answers for x in answer["values"].values() for y in _flat(x["numbers"])
    }
    assert seen == {(level, kind) for level in range(3) for kind in ("number", None, "nan", "inf", "-inf")}


def _kind(x: Any) -> Any:
    return "number" if isinstance(x, (int, float)) else x


def _flat(x: Any) -> list[Any]:
    return [z for y in x for z in _flat(y)] if isinstance(x, list) else [x]
