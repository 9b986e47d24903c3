"""The recorded study of what PPO's credit is made of: its parts, λ's own noise, and values beside the truth."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lessons.i18n import _, listed
from lessons.kit.glossary import say
from lessons.kit.numbers import DASH, known, percent, table
from lessons.kit.records import STUDY, penalised, study
from lessons.what_is_true.spread import spread
from lessons.what_is_true.titles import credit_titles


def parts_section() -> None:
    """The table at mid-training, and what it says of the critic and of λ."""
    of = study()
    if of is None:
        return
    about = of["about"]
    st.subheader(
        _("What is the critic's, what the KL penalty's, and what λ's?")
        if penalised(of)
        else _("What is the critic's, and what λ's?")
    )
    say(
        _(
            "Recorded with seeds {seeds} ({responses} responses at each point, {k} continuations of every prefix), "
            "before step {step}. Repeat it with `{command}`."
        ).format(
            seeds=listed(str(x) for x in about["seeds"]),
            responses=about["responses"],
            k=about["continuations"],
            step=about["middle"] + 1,
            command=STUDY,
        )
    )
    rows = {x["credit"]: x for x in of["summary"] if x["step"] == about["middle"]}
    lam = next(x["lam"] for x in about["config"]["learners"] if "lam" in x)
    head = [
        _("credit"),
        _("correlation with the truth"),
        _("mean absolute error"),
        _("blame accuracy"),
        _("its values' mean squared error"),
    ]
    lines = [
        (
            title,
            spread(rows[name]["correlation"]),
            spread(rows[name]["mean_absolute_error"]),
            spread(rows[name]["blame_accuracy"]),
            DASH if rows[name]["value_error"]["mean"] is None else spread(rows[name]["value_error"], 4),
        )
        for name, title in credit_titles(penalised(of), f"{lam:g}").items()
    ]
    lines.append((_("the best constant"), DASH, DASH, DASH, spread(rows["ppo"]["constant_error"], 4)))
    with st.container(key="truth_parts_study"):
        say(table(head, lines))
        say("\n".join(f"- {x}" for x in _says(of, rows, f"{lam:g}")))


def _says(of: dict[str, Any], rows: dict[str, dict[str, Any]], lam: str) -> list[str]:
    """What the numbers say, each sentence with those that it rests on."""
    perfect = [x["correlation"] for x in of["rows"] if x["credit"] == "perfect"]
    ceiling = [x["outcome_explained"] for x in of["rows"] if x["credit"] == "perfect"]
    penalty = _(
        "The KL penalty takes PPO's correlation from {critic} to {ppo}, and its blame accuracy from {before} to "
        "{after}."
    ).format(
        critic=known(rows["critic"]["correlation"]["mean"]),
        ppo=known(rows["ppo"]["correlation"]["mean"]),
        before=known(rows["critic"]["blame_accuracy"]["mean"]),
        after=known(rows["ppo"]["blame_accuracy"]["mean"]),
    )
    noise = _(
        "With perfect values in the critic's place, and λ = {lam}, the credit's correlation is between {low} and "
        "{high} at all points of the training: that is as far as perfect values take it."
    ).format(lam=lam, low=known(min(perfect)), high=known(max(perfect)))
    chance = _(
        "Of how responses come out, perfect values explain between {low} and {high} of the variance: the rest is "
        "decided after the prefix."
    ).format(low=known(min(ceiling)), high=known(max(ceiling)))
    single = _(
        "At λ = 0 PPO's credit is each token's own change of the critic's value: it finds the ruining token in {own} "
        "of the wrong responses, with λ = {lam} in {usual}. GRPO, which blames all tokens alike, would in {group}, by "
        "chance."
    ).format(
        own=percent(rows["lambda-0"]["blame_accuracy"]["mean"]),
        usual=percent(rows["critic"]["blame_accuracy"]["mean"]),
        group=percent(rows["grpo"]["blame_accuracy"]["mean"]),
        lam=lam,
    )
    return [*([penalty] if penalised(of) else []), single, noise, chance]
