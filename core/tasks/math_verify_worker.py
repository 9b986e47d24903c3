"""What math-verify is asked, in a worker of its own (core/sandbox/python_pool.py): whether two formulas are equal."""

from __future__ import annotations

import logging

# Each call without math-verify's own time limit, which works in the main thread only, would be warned about. Whoever
# asks has a limit that also ends a long step of C.
for _name in ("math_verify.parser", "math_verify.grader"):
    logging.getLogger(_name).setLevel(logging.ERROR)

#: Formulas of every kind: behind the wall no folder can be listed, so no module be imported that was not before.
_KINDS = (
    *(("1", "x"), (r"\frac{1}{3}", "0.333333"), ("x^2+2x+1", "(x+1)^2"), (r"\sqrt{8}", r"2\sqrt{2}"), ("x=1", "x=1.0")),
    *(
        (r"\sin x", r"\cos x"),
        (r"\{1,2\}", r"\{2,1\}"),
        ("[0,1)", "[0,1]"),
        (r"x \leq 2", "x < 2"),
        ("(1,2)", "(1, 2)"),
    ),
    *((r"\log 8", r"3\log 2"), (r"1 \pm \sqrt 2", "2"), (r"(0,1) \cup (2,3)", r"\emptyset"), (r"\infty", r"-\infty")),
    *((r"50\%", "0.5"), (r"\text{a}", "a"), (r"e^{i\pi}", "-1"), (r"\tan x", r"\frac{\sin x}{\cos x}"), ("|x|", "x")),
)


def warm() -> None:
    """Loads what takes seconds (sympy, a grammar), which no answer's time shall pay for."""
    for first, second in _KINDS:
        answer(first, second)


def answer(truth: str, given: str) -> bool:
    """Whether two formulas in LaTeX are equal to math-verify. Raises whatever it raises."""
    from math_verify import parse, verify

    sides = [parse(f"${x}$", parsing_timeout=None) for x in (truth, given)]
    return all(sides) and bool(verify(sides[0], sides[1], timeout_seconds=None))
