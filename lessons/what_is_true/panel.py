"""All responses of the step whose tokens were kept: where the truth is from, and how near each method's credit is."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import LEARNER_KINDS
from lessons.i18n import _
from lessons.kit.display import plain
from lessons.kit.lesson import Frozen, figure, line_colour
from lessons.kit.numbers import known
from lessons.kit.truth import Truth
from lessons.what_is_true.gauge import gauge


def show_panel(batch: Frozen, measured: Truth) -> None:
    """All responses of the step whose tokens were kept: scatter, numbers, gauge."""
    st.header(_("All {count} responses of this step").format(count=len(measured.panel.samples)))
    provenance(batch, measured)
    scatter(measured)
    agreement_table(measured)
    gauge(batch, measured)


def provenance(batch: Frozen, measured: Truth) -> None:
    how = {
        "start": _("the start weights"),
        "checkpoint": _("a checkpoint of the run"),
        "training again": _("training again from the run's seed up to this step"),
    }[measured.origin]
    text = _(
        "This is the truth of {learner}'s policy before step {step} (source: {how}). Scored again, its numbers differ "
        "from the trace's by at most {drift}. {rollouts} continuations of {prefixes} prefixes took {seconds} s."
    ).format(
        learner=plain(batch.learner.upper()),
        step=batch.step + 1,
        how=how,
        drift=f"{measured.drift:.1g}",
        rollouts=f"{measured.true.rollouts:,}",
        prefixes=measured.true.prefixes,
        seconds=f"{measured.seconds:.1f}",
    )
    st.caption(text)
    if measured.drift > 1e-2:
        st.warning(
            _(
                "This machine computes differently from the one that made the run: the policy measured here is not "
                "quite the one that wrote these responses."
            ),
            icon=":material/difference:",
        )


def scatter(measured: Truth) -> None:
    import plotly.graph_objects as go

    mask = measured.panel.mask
    true = measured.true.advantages[mask].tolist()
    drawing = go.Figure()
    reach = 1.05
    drawing.add_scatter(
        x=[-reach, reach], y=[-reach, reach], mode="lines", name=_("exactly right"),
        line={"color": line_colour("green"), "dash": "dot"},
    )  # fmt: skip
    for who, credit, symbol in (("ppo", measured.ppo, "circle"), ("grpo", measured.grpo, "diamond-open")):
        drawing.add_scatter(
            x=true, y=credit[mask].tolist(), mode="markers", name=who.upper(),
            marker={"color": line_colour(LEARNER_KINDS[who].colour), "symbol": symbol, "size": 7, "opacity": 0.75},
        )  # fmt: skip
    drawing.update_xaxes(title=_("true advantage of the token"))
    drawing.update_yaxes(title=_("what the method credited"))
    alt = _("Each token's true advantage against PPO's and GRPO's credit. Correlation: PPO {ppo}, GRPO {grpo}.").format(
        ppo=known(measured.agreement["ppo"].correlation), grpo=known(measured.agreement["grpo"].correlation)
    )
    figure(drawing, key="truth_scatter", alt=alt, height=360)


def agreement_table(measured: Truth) -> None:
    ppo, grpo = measured.agreement["ppo"], measured.agreement["grpo"]
    head = "| | PPO | GRPO | {guess} |\n|---|---:|---:|---:|\n".format(guess=_("blind guess"))
    rows = [
        (_("correlation with the truth"), known(ppo.correlation), known(grpo.correlation), "0"),
        (_("mean absolute error"), f"{ppo.mean_absolute_error:.2f}", f"{grpo.mean_absolute_error:.2f}", "–"),
        (
            _("blame accuracy ({count} responses)").format(count=ppo.blamed),
            known(ppo.blame_accuracy),
            known(grpo.blame_accuracy),
            known(ppo.chance),
        ),
    ]
    with st.container(key="truth_agreement"):
        st.markdown(head + "\n".join("| " + " | ".join(row) + " |" for row in rows))
        st.caption(
            _(
                "Blame accuracy: of the wrong responses that one token ruined beyond doubt, the share in which the "
                "method gave that token its lowest credit. A method that blames all alike is right as often as a "
                "blind guess."
            )
        )
