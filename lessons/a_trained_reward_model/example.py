"""The worked example: one pair, from the rewards of its prefixes to the loss and where it pulls."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.insight.reward_example import WORKED, PrefixScores, RewardExample
from lessons.i18n import _
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Sub, engine, equation, num, result, stepper
from lessons.kit.lesson.worked_table import table
from lessons.kit.linked import linked

DIGITS = 3


@dataclass(frozen=True)
class PairLoss:
    """What the loss makes of two rewards. All but these two follow from the function that trains."""

    chosen: float
    rejected: float
    sure: float  # σ(r_j − r_k)
    loss: float
    chosen_gradient: float
    rejected_gradient: float


def work_out(chosen: float, rejected: float) -> PairLoss:
    """Through core's own loss and its gradient."""
    engine()
    import torch

    from core.algorithms.preferences import bradley_terry_loss, preference_probability

    j, k = (torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in (chosen, rejected))
    loss = bradley_terry_loss(j, k)
    loss.backward()
    assert j.grad is not None
    assert k.grad is not None
    sure = float(preference_probability(j, k).detach())
    return PairLoss(chosen, rejected, sure, float(loss.detach()), float(j.grad[0]), float(k.grad[0]))


def places(example: RewardExample) -> list[str]:
    """Updates to look at: before the first, early, and the last."""
    last = len(example.losses)
    return [str(x) for x in dict.fromkeys((0, last // 4, last))]


def example_pair(example: RewardExample) -> None:
    prompt, chosen, rejected = WORKED
    st.header(_("Four tokens, worked out"))
    say(
        _("The message: “{prompt}” The judge prefers “{chosen}” (four tokens with its end) to “{rejected}”").format(
            prompt=prompt, chosen=chosen, rejected=rejected
        )
    )
    with st.container(key="rm_worked"):
        st.fragment(_walk)(example)


def subs() -> list[Sub]:
    return [
        Sub("chosen", _("the preferred reply: what the head says after each token")),
        Sub("rejected", _("the other reply")),
        Sub("margin", _("the difference of the two rewards at the end")),
        Sub("sure", _("the probability that the model gives to the label")),
        Sub("loss", _("the loss: small where the model agrees with the label")),
        Sub("gradient", _("where the loss pulls: one up, the other down, less and less")),
    ]


def _walk(example: RewardExample) -> None:
    known = places(example)
    names = {x: _("after {n} updates").format(n=x) if x != "0" else _("before training") for x in known}
    update = linked(
        st.segmented_control,
        _("The reward model"),
        known,
        key="update",
        first=known[-1],
        format_func=names.__getitem__,
        required=True,
    )
    place = stepper(subs(), key="rm_four", param="rm_ex", shortcuts=False, jump=False)
    chosen, rejected = (_at(x, int(update)) for x in example.worked)
    replies = [(example.worked[0], "r_j", chosen), (example.worked[1], "r_k", rejected)][: place.number]
    for scored, symbol, values in replies:
        with st.container(key=f"rm_four_{symbol}"):
            st.html(table(scored.tokens, [(symbol, _("what the head says after each token"), values)], DIGITS))
    if place.number < 2:
        say_small(_("Only the last number is the reply's reward: the loss knows no other."))
    if place.number > 2:
        equation(
            r"\begin{aligned}"
            + r" \\ ".join(lines(work_out(chosen[-1], rejected[-1]))[: place.number - 2])
            + r"\end{aligned}"
        )


def _at(scored: PrefixScores, update: int) -> tuple[float, ...]:
    return scored.scores[update]


def lines(of: PairLoss) -> list[str]:
    """From the margin on, as LaTeX."""
    margin = of.chosen - of.rejected

    def value(x: float) -> str:
        return result(x, DIGITS)

    return [
        rf"r_j - r_k &= {value(of.chosen)} - {num(of.rejected, DIGITS)} = {value(margin)}",
        rf"\sigma(r_j - r_k) &= \frac{{1}}{{1 + e^{{{value(-margin)}}}}} \approx {value(of.sure)}",
        rf"-\log\sigma(r_j - r_k) &= -\log {value(of.sure)} \approx {value(of.loss)}",
        rf"\frac{{\partial}}{{\partial r_j}} &= -(1 - \sigma) \approx {value(of.chosen_gradient)}, \quad "
        rf"\frac{{\partial}}{{\partial r_k}} = 1 - \sigma \approx {value(of.rejected_gradient)}",
    ]
