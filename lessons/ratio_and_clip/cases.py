"""What a range of half the size would cut: the prediction on a frozen batch, before limits can be set."""

from __future__ import annotations

from dataclasses import replace

from lessons.i18n import _, one_after_another
from lessons.kit.lesson import Choice, Frozen, predict
from lessons.kit.numbers import number, whole
from lessons.ratio_and_clip.batch import looked_at, never_left_1, outcome, trained_limits


def prediction(batch: Frozen) -> bool:
    """How many more tokens would half the range cut? Counted on the batch's ratios; whether that may be shown.

    The picture above shows what the run's own range cuts, and nothing of another one.
    """
    limits, last = trained_limits(batch), looked_at(batch)
    halved = replace(limits, low=limits.low / 2, high=limits.high / 2)
    own, narrow = (outcome(batch, last, x) for x in (limits, halved))
    cut, more, total = int(own.cut.sum()), int(narrow.cut.sum()), len(own.ratio)
    low, high = halved.bounds
    inside = int(((narrow.ratio >= low) & (narrow.ratio <= high)).sum())
    asked = (
        _(
            "Every gradient of this step was taken at ratio 1. At the ratios that a further pass would find, the range "
            "{low} to {high} would cut {cut} of {total} tokens. And a range half as wide, {lower} to {higher}?"
        )
        if never_left_1(batch)
        else _(
            "The range {low} to {high} cut {cut} of {total} tokens. How many would a range half as wide, {lower} to "
            "{higher}, cut at the same ratios?"
        )
    )
    question = asked.format(
        low=number(limits.bounds[0], 2),
        high=number(limits.bounds[1], 2),
        lower=number(low, 2),
        higher=number(high, 2),
        cut=whole(cut),
        total=whole(total),
    )
    gone = _("A ratio outside is cut only where the token has already gone the way that its advantage wants.")
    reason = one_after_another(
        _("It would cut {more}; {inside} of the {total} ratios lie within it.").format(
            more=whole(more), inside=whole(inside), total=whole(total)
        ),
        gone if limits.dual is None else "",  # a dual clip cuts others, too
        _("Set ε below, and see which."),
    )
    choices = [
        Choice(_("As many: the same tokens lie outside"), more == cut, reason),
        Choice(_("More, at most twice as many"), cut < more <= 2 * cut, reason),
        Choice(_("More than twice as many"), more > cut and more > 2 * cut, reason),
    ]
    return predict("rck_halved", question, choices, about=f"{batch.run.id} {batch.learner} {batch.step}")
