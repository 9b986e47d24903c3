"""What the page opens with: held-out pairs under a reward model in the making, update by update, as it was recorded."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from core.insight.reward_example import TASTE, PairScores, RewardExample
from core.tasks.tastes import TASTES
from lessons.i18n import _
from lessons.kit.lesson import engine, mount
from lessons.kit.numbers import number


def moving_picture(example: RewardExample) -> None:
    mount("margins", data(example), key="rm_picture")


def data(example: RewardExample) -> dict[str, Any]:
    """The pairs with their rewards by update, and a sentence for each update."""
    pairs = [_pair(x) for x in example.shown]
    says = [says_at(example, at) for at in range(len(example.heldout_losses))]
    taste = _(TASTES[TASTE].title)
    title = _("{count} pairs that the model never learns from; a judge with the taste “{taste}” prefers ✓ to ✗")
    return {
        "pairs": pairs,
        "means": [_means([x.chosen_scores for x in example.shown]), _means([x.rejected_scores for x in example.shown])],
        "loss": list(example.heldout_losses),
        "says": says,
        "alt": _("Rewards of {count} pairs of replies. {last}").format(count=len(pairs), last=says[-1]),
        "words": {
            "title": title.format(count=len(pairs), taste=taste),
            "play": _("Play"),
            "pause": _("Pause"),
            "scrub": _("Updates that have gone by"),
            "playing": _("The reward model learns…"),
            "chosen": _("preferred reply, mean r_j"),
            "rejected": _("the other, mean r_k"),
            "loss": _("loss of all {count} held-out pairs").format(count=example.heldout),
            "pair": _("pair"),
            "sure": "σ(r_j − r_k)",
        },
    }


def says_at(example: RewardExample, at: int) -> str:
    """Before any update, or after so many of them."""
    if at == 0:
        return _("Before any update the head is zero: every reply has the reward 0, and σ(0) is one half.")
    right = sum(x.chosen_scores[at] > x.rejected_scores[at] for x in example.shown)
    words = _(
        "After update {at} of {all}: in {right} of these {count} pairs the preferred reply has the larger reward. Loss "
        "of the held-out pairs: {loss}."
    )
    return words.format(
        at=at,
        all=len(example.losses),
        right=right,
        count=len(example.shown),
        loss=number(example.heldout_losses[at]),
    )


def _pair(of: PairScores) -> dict[str, Any]:
    engine()
    import torch

    from core.algorithms.preferences import preference_probability

    both = (torch.tensor(x, dtype=torch.float64) for x in (of.chosen_scores, of.rejected_scores))
    return {
        "prompt": of.prompt,
        "chosen": of.chosen,
        "rejected": of.rejected,
        "chosen_rewards": list(of.chosen_scores),
        "rejected_rewards": list(of.rejected_scores),
        "sure": [round(x, 4) for x in preference_probability(*both).tolist()],
    }


def _means(scores: Sequence[Sequence[float]]) -> list[float]:
    return [round(statistics.fmean(x), 4) for x in zip(*scores, strict=True)]
