"""Responses as lessons read them, where a wrong one slips, and whether the critic sees it.

A page's default example is chosen by that.

The slip is the first token up to which no right response to the same question agrees with it. The critic sees it if its
value falls there by at least `SEEN`, and further than at any other token; it misses it if its value does not fall there
at all. What lies between is neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lessons.i18n import _, listed
from lessons.kit.ties import highest

#: Numbers that differ by no more read alike: what is left is float32 rounding (the lab folds by the same).
TIE = 1e-3
#: By so much, in units of reward, the critic's value has to fall.
SEEN = 0.1


@dataclass(frozen=True)
class Reply:
    """One response, token by token. `columns[pass][name][position]` are the trace's numbers (see TOKENS)."""

    sample: int
    group: int
    text: str
    tokens: tuple[str, ...]
    reward: float
    success: bool
    truncated: bool
    passes: tuple[dict[str, tuple[float | None, ...]], ...]

    def column(self, name: str, number: int = 0) -> tuple[float | None, ...]:
        """A column after `number` passes; -1 is the last."""
        return self.passes[number][name]

    @property
    def spread(self) -> float:
        """How much the credit of its tokens differs."""
        known = [x for x in self.column("advantage") if x is not None]
        return max(known) - min(known) if known else 0.0


def verdict_note(reply: Reply) -> str:
    """What a response came to: "right, reward 1"."""
    words = _("right, reward {reward:g}") if reply.success else _("wrong, reward {reward:g}")
    return words.format(reward=reply.reward)


@dataclass(frozen=True)
class Group:
    """All responses of a step to one prompt whose tokens were kept."""

    number: int
    prompt: str
    answer: str  # what the responses should have come to, as the trace has it
    replies: tuple[Reply, ...]

    @property
    def rewards(self) -> tuple[float, ...]:
        return tuple(reply.reward for reply in self.replies)

    @property
    def mixed(self) -> bool:
        return len({reply.success for reply in self.replies}) == 2

    @property
    def telling(self) -> Reply:
        """The response to look at: the one whose slip the critic sees best; where it sees none, a wrong one whose
        credit differs most between its tokens; else any such.
        """
        if (slip := clearest(slips([self]))) is not None:
            return slip.reply
        return max(self.replies, key=lambda x: (not x.success, x.spread))


@dataclass(frozen=True)
class Slip:
    """A wrong response, its slip, and the critic's values around it."""

    reply: Reply
    at: int  # place of the slip, from 0
    values: tuple[float, ...]  # the critic's, of the prefix before each token

    @property
    def before(self) -> float:
        """The critic's value before the slip."""
        return self.values[self.at]

    @property
    def after(self) -> float:
        """The critic's value after it."""
        return self.values[self.at + 1]

    @property
    def fall(self) -> float:
        """How far the value falls there; below 0 where it rises."""
        return self.before - self.after

    @property
    def seen(self) -> bool:
        falls = [a - b for a, b in zip(self.values, self.values[1:], strict=False)]
        return self.fall >= SEEN and highest(falls) == [self.at]

    @property
    def missed(self) -> bool:
        return self.fall <= 0


def first_unshared(tokens: Sequence[str], right: Iterable[Sequence[str]]) -> int | None:
    """The place of the first token up to which none of the `right` responses agrees; None if there is none."""
    others = [tuple(x) for x in right]
    if not others:
        return None
    for place in range(len(tokens)):
        begun = tuple(tokens[: place + 1])
        if all(x[: place + 1] != begun for x in others):
            return place
    return None


def slip_of(reply: Reply, group: Group) -> Slip | None:
    """None of a right response or one that was cut off, without a critic's values, in a group without a right response
    to compare with, and where the slip is the last token: no value follows it.
    """
    if reply.success or reply.truncated:
        return None
    at = first_unshared(reply.tokens, (x.tokens for x in group.replies if x.success))
    values = [x for x in reply.passes[0].get("value", ()) if x is not None]
    if at is None or at + 1 >= len(values) or len(values) != len(reply.tokens):
        return None
    return Slip(reply, at, tuple(values))


def slips(groups: Iterable[Group]) -> list[Slip]:
    """All slips of these groups, in order."""
    return [slip for group in groups for x in group.replies if (slip := slip_of(x, group)) is not None]


def clearest(known: Sequence[Slip]) -> Slip | None:
    """The slip at which the critic's value falls furthest, among those that it sees; None where it sees none."""
    return max((x for x in known if x.seen), key=lambda x: x.fall, default=None)


def most_missed(known: Sequence[Slip]) -> Slip | None:
    """The slip at which the critic's value rises furthest, among those that it misses; None where it misses none."""
    return min((x for x in known if x.missed), key=lambda x: x.fall, default=None)


def shows(known: Sequence[Slip]) -> tuple[int, float]:
    """How much a step has to show: whether a seen slip, or a missed one beside it, and how far apart they are."""
    best, worst = clearest(known), most_missed(known)
    apart = (best.fall if best else 0.0) - (worst.fall if worst else 0.0)
    return (best is not None) + (best is not None and worst is not None), apart


def alike(
    replies: Sequence[Reply], numbers: Callable[[Reply], Sequence[float | None]]
) -> list[tuple[Reply, tuple[int, ...]]]:
    """Responses that say the same, score the same and have the same numbers, together: the first of each, and which.

    They are counted from 1, in their order. `numbers` gives what a row shows of a response, of whatever length.
    """
    classes: list[tuple[Reply, list[int]]] = []
    for n, reply in enumerate(replies, 1):
        own = next((which for first, which in classes if _alike(first, reply, numbers)), None)
        if own is None:
            classes.append((reply, [n]))
        else:
            own.append(n)
    return [(first, tuple(which)) for first, which in classes]


def _alike(a: Reply, b: Reply, numbers: Callable[[Reply], Sequence[float | None]]) -> bool:
    if (a.tokens, a.reward, a.success, a.truncated) != (b.tokens, b.reward, b.success, b.truncated):
        return False
    pairs = zip(numbers(a), numbers(b), strict=True)
    return all(x == y if x is None or y is None else abs(x - y) <= TIE for x, y in pairs)


def spans(which: Sequence[int]) -> str:
    """Written as 1, 3–6, 8: numbers in rising order, those that follow each other drawn together."""
    runs: list[list[int]] = []
    for n in which:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return listed(f"{x[0]}–{x[-1]}" if len(x) > 2 else listed(map(str, x)) for x in runs)
