"""How many labels a reward model needs: how often it sides with the taste, by their number and noise."""

from __future__ import annotations

import statistics

from core.insight.proxy_results import NOISE
from core.learners.kind import Colour
from lessons.i18n import _, listed
from lessons.kit.glossary import say
from lessons.kit.lesson import figure, line_colour, predict_number
from lessons.kit.numbers import number, percent, whole
from lessons.when_the_proxy_breaks.results import agreement, at_chance, from_coin, label_counts

ASKED = 20
_LOOKS: tuple[tuple[Colour, str], ...] = (("blue", "solid"), ("red", "dash"))


def how_many() -> None:
    """A prediction of one number, then all."""
    right = statistics.fmean(agreement(ASKED, 0.0))
    reason = _("A coin is right in 50 %; with {most} labels it is {share}.").format(
        most=whole(label_counts(0.0)[-1]), share=percent(statistics.fmean(agreement(label_counts(0.0)[-1], 0.0)))
    )
    asked = _(
        "A reward model learns from {labels} labels without a mistake. Of pairs that it has not seen, in how many does "
        "it side with the taste?"
    ).format(labels=ASKED)
    if predict_number(
        "proxy_labels",
        asked,
        low=0.0,
        high=100.0,
        step=5.0,
        outcome=round(100 * right),
        tolerance=7.0,
        reason=reason,
        form="%.0f %%",
    ):
        _chart()


def _chart() -> None:
    import plotly.graph_objects as go

    drawing, all_counts = go.Figure(), sorted({x for noise in NOISE for x in label_counts(noise)})
    rows = {x: {_("labels"): whole(x)} for x in all_counts}
    ends = []
    for noise, (colour, dash) in zip(NOISE, _LOOKS, strict=True):
        counts, name = label_counts(noise), _("{share} flipped").format(share=percent(noise))
        own = [agreement(x, noise) for x in counts]
        means, spreads = [statistics.fmean(x) for x in own], [statistics.stdev(x) for x in own]
        drawing.add_scatter(
            x=counts,
            y=means,
            error_y={"type": "data", "array": spreads},
            mode="lines+markers",
            name=name,
            line={"color": line_colour(colour), "dash": dash},
        )
        for x, row in rows.items():  # what was not measured has no number
            at = counts.index(x) if x in counts else None
            row[name] = _("none") if at is None else f"{number(means[at], 3)} ± {number(spreads[at], 3)}"
        ends.append(
            _("{share} flipped: {first} ({few} labels) → {last} ({many})").format(
                share=percent(noise),
                first=number(means[0], 2),
                few=whole(counts[0]),
                last=number(means[-1], 2),
                many=whole(counts[-1]),
            )
        )
    drawing.add_hline(y=0.5, line={"color": line_colour("grey"), "dash": "dot"})
    drawing.update_xaxes(title=_("labels"), type="log", tickvals=all_counts)
    drawing.update_yaxes(title=_("agrees with the taste"))
    words = _("Share of unseen pairs in which the reward model agrees with the taste. {ends}.").format(
        ends=listed(ends)
    )
    figure(drawing, key="proxy_labels_chart", alt=words, table=list(rows.values()), height=260)
    say(f"{words} {chance_words()}")


def chance_words() -> str:
    """Below which number of labels the seeds do not tell a reward model from a coin, as far as it was measured."""
    least = label_counts(NOISE[0])[0]
    at = {noise: at_chance(noise) for noise in NOISE}
    if not any(at.values()):
        low = min(from_coin(least, noise).low for noise in NOISE) + 0.5
        return _("Near chance it was nowhere: with {labels} labels the 95 % interval begins at {low}.").format(
            labels=least, low=number(low, 2)
        )
    each = [
        _("{share} flipped: {labels}").format(share=percent(noise), labels=listed(map(whole, x)))
        for noise, x in at.items()
        if x
    ]
    return _("Not told from a coin, with labels: {each}.").format(each=listed(each))
