"""Words of the lab's step: its prompts, its token strips and what marks on tokens mean."""

from __future__ import annotations

from typing import Any

from lessons.i18n import _


def step() -> dict[str, Any]:
    """Labels by the names that the ES modules use."""
    return {
        "timeline": _("Step on show"),
        "step_n": _("Step {step}"),
        "previous_step": _("One step back"),
        "next_step": _("One step on"),
        "play": _("Play through the steps"),
        "play_stop": _("Stop playing"),
        "prompts": _("Prompts of this step"),
        "right_of": _("{learner}: {right} of {all} right"),
        "margin_of": _("{learner}: margin {margin}"),
        "counts_right": _("right / all responses"),
        "counts_margin": _("margin in score"),
        "right_answer": _("(right answer: {answer})"),
        "colour_by": _("colour"),
        "colourings": _colourings(),
        "pass": _("update pass"),
        "pass_of": _("{pass} of {passes}"),
        "pass_help": _(
            "0: before the step's first update. Then after each pass over the responses. Marks are of the gradients "
            "that the next pass takes there; after the last pass none is taken."
        ),
        "response_n": _("Response {n}:"),
        "alike_open": _("{n} equal responses: show each"),
        "alike_fold": _("{n} equal responses: show one for all"),
        "show_all": _("show all {n} tokens"),
        "show_whole": _("show all of it"),
        "show_less": _("show less"),
        "not_asked": _("{learner} was not asked this question at this step."),
        "asked_another": _("{learner} has another question here: {prompt}"),
        "not_kept": _("{learner} answered it, but the tokens of its responses were not kept."),
        "no_tokens": _("Of responses that stand here as text, no tokens were recorded."),
        "whole_prompt": _("The whole question"),
        "right": _("response {n}: right, reward {reward}"),
        "wrong": _("response {n}: wrong, reward {reward}"),
        "preferred": _("response {n}: preferred by its label, score {score}"),
        "not_preferred": _("response {n}: not preferred by its label, score {score}"),
        "scored_by": _("{title} · learns from {reward}"),
        "unjudged": _("response {n}: verdict not recorded, reward {reward}"),
        "credit_is": _("advantage {value}"),
        "cut_last": _("After the last pass no gradient is taken, so none is cut."),
        "cut_never": _("While the critic warms up, the policy takes no gradient."),
        "cut_older": _(
            "In this older run “cut” was measured after each pass, also after the last, where no gradient is taken."
        ),
        "cut_off": _("cut off"),
        "cut_off_help": _("The response reached the longest allowed length before it ended itself."),
        "token_says": _("“{token}”, position {position}, {quantity} {value}"),
        "hole": _("not written by the model"),
        "marks": _marks(),
        "semicolon": _("; "),
        "key_none": _("none, or not recorded"),
        "nobody_has": _("{quantity}: {missing}"),
        "no_such_step": _("{learner} has not made step {step}; its last is {last}."),
        "columns": _columns(),
    }


def _colourings() -> dict[str, str]:
    """What tokens may be coloured by."""
    return {
        "advantage": _("advantage"),
        "ratio": _("ratio"),
        "kl": _("KL to the reference"),
        "value": _("value"),
        "value_measured": _("true value, measured"),
        "advantage_measured": _("true advantage, measured"),
        "entropy": _("entropy"),
        "logprob": _("log-probability"),
    }


def _columns() -> dict[str, str]:
    """A token's columns in the table of a strip."""
    return {
        "logprob_old": _("log-prob, old"),
        "logprob": _("log-prob, now"),
        "logprob_ref": _("log-prob, ref."),
        "ratio": _("ratio ρ"),
        "advantage_raw": _("raw advantage"),
        "advantage": _("advantage Â"),
        "kl_k1": "KL k1",
        "kl_k2": "KL k2",
        "kl_k3": "KL k3",
        "kl_exact": _("KL, exact"),
        "entropy": _("entropy"),
        "token_reward": _("reward"),
        "value": _("value V"),
        "value_measured": _("true V, measured"),
        "advantage_measured": _("true A, measured"),
        "delta": "δ",
        "return": _("return R"),
        "objective": _("objective"),
    }


def _marks() -> dict[str, Any]:
    """What a token's mark at its high or low side means where the surrogate cuts, and where it only bounds a weight.

    It is said on the token, in the legend, and in a legend where another learner's mark means something else.
    """
    bounded = _mark(_("weight bounded"), _("weight bounded (never cut)"), _("{learners}: weight bounded"))
    return {
        "cut": {
            "high": _mark(_("gradient cut at the high side"), _("cut at the high side")),
            "low": _mark(_("gradient cut at the low side"), _("cut at the low side")),
        },
        "bounded": {"high": bounded, "low": bounded},
    }


def _mark(says: str, key: str, among: str | None = None) -> dict[str, str]:
    return {"says": says, "key": key, "among": among or key}
