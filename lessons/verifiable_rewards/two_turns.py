"""Two turns: what the task says in between is read, not written. How GAE crosses it, worked out on one response."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.learners.registry import AnyLearner, learner
from core.terms import Data, Value, evaluate
from core.training.terms import known_values, terms_for
from lessons.board.strips import Row, token_strips
from lessons.i18n import _
from lessons.kit.glossary import say
from lessons.kit.lesson import equation, more
from lessons.kit.numbers import number, signed
from lessons.kit.preset_race import race_in_lab
from lessons.verifiable_rewards import turns_measured

PROMPT = "0:0,4:8,7:14,9:18="
#: An answer that is wrong for 4, what the task says of it, and the answer that followed.
FIRST, REPLY, SECOND = "x", "[4:8:4]=", "x+x"
TOKENS = (*FIRST, "<eos>", *REPLY, *SECOND, "<eos>")
HOLES = (*(False,) * (len(FIRST) + 1), *(True,) * len(REPLY), *(False,) * (len(SECOND) + 1))
#: An example: what the critic expects before each token that the policy wrote, and what the last answer is paid.
VALUES = (0.5, 0.3, *(None,) * len(REPLY), 0.6, 0.6, 0.8, 0.9)
REWARD, OTHERS = 1.0, (0.0, 1.0, 0.0)
PPO = learner("ppo", gamma=1.0, lam=0.5, kl_coef=0.0, whiten_advantages=False)
GRPO = learner("grpo", scale_rewards="none")
#: The last token before what the task says, and the first after it; from 0.
BEFORE, AFTER = len(FIRST), len(FIRST) + 1 + len(REPLY)


def worked_out(settings: AnyLearner) -> dict[str, Value]:
    """Every term of a learner's on this response, as the expressions say; the group's others have its tokens."""
    count, shape = 1 + len(OTHERS), (1 + len(OTHERS), len(TOKENS))
    values = np.array([[np.nan if x is None else x for x in VALUES]] * count)
    data = Data(
        settings=known_values(settings),
        mask=np.ones(shape, dtype=bool),
        responses={
            "reward": np.array([REWARD, *OTHERS]),
            "group": np.zeros(count),
            "truncated": np.zeros(count),
            "value_after": np.zeros(count),
        },
        tokens={"value": values},
        holes=np.array([HOLES] * count),
    )
    return evaluate(terms_for(settings), data, recompute=True)


def numbers(settings: AnyLearner, term: str) -> list[float | None]:
    """One term of this response, token by token; None where the task wrote."""
    value = worked_out(settings)[term]
    return [value.at(0, i) for i in range(len(TOKENS))]


def section() -> None:
    """A worked example: what the model read is hatched, and GAE crosses it."""
    with st.container(key="vr_turns_worked"):
        _worked()


def _worked() -> None:
    say(
        _(
            "With `task.turns` at 2 a failed visible test is told: to `{prompt}` came `{first}`, then `{reply}` "
            "(input, expected output, what came), then `{second}`. Hatched: what the task wrote, not credited, not "
            "learnt."
        ).format(prompt=PROMPT, first=FIRST, reply=REPLY, second=SECOND)
    )
    delta, ppo, grpo = numbers(PPO, "delta"), numbers(PPO, "advantage"), numbers(GRPO, "advantage")
    values = {"V": VALUES}
    rows = [
        Row("delta", _("PPO, surprise δ"), TOKENS, delta, learner="blue", holes=HOLES, more=values),
        Row("ppo", _("PPO, advantage Â"), TOKENS, ppo, learner="blue", holes=HOLES, more=values),
        Row("grpo", _("GRPO, advantage Â"), TOKENS, grpo, learner="orange", holes=HOLES),
    ]
    token_strips(rows, key="vr_turns", quantity=_("advantage, in units of reward (V is made up)"), pickable=False)
    with more(_("how GAE crosses what was only read; two turns against one, on five seeds"), key="vr_more_turns"):
        _crossing(delta, ppo)
        say(
            _(
                "GAE skips what the task wrote: `following(value, 0)` is the value before the **next token that the "
                "policy wrote**, and `scan(delta, gamma * lam)` takes γλ once from there, however much was read in "
                "between. GRPO gives both turns the response's one number."
            )
        )
        turns_measured.section()
        race_in_lab("program-two-turns", _("Open the lab with two turns"), key="vr_two_turns", icon=":material/forum:")


def _crossing(delta: list[float | None], advantage: list[float | None]) -> None:
    """δ and Â of the token before the hole, with their numbers."""
    first, after = BEFORE + 1, AFTER + 1  # places are counted from 1
    settings = PPO.model_dump()
    gamma, lam = settings["gamma"], settings["lam"]
    own, following = VALUES[BEFORE], VALUES[AFTER]
    known = [delta[BEFORE], advantage[BEFORE], advantage[AFTER]]
    assert own is not None
    assert following is not None
    surprise, before, later = (0.0 if x is None else x for x in known)
    with st.container(key="vr_turns_crossing"):
        equation(
            rf"\begin{{aligned}} \delta_{{{first}}} &= r_{{{first}}} + \gamma V_{{{after}}} - V_{{{first}}} \\"
            rf"&= 0 + {gamma:g} \cdot {number(following, 2)} - {number(own, 2)} = {signed(surprise)} \end{{aligned}}"
        )
        equation(
            rf"\begin{{aligned}} \hat A_{{{first}}} &= \delta_{{{first}}} + \gamma\lambda\,\hat A_{{{after}}} \\"
            rf"&= {signed(surprise)} + {gamma * lam:g} \cdot ({signed(later, 3)}) = {signed(before, 3)} \end{{aligned}}"
        )
