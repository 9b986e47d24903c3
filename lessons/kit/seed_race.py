"""What the picture of a recorded race is handed (frontend/lesson_race.js): lines that grow, with their spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lessons.i18n import _, listed
from lessons.kit.numbers import number

#: (mean, standard deviation) over seeds at each step or evaluation.
Curve = tuple[Sequence[float], Sequence[float]]


def racer(name: str, colour: str, dash: Sequence[float], curve: Curve) -> dict[str, Any]:
    """One line. `dash`: its pattern in pixels."""
    mean, spread = ([round(y, 4) for y in x] for x in curve)
    return {"name": name, "colour": colour, "dash": list(dash), "mean": mean, "spread": spread}


def first_to_last(curves: Mapping[str, Curve]) -> str:
    """ "GRPO 0.43 → 0.90, …": each line's first and last mean, by its name."""
    return listed(f"{name} {number(mean[0], 2)} → {number(mean[-1], 2)}" for name, (mean, _spread) in curves.items())


def race_words(*, title: str, steps: str, scrub: str) -> dict[str, str]:
    """The picture's words: what differs, and its controls."""
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "none": _("none"),
        "playing": _("The steps go by…"),
        "title": title,
        "steps": steps,
        "scrub": scrub,
    }
