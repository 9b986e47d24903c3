"""Commit to what training will do before it is shown: how much, of what kind, and with what lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lessons.a_real_instruct_model.intervals import interval
from lessons.a_real_instruct_model.shown import Seen, Shown, subject
from lessons.i18n import _, ngettext, one_after_another
from lessons.kit.glossary import say
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
    seen, config = subject(shown.learners), shown.run.config
    settings = config.learner(seen.name)
    say(
        ngettext(
            "{name} now trains for one step: it answers {prompts} fresh questions {group} times, and a rule checks the "
            "answers. Only an answer that ended by itself within {limit} tokens is rewarded, and only for the answer "
            "that is read in it: one that goes on past the limit gets nothing, right or not.",
            "{name} now trains for {steps} steps: at each it answers {prompts} fresh questions {group} times, and a "
            "rule checks the answers. Only a response that ended by itself within {limit} tokens is rewarded, and only "
            "for the answer that is read in it: one that goes on past the limit gets nothing, right or not.",
            config.steps,
        ).format(
            name=seen.title,
            steps=config.steps,
            prompts=config.prompts_of(settings),
            group=config.group_size(settings),
            limit=limit_of(shown),
        )
    )
    key = f"real_{shown.run.id}_{seen.name}"
    share = _share(key, seen)
    first, second = st.columns(2)
    with first:
        kind = _kind(key, seen.both, config.temperature)
    with second:
        length = _length(key, seen.both, limit_of(shown))
    return share and kind and length


def limit_of(shown: Shown) -> str:
    """Tokens that a response may have; "?" where neither the settings nor the answers tell."""
    if shown.run.config.max_completion_length is not None:
        return str(shown.run.config.max_completion_length)
    cut = {x.length for side in [shown.before] if side for x in side.greedy_answers if not x.finished}
    return str(max(cut)) if cut else "?"


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


def _kind(key: str, both: BeforeAfter | None, temperature: float) -> bool:
    kind = None if both is None else main_cause(sampled_or_greedy(both)[2])
    reason = "" if both is None else _reasons(both, temperature)
    choices = [
        Choice(_("Mostly form: more of its responses can be read at all"), kind == "format", reason),
        Choice(_("Mostly arithmetic: more of the readable ones are right"), kind == "arithmetic", reason),
        Choice(_("Both, in like parts"), kind == "both", reason),
        Choice(_("It does not get better"), kind == "none", reason),
    ]
    question = _("It may get better in two ways. Which is it, of the responses {way}?")
    way = "sampled" if both is None else next(iter(measured_ways(both)))
    return predict(f"{key}_kind", question.format(way=_ways(temperature)[way]), [_once(x) for x in choices])


def _ways(temperature: float) -> dict[str, str]:
    sampled = _("sampled at temperature {temperature}").format(temperature=f"{temperature:g}")
    return {"sampled": sampled, "greedy": _("chosen greedily")}


def _once(choice: Choice) -> Choice:
    """The reason is the same for all choices, so only the right one tells it."""
    return choice if choice.right else Choice(choice.text, False, "")


def measured_ways(both: BeforeAfter) -> dict[str, tuple[AnswerRates, AnswerRates, Split]]:
    """ "sampled", where there are any, then "greedy" → (before, after, the split) of such answers."""
    ways = {}
    if both.before.sampled is not None and both.after.sampled is not None and both.sampled_split is not None:
        ways["sampled"] = (both.before.sampled, both.after.sampled, both.sampled_split)
    return ways | {"greedy": (both.before.greedy, both.after.greedy, both.greedy_split)}


def sampled_or_greedy(both: BeforeAfter) -> tuple[AnswerRates, AnswerRates, Split]:
    """(before, after, the split) of the sampled answers, which are more; else of the greedy ones."""
    return next(iter(measured_ways(both).values()))


def main_cause(split: Split) -> str:
    """format, arithmetic, both or none: what made the success grow."""
    if split.total < SMALL:
        return "none"
    share = split.format / split.total
    return "format" if share > MOSTLY else "arithmetic" if share < 1 - MOSTLY else "both"


def _reasons(both: BeforeAfter, temperature: float) -> str:
    """The split of the sampled answers and of the greedy ones: how one asks changes what there is to gain."""
    words = _ways(temperature)
    return one_after_another(*(_numbers(words[way], *numbers) for way, numbers in measured_ways(both).items()))


def _numbers(way: str, before: AnswerRates, after: AnswerRates, split: Split) -> str:
    return _(
        "Responses {way}: readable {f0}, then {f1}; right among the readable {a0}, then {a1}; of {total} points, "
        "{form} come from form and {arithmetic} from arithmetic."
    ).format(
        way=way,
        f0=percent(before.readable),
        f1=percent(after.readable),
        a0=percent(before.right_among_readable),
        a1=percent(after.right_among_readable),
        total=points(split.total),
        form=points(split.format),
        arithmetic=points(split.arithmetic),
    )


def _length(key: str, both: BeforeAfter | None, limit: str) -> bool:
    trend, reason = None, ""
    if both is not None:
        before, after, _split = sampled_or_greedy(both)
        trend = trend_of(before.length, after.length)
        reason = _(
            "From {before} tokens on average to {after}. No reward counts tokens, but past {limit} of them there is "
            "none: {cut} of the responses were cut off there before, {left} are after."
        ).format(
            before=f"{before.length:.1f}",
            after=f"{after.length:.1f}",
            limit=limit,
            cut=percent(before.truncated),
            left=percent(after.truncated),
        )
    choices = [
        Choice(_("Shorter"), trend == "shorter", reason),
        Choice(_("About as long (within 10 %)"), trend == "same", reason),
        Choice(_("Longer"), trend == "longer", reason),
    ]
    return predict(f"{key}_length", _("And how long are its responses then?"), [_once(x) for x in choices])


def trend_of(before: float, after: float) -> str:
    """shorter, same or longer."""
    if before == 0:
        return "longer" if after > 0 else "same"
    return "shorter" if after < (1 - SAME) * before else "longer" if after > (1 + SAME) * before else "same"
