"""What becomes of a bad token that has become likelier: the prediction on a frozen batch."""

from __future__ import annotations

from lessons.i18n import _, one_after_another
from lessons.kit.critic import token_at
from lessons.kit.display import plain
from lessons.kit.lesson import Choice, Frozen, predict
from lessons.kit.numbers import number, signed
from lessons.ratio_and_clip.batch import find, looked_at, outcome, trained_limits


def prediction(batch: Frozen) -> None:
    """What becomes of a bad token that has become likelier? Answered by a token of this very batch if there is one."""
    limits = trained_limits(batch)
    import torch

    from core.insight.clip_cases import evaluate

    result = outcome(batch, looked_at(batch), limits)
    spot = find(batch, result, "bad-above")
    if spot is None:  # no such token here: one that might be
        result = evaluate(torch.tensor([0.4]), torch.zeros(1), torch.tensor([-1.0]), limits)
    at = spot.index if spot else 0
    ratio, advantage, gradient = (float(x[at]) for x in (result.ratio, result.advantage, result.gradient))
    named = _(
        "In {response}, {token} has advantage {advantage}, and the passes have raised its ratio to {ratio}, above "
        "the range {low} to {high}. What does the clip do to its gradient?"
    )
    made_up = _(
        "A token has advantage {advantage}, and the passes have raised its ratio to {ratio}, above the range "
        "{low} to {high}. What does the clip do to its gradient?"
    )
    question = (named if spot else made_up).format(
        response=plain(spot.reply.text) if spot else "",
        token=token_at(spot.reply, spot.at) if spot else "",
        advantage=signed(advantage),
        ratio=number(ratio, 2),
        low=number(limits.bounds[0], 2),
        high=number(limits.bounds[1], 2),
    )
    numbers = _(
        "ρ·A = {plain}, clip(ρ)·A = {bounded}; the smaller is {smaller}, and its gradient is {gradient}."
    ).format(
        plain=signed(float(result.plain[at])),
        bounded=signed(float(result.bounded[at])),
        smaller=signed(float(result.objective[at])),
        gradient=signed(gradient),
    )
    choices = [
        Choice(
            _("It cuts it to 0: the ratio is outside the range"),
            gradient == 0,
            one_after_another(_("Outside the range is not yet clipped: the min decides."), numbers),
        ),
        Choice(
            _("Nothing: the token is still pushed down, in full"),
            abs(gradient - ratio * advantage) < 1e-5,
            one_after_another(
                numbers, _("The policy went the wrong way here, and nothing stops it from being brought back.")
            ),
        ),
        Choice(
            _("It makes it smaller, as if the ratio were at the range's edge"),
            gradient != 0 and abs(gradient - ratio * advantage) >= 1e-5,
            _("The clip never shrinks a gradient: it leaves it whole or takes it away. (CISPO does what you describe.)")
            + " "
            + numbers,
        ),
    ]
    predict("rck_clip", question, choices, about=f"{batch.run.id} {batch.learner} {batch.step}")
