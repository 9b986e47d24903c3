"""Every word that the browser's part of the lab shows, in the viewer's language; it fills places like {step} itself."""

from __future__ import annotations

from typing import Any

from lessons.board.card_labels import card
from lessons.board.comparing import axes, comparison
from lessons.board.declared import learner_titles, templates
from lessons.board.scatter_labels import scatter
from lessons.board.step_labels import step
from lessons.i18n import _, forms, language
from lessons.i18n import templates as messages_in


def words() -> dict[str, Any]:
    """Labels by the names that the ES modules use."""
    messages = {"messages": messages_in(language())}
    return {**messages, **_general(), **axes(), **comparison(), **_board(), **step(), **card(), **scatter()}


def _general() -> dict[str, Any]:
    return {
        "templates": templates(),
        "learner_titles": learner_titles(),
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
        "last_step": _("Last step"),
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
