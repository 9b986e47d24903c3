"""How the frozen set lies under policies that move: predicted, drawn, and read out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.learners.kind import Colour
from lessons.i18n import _
from lessons.kit.glossary import say
from lessons.kit.lesson import Choice, figure, line_colour, predict
from lessons.kit.linked import linked
from lessons.kit.numbers import number, signed, table, whole
from lessons.online_or_offline.results import (
    LEARNERS,
    FinalSuccess,
    apart,
    curve,
    final,
    from_nothing,
    kind,
    learnt_from,
    seeds,
    spread_words,
    titled,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ASKED = "sft"


def coverage(with_success: bool) -> None:
    """A prediction about one learner, then all; `with_success`: also how each ends, which another prediction asks."""
    st.header(_("Coverage: does the set still tell about the policy?"))
    say(
        _(
            "**Coverage**: how likely the frozen responses are under the policy, against what it would write now. The "
            "start model wrote them, so at first they are as likely as fresh ones."
        )
    )
    if predict("online_cover", _asked(), _choices(), about="online-or-offline"):
        _chart()
        _table(with_success)


def _asked() -> str:
    return _(
        "SFT learns from nothing but the right responses of the frozen set, over and over. In the end, how likely is a "
        "token of the whole set under its policy, against one that it writes itself?"
    )


def _choices() -> list[Choice]:
    known = from_nothing(ASKED, apart)
    measured = _("Measured: {mean} nats a token (95 % interval {low} to {high}, {seeds} seeds).").format(
        mean=signed(known.mean, 3), low=signed(known.low, 3), high=signed(known.high, 3), seeds=known.seeds
    )
    return [
        Choice(_("Likelier: it was trained on that set"), known.low > 0, measured),
        Choice(_("About as likely"), known.low <= 0 <= known.high, measured),
        Choice(_("Less likely: the policy moved away from it"), known.high < 0, measured),
    ]


def _chart() -> None:
    """One learner's frozen and fresh responses over what it learnt from, and what became of them in a sentence."""
    name = linked(st.segmented_control, _("Learner"), list(LEARNERS), key="cover", first=ASKED, format_func=titled)
    import plotly.graph_objects as go

    drawing, marks, colour = go.Figure(), learnt_from(), kind(name).colour
    frozen = curve(name, lambda x: x.data_logprob)
    fresh = curve(name, lambda x: x.fresh_logprob)
    labels = (_("frozen set"), _("its own fresh responses"))
    for label, (mean, spread), dash in zip(labels, (frozen, fresh), ("dash", "solid"), strict=True):
        _line(drawing, marks, mean, spread, label, colour, dash)
    drawing.update_xaxes(title=_("responses learnt from"))
    drawing.update_yaxes(title=_("log-probability of a token"))
    alt = _("{learner}: log-probability of a token, start → end. Frozen set {frozen}, its own fresh responses {fresh}.")
    ends = {
        key: f"{number(mean[0])} → {number(mean[-1])}" for key, mean in (("frozen", frozen[0]), ("fresh", fresh[0]))
    }
    readout = [
        {
            _("responses learnt from"): whole(mark),
            labels[0]: f"{number(frozen[0][i])} ± {number(frozen[1][i])}",
            labels[1]: f"{number(fresh[0][i])} ± {number(fresh[1][i])}",
        }
        for i, mark in enumerate(marks)
    ]
    words = alt.format(learner=titled(name), **ends)
    figure(drawing, key="online_cover_chart", alt=words, table=readout, height=260)
    say(f"{words} {_apart_words(name)}")


def _line(
    drawing: Figure, marks: list[int], mean: list[float], spread: list[float], label: str, colour: Colour, dash: str
) -> None:
    drawing.add_scatter(
        x=marks,
        y=mean,
        error_y={"type": "data", "array": spread},
        mode="lines+markers",
        name=label,
        line={"color": line_colour(colour), "dash": dash},
    )


def _apart_words(name: str) -> str:
    """Whether the set has become less likely than fresh responses, as far as the seeds tell."""
    known = from_nothing(name, apart)
    if known.high < 0:
        return _("The set has become less likely than what the policy writes now.")
    if known.low > 0:
        return _("The set is likelier than what the policy writes now.")
    return _("{seeds} seeds do not tell the two apart.").format(seeds=len(seeds()))


def _table(with_success: bool) -> None:
    """What each learner comes to: success, distance from the start, and how the set lies under it."""
    head = [_("learner"), "KL", _("frozen − fresh"), _("effective share")]
    rows = [[titled(x), spread_words(x, _kl), spread_words(x, apart), spread_words(x, _ess, 2)] for x in LEARNERS]
    if with_success:
        head.insert(1, _("held-out success"))
        for row, name in zip(rows, LEARNERS, strict=True):
            row.insert(1, spread_words(name, final))
    with st.container(key="online_cover_table"):
        say(table(head, rows))
    say(
        _(
            "After the last step, mean ± standard deviation over {seeds} seeds. Effective share: what is left "
            "of the frozen responses once each is weighed by how much its probability has changed; 1 is all."
        ).format(seeds=len(seeds()))
    )


def _kl(x: FinalSuccess) -> float:
    kl = x.points[-1].kl
    assert kl is not None  # the study measures it
    return kl


def _ess(x: FinalSuccess) -> float:
    ess = x.points[-1].ess
    assert ess is not None  # the study's sets are not spoiled
    return ess
