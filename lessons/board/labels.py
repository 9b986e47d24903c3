"""Every word that the browser's part of the lab shows, in the viewer's language; it fills places like {step} itself."""

from __future__ import annotations

from typing import Any

from lessons.board.comparing import axes, comparison
from lessons.board.declared import templates
from lessons.i18n import _, forms, language
from lessons.i18n import templates as messages_in


def words() -> dict[str, Any]:
    """Labels by the names that the ES modules use."""
    messages = {"messages": messages_in(language())}
    return {**messages, **_general(), **axes(), **comparison(), **_board(), **_step(), **_card(), **_scatter()}


def _general() -> dict[str, Any]:
    return {
        "templates": templates(),
        "comma": _(", "),
        "none": _("none"),
        "yes": _("yes"),
        "no": _("no"),
        "not_recorded": _("not recorded"),
        "loading": _("Loading the run…"),
        "waiting": _("The learners are getting ready; the first step appears here."),
        "waiting_for_worker": _("Waiting for a worker process."),
        "queue_place": _("Waits for its turn: place {place} in the queue."),
        "queue_wait": _("About {time} to wait."),
        "queue_unknown": _("How long is not known yet."),
        "worker_starts": _("A worker process starts."),
        "first_step": _("The first responses are being written, and learnt from."),
        "concluding": _("All steps are made; the held-out questions are being answered."),
        "no_step_yet": _("No step is finished yet."),
        "comes_first": _("comes with the first step"),
        "comes_measured": _("comes once it is measured"),
        "missing": _("This run does not exist (any more)."),
        "unreachable": _("The server does not answer; trying again."),
        "states": {
            "queued": _("waiting"),
            "running": _("running"),
            "paused": _("paused"),
            "stopped": _("stopped"),
            "failed": _("failed"),
            "finished": _("finished"),
        },
        "progress": _("steps done"),
        "step_of": _("step {step} of {steps}"),
        "elapsed": _("{time} of training"),
        "left": _("{time} left"),
        "pace": _("{time} per step"),
        "time_unknown": _("training time not recorded"),
        "seconds": _("{s} s"),
        "minutes": _("{m} min {s} s"),
        "hours": _("{h} h {m} min"),
        "updates_paused": _("updates paused"),
        "follow": _("Follow live"),
        "pause_updates": _("Pause updates"),
        "reset_zoom": _("Reset zoom"),
        "copy_link": _("Copy link"),
        "copied": _("Copied"),
        "copy_yourself": _("Copy this address: {link}"),
        "x_axis": _("x-axis"),
        "start_equal": _("same start weights"),
        "start_differ": _("different start weights"),
        "start_unknown": _("start weights: only one learner reported yet"),
        "prompts_equal": _("same prompts at step {step}"),
        "prompts_differ": _("different prompts at step {step}"),
        "prompts_chosen": _("by choice not the same prompts at step {step} ({why})"),
        "prompts_first": forms(
            "the first question of step {step} is the same: {why}",
            "the first {n} questions of step {step} are the same: {why}",
        ),
        "prompts_by_size": _("responses to each question: {sizes}"),
        "prompts_replaced": _("{learners} may replace groups without a signal"),
        "prompts_given": _("{learners} learnt from given responses"),
        "prompts_unknown": _("prompts: only one learner has made this step"),
        "imported": _("imported: {source}"),
        "seed_only": _("seed {seed}"),
        "details": _("Details"),
        "start_of": _("start weights of {learner} (SHA-256)"),
        "prompts_of": _("prompts of {learner}, step {step} (SHA-256)"),
        "model": _("model"),
    }


def _board() -> dict[str, Any]:
    return {
        "board": _("Live board"),
        "token_by_token": _("Token by token"),
        "more_charts": _("More charts"),
        "chart_groups": {
            "learning": _("Learning"),
            "moved": _("How far it moved"),
            "critic": _("The critic"),
            "more": _("More charts"),
        },
        "chart_left": _("First chart"),
        "chart_right": _("Second chart"),
        "as_table": _("Read as a table"),
        "measure": _("measure"),
        "first": _("first step"),
        "latest": _("latest step"),
        "values_at_chosen": _("Numbers above: step {step}{where}. Drag over a chart to zoom, click to go to a step."),
        "values_at_hovered": _("Numbers above: step {step}{where}, under the pointer. Click to go there."),
        "values_by": _("Numbers above: at {place}, under the pointer ({steps}). Click to go to step {step}."),
        "in_brackets": _(" ({words})"),
        "step_small": _("step {step}"),
        "no_step": _("no step yet"),
        "all_responses": _("All responses"),
        "chart_below": _("▾ below {edge}"),
        "chart_above": _("▴ above {edge}"),
        "chart_summary": _("{title}: {values} at step {step}; x-axis: {axis}"),
        "chart_summary_at": _("{title}: {values} at {place}; x-axis: {axis}"),
    }


def _step() -> dict[str, Any]:
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
        "right_answer": _("(right answer: {answer})"),
        "colour_by": _("colour"),
        "colourings": {
            "advantage": _("advantage"),
            "ratio": _("ratio"),
            "kl": _("KL to the reference"),
            "value": _("value"),
            "value_measured": _("true value, measured"),
            "advantage_measured": _("true advantage, measured"),
            "entropy": _("entropy"),
            "logprob": _("log-probability"),
        },
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
        "columns": {
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
        },
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


def _card() -> dict[str, Any]:
    return {
        "card": _("Formula card"),
        "card_title": _("Token “{token}”"),
        "card_place": _("{learner} · response {response} · position {position}"),
        "card_close": _("Unpin this token"),
        "card_empty": _("Click a token: its numbers and formulas appear here."),
        "card_proposed": _("The token that {learner} blames most. Click any other."),
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
        "lines": {
            "logprob": _("log-prob"),
            "gradient": _("gradient"),
            "kl": "KL",
            "value": _("value V"),
            "true_value": _("true V"),
        },
        "line_help": {
            "logprob": _("How likely the token was: when sampled, now, and under the frozen start model."),
            "gradient": _("Whether and where this token pushes the policy in the pass that follows."),
            "kl": _("The policy now against the reference: three estimates from this token alone, and the exact KL."),
            "value": _("The reward expected before this token → the reward expected after it."),
            "true_value": _(
                "What the response was truly worth before this token → after it, measured: the policy that wrote it "
                "finishes it several times afresh. The difference is what this token changed."
            ),
        },
    }


def _scatter() -> dict[str, Any]:
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
