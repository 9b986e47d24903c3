"""What the division by the spread does: the same rewards under each `scale_rewards`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lessons.how_grpo_works.arithmetic import Rewards, credit, grpo_settings, rewards_of
from lessons.i18n import _, ngettext, one_after_another
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, figure, role_colour
from lessons.kit.linked import linked
from lessons.kit.numbers import number, signed
from lessons.kit.ties import highest

if TYPE_CHECKING:
    from core.insight.groups import Step


SCALES = ("group", "batch", "none")


def beside_the_group(batch: Frozen) -> None:
    """What this run's learner does before and after the group's arithmetic, which the numbers below leave out."""
    words = []
    if batch.settings.kl_coef > 0:
        words.append(_("This run takes a KL penalty off each reward before it compares (`kl_coef`); not so here."))
    if getattr(batch.settings, "whiten_advantages", False):
        words.append(
            _("This run then shifts and scales all of the batch's advantages (`whiten_advantages`); not so here.")
        )
    if words:
        say_small(one_after_another(*words))


def scales(batch: Frozen) -> None:
    """All groups of the step under one scale_rewards or another; a fragment."""
    beside_the_group(batch)
    choice, about = st.columns([2, 3], vertical_alignment="bottom")
    names = {"group": _("its group's spread"), "batch": _("the step's spread"), "none": _("1: no division")}
    scale = linked(
        choice.segmented_control,
        _("Each difference is divided by (`scale_rewards`)"),
        SCALES,
        key="hgw_scale",
        first=grpo_settings(batch).scale_rewards,
        format_func=names.__getitem__,
    )
    step, rewards = credit(batch, scale), rewards_of(batch)
    right = {n: _count(rewards, n) for n in step.numbers}
    with about:
        _explain(scale, max(abs(x) for x in step.advantages))
    _by_group(step, rewards, right)
    silent = [n for n, x in zip(step.numbers, step.silent, strict=True) if x]
    none = sum(right[n][0] == 0 for n in silent)
    words = ngettext(
        "This step's only group has a signal: nothing of the loss's weight is idle.",
        "{silent} of {groups} groups have no signal ({none} with no right answer, {all} with only right ones). "
        "Their tokens are {idle} of the loss's weight and have advantage 0: what the advantages push comes "
        "from the others alone. DAPO asks other questions in their place (`dynamic_sampling`).",
        len(step.numbers),
    )
    if len(silent) == len(step.numbers):
        words = ngettext(
            "This step's only group has no signal: every advantage is 0, and nothing is pushed. DAPO asks another "
            "question in its place (`dynamic_sampling`).",
            "None of the {groups} groups has a signal ({none} with no right answer, {all} with only right ones): every "
            "advantage is 0, and nothing is pushed. DAPO asks other questions in their place (`dynamic_sampling`).",
            len(step.numbers),
        )
    words = words.format(
        silent=len(silent),
        groups=len(step.numbers),
        none=none,
        all=len(silent) - none,
        idle=f"{100 * step.idle:.0f} %",
    )
    with st.container(key="hgw_silent"):
        say(one_after_another(words, _strongest(step, right)))


def _strongest(step: Step, right: dict[int, tuple[float, int]]) -> str:
    """Which group pushes most, or that several do alike; nothing where none pushes."""
    live = sum(step.push)
    if not live:
        return ""
    most = highest(step.push)
    share = f"{100 * step.push[most[0]] / live:.0f} %"
    if len(most) > 1:
        return _("The strongest groups, {count} alike, have {share} of all the push each.").format(
            count=len(most), share=share
        )
    correct, size = right[step.numbers[most[0]]]
    return _("The strongest group has {share} of all the push: {right} of {size} right.").format(
        share=share, right=f"{correct:g}", size=size
    )


def _explain(scale: str, largest: float) -> None:
    words = {
        "group": _(
            "Each group by its own spread, which is small where nearly all responses agree. Such groups, on questions "
            "that are easy or hard, then push more than their rewards alone would: a bias by difficulty."
        ),
        "batch": _("All groups by one spread, that of the step's rewards: a group that is nearly settled moves less."),
        "none": _(
            "No division (Dr. GRPO): the advantage stays in units of reward; the largest here is {largest}."
        ).format(largest=number(largest, 2)),
    }
    say_small(words[scale])


def _count(rewards: Rewards, group: int) -> tuple[float, int]:
    mine = [r for r, g in zip(rewards.reward, rewards.group, strict=True) if g == group]
    return sum(mine), len(mine)


def _by_group(step: Step, rewards: Rewards, right: dict[int, tuple[float, int]]) -> None:
    import html

    import plotly.graph_objects as go

    order = sorted(step.numbers, key=lambda n: right[n][0])
    labels = [f"{right[n][0]:g}/{right[n][1]} · {html.escape(rewards.prompts[n], quote=False)}" for n in order]
    best = {n: max(step.advantages[i] for i, g in enumerate(rewards.group) if g == n) for n in order}
    worst = {n: min(step.advantages[i] for i, g in enumerate(rewards.group) if g == n) for n in order}
    drawing = go.Figure()
    kinds = (
        (best, "positive", _("a right response's advantage"), "circle"),
        (worst, "negative", _("a wrong response's advantage"), "diamond"),
    )
    silent = dict(zip(step.numbers, step.silent, strict=True))
    for values, role, name, symbol in kinds:
        kept = [n for n in order if not silent[n]]
        drawing.add_scatter(
            x=[values[n] for n in kept],
            y=[labels[order.index(n)] for n in kept],
            mode="markers",
            name=name,
            marker={"color": role_colour(role), "size": 10, "symbol": symbol},
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    drawing.add_scatter(
        x=[0.0 for n in order if silent[n]],
        y=[labels[i] for i, n in enumerate(order) if silent[n]],
        mode="markers",
        name=_("no signal: 0"),
        marker={"color": "#808a9b", "size": 10, "symbol": "x"},
        hovertemplate="%{y}: 0<extra></extra>",
    )
    edge = 1.1 * max(0.1, *(abs(x) for x in step.advantages))
    drawing.update_xaxes(title=_("advantage"), range=[-edge, edge], zeroline=True)
    drawing.update_yaxes(title=_("right responses · question"), categoryorder="array", categoryarray=labels, dtick=1)
    table = [
        {
            _("group"): f"{right[n][0]:g}/{right[n][1]} · {rewards.prompts[n]}",
            _("right response"): _("none") if right[n][0] == 0 else signed(best[n], 3),
            _("wrong response"): _("none") if right[n][0] == right[n][1] else signed(worst[n], 3),
            _("share of the push"): f"{100 * push / (sum(step.push) or 1.0):.0f} %",
        }
        for n, push in ((n, step.push[step.numbers.index(n)]) for n in order)
    ]
    alt = _("The advantages that the step's groups ({groups}) give to right and to wrong responses.").format(
        groups=len(order)
    )
    figure(drawing, key="hgw_groups", alt=alt, table=table, height=90 + 17 * len(order))
