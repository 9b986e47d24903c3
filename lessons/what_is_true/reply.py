"""One response: what its tokens truly did, and what PPO and GRPO credited them with."""

from __future__ import annotations

import html

import streamlit as st

from core.learners.registry import discount_of
from lessons.i18n import _
from lessons.kit.critic import parts_words, token_at, tokens_at
from lessons.kit.display import token_name
from lessons.kit.lesson import Frozen, Reply, Row, figure, line_colour, token_strips
from lessons.kit.numbers import number, signed
from lessons.kit.truth import Truth


def show_reply(batch: Frozen, reply: Reply, measured: Truth) -> None:
    """Three views of the same tokens, one under the other, and the values behind them."""
    row = measured.panel.samples.index(reply.sample)
    count = len(reply.tokens)

    def numbers(x: object) -> list[float]:
        return x[row, :count].tolist()  # type: ignore[index]

    true = measured.true
    low, high = numbers(true.advantages_low), numbers(true.advantages_high)
    critic, penalty = numbers(measured.parts.critic), numbers(measured.parts.penalty)
    more = {_("at least"): low, _("at most"): high, _("true value before it"): numbers(true.values)}
    rows = [
        Row(
            "truth",
            _("Truth: what the token changed"),
            reply.tokens,
            numbers(true.advantages),
            learner="green",
            more=more,
        ),
        Row("ppo", _("PPO: critic and KL penalty"), reply.tokens, numbers(measured.ppo), learner="blue"),
        Row("critic", _("of it: critic and reward"), reply.tokens, critic, learner="blue"),
        Row("penalty", _("of it: KL penalty"), reply.tokens, penalty, learner="blue"),
        Row("grpo", _("GRPO: one credit for all"), reply.tokens, numbers(measured.grpo), learner="orange"),
    ]
    token_strips(rows, key="truth_strips", quantity=_("advantage, in units of reward"), pickable=False)
    st.caption(
        _(
            "95% intervals from {k} continuations are read out at each token of the first row; the widest here is "
            "±{half}. PPO looks ahead with λ = {lam}."
        ).format(
            k=true.continuations,
            half=f"{max(b - a for a, b in zip(low, high, strict=True)) / 2:.2f}",
            lam=f"{discount_of(batch.settings).lam:g}",
        )
    )
    who_blames(reply, measured, row)
    values_chart(reply, measured, row)


def who_blames(reply: Reply, measured: Truth, row: int) -> None:
    """Which token ruined it, what PPO blames and by which of its parts, and what the critic's value does there."""
    from core.insight.agreement import blame

    count = len(reply.tokens)
    true, whole, critic, penalty, value = (
        x[row, :count].tolist()
        for x in (
            measured.true.advantages,
            measured.ppo,
            measured.parts.critic,
            measured.parts.penalty,
            measured.critic,
        )
    )
    guilty = blame(measured.true.advantages, measured.panel.mask)[row].nonzero()[:, 0].tolist()
    lines = [parts_words(reply, whole, critic, penalty)]
    if len(guilty) > 1:
        lines.append(
            _("The truth's largest drop, {drop}, is at {count} tokens alike: {tokens}.").format(
                drop=signed(true[guilty[0]]), count=len(guilty), tokens=tokens_at(reply, guilty)
            )
        )
    for t in guilty if len(guilty) == 1 else ():
        after = value[t + 1] if t + 1 < count else reply.reward
        falls = _(
            "The truth's largest drop is at {token} ({drop}). The critic's value falls there: {before} → {after}."
        )
        rises = _(
            "The truth's largest drop is at {token} ({drop}). The critic's value does not fall: {before} → {after}."
        )
        words = falls if after < value[t] else rises
        lines.append(
            words.format(
                token=token_at(reply, t), drop=signed(true[t]), before=number(value[t], 2), after=number(after, 2)
            )
        )
    with st.container(key="truth_blame"):
        st.markdown("\n".join(f"- {x}" for x in lines))


def values_chart(reply: Reply, measured: Truth, row: int) -> None:
    """The true value of every prefix with its interval, and what stands in for it in PPO and in GRPO."""
    import plotly.graph_objects as go

    count = len(reply.tokens)
    place = list(range(1, count + 1))
    true, low, high = (x[row, :count].tolist() for x in (measured.true.values, measured.true.low, measured.true.high))
    critic = measured.critic[row, :count].tolist()
    mean = reply.reward - float(measured.grpo[row, 0])
    drawing = go.Figure()
    drawing.add_scatter(
        x=place,
        y=true,
        name=_("truth"),
        mode="lines+markers",
        line={"color": line_colour("green"), "width": 3},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [b - a for a, b in zip(true, high, strict=True)],
            "arrayminus": [a - b for a, b in zip(true, low, strict=True)],
        },
    )
    drawing.add_scatter(
        x=place, y=critic, name=_("PPO's critic"), mode="lines+markers",
        line={"color": line_colour("blue"), "dash": "dash"}, marker={"symbol": "square"},
    )  # fmt: skip
    drawing.add_scatter(
        x=place, y=[mean] * count, name=_("GRPO: the group's mean"), mode="lines",
        line={"color": line_colour("orange"), "dash": "dot"},
    )  # fmt: skip
    tokens = [html.escape(token_name(x), quote=False) for x in reply.tokens]
    drawing.update_xaxes(tickvals=place, ticktext=tokens, title=_("before this token"))
    drawing.update_yaxes(title=_("expected reward"), range=[-0.1, 1.15])
    table = [
        {
            _("token"): reply.tokens[t],
            _("truth"): round(true[t], 3),
            _("at least"): round(low[t], 3),
            _("at most"): round(high[t], 3),
            _("PPO's critic"): round(critic[t], 3),
            _("GRPO: the group's mean"): round(mean, 3),
        }
        for t in range(count)
    ]
    alt = _("True value before each token, from {first} to {last}, beside the critic's and the group's mean.").format(
        first=f"{true[0]:.2f}", last=f"{true[-1]:.2f}"
    )
    figure(drawing, key="truth_values", alt=alt, table=table)
