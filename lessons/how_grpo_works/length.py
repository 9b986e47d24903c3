"""What a token weighs: three ways to add up a loss, on lengths of one's own and on the step's."""

from __future__ import annotations

import streamlit as st

from core.algorithms.aggregation import Aggregation
from lessons.how_grpo_works.arithmetic import grpo_settings, max_length, rewards_of
from lessons.i18n import _
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, engine
from lessons.kit.numbers import number, signed, table

MODES: tuple[Aggregation, ...] = ("token-mean", "seq-mean-token-mean", "seq-mean-token-sum-norm")
LONGEST = 64


def own_lengths(batch: Frozen) -> None:
    """Two right and two wrong answers whose lengths the learner sets; a fragment."""
    engine()
    import torch

    from core.algorithms.advantages import group_advantages
    from core.insight.groups import weights

    settings = grpo_settings(batch)
    first, second = st.columns(2)
    right = first.slider(_("Tokens of each right response"), 1, LONGEST, 12, 1, key="hgw_right", bind="query-params")
    wrong = second.slider(_("Tokens of each wrong response"), 1, LONGEST, 48, 1, key="hgw_wrong", bind="query-params")
    lengths = [right, right, wrong, wrong]
    advantage, _raw = group_advantages(
        torch.tensor([1.0, 1.0, 0.0, 0.0]), torch.zeros(4, dtype=torch.long), "group", settings.scale_ddof,
        settings.scale_eps,
    )  # fmt: skip
    good, bad = float(advantage[0]), float(advantage[-1])
    pushes = []
    for mode in MODES:
        weight = weights(lengths, mode, LONGEST)
        a, b = weight[0] * good, weight[2] * bad
        pushes.append((mode, a, b, a * right, b * wrong))
    head = [_("aggregation"), _("right: token"), _("wrong: token"), _("right: whole"), _("wrong: whole")]
    rows = ((f"`{m}`", signed(a, 4), signed(b, 4), signed(c, 3), signed(d, 3)) for m, a, b, c, d in pushes)
    with st.container(key="hgw_weights"):
        say(table(head, rows))
        verdict, about = st.columns([3, 2])
        with about:
            say_small(
                _(
                    "Push on a single token and on a whole response, weight × advantage: two right and two wrong "
                    "responses, advantages {good} and {bad}. seq-mean-token-sum-norm divides by a constant, here "
                    "{constant} tokens."
                ).format(good=signed(good), bad=signed(bad), constant=LONGEST)
            )
        with verdict:
            say(_verdict(pushes, right, wrong))


def _verdict(pushes: list[tuple[Aggregation, float, float, float, float]], right: int, wrong: int) -> str:
    mean = next(x for x in pushes if x[0] == "seq-mean-token-mean")
    ratio = abs(mean[2] / mean[1])
    if wrong > right:
        return _(
            "Under `seq-mean-token-mean` a token of a wrong response is pushed down only {ratio} times as hard as one "
            "of a right response is pushed up: being wrong costs less, the longer it takes. The other two treat tokens "
            "alike."
        ).format(ratio=number(ratio, 2))
    if wrong < right:
        return _(
            "Under `seq-mean-token-mean` a token of a wrong response is pushed down {ratio} times as hard as one of a "
            "right response is pushed up: being wrong briefly costs more. The other two treat tokens alike."
        ).format(ratio=number(ratio, 2))
    return _("Equal lengths: all three agree on which token is pushed how hard, up to one constant.")


def real_lengths(batch: Frozen) -> None:
    """The step's own responses, by length: what a token of each weighs, against an equal weight for all."""
    from core.insight.groups import weights

    rewards = rewards_of(batch)
    kinds = sorted(set(rewards.length))
    equal, by_response = (weights(rewards.length, mode, max_length(batch)) for mode in MODES[:2])
    relative = {n: by_response[i] / equal[i] for i, n in enumerate(rewards.length)}
    rows = []
    for kind in kinds:
        mine = [i for i, x in enumerate(rewards.length) if x == kind]
        wrong = sum(rewards.reward[i] == 0 for i in mine)
        rows.append((str(kind), str(len(mine)), str(wrong), number(relative[kind])))
    with st.container(key="hgw_real_weights"):
        head = [_("length"), _("responses"), _("of them wrong"), _("weight of a token")]
        say(table(head, rows, left=0))
        say_small(
            _(
                "All {count} responses of the step; weight under seq-mean-token-mean, where 1 is the weight under "
                "token-mean. The longest has {times} times the tokens of the shortest, and a token of the shortest "
                "weighs {ratio} times as much as one of the longest: the weight goes as 1 / length. Where lengths "
                "differ a hundredfold, so do the weights."
            ).format(
                count=len(rewards.length),
                times=number(kinds[-1] / kinds[0], 2),
                ratio=number(relative[kinds[0]] / relative[kinds[-1]], 2),
            )
        )
