"""The recorded study: how right each method's credit is, over a whole training and several seeds.

It is a recorded result, made by `python -m core.insight.study`; the page only reads its file.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.learners.kind import Colour
from lessons.i18n import N_, _, listed
from lessons.kit.glossary import say
from lessons.kit.lesson import figure, line_colour, role_colour
from lessons.kit.linked import linked
from lessons.kit.records import STUDY, penalised
from lessons.kit.records import study as recorded_study
from lessons.what_is_true.spread import spread
from lessons.what_is_true.study_parts import parts_section

#: Credit → what it is called, whose colour it has, and its marker: colour is not the only difference.
CREDITS: dict[str, tuple[str, Colour | None, str]] = {
    "ppo": (N_("PPO: critic and KL penalty"), "blue", "square"),
    "grpo": (N_("GRPO"), "orange", "diamond"),
    "vine": (N_("VinePPO"), "green", "circle"),
    "again": (N_("the truth, measured a second time"), None, "x"),
}
METRICS = {
    "correlation": N_("correlation with the truth"),
    "mean_absolute_error": N_("mean absolute error"),
    "blame_accuracy": N_("blame accuracy"),
}


def title_of(credit: str, study: dict[str, Any]) -> str:
    """What a credit of the study is called; PPO's has a KL penalty only where its setting is above 0."""
    return _("PPO") if credit == "ppo" and not penalised(study) else _(CREDITS[credit][0])


def study_section() -> None:
    """The measured table at mid-training, and the three measures over training steps with their spread."""
    study = recorded_study()
    if study is None:
        st.header(_("Over a whole training"))
        st.info(_("This result is not recorded here yet. Make it with `{command}`.").format(command=STUDY))
        return
    about = study["about"]
    st.header(_("Over a whole training, {seeds} seeds").format(seeds=len(about["seeds"])))
    say(
        _(
            "Recorded: {responses} responses at each point, {k} continuations of every prefix for the truth and {own} "
            "others for VinePPO. Measured a second time, the truth itself says how near one can come. Repeat it with "
            "`{command}`."
        ).format(
            responses=about["responses"],
            k=about["continuations"],
            own=about["vine_continuations"],
            command=STUDY,
        )
    )
    metrics = list(METRICS)
    chosen = linked(
        st.radio,
        _("Over training steps"),
        metrics,
        key="wt_metric",
        first=metrics[0],
        format_func=lambda x: _(METRICS[x]),
        horizontal=True,
    )
    _over_steps(study, chosen)
    words = _("The numbers, and what of them is the critic's and what λ's")
    # Tables of a chart stay away on a projector, which has no room below this one.
    with st.container(key="aside_truth_study"), st.expander(words, icon=":material/table:"):
        _table(study, about["middle"])
        say(_verdict(study, about["middle"]))
        parts_section()


def _table(study: dict[str, Any], step: int) -> None:
    """Mean ± standard deviation over seeds at one step."""
    rows = [x for x in study["summary"] if x["step"] == step and x["credit"] in CREDITS]
    head = [_("before step {step}").format(step=step + 1), *(_(METRICS[x]) for x in METRICS), _("explained variance")]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for row in rows:
        numbers = [spread(row[x]) for x in (*METRICS, "explained_variance")]
        lines.append([title_of(row["credit"], study), *numbers])
    chance = rows[0]["chance"]
    lines.append([_("blind guess"), "0", "–", spread(chance), "–"])
    with st.container(key="truth_study"):
        say("\n".join("| " + " | ".join(x) + " |" for x in lines))


def _over_steps(study: dict[str, Any], metric: str) -> None:
    import plotly.graph_objects as go

    drawing, table = go.Figure(), []
    for credit, (_title, colour, symbol) in CREDITS.items():
        title = title_of(credit, study)
        rows = [x for x in study["summary"] if x["credit"] == credit and x[metric]["mean"] is not None]
        drawing.add_scatter(
            x=[x["step"] + 1 for x in rows],
            y=[x[metric]["mean"] for x in rows],
            error_y={"type": "data", "array": [x[metric]["std"] or 0 for x in rows]},
            mode="lines+markers",
            name=title,
            line={"color": role_colour("plain") if colour is None else line_colour(colour)},
            marker={"symbol": symbol, "size": 9},
        )
        table += [{_("step"): x["step"] + 1, _("credit"): title, _(METRICS[metric]): spread(x[metric])} for x in rows]
    drawing.update_xaxes(title=_("training step"))
    drawing.update_yaxes(title=_(METRICS[metric]))
    middle = [x for x in study["summary"] if x["step"] == study["about"]["middle"] and x["credit"] in CREDITS]
    text = listed(f"{title_of(x['credit'], study)} {spread(x[metric])}" for x in middle)
    alt = _("{metric} over training steps, mean and spread over seeds. At mid-training: {numbers}.").format(
        metric=_(METRICS[metric]), numbers=text
    )
    figure(drawing, key="truth_over_steps", alt=alt, table=table)


def _verdict(study: dict[str, Any], step: int) -> str:
    """What the numbers say at mid-training, whatever it is: a sentence per measure."""
    rows = {x["credit"]: x for x in study["summary"] if x["step"] == step}
    close = _("By {metric}, {name} ({ppo}) and GRPO ({grpo}) lie within the spread: neither is clearly nearer.")
    ahead = _("By {metric}, {name} ({ppo}) is nearer to the truth than GRPO ({grpo}).")
    behind = _("By {metric}, GRPO ({grpo}) is nearer to the truth than {name} ({ppo}).")
    sentences = []
    for metric in METRICS:
        ppo, grpo = rows["ppo"][metric], rows["grpo"][metric]
        better = -1 if metric == "mean_absolute_error" else 1
        gap = better * ((ppo["mean"] or 0) - (grpo["mean"] or 0))
        apart = max(ppo["std"] or 0, grpo["std"] or 0)
        sentence = close if abs(gap) <= apart else ahead if gap > 0 else behind
        name = title_of("ppo", study)
        sentences.append(sentence.format(metric=_(METRICS[metric]), name=name, ppo=spread(ppo), grpo=spread(grpo)))
    return "\n".join(f"- {x}" for x in sentences)
