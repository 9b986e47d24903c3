"""Why PPO's credit of a response has the signs that it has: sentences chosen by its own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lessons.i18n import _, listed, ngettext
from lessons.kit.critic import token_at, tokens_at
from lessons.kit.lesson import Choice, Reply
from lessons.kit.numbers import signed
from lessons.kit.ties import highest


@dataclass(frozen=True)
class Signs:
    """A response's raw credit and its surprises; sequences have the response's length."""

    reply: Reply
    credit: Sequence[float]
    surprises: Sequence[float]
    decay: float  # γλ

    @property
    def case(self) -> int:
        """0: one number for all tokens, 1: several of one sign, 2: of both signs."""
        if len({round(x, 4) for x in self.credit}) == 1:
            return 0
        return 2 if len({x > 0 for x in self.credit}) == 2 else 1

    @property
    def turns(self) -> list[int]:
        """The tokens whose credit has another sign than the next one's, from 0."""
        return [t for t in range(len(self.credit) - 1) if (self.credit[t] > 0) != (self.credit[t + 1] > 0)]


def choices(signs: Signs) -> list[Choice]:
    """The three cases; the one that the numbers show is right, and says what makes it so."""
    texts = [
        _("the same number for every token"),
        _("different numbers, all of one sign"),
        _("different numbers, some positive and some negative"),
    ]
    return [Choice(text, n == signs.case, _reason(signs, n)) for n, text in enumerate(texts)]


def _reason(signs: Signs, case: int) -> str:
    if case != signs.case:
        return _instead(signs, case)
    kinds = len({round(x, 4) for x in signs.credit})
    numbers = ngettext(
        "Here PPO gives all of them {low}.", "Here PPO gives {kinds} different numbers, from {low} to {high}.", kinds
    ).format(kinds=kinds, low=signed(min(signs.credit)), high=signed(max(signs.credit)))
    return f"{[_alike, _one_sign, _both_signs][case](signs)} {numbers}"


def _instead(signs: Signs, case: int) -> str:
    if case == 0:
        return _("That is GRPO's way: one number for the whole response.")
    if signs.case == 0:
        return _("That takes surprises that differ from token to token; here they do not.")
    return _("The sign changes where a token's own surprise outweighs what later tokens add; here: {where}.").format(
        where=listed(token_at(signs.reply, x) for x in signs.turns) or _("nowhere")
    )


def _alike(signs: Signs) -> str:
    return _("All surprises add up to the same at every token of this response.")


def _one_sign(signs: Signs) -> str:
    """Whether a surprise of the other sign was outweighed, or there was none."""
    up = signs.credit[0] > 0
    against = [t for t, x in enumerate(signs.surprises) if (x > 0) != up and x != 0]
    if not against:
        return _("At every token the surprise δ itself has that sign.")
    strongest = [against[i] for i in highest([abs(signs.surprises[t]) for t in against])]
    most = strongest[0]
    if len(strongest) > 1:
        return _(
            "At {count} of {all} places the surprise δ itself has the other sign, most of all at {tokens}, alike "
            "(δ = {delta}). But later surprises reach back, faded by γλ = {decay} a token, and outweigh it."
        ).format(
            count=len(against),
            all=len(signs.credit),
            tokens=tokens_at(signs.reply, strongest),
            delta=signed(signs.surprises[most]),
            decay=f"{signs.decay:g}",
        )
    return _(
        "At {count} of {all} places the surprise δ itself has the other sign, most of all at {token} (δ = "
        "{delta}). But later surprises reach back, faded by γλ = {decay} a token, and outweigh it: the credit there is "
        "{credit}."
    ).format(
        count=len(against),
        all=len(signs.credit),
        token=token_at(signs.reply, most),
        delta=signed(signs.surprises[most]),
        decay=f"{signs.decay:g}",
        credit=signed(signs.credit[most]),
    )


def _both_signs(signs: Signs) -> str:
    """The token that is credited most against the outcome."""
    pick = min if signs.reply.success else max
    at = pick(range(len(signs.credit)), key=lambda t: signs.credit[t])
    words = (
        _("{token} gets {credit} although the response is right: its own surprise is δ = {delta}.")
        if signs.reply.success
        else _("{token} gets {credit} although the response is wrong: its own surprise is δ = {delta}.")
    )
    return words.format(
        token=token_at(signs.reply, at), credit=signed(signs.credit[at]), delta=signed(signs.surprises[at])
    )
