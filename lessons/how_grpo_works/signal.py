"""How large a lone success counts, and how often a group says nothing at all: predicted, and measured in the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.runs.store import RunStore
from lessons import shared
from lessons.i18n import _, ngettext, one_after_another
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Choice, Frozen, engine, figure, line_colour, predict, predict_number, role_colour
from lessons.kit.numbers import number, signed, table

SIZES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def asked_size(batch: Frozen) -> int:
    """The group size that is asked about: another than the run's, whose groups on this page show the answer."""
    own = batch.run.config.group_size(batch.settings)
    return 2 * own if own <= 32 else 32


def lone(batch: Frozen) -> None:
    """One right answer in a group of G."""
    engine()
    from core.insight.groups import lone_success

    size = asked_size(batch)
    ddof = getattr(batch.settings, "scale_ddof", 1)
    eps = getattr(batch.settings, "scale_eps", 1e-4)
    good, bad = lone_success(size, ddof, eps)
    shown = predict_number(
        "hgw_lone",
        _(
            "Groups of this run have {own} responses. In one of {size}, a single response is right: how large is its "
            "advantage, divided by the group's spread?"
        ).format(size=size, own=batch.run.config.group_size(batch.settings)),
        low=0.0,
        high=8.0,
        step=0.25,
        outcome=good,
        tolerance=0.3,
        reason=_(
            "Mean {mean}, so the one is {above} above it; the spread is small, since the others all agree. Each wrong "
            "response gets {bad}: together they weigh just as much, the other way."
        ).format(mean=number(1 / size), above=number(1 - 1 / size), bad=signed(bad)),
        about=str(size),
    )
    if shown:
        st.fragment(_lone_curve)(size, eps)


def _lone_curve(size: int, eps: float) -> None:
    import plotly.graph_objects as go

    from core.insight.groups import lone_success

    chosen = st.select_slider(_("Group size G"), SIZES, value=min(SIZES, key=lambda x: abs(x - size)), key="hgw_size")
    drawing = go.Figure()
    readout: list[dict[str, Any]] = []
    for ddof, dash in ((1, "solid"), (0, "dash")):
        right = [lone_success(x, ddof, eps)[0] for x in SIZES]
        wrong = [lone_success(x, ddof, eps)[1] for x in SIZES]
        line = {"dash": dash, "width": 2}
        name = _("right, dividing by G − {ddof}").format(ddof=ddof) if ddof else _("right, dividing by G")
        drawing.add_scatter(x=list(SIZES), y=right, name=name, line={**line, "color": role_colour("positive")})
        name = _("wrong, dividing by G − {ddof}").format(ddof=ddof) if ddof else _("wrong, dividing by G")
        drawing.add_scatter(x=list(SIZES), y=wrong, name=name, line={**line, "color": role_colour("negative")})
        readout += [
            {"G": g, "ddof": ddof, _("right response"): signed(a, 3), _("wrong response"): signed(b, 3)}
            for g, a, b in zip(SIZES, right, wrong, strict=True)
        ]
    drawing.add_vline(x=chosen, line={"color": role_colour("accent"), "width": 1, "dash": "dot"})
    drawing.update_xaxes(title="G", type="log", tickvals=list(SIZES), ticktext=[str(x) for x in SIZES])
    drawing.update_yaxes(title=_("advantage"), zeroline=True)
    one, other = lone_success(chosen, 1, eps), lone_success(chosen, 0, eps)
    with st.container(key="hgw_lone_said"):
        say(
            _(
                "G = {size}: **{one}** with G − 1 in the spread, which is (G − 1)/√G; **{other}** with G, which is √(G "
                "− 1). Each wrong response gets {bad} or {worse}."
            ).format(size=chosen, one=signed(one[0], 3), other=signed(other[0], 3), bad=signed(one[1], 3),
                     worse=signed(other[1], 3))
        )  # fmt: skip
    alt = _("The advantage of the one right response grows about as the square root of the group's size.")
    figure(drawing, key="hgw_lone_figure", alt=alt, table=readout, height=280)


@dataclass(frozen=True)
class Silence:
    """Shares of groups without a signal over a run's steps; lists in the order of `steps`."""

    steps: tuple[int, ...]  # from 1
    success: tuple[float, ...]  # p of the step
    measured: tuple[float, ...]
    predicted: tuple[float, ...]  # p^G + (1-p)^G
    drawn: dict[int, float]  # smaller group sizes: the mean share measured on subsets of the groups
    formula: dict[int, float]  # and what the formula says on average over the same steps
    all_right: float  # of the groups without a signal, the share that is all right
    graded: bool  # whether rewards have more than two values: then no success rate tells how many groups are alike


