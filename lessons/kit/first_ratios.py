"""What the ratios of a frozen batch were before its first update, in a sentence that is counted from them."""

from __future__ import annotations

from lessons.i18n import _
from lessons.kit.lesson import Frozen, engine
from lessons.kit.numbers import number, whole


def first_ratios(batch: Frozen) -> str:
    """How many of the kept tokens' ratios were exactly 1, and why the others were not."""
    engine()
    from core.training.drift import DRIFT_ALLOWED

    ratios = [x for group in batch.groups for reply in group.replies for x in reply.column("ratio") if x is not None]
    gap, same = max((abs(x - 1) for x in ratios), default=0.0), sum(x == 1 for x in ratios)
    if same == len(ratios):
        return _(
            "{total} of {total} tokens have a ratio of exactly 1: the policy that is trained is still the one that "
            "sampled, and both probabilities are scored alike."
        ).format(total=whole(len(ratios)))
    return _(
        "{same} of {total} tokens have a ratio of exactly 1, the others of 1 up to rounding: they differ from it by at "
        "most {gap}. The old log-probabilities are the sampler's own, which scoring gives again within rounding; where "
        "the two differ by more than {allowed}, the next step scores the old ones, too."
    ).format(same=whole(same), total=whole(len(ratios)), gap=f"{gap:.1g}", allowed=number(DRIFT_ALLOWED))


def older_cuts(batch: Frozen) -> str:
    """What has to be said of a batch whose cuts were recorded at other moments than the gradients'; mostly nothing."""
    if not batch.cuts_elsewhere:
        return ""
    return _(
        "This older run recorded whose gradient would be cut before each pass, not where its mini-batches took their "
        "gradients."
    )
