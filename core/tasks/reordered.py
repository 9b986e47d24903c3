"""Questions that ask the same sum or product with its terms in another order: 3 + 5 and 5 + 3, 4 - 1 and -1 + 4."""

from __future__ import annotations

import re

_NUMBER = r"\d+(?:\.\d+)?"
#: Numbers with signs between them; what holds a bracket or both kinds of signs is none.
_CHAIN = re.compile(rf"(?<![\w.])(?:- ?)?{_NUMBER}(?: ?[-+*] ?{_NUMBER})+(?![\w])")
_TERM = re.compile(rf"([-+*]?) ?({_NUMBER})")
#: What makes more of a question than sums without brackets.
_MORE = re.compile(r"[-+*/^()\[\]]\s*\Z|\A\s*[-+*/^()\[\]]")


def in_order(question: str) -> str:
    """The question with the signed terms of its sum, or the factors of its product, in one order.

    So questions are the same by commutativity where this is the same text. One with more than one sum, with brackets,
    or with products within a sum stays as it is.
    """
    chains = list(_CHAIN.finditer(question))
    if len(chains) != 1:
        return question
    chain = chains[0]
    before, after = question[: chain.start()], question[chain.end() :]
    if _MORE.search(before[-3:]) or _MORE.search(after[:3]):
        return question
    terms = _TERM.findall(chain[0])
    signs = {sign for sign, _number in terms[1:]}
    if "*" in signs and (len(signs) > 1 or terms[0][0]):
        return question
    ordered = sorted((sign if sign == "-" else "", number) for sign, number in terms)
    joint = " * " if "*" in signs else " "
    return f"{before}{joint.join(sign + number for sign, number in ordered)}{after}"
