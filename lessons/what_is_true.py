"""What is true? Every prefix finished afresh many times says what each token really did; then who knew it?"""

from __future__ import annotations

import html

import streamlit as st

from lessons.parts.credits import clear_case
from lessons.parts.i18n import _, prose
from lessons.parts.lesson import (
    FOUR,
    Choice,
    Code,
    Frozen,
    Question,
    Reply,
    Row,
    figure,
    frozen,
    lesson_page,
    line_colour,
    pick_group,
    predict,
    quiz,
    revealed,
    say_where,
    token_strips,
)
from lessons.parts.lesson.worked import Line, num, worked
from lessons.parts.linked import linked
from lessons.parts.study import study_section
from lessons.parts.truth import CONTINUATIONS, Truth, is_measured, truth
from lessons.parts.words import plain

KEY = "what-is-true"


def code() -> list[Code]:
    return [
        Code("core/insight/oracle.py", "Oracle.estimate", _("True values: every prefix finished K times")),
        Code("core/insight/agreement.py", "compare", _("Correlation, error and blame accuracy")),
        Code("core/algorithms/value_loss.py", "explained_variance", _("Explained variance of a critic")),
        Code("core/insight/replay.py", "models_at", _("The policy of a step, restored")),
        Code("core/algorithms/vine.py", "credit", _("VinePPO: credit from measured values")),
    ]


# --- the worked example --------------------------------------------------------------------------------------------


def four_tokens() -> None:
    """Measured values instead of a critic's, on the four tokens that the other lessons use."""
    from core.config import VineSettings

    st.header(_("Four tokens, measured"))
    st.markdown(
        _(
            "A policy answers 9+7= with the tokens 1, 6, 0, end. Before each token we let it finish ten times afresh "
            "and count how often the answer comes out right."
        )
    )

    def advantage(n: dict[str, tuple[float, ...]], t: int) -> str:
        return rf"{num(n['token_reward'][t])} + {num(n['value_next'][t])} - {num(n['value'][t])}"

    lines = [
        Line("value", "V^*_t", _("the share of the ten fresh endings that are right, from before the token")),
        Line("token_reward", "r_t", _("the reward comes with the last token; this answer is wrong, so it is 0")),
        Line("advantage_raw", "A^*_t", _("what the token really changed: the value after it minus before"), advantage),
    ]
    worked(FOUR, VineSettings(whiten_advantages=False), lines, key="truth_four", param="wt_ex")
    st.caption(
        _(
            "The third token, 0, takes the value from 0.7 to 0.1: it ruined the answer. Truth here means: under this "
            "policy, which might still have made a mistake later or repaired one."
        )
    )


# --- one response --------------------------------------------------------------------------------------------------


def wrong_reply(batch: Frozen) -> Reply | None:
    """The response to look at: of the chosen prompt, a wrong one."""
    left, right = st.columns(2)
    with left:
        group = pick_group(batch, key="truth_group")
    wrong = [x for x in group.replies if not x.success]
    with right:
        if not wrong:
            st.info(_("Every answer to this prompt was right: nobody to blame. Choose another prompt."))
            return None
        numbers = [x.sample for x in wrong]
        linked = st.query_params.get("wt_reply", "")
        chosen = int(linked) if linked.isascii() and linked.isdecimal() and len(linked) < 6 else -1
        st.session_state["truth_reply"] = chosen if chosen in numbers else clear_case(batch, group).sample
        texts = {x.sample: x.text for x in wrong}
        st.selectbox(
            _("A wrong response"),
            numbers,
            format_func=lambda n: texts.get(n, ""),
            key="truth_reply",
            on_change=lambda: st.query_params.__setitem__("wt_reply", str(st.session_state["truth_reply"])),
        )
    return next(x for x in wrong if x.sample == st.session_state["truth_reply"])


def suspects(reply: Reply) -> list[int]:
    """Places one would think of: the beginning, the sums that were written, and the end."""
    after = [t for t in range(1, len(reply.tokens)) if reply.tokens[t - 1] == "="]
    seconds = [t + 1 for t in after if t + 1 < len(reply.tokens) and reply.tokens[t + 1].isdecimal()]
    return sorted({0, *after, *seconds, len(reply.tokens) - 1})


