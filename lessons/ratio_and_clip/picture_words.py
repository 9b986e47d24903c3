"""What the clip picture says by itself; the browser fills the places."""

from __future__ import annotations

from lessons.i18n import _


def words() -> dict[str, str]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "scrub": _("Passes over the same responses"),
        "axis": _("ratio ρ"),
        "cut_here": _("cut here"),
        "drag": _("Ratio of the token: drag it, or use the arrow keys"),
        "good": _("tokens with A > 0: {count}"),
        "bad": _("tokens with A < 0: {count}"),
        "alt_good": _("Objective per unit of |A| over the ratio, for good tokens: a slope that the clip makes flat."),
        "alt_bad": _("Objective per unit of |A| over the ratio, for bad tokens: flat on the left, then a slope down."),
        "legend": _(
            "Objective per unit of |A| over the ratio; dotted: without a clip. Full dots still learn, hollow ones are "
            "cut. The arrow is where the gradient pushes the token that you hold. Press a dot to take that token."
        ),
        "made_up": _("A made-up token at ρ = {ratio} with A = {advantage}."),
        "real": _("“{token}” at position {position} of {response}: ρ = {ratio}, A = {advantage}."),
        "dragged": _(
            "“{token}” at position {position} of {response}, dragged to ρ = {ratio} (in the step {own}), A = "
            "{advantage}."
        ),
        "fate_cut": _("Gradient 0, {says}: here the objective no longer moves with the policy."),
        "fate_outside_up": _("Outside the range, but not cut: its gradient, {gradient}, pulls it back up."),
        "fate_outside_down": _("Outside the range, but not cut: its gradient, {gradient}, pushes it back down."),
        "fate_inside_up": _("Within the range: its gradient, {gradient}, pushes it up."),
        "fate_inside_down": _("Within the range: its gradient, {gradient}, pushes it down."),
        "objective": _("objective:"),
        "low": _("ε = {value}"),
        "high": _("ε, high side = {value}"),
        "dual": _("Dual clip c, for A < 0"),
        "none": _("none"),
        "cases": _("The furthest token of each case"),
        "counts": _("How many tokens these limits cut"),
        "tokens": _("tokens"),
        "with_these": _("with these limits"),
        "outside": _("outside the range, and still learns"),
    }
