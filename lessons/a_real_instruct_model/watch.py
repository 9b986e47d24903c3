"""The run while it trains: the lab's own board, or its curves once it is through."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from core.learners.registry import LEARNER_KINDS
from core.runs.records import RunInfo
from lessons import shared
from lessons.a_real_instruct_model.choose import PRESET
from lessons.a_real_instruct_model.shown import Shown, subject
from lessons.board.live import lab_view
from lessons.catalog import lesson
from lessons.i18n import _, listed, tell
from lessons.kit.controls import ask, possible
from lessons.kit.display import learner_title, plain
from lessons.kit.draft import make_draft
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import figure, line_colour, line_dash, mark
from lessons.kit.numbers import percent, whole
from lessons.kit.to_lab import lab_query


def colour(algorithm: str) -> str:
    """A learner's colour for lines and marks."""
    return line_colour(LEARNER_KINDS[algorithm].colour)


def own_mark(algorithm: str) -> str:
    """A learner's mark: colour is not the only difference."""
    return mark(LEARNER_KINDS[algorithm].colour)


def watch(shown: Shown) -> None:
    """While it goes on: the board, with what can be pressed. Afterwards: curves, and the board on demand."""
    run = shown.run
    if shown.live:
        _buttons(run)
        lab_view(run.id, run.status, key="real_board")
        return
    for learner in run.learners:
        if run.status in ("failed", "stopped") and learner.reason:
            st.info(
                f"{plain(learner_title(learner.name))}: {plain(tell(learner.reason.without_folders()), 400)}",
                icon=":material/info:",
            )
    rows = shared.store().rows_since(run.id, 0)[0]
    curves(run, rows)
    if text := starts(shown, rows):
        say_small(text)
    say(
        _(
            "In the lab every response opens token by token. Tokens are pieces of words now; PPO gives each its own "
            "credit, GRPO gives a whole response one number, as with the tiny model."
        )
    )
    with st.container(horizontal=True, vertical_alignment="center", key="real_watch_row"):
        _lab_link(run)
        here = st.toggle(_("Show the lab's board here"), key="real_board_here")
    if here:
        lab_view(run.id, run.status, key="real_board")


def starts(shown: Shown, rows: list[dict[str, Any]]) -> str:
    """Why the curves begin elsewhere than the answers before training: all of them are of (nearly) the same weights,
    asked in different ways. "" where there is nothing to compare.
    """
    before, run = shown.before, shown.run
    if before is None or before.sampled is None:
        return ""
    row = next((x for x in rows if (x["learner"], x["step"]) == (subject(shown.learners).name, 0)), None)
    if row is None or not _is_number(row["reward"]):
        return ""
    config = run.config
    learner = config.learner(subject(shown.learners).name)
    parts = [
        _("{reward} is the mean reward of step 1: {responses} responses, sampled, to training questions").format(
            reward=percent(row["reward"]), responses=whole(config.prompts_of(learner) * config.group_size(learner))
        )
    ]
    if _is_number(row["heldout_success"]):
        parts.append(
            _("{held} is of one sampled response to each held-out question, asked before the update of step 1").format(
                held=percent(row["heldout_success"])
            )
        )
    parts.append(
        _("{sampled} is of {samples} sampled responses to each").format(
            sampled=percent(before.sampled.success.value), samples=before.samples
        )
    )
    parts.append(_("{greedy} is of the greedy responses").format(greedy=percent(before.greedy.success.value)))
    return _("Several numbers say how good the start model is, as it is asked in several ways: {numbers}.").format(
        numbers=_("; ").join(parts)
    )


def _buttons(run: RunInfo) -> None:
    can = possible(run, make_draft(PRESET, {}), training=shared.training_off() is None)
    runs = shared.store()
    with st.container(horizontal=True, vertical_alignment="center", key="real_live_row"):
        kind = "resume" if can.resume else "pause"
        st.button(
            _("Resume") if can.resume else _("Pause"),
            icon=":material/resume:" if can.resume else ":material/pause:",
            disabled=not (can.resume or can.pause),
            on_click=ask,
            args=(runs, run.id, kind),
            key="real_pause",
        )
        st.button(
            _("Stop"),
            icon=":material/stop:",
            disabled=not can.stop,
            on_click=ask,
            args=(runs, run.id, "stop"),
            key="real_stop",
        )
        _lab_link(run)
    say_small(_("The page may be left: the run goes on, and its link brings you back here."))


def _lab_link(run: RunInfo) -> None:
    st.page_link(
        lesson("lab").path,
        label=_("Open this run in the lab"),
        icon=":material/science:",
        query_params=lab_query({"run": run.id}),
    )


def curves(run: RunInfo, rows: list[dict[str, Any]]) -> None:
    """Reward over the steps, and held-out success where it was measured on the way."""
    if not rows:
        st.info(_("This run has made no step."), icon=":material/hourglass_empty:")
        return
    import plotly.graph_objects as go

    drawing = go.Figure()
    readout: list[dict[str, Any]] = []
    lines = []
    for learner in run.learners:
        own = sorted((x for x in rows if x["learner"] == learner.name), key=lambda x: x["step"])
        known = [x for x in own if _is_number(x["reward"])]
        if not known:
            continue
        name = learner_title(learner.name)
        dash = line_dash(LEARNER_KINDS[learner.algorithm].colour)
        line = {"color": colour(learner.algorithm), "width": 2, "dash": dash}
        steps = [x["step"] + 1 for x in known]
        drawing.add_scatter(
            x=steps, y=[x["reward"] for x in known], name=_("{name}: reward").format(name=name), line=line
        )
        held = [x for x in own if _is_number(x["heldout_success"])]
        drawing.add_scatter(
            x=[x["step"] + 1 for x in held],
            y=[x["heldout_success"] for x in held],
            name=_("{name}: held-out success").format(name=name),
            mode="markers",
            marker={"color": colour(learner.algorithm), "size": 9, "symbol": "diamond-open", "line": {"width": 2}},
        )
        lines.append(
            _("{name} from {first} to {last}").format(
                name=name, first=percent(known[0]["reward"]), last=percent(known[-1]["reward"])
            )
        )
        readout += [
            {
                _("step"): x["step"] + 1,
                _("learner"): name,
                _("reward"): f"{x['reward']:.2f}" if _is_number(x["reward"]) else "–",
                _("held-out success"): f"{x['heldout_success']:.2f}" if _is_number(x["heldout_success"]) else "–",
                _("tokens a response"): f"{x['completion_length']:.1f}" if _is_number(x["completion_length"]) else "–",
            }
            for x in own[:: max(1, len(own) // 20)]
        ]
    drawing.update_xaxes(title=_("step"))
    drawing.update_yaxes(title=_("share"), range=[0, 1.03], tickformat=".0%")
    alt = _("Mean reward of each step's own responses: {numbers}. Diamonds: success on held-out questions.").format(
        numbers=listed(lines)
    )
    figure(drawing, key="real_curves", alt=alt, table=readout, height=300)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
