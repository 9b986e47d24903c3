"""Before and after on the same held-out questions: shares with their intervals, pass@k, and form against arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from lessons.a_real_instruct_model.guess import measured_ways
from lessons.a_real_instruct_model.intervals import interval, span
from lessons.a_real_instruct_model.shown import Seen
from lessons.a_real_instruct_model.watch import colour, own_mark
from lessons.i18n import _, listed
from lessons.kit.display import plain
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import figure, role_colour
from lessons.kit.numbers import percent, points, table

if TYPE_CHECKING:
    from core.insight.before_after import AnswerRates, BeforeAfter, Estimate, Side, Split

    Compared = tuple[str, tuple[AnswerRates, AnswerRates, Split]]  # a name, rates before and after, the gain in parts

GREY = "#7d8797"


def sides(done: Sequence[Seen]) -> list[tuple[str, str | None, Side]]:
    """(what to call it, whose it is, the answers): the start model's once where all learners' are alike, then each
    learner's after training."""
    before_sides: list[tuple[str, str | None, Side]] = []
    firsts = [(x, x.both.before) for x in done if x.both is not None]
    alike = all((b.greedy, b.sampled) == (firsts[0][1].greedy, firsts[0][1].sampled) for _x, b in firsts)
    for seen, before in firsts[:1] if alike else firsts:
        before_sides.append((_("before") if alike else _("{name} before").format(name=seen.title), None, before))
    after = [(x, x.both.after) for x in done if x.both is not None]
    return [*before_sides, *((_("{name} after").format(name=x.title), x.algorithm, side) for x, side in after)]


def success(done: Sequence[Seen]) -> None:
    """The share of right answers, greedy and sampled, and pass@k beside it where there are samples."""
    columns = sides(done)
    sampled = all(x.samples for _name, _who, x in columns)
    places = st.columns(2) if sampled and columns[0][2].samples > 1 else [st.container()]
    with places[0]:
        st.subheader(_("Right answers"))
        _shares(columns, sampled)
    if len(places) > 1:
        with places[1]:
            st.subheader(_("pass@k: at least one of k samples is right"))
            _pass_at(columns)


def _shares(columns: list[tuple[str, str | None, Side]], sampled: bool) -> None:
    kinds: list[tuple[str, Callable[[Side], AnswerRates | None]]] = [(_("greedy"), lambda x: x.greedy)]
    if sampled:
        kinds.append((_("sampled"), lambda x: x.sampled))
    readout, lines = [], []
    series: list[tuple[str, str | None, list[float], list[Estimate]]] = []
    for n, (name, who, side) in enumerate(columns):
        shift = (n - (len(columns) - 1) / 2) * 0.18
        answers = [(kind, x) for kind, measured in kinds if (x := measured(side)) is not None]
        estimates = [x.success for _kind, x in answers]
        series.append((name, who, [i + shift for i in range(len(estimates))], estimates))
        readout += [
            {_("responses"): kind, _("when"): name, _("right"): percent(x.success.value), "95 %": interval(x.success)}
            for kind, x in answers
        ]
        lines.append(f"{name} " + listed(f"{percent(x.success.value)} ({kind})" for kind, x in answers))
    drawing = _dots(series, lines=False)
    drawing.update_xaxes(
        title=_("responses"),
        tickvals=list(range(len(kinds))),
        ticktext=[x for x, _y in kinds],
        range=[-0.5, len(kinds) - 0.5],
    )
    drawing.update_yaxes(title=_("right"), range=[0, 1.03], tickformat=".0%")
    alt = _("Share of right answers with 95 % intervals: {numbers}.").format(numbers="; ".join(lines))
    figure(drawing, key="real_success", alt=alt, table=readout, height=320)


