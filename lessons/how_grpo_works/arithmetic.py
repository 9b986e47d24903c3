"""A real group, walked from its rewards to what every token is credited with; and the step's other groups."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.learners.registry import group_of
from core.learners.settings import GroupSettings
from lessons.i18n import _, listed, one_after_another
from lessons.kit.display import plain
from lessons.kit.lesson import (
    FormulaPart,
    Frozen,
    Group,
    Row,
    Sub,
    engine,
    figure,
    formula,
    pick_group,
    role_colour,
    stepper,
    token_strips,
)
from lessons.kit.numbers import number, signed

if TYPE_CHECKING:
    from core.insight.groups import Step


@dataclasses.dataclass(frozen=True)
class Rewards:
    """All responses of the step, not the panel's alone: the batch is what the update sees. Lists of length B."""

    reward: tuple[float, ...]
    group: tuple[int, ...]
    length: tuple[int, ...]
    prompts: dict[int, str]  # by group


def rewards_of(batch: Frozen) -> Rewards:
    rows = batch.samples.select(["reward", "group", "length", "prompt"]).to_pydict()
    prompts = dict(zip(rows["group"], rows["prompt"], strict=True))
    return Rewards(tuple(rows["reward"]), tuple(rows["group"]), tuple(rows["length"]), prompts)


def grpo_settings(batch: Frozen) -> GroupSettings:
    """The learner's own settings; ValueError where it compares no responses."""
    return group_of(batch.settings)


def max_length(batch: Frozen) -> int:
    """The run's longest possible response in tokens; where the config leaves it to the task, the longest written."""
    return batch.run.config.max_completion_length or max(rewards_of(batch).length)


def credit(batch: Frozen, scale: str | None = None) -> Step:
    """The step's credit, with another `scale_rewards` if one is given."""
    engine()
    from core.insight.groups import credit_step

    settings, rewards = batch.settings, rewards_of(batch)
    if scale is not None:
        settings = settings.model_copy(update={"scale_rewards": scale})
    return credit_step(rewards.reward, rewards.group, rewards.length, settings, max_length(batch))


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
        st.caption(one_after_another(*words))


def walk(batch: Frozen) -> None:
    """One group, sub-step by sub-step; a fragment."""
    group = pick_group(batch, key="hgw_group")
    subs = [
        Sub("rewards", _("Each response is scored")),
        Sub("centre", _("Minus the group's mean")),
        Sub("divide", _("Divided by the group's spread")),
        Sub("tokens", _("Every token gets that number")),
    ]
    place = stepper(subs, key="hgw_walk")
    step = credit(batch)
    rows = [i for i, x in enumerate(rewards_of(batch).group) if x == group.number]
    centred, used = [step.centred[i] for i in rows], [step.advantages[i] for i in rows]
    mean = sum(group.rewards) / len(group.rewards)
    _formula(place.key)
    _sentence(batch, group, place.key, mean, centred, used)
    values = {"rewards": list(group.rewards), "centre": centred}.get(place.key, used)
    names = {"rewards": _("reward"), "centre": _("reward − mean"), "divide": _("advantage"), "tokens": _("advantage")}
    if place.key == "tokens":
        _strips(group, used)
    else:
        _bars(group, values, names[place.key])


def _formula(active: str) -> None:
    formula(
        [
            r"A_{i,t} = \frac{",
            FormulaPart("r_i", "rewards", "plain"),
            "-",
            FormulaPart(r"\text{mean}(r)", "centre", "accent"),
            "}{",
            FormulaPart(r"\text{std}(r) + \epsilon", "divide", "truth"),
            r"}\quad ",
            FormulaPart(r"\forall\, t", "tokens", "grpo"),
        ],
        active,
    )


