"""How far a critic is trusted: λ between 0 (the critic alone) and 1 (the outcome alone), for four critics."""

from __future__ import annotations

import streamlit as st

from core.insight.seed_results import knowledge, told_apart
from lessons.i18n import N_, _, listed
from lessons.kit.glossary import say
from lessons.kit.lesson import figure, more
from lessons.kit.linked import linked
from lessons.kit.numbers import number, table
from lessons.kit.over_seeds import close_up
from lessons.the_critic.results import (
    CRITICS,
    LEARNERS,
    SPAN_TITLES,
    draw,
    gap_words,
    lam_of,
    mean,
    of,
    rows,
    spread_words,
    there,
)

LAMBDAS = (0.0, 0.5, 0.8, 0.95, 1.0)
#: A difference in mean success that is not spoken of as one.
HARDLY = 0.05
FITTED, FROZEN = lam_of("fitted", 0.95), lam_of("frozen", 0.95)


def trust() -> None:
    """The chart over λ, and the worst and the best of it in words."""
    measured = {(c, x): lam_of(c, x) for c in CRITICS for x in LAMBDAS if there([lam_of(c, x)])}
    if len(measured) < 2:
        st.info(_("This is not recorded here yet."))
        return
    span = linked(
        st.segmented_control,
        _("Success over"),
        list(SPAN_TITLES),
        key="tc_span",
        first="last-10",
        format_func=lambda x: _(SPAN_TITLES[x]),
    )
    _chart(measured, span)
    say(_says(measured, span))
    with more(_("what the critics know meanwhile"), key="tc_more_knows"):
        _knows()


def _chart(measured: dict[tuple[str, float], str], span: str) -> None:
    import plotly.graph_objects as go

    drawing, readout, summary = go.Figure(), [], []
    for critic, label in CRITICS.items():
        lams = [x for x in LAMBDAS if (critic, x) in measured]
        if not lams:
            continue
        setups = [measured[critic, x] for x in lams]
        texts = draw(drawing, lams, setups, span, label)
        readout += [
            {_("critic"): _(label.title), "λ": f"{x:g}", _("success"): text}
            for x, text in zip(lams, texts, strict=True)
        ]
        values = listed(number(mean(x, span), 2) for x in setups)
        summary.append(_("{critic}: {values}").format(critic=_(label.title), values=values))
    drawing.update_xaxes(title=_("λ: 0 trusts the critic alone, 1 the outcome alone"), tickvals=list(LAMBDAS))
    drawing.update_yaxes(title=_("success, {span}").format(span=_(SPAN_TITLES[span])), range=[0, 1])
    alt = _("Mean success by λ, for λ = {lams}: {summary}.").format(
        lams=listed(f"{x:g}" for x in LAMBDAS), summary="; ".join(summary)
    )
    figure(drawing, key="tc_trust_chart", alt=alt, table=readout, height=340)


#: A setup at λ = 0.95, and what its critic is called.
CHECKED = {
    "ppo-zero-16x8": N_("critic from zero"),
    FITTED: N_("fitted critic"),
    "ppo-fitted-1e-4-16x8": N_("fitted critic, learning rate 1e-4 instead of 6e-4"),
    FROZEN: N_("fitted critic, frozen"),
}


def _knows() -> None:
    """What the critics know of the true values while the policy moves on."""
    known = {name: knowledge(rows(), name) for name in CHECKED}
    if not all(known.values()):
        return
    count, steps = len(next(iter(known.values()))), len(of(next(iter(CHECKED)))[0].success)
    head = [_("before step"), *(str(1 + x * steps // count) for x in range(count))]
    lines = [[_(CHECKED[name]), *(number(median, 2) for median, _least in own)] for name, own in known.items()]
    say(
        _(
            "What they know meanwhile, at λ = 0.95: the share of the true values' variance that the critic explains "
            "(the median of the seeds; below 0 it is worse than one number for all). Here as in the chart: 16 "
            "questions × 8 responses a step, at least five seeds of each setting."
        )
    )
    with st.container(key="tc_knows"):
        say(table(head, lines))
    say(_frozen(known[FROZEN][-1][0]))


def _frozen(explained: float) -> str:
    """What becomes of runs whose critic has stopped learning, beside what it still knows."""
    fitted = LEARNERS["ppo-fitted"]
    ends = gap_words(FROZEN, FITTED, "last-10", (_("PPO (frozen critic)"), _(fitted.title)))
    return _(
        "A critic that explains nothing need not ruin a run near λ = 1, where the outcome counts most. The frozen one "
        "explains {explained} in the end, and over the last ten steps {ends} Why, this study does not tell."
    ).format(explained=number(explained, 2), ends=ends)


def _says(measured: dict[tuple[str, float], str], span: str) -> str:
    worst = min(measured, key=lambda x: mean(measured[x], span))
    best, second, *_others = sorted(measured, key=lambda x: -mean(measured[x], span))
    # Which is highest is known only afterwards: all settings are judged together.
    known = told_apart({x: {y.seed: y.mean(span) for y in of(x)} for x in measured.values()})
    words = (
        _("Highest: {best}: {value}. The seeds tell it apart from the next, {second}.")
        if (measured[best], measured[second]) in known
        else _("Highest: {best}: {value}. The seeds do not tell it apart from the next, {second}.")
    )
    highest = words.format(
        best=_setting(best),
        second=_setting(second),
        value=spread_words(measured[best], span),
    )
    lines = [
        _("Lowest: {setting}: {value} (worst seed {seed}).").format(
            setting=_setting(worst),
            value=number(mean(measured[worst], span)),
            seed=number(min(x.mean(span) for x in of(measured[worst]))),
        ),
        close_up(highest),
    ]
    if oracle := [mean(setup, span) for (critic, _lam), setup in measured.items() if critic == "oracle"]:
        words = (
            _("With values that are measured afresh at every step, λ hardly matters: {low} to {high}.")
            if max(oracle) - min(oracle) < HARDLY
            else _("With values that are measured afresh at every step: {low} to {high}.")
        )
        lines.append(words.format(low=number(min(oracle)), high=number(max(oracle))))
    return "\n".join(f"- {x}" for x in lines)


def _setting(of_study: tuple[str, float]) -> str:
    return _("{critic} (λ = {lam})").format(critic=_(CRITICS[of_study[0]].title), lam=f"{of_study[1]:g}")
