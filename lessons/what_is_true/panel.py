"""All responses of the step whose tokens were kept: where the truth is from, and how near each method's credit is."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import LEARNER_KINDS, discount_of
from lessons.i18n import _
from lessons.kit.display import learner_title, plain
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, figure, line_colour
from lessons.kit.numbers import DASH, known, table, whole
from lessons.kit.truth import Truth
from lessons.what_is_true.gauge import gauge
from lessons.what_is_true.titles import credit_titles


def show_panel(batch: Frozen, measured: Truth) -> None:
    """All responses of the step whose tokens were kept: scatter, numbers, gauge."""
    st.header(_("All responses of this step ({count})").format(count=len(measured.panel.samples)))
    provenance(batch, measured)
    scatter(batch, measured)
    agreement_table(batch, measured)
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
        learner=plain(learner_title(batch.learner)),
        step=batch.step + 1,
        how=how,
        drift=f"{measured.drift:.1g}",
        rollouts=whole(measured.true.rollouts),
        prefixes=measured.true.prefixes,
        seconds=f"{measured.seconds:.1f}" if measured.seconds >= 0.1 else f"{measured.seconds:.2f}",
    )
    say_small(text)
    if measured.drift > 1e-2:
        st.warning(
            _(
                "This machine computes differently from the one that made the run: the policy measured here is not "
                "quite the one that wrote these responses."
            ),
            icon=":material/difference:",
        )


def penalised(batch: Frozen) -> bool:
    """Whether the learner has a KL penalty in its reward: only then is its credit made of two parts."""
    return batch.settings.kl_coef > 0


def scatter(batch: Frozen, measured: Truth) -> None:
    import plotly.graph_objects as go

    mask = measured.panel.mask
    true = measured.true.advantages[mask].tolist()
    drawing = go.Figure()
    reach = 1.05
    drawing.add_scatter(
        x=[-reach, reach], y=[-reach, reach], mode="lines", name=_("exactly right"),
        line={"color": line_colour("green"), "dash": "dot"},
    )  # fmt: skip
    whole = [("ppo", "PPO", measured.ppo, "circle")]
    parts = [
        ("ppo", _("PPO: without the KL penalty"), measured.parts.critic, "circle"),
        ("ppo", _("PPO: KL penalty"), measured.parts.penalty, "x-thin-open"),
    ]
    for who, name, credit, symbol in (
        *(parts if penalised(batch) else whole),
        ("grpo", "GRPO", measured.grpo, "diamond-open"),
    ):
        drawing.add_scatter(
            x=true, y=credit[mask].tolist(), mode="markers", name=name,
            marker={"color": line_colour(LEARNER_KINDS[who].colour), "symbol": symbol, "size": 7, "opacity": 0.75},
        )  # fmt: skip
    drawing.update_xaxes(title=_("true advantage of the token"))
    drawing.update_yaxes(title=_("what the method credited"))
    words = (
        _(
            "Each token's true advantage against PPO's credit, in its two parts, and GRPO's. Correlation: PPO {ppo}, "
            "without its KL penalty {critic}, GRPO {grpo}."
        )
        if penalised(batch)
        else _("Each token's true advantage against PPO's credit and GRPO's. Correlation: PPO {ppo}, GRPO {grpo}.")
    )
    alt = words.format(**{name: known(measured.agreement[name].correlation) for name in ("ppo", "critic", "grpo")})
    figure(drawing, key="truth_scatter", alt=alt, height=360)


def agreement_table(batch: Frozen, measured: Truth) -> None:
    """Each credit against the truth, a line each: PPO's whole, its parts, what λ alone makes wrong, and GRPO's."""
    lam = f"{discount_of(batch.settings).lam:g}"
    of = measured.agreement
    head = [
        _("credit"),
        _("correlation with the truth"),
        _("mean absolute error"),
        _("blame accuracy (responses: {count})").format(count=of["ppo"].blamed),
    ]
    rows = [
        (title, known(x.correlation), f"{x.mean_absolute_error:.2f}", known(x.blame_accuracy))
        for name, title in credit_titles(penalised(batch), lam).items()
        if (x := of.get(name)) is not None
    ]
    rows.append((_("blind guess"), "0", DASH, known(of["ppo"].chance)))
    with st.container(key="truth_agreement"):
        say(table(head, rows))
        say(_ceiling(of["perfect"].correlation, of["critic"].correlation, lam, penalised(batch)))
        say_small(
            _(
                "Blame accuracy: of the wrong responses that one token ruined beyond doubt, the share in which the "
                "method gave that token its lowest credit. A method that blames all alike is right as often as a "
                "blind guess."
            )
        )


def _ceiling(perfect: float | None, critic: float | None, lam: str, penalty: bool) -> str:
    """What λ makes wrong of its own, in a sentence chosen by the numbers."""
    if perfect is None or critic is None:
        return _("In this step nothing varies that could be compared.")
    words = (
        _(
            "With perfect values in the critic's place PPO's credit would reach {perfect} at λ = {lam}; without the KL "
            "penalty the critic's credit reaches {critic}."
        )
        if penalty
        else _(
            "With perfect values in the critic's place PPO's credit would reach {perfect} at λ = {lam}; the critic's "
            "reaches {critic}."
        )
    )
    sentence = words.format(perfect=known(perfect), critic=known(critic), lam=lam)
    if lam == "0":
        return sentence
    rest = _(
        "What is missing to 1 even then comes from λ, by which a token's credit holds later tokens' surprises, too, "
        "and from measuring the truth itself."
    )
    return f"{sentence} {rest}"
