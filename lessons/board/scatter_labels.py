"""Words of the lab's scatter of ratios and advantages."""

from __future__ import annotations

from typing import Any

from lessons.i18n import _, forms


def scatter() -> dict[str, Any]:
    """Labels by the names that the ES modules use."""
    return {
        "scatter": _("Ratio and advantage of every token"),
        "scatter_alt": _("{learner}: ratio and advantage of every token. {counts}"),
        "scatter_help": _("To the right: tokens that became likelier. Up: tokens with good credit."),
        "scatter_help_cut": _("Where it is grey, a gradient that is taken there is cut."),
        "scatter_help_bounded": _("{learners}: no gradient is cut, but beyond the line a token's weight is bounded."),
        "scatter_help_pass": _("Play the update passes to see them drift."),
        "scatter_x": _("ratio ρ"),
        "scatter_y": _("advantage Â"),
        "play_passes": _("Play the update passes"),
        "previous_pass": _("One pass back"),
        "next_pass": _("One pass on"),
        "playing_says": _("Update pass {place}: {says}"),
        "playing_cut": _("{learner} {n} cut"),
        "playing_bounded": _("{learner} {n} bounded"),
        "playing_none": _("{learner} takes no gradient here"),
        "hollow": _("hollow: gradient cut"),
        "hollow_bounded": _("hollow: weight bounded, gradient not cut"),
        "hollow_both": _("hollow: gradient cut, or weight bounded"),
        "ratio_one": _("ratio 1"),
        "advantage_zero": _("advantage 0"),
        "cut_here": _("cut"),
        "scatter_says": _("{where}: {high} cut at the high side, {low} at the low side."),
        "scatter_says_bounded": _("{where}: {bounded} with a bounded weight, none cut."),
        "scatter_says_both": _("{where}: {cut} cut, {bounded} with a bounded weight."),
        "scatter_says_free": forms(
            "{n} token after pass {pass}; this surrogate cuts none.",
            "{n} tokens after pass {pass}; this surrogate cuts none.",
        ),
        "scatter_next": forms(
            "Gradients that pass {next} takes from {n} token", "Gradients that pass {next} takes from {n} tokens"
        ),
        "scatter_all": _("Gradients of all passes of this step"),
        "scatter_after": forms("{n} token after pass {pass}", "{n} tokens after pass {pass}"),
        "scatter_tokens": forms("{n} token.", "{n} tokens."),
        "scatter_last": forms(
            "{n} token after the last pass, where no gradient is taken.",
            "{n} tokens after the last pass, where no gradient is taken.",
        ),
        "scatter_unknown": forms(
            "{n} token after pass {pass}; whether its gradient was cut is not recorded.",
            "{n} tokens after pass {pass}; whose gradients were cut is not recorded.",
        ),
        "scatter_of_some": _("Of {n} of these, this is not recorded."),
        "scatter_elsewhere": _("Later mini-batches take theirs at other ratios than those drawn."),
        "scatter_without": _("Ratio: none. This learner has no ratio, so no token has a place here."),
        "playing_without": _("{learner} has no ratio"),
        "scatter_start": _("Before the first update every ratio is 1."),
        "scatter_thinned": _("So many tokens: one in {k} is drawn, all are counted."),
    }
