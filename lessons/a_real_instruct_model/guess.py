"""Commit to what training will do before it is shown: how much, of what kind, and with what lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lessons.a_real_instruct_model.intervals import interval
from lessons.a_real_instruct_model.shown import Seen, Shown
from lessons.i18n import _
from lessons.kit.lesson import Choice, predict, predict_number
from lessons.kit.numbers import percent, points

if TYPE_CHECKING:
    from core.insight.before_after import AnswerRates, BeforeAfter, Split

#: A gain smaller than this is none; a part of it larger than the second is "mostly".
SMALL, MOSTLY = 0.03, 2 / 3
#: Mean lengths that differ by less than this share are about the same.
SAME = 0.1


def guesses(shown: Shown) -> bool:
    """Three predictions on one learner of the run; whether all are committed to and their outcomes known."""
    seen, config = subject(shown), shown.run.config
    settings = config.learner(seen.name)
    st.markdown(
        _(
            "{name} now trains for {steps} steps: at each it answers {prompts} fresh questions {group} times, and a "
            "rule checks the answers. The reward looks at the answer alone: nothing rewards form or length."
        ).format(
            name=seen.title,
            steps=config.steps,
            prompts=config.prompts_of(settings),
            group=config.group_size(settings),
        )
    )
    key = f"real_{shown.run.id}_{seen.name}"
    answered = [_share(key, seen), _kind(key, seen.both), _length(key, seen.both)]
    return all(answered)


def subject(shown: Shown) -> Seen:
    """The learner that the predictions are about: GRPO where there is one, as in the course."""
    return next((x for x in shown.learners if x.algorithm == "grpo"), shown.learners[0])


def _share(key: str, seen: Seen) -> bool:
    reason, outcome = "", None
    if seen.both is not None:
        before, after = seen.both.before.greedy.success, seen.both.after.greedy.success
        outcome = 100 * after.value
        reason = _("Before: {before} ({old}). After: {after} ({new}).").format(
            before=percent(before.value), old=interval(before), after=percent(after.value), new=interval(after)
        )
    return predict_number(
        f"{key}_share",
        _("What share of the held-out questions does it answer rightly afterwards (greedily)?"),
        low=0,
        high=100,
        step=5,
        outcome=outcome,
        tolerance=10,
        reason=reason,
        form="%.0f %%",
    )


def _kind(key: str, both: BeforeAfter | None) -> bool:
    kind = None if both is None else main_cause(sampled_or_greedy(both)[2])
    reason = "" if both is None else _numbers(both)
    choices = [
        Choice(_("Mostly form: more of its answers can be read at all"), kind == "format", reason),
        Choice(_("Mostly arithmetic: more of the readable ones are right"), kind == "arithmetic", reason),
        Choice(_("Both, in like parts"), kind == "both", reason),
        Choice(_("It does not get better"), kind == "none", reason),
    ]
    return predict(f"{key}_kind", _("It may get better in two ways. Which is it?"), [_once(x) for x in choices])


def _once(choice: Choice) -> Choice:
    """The reason is the same for all choices, so only the right one tells it."""
    return choice if choice.right else Choice(choice.text, False, "")


def sampled_or_greedy(both: BeforeAfter) -> tuple[AnswerRates, AnswerRates, Split]:
    """(before, after, the split) of the sampled answers, which are more; else of the greedy ones."""
    if both.before.sampled is not None and both.after.sampled is not None and both.sampled_split is not None:
        return both.before.sampled, both.after.sampled, both.sampled_split
    return both.before.greedy, both.after.greedy, both.greedy_split


def main_cause(split: Split) -> str:
    """format, arithmetic, both or none: what made the success grow."""
    if split.total < SMALL:
        return "none"
    share = split.format / split.total
    return "format" if share > MOSTLY else "arithmetic" if share < 1 - MOSTLY else "both"


def _numbers(both: BeforeAfter) -> str:
    before, after, split = sampled_or_greedy(both)
    return _(
        "Readable: {f0}, then {f1}. Right among the readable: {a0}, then {a1}. Of {total} points, {form} come from "
        "form and {arithmetic} from arithmetic."
    ).format(
        f0=percent(before.readable),
        f1=percent(after.readable),
        a0=percent(before.right_among_readable),
        a1=percent(after.right_among_readable),
        total=points(split.total),
        form=points(split.format),
        arithmetic=points(split.arithmetic),
    )


def _length(key: str, both: BeforeAfter | None) -> bool:
    trend, reason = None, ""
    if both is not None:
        before, after, _split = sampled_or_greedy(both)
        trend = trend_of(before.length, after.length)
        reason = _(
            "From {before} tokens on average to {after}. No reward names length: it follows from what gets rewarded."
        ).format(before=f"{before.length:.1f}", after=f"{after.length:.1f}")
    choices = [
        Choice(_("Shorter"), trend == "shorter", reason),
        Choice(_("About as long (within 10 %)"), trend == "same", reason),
        Choice(_("Longer"), trend == "longer", reason),
    ]
    return predict(f"{key}_length", _("And how long are its answers then?"), [_once(x) for x in choices])


def trend_of(before: float, after: float) -> str:
    """shorter, same or longer."""
    if before == 0:
        return "longer" if after > 0 else "same"
    return "shorter" if after < (1 - SAME) * before else "longer" if after > (1 + SAME) * before else "same"
