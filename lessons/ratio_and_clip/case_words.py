"""The four cases outside the clip range in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lessons.i18n import N_, _

if TYPE_CHECKING:
    from core.insight.clip_cases import Case

#: Case → its name, and what happens there and why.
NAMES: dict[Case, str] = {
    "good-above": N_("A > 0, ratio above the range"),
    "good-below": N_("A > 0, ratio below the range"),
    "bad-above": N_("A < 0, ratio above the range"),
    "bad-below": N_("A < 0, ratio below the range"),
}
REASONS: dict[Case, str] = {
    "good-above": N_(
        "**Cut.** A good token has already become likelier. clip(ρ)·A is the smaller product and does not move "
        "with the policy, so the gradient is 0: this rollout may push it no further."
    ),
    "good-below": N_(
        "**Still learns.** A good token has become less likely, the wrong way. ρ·A is the smaller product, so its "
        "gradient stays and pulls the token back up. Outside the range is not the same as clipped."
    ),
    "bad-above": N_(
        "**Still learns.** A bad token has become likelier, the wrong way. ρ·A is the smaller (more negative) "
        "product, so "
        "its gradient stays, and grows with ρ. Only a dual clip puts an end to that."
    ),
    "bad-below": N_(
        "**Cut.** A bad token has already become less likely. clip(ρ)·A is the smaller product, so the gradient is 0: "
        "this rollout may push it down no further."
    ),
}


def case_name(case: Case) -> str:
    """A case's name in the viewer's language."""
    return _(NAMES[case])