def _sentence(batch: Frozen, group: Group, where: str, mean: float, centred: list[float], used: list[float]) -> None:
    settings = grpo_settings(batch)
    size, right = len(group.replies), sum(x.success for x in group.replies)
    if where == "rewards":
        text = _("{right} of {size} answers to {prompt} are right (the answer is {answer}): rewards {rewards}.").format(
            right=right,
            size=size,
            prompt=plain(group.prompt, 40),
            answer=plain(group.answer, 20),
            rewards=" · ".join(f"{x:g}" for x in group.rewards),
        )
    elif where == "centre":
        text = _(
            "The mean is {total} / {size} = {mean}. What is above it counts as good, what is below as bad."
        ).format(total=f"{sum(group.rewards):g}", size=size, mean=number(mean))
    elif not any(centred):
        text = _(
            "All rewards are equal, so every difference is 0. Nothing is divided, nothing is learnt: the group has no "
            "signal, whether all its answers are right or all are wrong."
        )
    elif where == "divide" and settings.scale_rewards == "group":
        best = max(range(size), key=lambda i: abs(used[i]))
        text = _(
            "The spread is {spread} (dividing by G − {ddof}), and {example} / ({spread} + {eps}) = **{result}**. {rare}"
        ).format(
            spread=number(centred[best] / used[best] - settings.scale_eps),
            ddof=settings.scale_ddof,
            example=signed(centred[best], 3),
            eps=f"{settings.scale_eps:g}",
            result=signed(used[best], 3),
            rare=_rare(group),
        )
    elif where == "divide":
        text = _("This run has scale_rewards={scale}: the group's own spread is not what it divides by.").format(
            scale=f"`{settings.scale_rewards}`"
        )
    else:
        text = _(
            "Each line is one response: one number for all its tokens, right or wrong ones alike. A correct first step "
            "in an answer whose number is below 0 is pushed down with the rest."
        )
    with st.container(key="hgw_sentence"):
        st.markdown(text)


def _rare(group: Group) -> str:
    """What the division made of this group's rarer answers; nothing where rewards are more than right and wrong."""
    size, right = len(group.replies), sum(x.success for x in group.replies)
    if set(group.rewards) != {0.0, 1.0}:
        return ""
    if right * 2 == size:
        return _("Right and wrong answers are as many, so they count the same, up to the sign.")
    words = (
        _("Right answers are the rarer ones here ({few} of {size}): each counts more than a wrong one.")
        if right * 2 < size
        else _("Wrong answers are the rarer ones here ({few} of {size}): each counts more than a right one.")
    )
    return words.format(few=min(right, size - right), size=size)


def _bars(group: Group, values: list[float], name: str) -> None:
    import plotly.graph_objects as go

    labels = [f"{'✓' if reply.success else '✗'} {n}" for n, reply in enumerate(group.replies, 1)]
    drawing = go.Figure()
    drawing.add_bar(
        x=labels,
        y=values,
        text=[signed(x) if x else "0" for x in values],
        textposition="outside",
        cliponaxis=False,
        marker={"color": [role_colour("negative" if x < 0 else "positive") for x in values]},
        hoverinfo="skip",
    )
    edge = max([0.2, *(abs(x) for x in values)])
    drawing.update_yaxes(title=name, range=[-1.25 * edge if min(values) < 0 else 0, 1.25 * edge], zeroline=True)
    drawing.update_xaxes(title=_("responses of the group (✓ right, ✗ wrong)"))
    table: list[dict[str, Any]] = [
        {_("response"): f"{label} {reply.text}", name: number(x)}
        for label, reply, x in zip(labels, group.replies, values, strict=True)
    ]
    alt = _("{name} of the group's {size} responses: {numbers}.").format(
        name=name, size=len(values), numbers=listed(number(x, 2) for x in values)
    )
    figure(drawing, key="hgw_bars", alt=alt, table=table, height=260)


def _strips(group: Group, used: list[float]) -> None:
    verdicts = {True: _("right, reward {reward:g}"), False: _("wrong, reward {reward:g}")}
    rows = [
        Row(
            f"r{n}",
            _("response {number}").format(number=n),
            reply.tokens,
            [advantage] * len(reply.tokens),
            note=verdicts[reply.success].format(reward=reply.reward),
            learner="orange",
        )
        for n, (reply, advantage) in enumerate(zip(group.replies, used, strict=True), 1)
    ]
    token_strips(rows, key="hgw_strips", quantity=_("advantage"), link="hgw_token")