def accuse(batch: Frozen, reply: Reply, continuations: int) -> Truth | None:
    """The prediction; the truth is only measured once somebody has committed to an answer."""
    key = f"truth_{batch.step}_{reply.sample}"
    places = suspects(reply)
    measured = measure(batch, continuations) if revealed(key) else None
    guilty, drop = _guilty(measured, reply) if measured is not None else (set(), {})
    reasons = {t: _("The value changes by {drop} there.").format(drop=_signed(drop.get(t, 0.0))) for t in places}
    choices = [Choice(_token_at(reply, t), t in guilty, reasons[t]) for t in places]
    other = measured is not None and not guilty & set(places)
    where = ", ".join(_token_at(reply, t) for t in sorted(guilty)) or _("no single token")
    choices.append(Choice(_("another token"), other, _("Truly: {where}.").format(where=where)))
    question = _("{prompt} was answered {response}. Which token truly ruined it?").format(
        prompt=plain(batch.group(reply.group).prompt), response=plain(reply.text)
    )
    return measured if predict(key, question, choices) else None


def measure(batch: Frozen, continuations: int) -> Truth:
    """The truth of the step's panel, with a progress bar where it is not there yet."""
    if is_measured(batch, continuations):
        return truth(batch, continuations)
    words = _("Restoring step {step}'s policy, then finishing every prefix {k} times…")
    bar = st.progress(0.0, text=words.format(step=batch.step + 1, k=continuations))
    try:
        return truth(batch, continuations, lambda share: bar.progress(min(1.0, share)))
    finally:
        bar.empty()


def _guilty(measured: Truth, reply: Reply) -> tuple[set[int], dict[int, float]]:
    """The places with the largest true drop (several if they tie), and every token's true advantage."""
    from core.insight.agreement import blame

    row = measured.panel.samples.index(reply.sample)
    found = blame(measured.true.advantages, measured.panel.mask)[row]
    advantages = measured.true.advantages[row].tolist()
    return {int(t) for t in found.nonzero()[:, 0]}, dict(enumerate(advantages))


def show_reply(batch: Frozen, reply: Reply, measured: Truth) -> None:
    """Three views of the same tokens, one under the other, and the values behind them."""
    row = measured.panel.samples.index(reply.sample)
    count = len(reply.tokens)

    def numbers(x: object) -> list[float]:
        return x[row, :count].tolist()  # type: ignore[index]

    true = measured.true
    low, high = numbers(true.advantages_low), numbers(true.advantages_high)
    more = {_("at least"): low, _("at most"): high, _("true value before it"): numbers(true.values)}
    rows = [
        Row(
            "truth",
            _("Truth: what the token changed"),
            reply.tokens,
            numbers(true.advantages),
            learner="third",
            more=more,
        ),
        Row("ppo", _("PPO: the critic's credit"), reply.tokens, numbers(measured.ppo), learner="ppo"),
        Row("grpo", _("GRPO: one credit for all"), reply.tokens, numbers(measured.grpo), learner="grpo"),
    ]
    token_strips(rows, key="truth_strips", quantity=_("advantage, in units of reward"), pickable=False)
    st.caption(
        _(
            "95% intervals from {k} continuations are read out at each token of the first row; the widest here is "
            "±{half}. PPO's credit holds its KL penalty, and looks ahead with λ = {lam}."
        ).format(
            k=true.continuations,
            half=f"{max(b - a for a, b in zip(low, high, strict=True)) / 2:.2f}",
            lam=f"{batch.settings.lam:g}",  # type: ignore[union-attr]
        )
    )
    values_chart(reply, measured, row)


def values_chart(reply: Reply, measured: Truth, row: int) -> None:
    """The true value of every prefix with its interval, and what stands in for it in PPO and in GRPO."""
    import plotly.graph_objects as go

    count = len(reply.tokens)
    place = list(range(1, count + 1))
    true, low, high = (x[row, :count].tolist() for x in (measured.true.values, measured.true.low, measured.true.high))
    critic = measured.critic[row, :count].tolist()
    mean = reply.reward - float(measured.grpo[row, 0])
    drawing = go.Figure()
    drawing.add_scatter(
        x=place,
        y=true,
        name=_("truth"),
        mode="lines+markers",
        line={"color": line_colour("truth"), "width": 3},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [b - a for a, b in zip(true, high, strict=True)],
            "arrayminus": [a - b for a, b in zip(true, low, strict=True)],
        },
    )
    drawing.add_scatter(
        x=place, y=critic, name=_("PPO's critic"), mode="lines+markers",
        line={"color": line_colour("ppo"), "dash": "dash"}, marker={"symbol": "square"},
    )  # fmt: skip
    drawing.add_scatter(
        x=place, y=[mean] * count, name=_("GRPO: the group's mean"), mode="lines",
        line={"color": line_colour("grpo"), "dash": "dot"},
    )  # fmt: skip
    tokens = ["eos" if x == "<eos>" else html.escape(x, quote=False) for x in reply.tokens]
    drawing.update_xaxes(tickvals=place, ticktext=tokens, title=_("before this token"))
    drawing.update_yaxes(title=_("expected reward"), range=[-0.1, 1.15])
    table = [
        {
            _("token"): reply.tokens[t],
            _("truth"): round(true[t], 3),
            _("at least"): round(low[t], 3),
            _("at most"): round(high[t], 3),
            _("PPO's critic"): round(critic[t], 3),
            _("GRPO: the group's mean"): round(mean, 3),
        }
        for t in range(count)
    ]
    alt = _("True value before each token, from {first} to {last}, beside the critic's and the group's mean.").format(
        first=f"{true[0]:.2f}", last=f"{true[-1]:.2f}"
    )
    figure(drawing, key="truth_values", alt=alt, table=table)


