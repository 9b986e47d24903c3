"""Is the critic better than a constant? Its error beside a constant's, and what it explains, with what could be."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lessons.i18n import _
from lessons.kit.critic import taught
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, figure, line_colour, role_colour
from lessons.kit.numbers import known, number, table, whole
from lessons.kit.records import STUDY, study
from lessons.kit.truth import Truth


def gauge(batch: Frozen, measured: Truth) -> None:
    """Errors first, as they alone compare with a constant; then the share of variance explained, with its ceiling."""
    st.subheader(_("Is the critic better than a constant?"))
    errors(measured)
    explained(batch, measured)
    over_training()
    taught(batch.run.config, key="truth_blind")


def errors(measured: Truth) -> None:
    """Mean squared error of the critic, of the best constant and of the group's mean, against the true values."""
    rows = [
        (_("PPO's critic"), measured.critic_fit.error),
        (_("the best constant: the true values' mean"), measured.constant_error),
        (_("the mean of the others in the group"), measured.group_fit.error),
    ]
    with st.container(key="truth_errors"):
        say(table([_("in the value's place"), _("mean squared error")], [(name, number(x, 4)) for name, x in rows]))
        say(_errors_words(*(x for _name, x in rows)))
        say_small(
            _(
                "Over all {tokens} tokens, against the measured values; measuring itself adds {noise} to each of the "
                "three."
            ).format(tokens=whole(int(measured.panel.mask.sum())), noise=number(measured.noise, 4))
        )


def _errors_words(critic: float, constant: float, group: float) -> str:
    """Which of the three is nearest, in a sentence chosen by the numbers."""
    if critic < min(constant, group):
        return _("Here the critic is nearer to the truth than any one number, and than the group's mean.")
    if critic < constant:
        return _("Here the critic is nearer to the truth than any one number, but the group's mean is nearer still.")
    if critic < group:
        return _("Here one number for all would be nearer to the truth than the critic; the group's mean would not.")
    return _("Here both one number for all and the group's mean are nearer to the truth than the critic, or as near.")


def explained(batch: Frozen, measured: Truth) -> None:
    """Explained variance from −1 to 1 with its zero line, and the ceiling that perfect values have."""
    import plotly.graph_objects as go

    training = _recorded(batch)
    rows = [
        (_("of the true values"), measured.critic_fit.explained, 1.0),
        (_("of the outcomes"), measured.critic_fit.outcome, measured.ceiling),
        (_("of what it is fitted to"), training, None),
    ]
    drawing = go.Figure()
    drawing.add_bar(
        y=[name for name, _value, _most in rows],
        x=[0.0 if x is None else max(-1.0, min(1.0, x)) for _name, x, _most in rows],
        orientation="h",
        marker={"color": line_colour("blue")},
        text=[known(x) for _name, x, _most in rows],
        textposition="outside",
        cliponaxis=False,
        name=_("PPO's critic"),
    )
    most = [(name, x) for name, _value, x in rows if x is not None]
    drawing.add_scatter(
        y=[name for name, _x in most],
        x=[x for _name, x in most],
        mode="markers",
        name=_("perfect values"),
        marker={"symbol": "line-ns", "size": 22, "line": {"width": 3, "color": line_colour("green")}},
    )
    drawing.add_vline(x=0, line={"width": 2, "color": role_colour("plain")})
    drawing.update_xaxes(
        title=_("explained variance"), range=[-1.15, 1.15], tickvals=[-1, 0, 1], ticktext=[_("−1 or less"), "0", "1"]
    )
    alt = _(
        "Explained variance of the critic: {true} of the true values, {outcome} of how the responses came out, where "
        "perfect values reach {ceiling}, {fit} of its own targets."
    ).format(
        true=known(measured.critic_fit.explained),
        outcome=known(measured.critic_fit.outcome),
        ceiling=known(measured.ceiling),
        fit=known(training),
    )
    numbers = [
        {_("explained variance"): name, _("value"): known(x), _("perfect values"): known(most)}
        for name, x, most in rows
    ]
    figure(drawing, key="truth_gauge", alt=alt, table=numbers, height=230)
    say_small(
        _(
            "Explained variance does not see a constant error: a critic above 0 may still be worse than one number, as "
            "the table tells; one below 0 is worse in any case. Of how responses come out, which is partly chance, "
            "even perfect values explain only {ceiling} here."
        ).format(ceiling=known(measured.ceiling))
    )


def over_training() -> None:
    """The same in the recorded study: errors and the ceiling at each of its steps, over its seeds."""
    of = study()
    if of is None:
        return
    errors, shares = [], []
    for step in of["about"]["at"]:
        rows = {x["credit"]: x for x in of["summary"] if x["step"] == step}
        ppo = rows["ppo"]
        nearness = ppo["value_error"], ppo["constant_error"], rows["group-mean"]["value_error"]
        errors.append((str(step + 1), *(number(x["mean"], 4) for x in nearness)))
        explained = ppo["explained_variance"], ppo["outcome_explained"], rows["perfect"]["outcome_explained"]
        shares.append((str(step + 1), *(known(x["mean"]) for x in explained)))
    title = _("The same over a whole training (recorded, {seeds} seeds)").format(seeds=len(of["about"]["seeds"]))
    with st.expander(title):
        say(_("Mean squared errors:"))
        head = [_("before step"), _("PPO's critic"), _("the best constant"), _("the others' mean")]
        say(table(head, errors, left=0))
        say(_("Explained variance:"))
        head = [_("before step"), _("of the true values"), _("of the outcomes"), _("perfect values: of the outcomes")]
        say(table(head, shares, left=0))
        say_small(_below_zero(of))


def _below_zero(of: dict[str, Any]) -> str:
    """How often the critic explained less than nothing, by the study's own rows."""
    rows = [x for x in of["rows"] if x["credit"] == "ppo" and x["explained_variance"] is not None]
    below = [x for x in rows if x["explained_variance"] < 0]
    worse = [x for x in rows if x["explained_variance"] > 0 and x["value_error"] > x["constant_error"]]
    return _(
        "Of these {all} measurements the critic's explained variance is below 0 in {below}; in {worse} it is above 0 "
        "and the critic is still worse than the best constant. Repeat it with `{command}`."
    ).format(all=len(rows), below=len(below), worse=len(worse), command=STUDY)


def _recorded(batch: Frozen) -> float | None:
    """What the trace has of this step: of the critic's own targets."""
    from lessons import shared

    rows = shared.store().rows_since(batch.run.id, 0)[0]
    own = [x for x in rows if x["learner"] == batch.learner and x["step"] == batch.step]
    return own[0]["vf_explained_var"] if own else None
