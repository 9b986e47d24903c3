"""A real group, played from its rewards to what every token is credited with; rewards can be flipped."""

from __future__ import annotations

import streamlit as st

from core.learners.settings import GroupSettings
from lessons.how_grpo_works.arithmetic import grpo_settings
from lessons.i18n import _
from lessons.kit.display import one_line
from lessons.kit.lesson import Frozen, Group, pick_group
from lessons.kit.played import Bars, Slider, Station, played

#: Sub-steps as links name them; "centre" and "divide" are older names.
OLDER = {"centre": "mean", "divide": "credit"}


def group_steps(batch: Frozen) -> None:
    """The choice of a group and its stepper. A fragment."""
    group = pick_group(batch, key="hgw_group")
    asked = st.query_params.get("sub", "").partition(".")[0]
    settings = grpo_settings(batch)
    parts = stations(settings)
    start = OLDER.get(asked, asked)
    played(
        batch,
        group.replies,
        key="hgw_steps",
        kind="group",
        stations=parts,
        sliders=[_size(group)],
        words=_words(settings, bool(group.answer)),
        about={
            "prompt": one_line(group.prompt, 60),
            "answer": one_line(group.answer, 40),
            "all": len(group.replies),
            "ddof": settings.scale_ddof,
            "eps": f"{settings.scale_eps:g}",
        },
        start=start if start in {x.key for x in parts} else "credit",
        flips=True,
    )


def stations(settings: GroupSettings) -> list[Station]:
    """Those that these settings have: some divide by no spread."""
    reward = Bars("score", _("reward"), "plain", grows=True)
    rows = [Station("rewards", _("Rewards"), (reward,), each=True)]
    mean = ("baseline_value", _("mean"))
    reward = Bars("score", _("reward"), "plain", line=mean)
    difference = "credit" if settings.scale_rewards == "none" else "difference"
    less = Bars(difference, _("reward − mean"), grows=True)
    rows.append(Station("mean", _("Minus the mean"), (reward, less), ("baseline_value", difference), each=True))
    if difference != "credit":
        spread = "score_spread" if settings.scale_rewards == "group" else "score_std"
        less = Bars("difference", _("reward − mean"), line=(spread, _("spread")))
        rows.append(Station("spread", _("The spread"), (reward, less), (spread,)))
        used = Bars("credit", _("advantage"), grows=True)
        less = Bars("difference", _("reward − mean"))
        rows.append(Station("credit", _("Divided by the spread"), (reward, less, used), ("credit",), each=True))
    shown = (reward, Bars("advantage", _("advantage")))
    rows.append(Station("tokens", _("Every token gets that number"), shown, each=True, seconds=2.6, extra="tokens"))
    return rows


def _size(group: Group) -> Slider:
    size = len(group.replies)
    return Slider(
        "G", "G", _("Group size: its first G responses"), size, (), "rewards", low=1, high=size, step=1, digits=0
    )


def _asked(has_answer: bool) -> dict[str, str]:
    if not has_answer:
        return {
            "says_rewards": _("{right} of {n} responses to {prompt} are a success. Press one to flip its reward."),
            "says_rewards_single": _("One response to {prompt}: press it to flip its reward."),
        }
    return {
        "says_rewards": _(
            "{right} of {n} responses to {prompt} are right (the answer is {answer}). Press one to flip its reward."
        ),
        "says_rewards_single": _("One response to {prompt}, where {answer} is right: press it to flip its reward."),
    }


def _words(settings: GroupSettings, has_answer: bool) -> dict[str, str]:
    divided = (
        _("Each difference is divided by the spread + {eps}. Response {best} gets {best_credit}.")
        if settings.scale_rewards == "group"
        else _(
            "Each difference is divided by the spread of all stored rewards + {eps}. Response {best} gets "
            "{best_credit}."
        )
    )
    return {
        "columns": _("Responses of the group: press one to flip its reward"),
        **_asked(has_answer),
        "says_mean": _("What they are compared with is {mean}. What lies above it counts as good, below as bad."),
        "says_spread": _("How far the rewards lie apart: their standard deviation is {spread}."),
        "says_credit": divided,
        "says_tokens": _("Every token of a response gets its number, right steps and wrong ones alike."),
        "says_silent": _(
            "All rewards are equal, so every difference is 0 and nothing is learnt from this group. Flip one."
        ),
        "says_single": _(
            "One response alone is its own mean: whatever its reward, the difference is 0 and nothing is learnt."
        ),
        "rare_right": _("Right responses are the rarer ones here ({few} of {n}): each counts more than a wrong one."),
        "rare_wrong": _("Wrong responses are the rarer ones here ({few} of {n}): each counts more than a right one."),
        "rare_none": _("Right and wrong responses are as many, so they count the same, up to the sign."),
        "normalised": _("Normalised over what is stored here: the first {size} of this question's {all} responses."),
    }