@st.cache_data(show_spinner=False, max_entries=32)
def silence(run_id: str, learner: str, last: int, made: float, _runs: RunStore) -> Silence:
    """Reads every step's rewards once. A reward above 0 counts as right; groups of other sizes than G are left out.

    Where rewards have more than two values nothing is counted.
    """
    engine()
    from core.insight.groups import no_signal, no_signal_drawn

    config = _runs.get(run_id).config
    size = config.group_size(config.learner(learner))
    sizes = [x for x in SIZES if x <= size]
    steps, success, measured, predicted = list[int](), list[float](), list[float](), list[float]()
    drawn, expected = dict.fromkeys(sizes, 0.0), dict.fromkeys(sizes, 0.0)
    everything = [0, 0]
    kinds = set[float]()
    for step in range(last + 1):
        rows = _runs.samples(run_id, learner, step).select(["group", "reward"]).to_pydict()
        kinds |= set(rows["reward"])
        if len(kinds) > 2:
            steps = []
            break
        right: dict[int, list[bool]] = {}
        for group, reward in zip(rows["group"], rows["reward"], strict=True):
            right.setdefault(group, []).append(reward > 0)
        counts = [sum(x) for x in right.values() if len(x) == size]
        if not counts:
            continue
        p = sum(counts) / len(counts) / size
        steps.append(step + 1)
        success.append(p)
        measured.append(sum(c in (0, size) for c in counts) / len(counts))
        predicted.append(no_signal(p, size))
        everything[0] += sum(c == size for c in counts)
        everything[1] += sum(c in (0, size) for c in counts)
        for x in sizes:
            drawn[x] += sum(no_signal_drawn(c, size, x) for c in counts) / len(counts)
            expected[x] += no_signal(p, x)
    total = max(1, len(steps))
    return Silence(
        tuple(steps), tuple(success), tuple(measured), tuple(predicted),
        {x: y / total for x, y in drawn.items()}, {x: y / total for x, y in expected.items()},
        everything[0] / max(1, everything[1]), len(kinds) > 2,
    )  # fmt: skip


def no_signal_share(batch: Frozen) -> None:
    """Predicted by p^G + (1−p)^G, and measured over the run's steps."""
    learner = next(x for x in batch.run.learners if x.name == batch.learner)
    silent = silence(batch.run.id, batch.learner, learner.step, learner.updated, shared.store())
    size = batch.run.config.group_size(batch.settings)
    if silent.graded:
        st.info(
            _(
                "This run's rewards have more than two values, so how many groups are alike follows from no success "
                "rate."
            ),
            icon=":material/group_off:",
        )
        return
    if not silent.steps:
        st.info(
            _("This run has no whole group of {size} responses, so nothing can be counted here.").format(size=size),
            icon=":material/group_off:",
        )
        return
    p, share = _mean(silent.success), _mean(silent.measured)
    guess = _mean(silent.predicted)
    say(
        one_after_another(
            _(
                "If every response were right with the same chance p, a group of G would be all right or all wrong "
                "with chance $p^G + (1 - p)^G$."
            ),
            ngettext(
                "In this run's only step the success rate is {p}, and the formula gives **{guess}** with it.",
                "Over this run's {steps} steps the success rate is {p} on average, and the formula gives **{guess}** "
                "with each step's own p.",
                len(silent.steps),
            ).format(steps=len(silent.steps), p=number(p), guess=f"{100 * guess:.0f} %"),
        )
    )
    gap, numbers = share - guess, _("Measured {share}, formula {guess}.").format(
        share=f"{100 * share:.0f} %", guess=f"{100 * guess:.0f} %"
    )  # fmt: skip
    why = _(
        "Questions differ: some are nearly always right, some rarely. The formula's curve bends upwards, so mixed "
        "difficulties give more silent groups than one difficulty with the same mean."
    )
    choices = [
        Choice(_("More than that"), gap > 0.02, f"{numbers} {why}"),
        Choice(_("As many, within 2 points"), abs(gap) <= 0.02, f"{numbers} {why if gap > 0.02 else ''}".strip()),
        Choice(_("Fewer"), gap < -0.02, f"{numbers} {why if gap > 0.02 else ''}".strip()),
    ]
    if predict("hgw_silence", _("How many groups really had no signal?"), choices, about=batch.run.id):
        _over_steps(silent, size)
        _by_size(silent)


def _over_steps(silent: Silence, size: int) -> None:
    import plotly.graph_objects as go

    drawing = go.Figure()
    drawing.add_scatter(
        x=list(silent.steps),
        y=list(silent.measured),
        name=_("measured"),
        mode="lines",
        line={"color": line_colour("orange")},
    )
    drawing.add_scatter(
        x=list(silent.steps),
        y=list(silent.predicted),
        name=_("formula, from the step's success rate"),
        mode="lines",
        line={"color": "#808a9b", "dash": "dash"},
    )
    drawing.update_xaxes(title=_("step"))
    drawing.update_yaxes(title=_("groups without a signal"), range=[0, 1.03], tickformat=".0%")
    every = max(1, len(silent.steps) // 15)
    rows = zip(silent.steps, silent.success, silent.measured, silent.predicted, strict=True)
    readout = [
        {_("step"): s, _("success rate"): number(p), _("measured"): number(m), _("formula"): number(f)}
        for s, p, m, f in list(rows)[::every]
    ]
    alt = _("Share of groups of {size} without a signal, from {first} at the first step to {last} at the last.").format(
        size=size, first=number(silent.measured[0], 2), last=number(silent.measured[-1], 2)
    )
    figure(drawing, key="hgw_silence_figure", alt=alt, table=readout, height=280)
    say_small(
        _(
            "{share} of the silent groups are all right: these {size} responses leave nothing to compare, and nothing "
            "to learn."
        ).format(share=f"{100 * silent.all_right:.0f} %", size=size)
    )


def _by_size(silent: Silence) -> None:
    head = [_("responses per question"), _("measured"), _("formula")]
    rows = ((str(x), f"{100 * silent.drawn[x]:.0f} %", f"{100 * silent.formula[x]:.0f} %") for x in silent.drawn)
    with st.container(key="hgw_sizes"):
        say(table(head, rows, left=0))
        say_small(_("Smaller groups are measured on all subsets of the real ones. Larger ones would need another run."))


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)
