"""One response: what its tokens truly did, and what PPO and GRPO credited them with."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import discount_of
from lessons.i18n import _
from lessons.kit.critic import has_penalty, parts_words, token_at, tokens_at
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, Reply, Row, token_strips
from lessons.kit.numbers import number, signed
from lessons.kit.truth import Truth
from lessons.what_is_true.values import Values, values_chart


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
    title = _("PPO: critic and KL penalty") if has_penalty(penalty) else _("PPO: critic and reward")
    parts = [
        Row("critic", _("of it: critic and reward"), reply.tokens, critic, learner="blue"),
        Row("penalty", _("of it: KL penalty"), reply.tokens, penalty, learner="blue"),
    ]
    rows = [
        Row(
            "truth",
            _("Truth: what the token changed"),
            reply.tokens,
            numbers(true.advantages),
            learner="green",
            more=more,
        ),
        Row("ppo", title, reply.tokens, numbers(measured.ppo), learner="blue"),
        *(parts if has_penalty(penalty) else []),
        Row("grpo", _("GRPO: one credit for all"), reply.tokens, numbers(measured.grpo), learner="orange"),
    ]
    token_strips(rows, key="truth_strips", quantity=_("advantage, in units of reward"), pickable=False)
    say_small(
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
    mean = reply.reward - float(measured.grpo[row, 0])
    values = Values(
        reply.tokens, numbers(true.values), numbers(true.low), numbers(true.high), numbers(measured.critic), mean
    )
    values_chart(values, key="truth_values")


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
        say("\n".join(f"- {x}" for x in lines))
