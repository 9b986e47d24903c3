"""Four tokens that the reward model likes and the taste does not: the same reply, paid by either."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import learner
from core.tasks.tastes import TASTES
from lessons.i18n import _
from lessons.kit.display import plain
from lessons.kit.glossary import say
from lessons.kit.lesson import Example, Line, worked
from lessons.kit.lesson.worked import objective_line, old_policy_line, ratio_lines
from lessons.kit.numbers import number, table

SETTINGS = learner("grpo", scale_rewards="none")
MESSAGE = "My lamp is late. Can you help me?"
#: The reply that is worked out, and the rest of its group, with what a reward model might say of each: it has learnt
#: that greetings are liked, and not that saying one twice is none.
REPLIES = ("Hello Hello.", "We want to help you.", "Hello. We are sorry.", "It will come.")
PROXY = (1.2, 0.1, 0.6, -0.9)


def gold() -> tuple[float, ...]:
    """What the taste says of each."""
    return tuple(TASTES["warm"].score(MESSAGE, x) for x in REPLIES)


def example(rewards: tuple[float, ...]) -> Example:
    """The first reply, token by token, paid so beside the others."""
    return Example(
        tokens=("Hello", "Hello", ".", "<eos>"),
        logprobs_old=(-1.2, -3.5, -0.9, -0.3),
        logprobs_ref=(-1.2, -3.5, -0.9, -0.3),
        logprobs_new=(-1.1, -3.2, -0.8, -0.3),
        reward=rewards[0],
        others=rewards[1:],
    )


def lines() -> list[Line]:
    return [
        old_policy_line(),
        Line("advantage", r"A_t", _("the reply's reward minus the mean of all four: the same for every token")),
        *ratio_lines(),
        objective_line(_("what the update makes larger: ratio times advantage, within the clip")),
    ]


def four_tokens() -> None:
    """The reply among four, paid by the proxy or by the taste."""
    st.header(_("Four tokens, paid by a proxy"))
    say(
        _(
            "To “{message}” a group of four replies is sampled. What the taste says of each is computed; what the "
            "reward model says is made up."
        ).format(message=MESSAGE)
    )
    head = [_("reply"), _("proxy"), _("gold")]
    rows = [[plain(x, 60), number(y, 1), number(z, 1)] for x, y, z in zip(REPLIES, PROXY, gold(), strict=True)]
    with st.container(key="proxy_group_worked"):
        say(table(head, rows))
        payers = {"proxy": _("proxy: the reward model"), "gold": _("gold: the hidden taste")}
        payer = st.segmented_control(
            _("Paid by"),
            list(payers),
            default="proxy",
            format_func=payers.__getitem__,
            key="proxy_payer",
            required=True,
        )
    paid = gold() if payer == "gold" else PROXY
    worked(example(paid), SETTINGS, lines(), key=f"proxy_four_{payer}", param=f"proxy_ex_{payer}")
