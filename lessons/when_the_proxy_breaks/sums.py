"""Where there is a right answer: a reward model that learnt right over wrong, against the verifier."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.insight.proxy_results import SUM_LABELS, SUMS, SumsRun
from lessons.i18n import _
from lessons.kit.glossary import say
from lessons.kit.lesson import Choice, predict
from lessons.kit.numbers import signed, table, whole
from lessons.kit.over_seeds import mean_and_spread
from lessons.when_the_proxy_breaks.results import agreement, sums, sums_gap


def which_is_exact() -> None:
    """A prediction about the two learners, then both judges' numbers."""
    say(
        _(
            "On sums of three numbers, a reward model learns from {labels} pairs, a right response over a wrong one. "
            "GRPO is then paid by it, or by the verifier."
        ).format(labels=whole(SUM_LABELS))
    )
    if predict("proxy_sums", _("Which learner answers more held-out sums right in the end?"), _choices()):
        _table()


def _choices() -> list[Choice]:
    known = sums_gap()
    measured = _("Measured: {mean} (95 % interval {low} to {high}, {seeds} seeds), reward model less verifier.").format(
        mean=signed(known.mean, 3), low=signed(known.low, 3), high=signed(known.high, 3), seeds=known.seeds
    )
    return [
        Choice(_("The one that the verifier pays"), known.high < 0, measured),
        Choice(_("The seeds do not tell them apart"), known.low <= 0 <= known.high, measured),
        Choice(_("The one that the reward model pays"), known.low > 0, measured),
    ]


def _table() -> None:
    trained, exact = sums("reward-model"), sums("verifier")
    head = [_("paid by"), _("sides with the truth"), _("success at the start"), _("success in the end")]
    rows = [
        [_("the reward model"), mean_and_spread(agreement(SUM_LABELS, 0.0, SUMS)), *_success(trained)],
        [_("the verifier"), _("always: it makes the labels"), *_success(exact)],
    ]
    with st.container(key="proxy_sums_table"):
        say(table(head, rows))


def _success(own: Sequence[SumsRun]) -> list[str]:
    return [mean_and_spread([x.start for x in own]), mean_and_spread([x.final for x in own])]
