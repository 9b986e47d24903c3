"""The four cases outside the clip range by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lessons.i18n import N_, _

if TYPE_CHECKING:
    from core.insight.clip_cases import Case

#: Case → its name.
NAMES: dict[Case, str] = {
    "good-above": N_("A > 0, ratio above the range"),
    "good-below": N_("A > 0, ratio below the range"),
    "bad-above": N_("A < 0, ratio above the range"),
    "bad-below": N_("A < 0, ratio below the range"),
}


def case_name(case: Case) -> str:
    """A case's name in the viewer's language."""
    return _(NAMES[case])