# --- the panel -----------------------------------------------------------------------------------------------------


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
        line={"color": line_colour("truth"), "dash": "dot"},
    )  # fmt: skip
    for who, credit, symbol in (("ppo", measured.ppo, "circle"), ("grpo", measured.grpo, "diamond-open")):
        drawing.add_scatter(
            x=true, y=credit[mask].tolist(), mode="markers", name=who.upper(),
            marker={"color": line_colour(who), "symbol": symbol, "size": 7, "opacity": 0.75},
        )  # fmt: skip
    drawing.update_xaxes(title=_("true advantage of the token"))
    drawing.update_yaxes(title=_("what the method credited"))
    alt = _("Each token's true advantage against PPO's and GRPO's credit. Correlation: PPO {ppo}, GRPO {grpo}.").format(
        ppo=_known(measured.agreement["ppo"].correlation), grpo=_known(measured.agreement["grpo"].correlation)
    )
    figure(drawing, key="truth_scatter", alt=alt, height=360)


def agreement_table(measured: Truth) -> None:
    ppo, grpo = measured.agreement["ppo"], measured.agreement["grpo"]
    head = "| | PPO | GRPO | {guess} |\n|---|---:|---:|---:|\n".format(guess=_("blind guess"))
    rows = [
        (_("correlation with the truth"), _known(ppo.correlation), _known(grpo.correlation), "0"),
        (_("mean absolute error"), f"{ppo.mean_absolute_error:.2f}", f"{grpo.mean_absolute_error:.2f}", "–"),
        (
            _("blame accuracy ({count} responses)").format(count=ppo.blamed),
            _known(ppo.blame_accuracy),
            _known(grpo.blame_accuracy),
            _known(ppo.chance),
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


def gauge(batch: Frozen, measured: Truth) -> None:
    """Explained variance from −1 to 1 with its zero line."""
    import plotly.graph_objects as go

    from lessons import server

    st.subheader(_("Is the critic better than a constant?"))
    rows = [
        x
        for x in server.store().rows_since(batch.run.id, 0)[0]
        if x["learner"] == batch.learner and x["step"] == batch.step
    ]
    training = rows[0]["vf_explained_var"] if rows else None
    names = [_("of the true values"), _("of what it is fitted to")]
    values = [measured.explained, training]
    drawing = go.Figure()
    shown = [0.0 if x is None else max(-1.0, min(1.0, x)) for x in values]
    drawing.add_bar(
        y=names, x=shown, orientation="h", marker={"color": line_colour("ppo")},
        text=[_known(x) for x in values], textposition="outside", cliponaxis=False, showlegend=False,
    )  # fmt: skip
    drawing.add_vline(x=0, line={"width": 3, "color": line_colour("truth")})
    drawing.update_xaxes(
        range=[-1.15, 1.15],
        tickvals=[-1, 0, 1],
        ticktext=[_("−1 or less: misleading"), _("0: a constant"), _("1: perfect")],
    )
    alt = _("Explained variance of the critic: {true} of the true values, {fit} of its own targets.").format(
        true=_known(measured.explained), fit=_known(training)
    )
    table = [{_("explained variance"): name, _("value"): _known(x)} for name, x in zip(names, values, strict=True)]
    figure(drawing, key="truth_gauge", alt=alt, table=table, height=170)
    st.caption(
        _(
            "Below zero is possible and common early on: the critic then misleads more than no critic would. GRPO's "
            "stand-in for a critic, the group's mean, is by its nature a constant within a response."
        )
    )


# --- the learner that is told --------------------------------------------------------------------------------------


def race() -> None:
    """The lab, ready to race a learner whose credit is measured."""
    st.header(_("A learner that is told the truth"))
    st.markdown(
        _(
            "VinePPO asks the oracle during training: it writes K = 8 fresh endings of every prefix and needs no "
            "critic. It pays for its credit in generated tokens."
        )
    )
    if st.button(_("Race PPO, GRPO and VinePPO in the lab"), icon=":material/flag:", key="truth_race"):
        from lessons.catalog import lesson

        st.session_state["lab_preset"], st.session_state["lab_typed"] = "chain-sum-vine", {}
        st.session_state.pop("lab_run", None)
        tag = st.query_params.get("lang")
        query = {"preset": "chain-sum-vine", **({"lang": tag} if tag else {})}
        st.switch_page(lesson("lab").path, query_params=query)
    st.markdown(_("On the command line: `python -m core train --preset chain-sum-vine`"))


# --- words ---------------------------------------------------------------------------------------------------------


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _known(value: float | None) -> str:
    return _("none") if value is None else f"{value:.2f}".replace("-", "−")


def _token_at(reply: Reply, t: int) -> str:
    token = "eos" if reply.tokens[t] == "<eos>" else reply.tokens[t]
    return _("“{token}” at position {position}").format(token=plain(token, 12), position=t + 1)


def questions() -> list[Question]:
    return [
        Question(
            _("What is the true value of a prefix?"),
            (
                Choice(
                    _("The mean reward of the policy's own continuations of it"),
                    True,
                    _("Value is an expectation over how this policy goes on, so it can be measured by letting it."),
                ),
                Choice(
                    _("1 if everything so far is right, else 0"),
                    False,
                    _("A right beginning may still be ruined later, and a wrong one is sometimes repaired."),
                ),
                Choice(
                    _("What the critic says once it has converged"),
                    False,
                    _("The critic estimates it; how well is just what this page measures."),
                ),
            ),
        ),
        Question(
            _("A right intermediate sum has a true advantage of nearly 0. Why?"),
            (
                Choice(
                    _("It was expected: the policy would nearly always have written it"),
                    True,
                    _("An advantage is a change of expectation. What was expected changes nothing."),
                ),
                Choice(_("Only wrong tokens have advantages"), False, _("A lucky right token has a positive one.")),
                Choice(
                    _("Rewards come only at the end"),
                    False,
                    _("Values carry the reward back to where it was decided; that is what they are for."),
                ),
            ),
        ),
        Question(
            _("The critic's explained variance is −0.4. What does that mean?"),
            (
                Choice(
                    _("Its values are a worse prediction than one constant number"),
                    True,
                    _("0 is what a constant reaches; below it the critic adds errors of its own."),
                ),
                Choice(
                    _("There is a bug: a variance cannot be negative"),
                    False,
                    _("It is 1 minus a quotient of variances, which may be larger than 1."),
                ),
                Choice(
                    _("It predicts the opposite of every reward"),
                    False,
                    _("That would be one way to get there; being noisy or late is the usual one."),
                ),
            ),
        ),
        Question(
            _("GRPO blames all tokens of a wrong response alike. Why does it still learn?"),
            (
                Choice(
                    _("Over many responses, innocent tokens are also praised in right ones; the ruinous one is not"),
                    True,
                    _("The errors average out. That takes samples, which is GRPO's price for having no critic."),
                ),
                Choice(
                    _("Clipping keeps the innocent tokens from being changed"),
                    False,
                    _("The clip knows nothing of guilt: it looks at the ratio alone."),
                ),
                Choice(
                    _("It does not; it only learns from right responses"),
                    False,
                    _("Wrong responses push their tokens down, with the same machinery."),
                ),
            ),
        ),
    ]


def page() -> None:
    st.markdown(prose(KEY))
    four_tokens()
    st.header(_("Which token ruined this answer?"))
    batch = frozen("ppo")
    if batch is not None:
        say_where(batch)
        reply = wrong_reply(batch)
        continuations = linked(
            st.radio,
            _("Continuations per prefix (K)"),
            [str(x) for x in CONTINUATIONS],
            key="wt_k",
            first="32",
            horizontal=True,
        )
        if reply is not None:
            measured = None
            try:
                measured = accuse(batch, reply, int(continuations))
            except ValueError as error:
                st.warning(plain(str(error), 400), icon=":material/hourglass_disabled:")
            if measured is not None:
                show_reply(batch, reply, measured)
                show_panel(batch, measured)
    study_section()
    race()
    quiz("truth_quiz", questions())


with lesson_page(
    KEY,
    question=_("One token ruined the answer. Which one, and did PPO or GRPO know?"),
    summary=_(
        "The truth about a token is how much it changed the expected reward. It can be measured by finishing prefixes "
        "afresh; a critic guesses it cheaply and sometimes wrongly; GRPO does without it and needs more samples."
    ),
    code=code(),
):
    page()
