"""γ and λ on the frozen batch: the same responses, rewards and values, credited under other settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.learners.registry import discount_of
from lessons.how_ppo_works.words import surprise_words
from lessons.i18n import _, listed, one_after_another
from lessons.kit.critic import tokens_at
from lessons.kit.display import literal, plain, token_name
from lessons.kit.lesson import Choice, Frozen, Group, Reply, engine, figure, line_colour, predict, signed_colour
from lessons.kit.numbers import number, signed
from lessons.kit.ties import lowest

if TYPE_CHECKING:
    from core.insight import whatif


@st.cache_resource(show_spinner=False, max_entries=16)
def _tensors(run_id: str, learner: str, step: int, made: float, _batch: Frozen) -> whatif.StoredStep:
    from core.insight import whatif

    return whatif.stored_step(_batch.samples, _batch.tokens)


def raw_advantages(batch: Frozen, reply: Reply, gamma: float, lam: float, *, penalty: bool = True) -> list[float]:
    """The response's advantages before whitening under this γ and λ, by the function that trains; with or without the
    KL penalty in its rewards.
    """
    engine()
    from core.insight import whatif

    made = next(x.updated for x in batch.run.learners if x.name == batch.learner)
    step = _tensors(batch.run.id, batch.learner, batch.step, made, batch)
    # The value after a cut-off response is not in a trace; without it nothing follows the last token.
    changes = {"gamma": gamma, "lam": lam, "bootstrap_truncated": False, **({} if penalty else {"kl_coef": 0.0})}
    settings = whatif.adjusted(batch.settings, changes)
    raw = whatif.credit_under(step, settings).advantages_raw
    return [float(x) for x in raw[step.panel.samples.index(reply.sample)][: len(reply.tokens)]]


def prediction(batch: Frozen, group: Group) -> bool:
    """Which token would be blamed most at λ = 0? The right answer comes out of the batch."""
    reply = group.telling
    settings = batch.settings
    gamma = discount_of(settings).gamma
    bare = raw_advantages(batch, reply, gamma, 0.0)
    critic = raw_advantages(batch, reply, gamma, 0.0, penalty=False)
    worst = lowest(bare)
    alike = len(worst) == len(bare)
    places = sorted({0, *worst[: 1 if alike else 3], len(bare) - 1})
    tie = ""
    if len(worst) > 1 and not alike:
        tie = _("{count} tokens tie for the lowest: {tokens}.").format(count=len(worst), tokens=tokens_at(reply, worst))
    choices = [
        Choice(
            _("token {n} of {all}: {token}").format(n=t + 1, all=len(bare), token=_quoted(reply.tokens[t])),
            t in worst and not alike,
            one_after_another(surprise_words(t + 1, bare[t], critic[t], bare[t] - critic[t]), tie),
        )
        for t in places
    ]
    everyone = Choice(
        _("all tokens alike"),
        alike,
        _("λ = 0 leaves each token its own surprise alone.")
        if alike
        else _("λ = 0 leaves each token its own surprise alone, and here surprises differ."),
    )
    question = _(
        "Take the response {response} ({verdict}). Set λ to 0, so that no later surprise reaches an earlier token. "
        "Which token is blamed most?"
    )
    verdict = _("right") if reply.success else _("wrong")
    words = question.format(response=_quoted(reply.text), verdict=verdict)
    return predict("ppo_lambda", words, [*choices, everyone], about=f"{batch.run.id} {batch.step} {reply.sample}")


def _quoted(text: str) -> str:

    return _("“{text}”").format(text=plain(token_name(text), 80))


def sliders(batch: Frozen, group: Group) -> None:
    """The sliders and what they make of the response. One fragment."""
    st.fragment(_sliders)(batch, group)


def _sliders(batch: Frozen, group: Group) -> None:
    reply, settings = group.telling, batch.settings
    trained = float(getattr(settings, "gamma", 1.0)), float(getattr(settings, "lam", 1.0))
    left, right = st.columns(2)
    gamma = left.slider(
        _("γ: how much a reward one token later counts"),
        0.0,
        1.0,
        trained[0],
        0.01,
        key="ppo_gamma",
        bind="query-params",
    )
    lam = right.slider(
        _("λ: how far a surprise reaches back"), 0.0, 1.0, trained[1], 0.01, key="ppo_lam", bind="query-params"
    )
    bare = raw_advantages(batch, reply, gamma, 0.0)
    now = raw_advantages(batch, reply, gamma, lam)
    before = raw_advantages(batch, reply, *trained)
    _figure(reply, bare, now, before, raw_advantages(batch, reply, gamma, lam, penalty=False))
    with st.container(key="ppo_lam_says"):
        st.markdown(_says(gamma, lam, now, bare, reply))


def _figure(reply: Reply, bare: list[float], now: list[float], before: list[float], critic: list[float]) -> None:
    import html

    import plotly.graph_objects as go

    # The same digit may stand at several places: the axis is of places, the tokens are their names.
    names = [html.escape(token_name(literal(x, 12)), quote=False) for x in reply.tokens]
    places = list(range(1, len(names) + 1))
    drawing = go.Figure()
    drawing.add_bar(
        x=places,
        y=bare,
        name=_("surprise δ"),
        marker_color=[signed_colour(x) for x in bare],
        opacity=0.55,
        showlegend=True,
    )
    drawing.add_scatter(
        x=places,
        y=before,
        name=_("A, as trained"),
        mode="lines",
        line={"color": line_colour("blue"), "dash": "dot", "width": 2},
    )
    drawing.add_scatter(
        x=places,
        y=now,
        name=_("A, with your γ and λ"),
        mode="lines+markers",
        line={"color": line_colour("blue"), "width": 3},
        marker={"size": 8},
    )
    drawing.add_scatter(
        x=places,
        y=critic,
        name=_("of it: critic and reward"),
        mode="lines",
        line={"color": line_colour("blue"), "dash": "dash", "width": 1},
    )
    drawing.update_xaxes(tickvals=places, ticktext=names, tickangle=0, showgrid=False)
    drawing.update_yaxes(title_text=_("before whitening"), zeroline=True)
    low = lowest(now)
    alt = (
        _("Surprise and advantage for each token. The lowest advantage, {value}, is at token {n}.")
        if len(low) == 1
        else _("Surprise and advantage for each token. The lowest advantage, {value}, is at tokens {n}.")
    ).format(value=number(now[low[0]]), n=listed(str(t + 1) for t in low))
    table = [
        {
            _("place"): t + 1,
            _("token"): literal(reply.tokens[t], 12),
            "δ": round(bare[t], 4),
            _("A, as trained"): round(before[t], 4),
            _("A, with your γ and λ"): round(now[t], 4),
            _("of it: critic and reward"): round(critic[t], 4),
            _("of it: KL penalty"): round(now[t] - critic[t], 4),
        }
        for t in range(len(now))
    ]
    figure(drawing, key="ppo_lambda_figure", alt=alt, table=table, height=320)


def _says(gamma: float, lam: float, now: list[float], bare: list[float], reply: Reply) -> str:
    """What the numbers show at the ends of the scale, and in between."""
    first = signed(now[0], 3)
    if lam == 0:
        return _(
            "**λ = 0:** the line runs exactly along the bars. Each token answers only for what changed at that very "
            "token. That is precise if the critic is right, and wrong wherever the critic is wrong."
        )
    if lam == 1 and gamma == 1:
        return _(
            "**λ = 1:** all that followed minus what the critic expected: A = (sum of rewards) − V. The critic’s later "
            "expectations cancel out; the outcome alone speaks, so even the first token gets {first}. Before "
            "whitening, the gradient is then right on average whatever the critic says, but every token carries the "
            "luck of all the later ones."
        ).format(first=first)
    return _(
        "λ = {lam:g}, γ = {gamma:g}: of a surprise, {share:.0%} arrives one token earlier and {far:.0%} ten tokens "
        "earlier. The first token gets {first}. Try 0 and 1."
    ).format(lam=lam, gamma=gamma, share=gamma * lam, far=(gamma * lam) ** 10, first=first)
