"""Words of the lab's formula card."""

from __future__ import annotations

from typing import Any

from lessons.i18n import _, forms


def card() -> dict[str, Any]:
    """Labels by the names that the ES modules use."""
    return {
        "card": _("Formula card"),
        "card_title": _("Token “{token}”"),
        "card_place": _("{learner} · response {response} · position {position}"),
        "card_close": _("Unpin this token"),
        "card_empty": _("Click a token: its numbers and formulas appear here."),
        "card_other": _("Click any other token."),
        "card_why": {
            "seen": _("The slip: no right response goes on so; lowest δ."),
            "fall": _("The lowest δ of this response."),
            "slip": _("The slip: no right response goes on so."),
            "blamed": _("The token that {learner} blames most. Click any other."),
        },
        "card_proposed_alike": _("One of {count} tokens that {learner} blames most, alike. Click any other."),
        "token_read": _("The model read this token and did not write it: it has no credit and no loss."),
        "token_gone": _("At this step no response has a token at the chosen place. Click another."),
        "old": _("old"),
        "now": _("now"),
        "reference": _("reference"),
        "min": _("min"),
        "max": _("max"),
        "both": _("both are equal"),
        "kl_names": ["k1", "k2", "k3", _("exact")],
        "no_reference": _("(no reference model was run)"),
        "kl_given": _("another policy wrote this token: only the exact number is this policy's KL"),
        "no_critic": _("(no critic)"),
        "value_end": _("the response ends"),
        "value_next": _("{value} at the next token"),
        "value_reward": _("{value}, the response's reward"),
        "value_changed": _("{now} → {following}: {change}"),
        "measured": _("mean reward of {k} fresh endings"),
        "measured_once": _("reward of one fresh ending"),
        "more_numbers": _("… ({n} more)"),
        "spread": _("a spread that divides by {n}"),
        "whole_ratio": forms("(of the response's only token)", "(one for all {n} tokens of the response)"),
        "with_note": _("{parts} ({note})"),
        "whole_response": _("all tokens of the response alike"),
        "own_term": _("this token's term, which moves the whole response; the other tokens' terms do so, too"),
        "gradient_none": _("{zero}: {why}"),
        "gradient_zero": _("the advantage is 0"),
        "gradient_up": _("flows: makes this token likelier"),
        "gradient_down": _("flows: makes this token less likely"),
        "gradient_back": _("flows: pulls the ratio back into the range"),
        "gradient_heldout": _("this pair is held out, so nothing is learnt from it"),
        "gradient_not_last": _("the response's score is read at its last token"),
        "score_up": _("flows: raises the response's score"),
        "score_down": _("flows: lowers the response's score"),
        "gradient_elsewhere": _("taken in a later mini-batch, at ρ = {ratio}"),
        "lines": _lines(),
        "line_help": _line_help(),
    }


def _lines() -> dict[str, str]:
    """What the card's own lines are called, beside those of the formula."""
    return {
        "logprob": _("log-prob"),
        "gradient": _("gradient"),
        "kl": "KL",
        "value": _("value V"),
        "true_value": _("true V"),
    }


def _line_help() -> dict[str, str]:
    """What they are about."""
    return {
        "logprob": _("How likely the token was: when sampled, now, and under the frozen start model."),
        "logprob_given": _(
            "How likely the token was: before this step's update, now, and under the frozen start model."
        ),
        "gradient": _("Whether and where this token pushes the policy in the pass that follows."),
        "gradient_score": _("Whether and where this token pushes its response's score in the update that follows."),
        "kl": _("The policy now against the reference: three estimates from this token alone, and the exact KL."),
        "value": _("The reward expected before this token → the reward expected after it."),
        "true_value": _(
            "What the response was truly worth before this token → after it, measured: the policy that wrote it "
            "finishes it several times afresh. The difference is what this token changed."
        ),
    }