def _pass_at(columns: list[tuple[str, str | None, Side]]) -> None:
    readout, lines = [], []
    series: list[tuple[str, str | None, list[float], list[Estimate]]] = []
    for n, (name, who, side) in enumerate(columns):
        shift = (n - (len(columns) - 1) / 2) * 0.05
        series.append((name, who, [k + shift for k in range(1, side.samples + 1)], list(side.pass_at)))
        readout += [
            {"k": str(k), _("when"): name, "pass@k": percent(x.value), "95 %": interval(x)}
            for k, x in enumerate(side.pass_at, 1)
        ]
        ends = (side.pass_at[0].value, side.pass_at[-1].value)
        words = _("{name} from {first} to {last}")
        lines.append(words.format(name=name, first=percent(ends[0]), last=percent(ends[1])))
    drawing = _dots(series, lines=True)
    drawing.update_xaxes(title="k", dtick=max(1, columns[0][2].samples // 8))
    drawing.update_yaxes(title="pass@k", range=[0, 1.03], tickformat=".0%")
    alt = _("pass@k for k from 1 to {samples}: {numbers}.").format(
        samples=columns[0][2].samples, numbers="; ".join(lines)
    )
    figure(drawing, key="real_pass", alt=alt, table=readout, height=320)


def _dots(series: list[tuple[str, str | None, list[float], list[Estimate]]], *, lines: bool) -> Any:
    import plotly.graph_objects as go

    drawing = go.Figure()
    for name, who, x, estimates in series:
        ink = GREY if who is None else colour(who)
        drawing.add_scatter(
            x=x,
            y=[e.value for e in estimates],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [e.high - e.value for e in estimates],
                "arrayminus": [e.value - e.low for e in estimates],
                "thickness": 2,
                "width": 5,
            },
            mode="lines+markers" if lines else "markers",
            line={"color": ink, "width": 1.5, "dash": "dot" if who is None else "solid"},
            marker={"color": ink, "size": 11, "symbol": "circle-open" if who is None else own_mark(who)},
            name=name,
            customdata=[interval(e) for e in estimates],
            hovertemplate="%{y:.0%} (%{customdata})",
        )
    return drawing


def measures(done: Sequence[Seen]) -> None:
    """Everything that was measured, as one table: a column for before and one for each learner after."""
    columns = sides(done)
    sampled = all(x.samples for _name, _who, x in columns)
    each = [x.sampled if sampled and x.sampled is not None else x.greedy for _name, _who, x in columns]
    rows = [[_("right, greedy"), *(_with(x.greedy.success) for _name, _who, x in columns)]]
    if sampled:
        rows.append([_("right, sampled"), *(_with(x.success) for x in each)])
        best = columns[0][2].samples
        rows.append([f"pass@{best}", *(_with(x.pass_at[-1]) for _name, _who, x in columns)])
    rows += [
        [_("readable"), *(percent(x.readable) for x in each)],
        [_("right among the readable"), *(percent(x.right_among_readable) for x in each)],
        [_("cut off at the limit"), *(percent(x.truncated) for x in each)],
        [_("cut off, the right number read in it so far"), *(percent(x.cut_right / x.answers) for x in each)],
        [_("mean length in tokens"), *(f"{x.length:.1f}" for x in each)],
    ]
    with st.container(key="real_measures"):
        say(table([_("measured"), *(plain(name) for name, _who, _x in columns)], rows))
    kind = _("sampled") if sampled else _("greedy")
    say_small(
        _(
            "The last five lines are of the {kind} responses. Readable: an answer can be read in it, and it ended by "
            "itself. In brackets: 95 % intervals, Wilson's; samples of one question resemble each other, and the "
            "interval of the sampled responses takes that into account. That of pass@k is a bootstrap over the "
            "questions."
        ).format(kind=kind)
    )


def _with(estimate: Estimate) -> str:
    return f"**{percent(estimate.value)}** ({span(estimate)})"


def form_or_arithmetic(done: Sequence[Seen]) -> None:
    """Each learner's gain in two parts that add up to it."""
    st.subheader(_("Form or arithmetic?"))
    say(
        _(
            "A response is right if an answer can be read in it **and** that answer is right: success = readable × "
            "right among the readable. So the gain splits into two parts that add up to it exactly (each is the mean "
            "of changing that factor first and changing it last)."
        )
    )
    compared = [x for seen in done if seen.both is not None for x in _splits(seen.title, seen.both)]
    readout = [
        {
            _("learner"): x,
            _("before"): percent(t[0].success.value),
            _("from form"): points(t[2].format),
            _("from arithmetic"): points(t[2].arithmetic),
            _("after"): percent(t[1].success.value),
        }
        for x, t in compared
    ]
    lines = "; ".join(
        _("{name}: {total} points, {form} from form, {arithmetic} from arithmetic").format(
            name=x, total=points(t[2].total), form=points(t[2].format), arithmetic=points(t[2].arithmetic)
        )
        for x, t in compared
    )
    figure(
        _stacked(compared),
        key="real_split",
        alt=_("What the change in right answers is made of. {numbers}.").format(numbers=lines),
        table=readout,
        height=130 + 60 * len(compared),
    )
    say_small(
        _(
            "The split counts, it does not explain. A response that was cut off counts as unreadable even if its sum "
            "was right so far; and which responses are readable changes with training, too. How one asks changes the "
            "split, so sampled and greedy responses are split apart."
        )
    )
    if any(t[0].right_among_readable is None for _x, t in compared):
        say_small(_("Before training nothing was readable, so nothing is known of its arithmetic: all counts as form."))


def _stacked(compared: Sequence[Compared]) -> Any:
    """A bar for each: what was right before, and the two parts of the gain beside it (below zero: of a loss)."""
    import plotly.graph_objects as go

    drawing = go.Figure()
    parts = (
        (_("before"), [100 * t[0].success.value for _x, t in compared], GREY),
        (_("from form"), [100 * t[2].format for _x, t in compared], role_colour("accent")),
        (_("from arithmetic"), [100 * t[2].arithmetic for _x, t in compared], role_colour("truth")),
    )
    for n, (name, values, ink) in enumerate(parts):
        drawing.add_bar(
            y=[x for x, _facts in compared],
            x=values,
            name=name,
            orientation="h",
            marker={"color": ink},
            text=[points(v / 100) if n else percent(v / 100) for v in values],
            textangle=0,
            textposition="inside",
            insidetextanchor="middle",
            constraintext="none",
            hoverinfo="skip",
        )
    drawing.update_layout(barmode="relative", bargap=0.45)
    drawing.update_xaxes(title=_("right answers, in percent of all"), range=[min(0, *_lows(parts)) - 3, 103])
    return drawing


def _splits(title: str, both: BeforeAfter) -> list[Compared]:
    """The sampled answers' split, where there are any, and the greedy ones': each under its name."""
    words = {"sampled": _("{name}, sampled"), "greedy": _("{name}, greedy")}
    return [(words[way].format(name=title), numbers) for way, numbers in measured_ways(both).items()]


def _lows(parts: Sequence[tuple[str, list[float], str]]) -> list[float]:
    """How far the bars reach below zero."""
    rows = zip(*(values for _name, values, _ink in parts), strict=True)
    return [sum(min(0.0, v) for v in row) for row in rows]
