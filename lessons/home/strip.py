"""A still picture of token credit: one response a line, each token a chip with its advantage under it.

The lab's strips are live and can be opened; this one is plain HTML for a page that only wants to show one thing. All
text is escaped.
"""

from __future__ import annotations

import html
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from core.runs.records import RunInfo
from core.runs.store import RunStore
from lessons.i18n import _
from lessons.kit.display import literal

#: Purple below zero, green above; never the learners' own colours.
NEGATIVE, POSITIVE = (118, 42, 131), (27, 120, 55)
NEUTRAL = {"light": (255, 255, 255), "dark": (43, 49, 60)}
# Nearly black: a softer ink would fall below 4.5:1 on the middle of the scale.
INK, PAPER = (3, 4, 6), (255, 255, 255)
EDGE = "1px solid rgba(128,138,155,.45)"
#: Around the culprit: it must stand out from the page and from any chip.
FRAME = {"light": "3px solid #0f1520", "dark": "3px solid #ffffff"}


@dataclass(frozen=True)
class Response:
    """One response and what each of its tokens was credited with. Lengths are equal."""

    tokens: tuple[str, ...]
    advantages: tuple[float, ...]
    success: bool
    culprit: int | None = None  # the first token that no right response to the question shares

    @property
    def sharpness(self) -> float:
        """How much worse the culprit's credit is than the mean after it; −∞ where that cannot be said."""
        if self.culprit is None or self.culprit >= len(self.tokens) - 1:
            return -math.inf
        return statistics.fmean(self.advantages[self.culprit + 1 :]) - self.advantages[self.culprit]


@dataclass(frozen=True)
class Contrast:
    """The same question at the same step, answered by several learners."""

    step: int
    prompt: str
    answer: str
    responses: dict[str, tuple[Response, ...]]  # learner → a wrong response, then a right one


def find_contrast(store: RunStore, run: RunInfo) -> Contrast | None:
    """The question of the run in which a learner's credit singles out the first wrong token most clearly.

    Only questions count that every learner answered both rightly and wrongly; some twelve steps of the run are looked
    through. None if there is no such question. This picks the clearest case, and a page that shows it has to say so.
    """
    best: tuple[float, Contrast] | None = None
    steps = min((x.step for x in run.learners), default=-1) + 1
    for step in range(0, steps, max(1, steps // 12)):
        tables = {x.name: _responses(store, run.id, x.name, step) for x in run.learners}
        shared = set.intersection(*(set(groups) for groups in tables.values()))
        for group in sorted(shared):
            chosen = {name: _pick(groups[group][2]) for name, groups in tables.items()}
            if all(chosen.values()):
                sharpness = max(x[0].sharpness for x in chosen.values())
                if best is None or sharpness > best[0]:
                    prompt, answer, _all = next(iter(tables.values()))[group]
                    best = sharpness, Contrast(step, prompt, answer, chosen)
    return best[1] if best else None


def _pick(responses: Sequence[Response]) -> tuple[Response, ...]:
    """The wrong response whose credit is sharpest, then a right one; empty if either is missing."""
    right = [x for x in responses if x.success]
    wrong = [replace(x, culprit=_culprit(x, right)) for x in responses if not x.success]
    return (max(wrong, key=lambda x: x.sharpness), right[0]) if wrong and right else ()


def _culprit(response: Response, right: Sequence[Response]) -> int | None:
    for position in range(len(response.tokens)):
        if all(x.tokens[: position + 1] != response.tokens[: position + 1] for x in right):
            return position
    return None


def _responses(store: RunStore, run_id: str, learner: str, step: int) -> dict[int, tuple[str, str, list[Response]]]:
    """Group number → (prompt, answer, responses of the panel)."""
    tokens = store.tokens(run_id, learner, step)
    first = tokens.filter(pc.equal(tokens["pass"], pc.min(tokens["pass"]))).sort_by(
        [("sample", "ascending"), ("position", "ascending")]
    )
    pieces: dict[int, list[tuple[str, float]]] = {}
    for row in first.select(["sample", "token", "advantage"]).to_pylist():
        pieces.setdefault(row["sample"], []).append((row["token"], row["advantage"]))
    found: dict[int, tuple[str, str, list[Response]]] = {}
    for row in store.samples(run_id, learner, step).to_pylist():
        if own := pieces.get(row["sample"]):
            texts, advantages = zip(*own, strict=True)
            entry = found.setdefault(row["group"], (row["prompt"], row["answer"], []))
            entry[2].append(Response(texts, advantages, bool(row["success"])))
    return found


def domain(contrast: Contrast) -> float:
    """The advantage at which colour is full: the 98 % quantile of sizes, so that one outlier does not pale the rest."""
    sizes = sorted(abs(a) for rows in contrast.responses.values() for x in rows for a in x.advantages)
    return max(1e-9, statistics.quantiles(sizes, n=50)[-1] if len(sizes) > 1 else sizes[0])


def strip_html(responses: Iterable[Response], full: float, theme: str) -> str:
    """The lines as HTML; `full` is the advantage of full colour, `theme` "light" or "dark"."""
    theme = theme if theme in NEUTRAL else "light"
    return "".join(_line(response, full, theme) for response in responses)


def _line(response: Response, full: float, theme: str) -> str:
    verdict = _("right, reward 1") if response.success else _("wrong, reward 0")
    mark = "✓" if response.success else "✗"
    chips = "".join(
        _chip(token, advantage, full, theme, FRAME[theme] if position == response.culprit else EDGE)
        for position, (token, advantage) in enumerate(zip(response.tokens, response.advantages, strict=True))
    )
    return (
        # The tokens wrap as one block: on a narrow page it stands below its label.
        '<div style="display:flex;flex-wrap:wrap;gap:3px;align-items:center;margin:0 0 8px">'
        f'<span style="min-width:10em;font-size:0.85em">{mark} {html.escape(verdict)}</span>'
        f'<div style="display:flex;flex-wrap:wrap;gap:3px;flex:1 1 20em">{chips}</div></div>'
    )


def _chip(token: str, advantage: float, full: float, theme: str, border: str) -> str:
    ground = _blend(NEUTRAL[theme], POSITIVE if advantage > 0 else NEGATIVE, min(1.0, abs(advantage) / full))
    ink = max((INK, PAPER), key=lambda c: _contrast(c, ground))
    shown = "eos" if token == "<eos>" else literal(token, 12)
    return (
        f'<span style="display:inline-flex;flex-direction:column;align-items:center;min-width:2.5em;padding:3px 2px;'
        f"border:{border};border-radius:5px;background:rgb{ground};color:rgb{ink};"
        f'font-variant-numeric:tabular-nums;line-height:1.15"><span style="font-family:monospace;font-size:1.05em">'
        f'{html.escape(shown)}</span><span style="font-size:0.72em">{_signed(advantage)}</span></span>'
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _blend(start: tuple[int, ...], end: tuple[int, ...], share: float) -> tuple[int, int, int]:
    a, b, c = (round(x + (y - x) * share) for x, y in zip(start, end, strict=True))
    return a, b, c


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """WCAG contrast ratio of two sRGB colours."""
    low, high = sorted(_luminance(c) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: tuple[int, ...]) -> float:
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
