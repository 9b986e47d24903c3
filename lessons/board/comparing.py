"""Words of what learners are compared by in the browser: the x-axes, the contract, and what each has spent."""

from __future__ import annotations

from typing import Any

from lessons.board.contracts import contract_words
from lessons.i18n import _, forms


def axes() -> dict[str, Any]:
    """The x-axes, what they count, and places on them."""
    return {
        "axes": {
            "trained": _("training responses"),
            "samples": _("all responses scored"),
            "step": _("step"),
            "time": _("training time (s)"),
        },
        "axes_help": _axes_help(),
        "axis_missing": _("{axis} (not recorded)"),
        "place_on": {
            "trained": forms("{n} training response", "{n} training responses"),
            "samples": _("{n} scored"),
            "time": _("{n} s"),
            "step": _("step {n}"),
        },
    }


def comparison() -> dict[str, Any]:
    """The contract, and the table under the charts."""
    return {
        "contracts": {
            "same-questions": _("same questions: {shares} each a step"),
            "same-budget": forms(
                "same budget of {n} response a step: {shares}", "same budget of {n} responses a step: {shares}"
            ),
        },
        "contract_means": {name: contract_words(name) for name in ("same-questions", "same-budget")},
        "comparison": _("What each learner spent, and what came of it"),
        "how_counted": _("How this is counted"),
        "of_steps": _("mean, steps: {n}"),
        "compared": {
            "learner": _("learner"),
            "trained": _("training responses"),
            "scored": _("all responses scored"),
            "time": _("time"),
            "early": _("success, steps 1–20"),
            "late": _("success, last 10 steps"),
        },
        "compared_help": {
            "trained": _axes_help()["trained"],
            "scored": _axes_help()["samples"],
            "time": _(
                "What the learner's steps took: sampling, scoring and updates. Neither the time that it waited for the "
                "others, nor that of held-out questions, nor of fitting a critic before the first step."
            ),
            "early": _(
                "The mean of the steps' own success rates, each over the responses that the step trains on. A run that "
                "has made fewer steps says how many it is of."
            ),
            "late": _("The same over the last ten steps so far. One run is one seed: a small lead may be chance."),
        },
    }


def _axes_help() -> dict[str, str]:
    """What each x-axis counts."""
    return {
        "trained": _("The responses that a learner has taken gradients from, equally many a step for all."),
        "samples": _(
            "Every response that was scored to learn from it: the training responses, groups that were given up, the "
            "continuations that measure values for the credit, and the responses that a critic had been fitted to "
            "before the first step. Not what is scored only to measure, as held-out questions and the checks of a "
            "critic: it teaches nothing."
        ),
        "step": _("A step is one round: sample, score, give credit, update."),
        "time": _("What the learner's clock says, with held-out questions, without waiting for others."),
    }
