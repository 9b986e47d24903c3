"""One real training step, played on one real response, from its first token to the update."""

from __future__ import annotations

import streamlit as st

from core.learners.settings import LearnerSettings
from core.runs.migrations.traces import whitening_of
from core.terms import Term
from lessons.i18n import _, one_after_another
from lessons.kit.first_ratios import first_ratios, older_cuts
from lessons.kit.glossary import say_small
from lessons.kit.lesson import Frozen, Group, Reply
from lessons.kit.lesson.replies import slip_of
from lessons.kit.numbers import number, signed
from lessons.kit.own_surrogate import has_clip, own_surrogate
from lessons.kit.played import Bars, Slider, Station, played
from lessons.kit.ties import lowest

#: How much of a surprise arrives one token earlier, and ten tokens earlier.
FADING = (Term("decay", "gamma * lam"), Term("decay_far", "(gamma * lam) ** 10"))
MOST_PASSES = 3
#: A KL penalty, for the form of the terms, where the run has none: the slider brings it in.
SOME = 0.05


def response_steps(batch: Frozen, group: Group) -> None:
    """The stepper, and what has to be said of runs that are not as it takes them to be."""
    reply, settings = group.telling, batch.settings
    asked = st.query_params.get("sub", "").partition(".")[0]
    slip = slip_of(reply, group)
    parts = stations(batch, reply)
    penalised = _has_reference(batch) and settings.kl_coef == 0
    played(
        batch,
        [reply],
        key="ppo_steps",
        kind="tokens",
        stations=parts,
        sliders=sliders(batch),
        words=_words(batch),
        about=_about(batch, reply),
        start=asked if asked in {x.key for x in parts} else "gae",
        form=settings.model_copy(update={"kl_coef": SOME}) if penalised else None,
        more=FADING,
        fixed={
            "score": [None] * (len(reply.tokens) - 1) + [reply.reward],
            **{f"ratio_{n}": reply.column("ratio", n) for n in range(len(reply.passes))},
        },
        spot=lowest([x or 0.0 for x in reply.column("delta")])[0] if slip is None else slip.at,
    )
    if not has_clip(settings):
        own_surrogate(settings)
    elif older := older_cuts(batch):
        say_small(older)


def stations(batch: Frozen, reply: Reply) -> list[Station]:
    """The sub-steps that this step had, in the order in which one number follows from the other."""
    settings = batch.settings
    whitened = getattr(settings, "whiten_advantages", False)
    drawn = Bars("logprob_old", _("log-probability"), "falling", grows=True)
    reward, value, delta = Bars("token_reward", _("reward r")), Bars("value", _("value V"), "plain"), Bars("delta", "δ")
    raw, used = Bars("advantage_raw", _("advantage A")), Bars("advantage", "Â")
    passes = len(reply.passes)
    chosen = range(passes) if passes <= MOST_PASSES else [0, 1, passes - 1]
    names = [_("ρ before the update") if n == 0 else _("ρ after pass {n}").format(n=n) for n in chosen]
    ratios = tuple(Bars(f"ratio_{n}", name, "ratio", grows=True) for n, name in zip(chosen, names, strict=True))
    rows = [
        Station("sample", _("Sample token by token"), (drawn,), each=True, seconds=4),
        Station("score", _("Score the response"), (_grown(Bars("score", _("reward R"))),)),
    ]
    if _has_reference(batch):
        estimate = settings.kl_reward_estimator
        rows.append(
            Station(
                "kl",
                _("KL for each token"),
                (Bars(f"old_{estimate}", _("KL {estimate}").format(estimate=estimate), grows=True), _grown(reward)),
                ("token_reward",),
                each=True,
                seconds=3,
            )
        )
    rows += [
        Station("values", _("What the critic expected"), (_grown(value),), each=True, seconds=3),
        Station("delta", _("Surprise δ"), (reward, value, _grown(delta)), ("delta",), each=True, seconds=3),
        Station(
            "gae",
            _("GAE, from the end backwards"),
            (delta, _grown(raw)),
            ("advantage_raw",),
            each=True,
            backward=True,
            seconds=5,
        ),
    ]
    if whitened:
        rows.append(Station("whiten", _("Whitening"), (raw, _grown(used)), ("advantage",), each=True, seconds=2.5))
    rows.append(Station("ratio", _("Ratio"), ratios, (), seconds=2))
    if batch.gradients and has_clip(settings):
        taken = Bars("taken", _("ρ at the last gradient"), "ratio")
        objective = Bars("surrogate_value", _("objective J"), grows=True)
        rows.append(Station("clip", _("Clip"), (used, taken, objective), ("surrogate_value",), each=True, extra="clip"))
    moved = Bars(f"ratio_{passes - 1}", _("ρ after the update"), "ratio", grows=True)
    rows.append(Station("update", _("Update"), (used, moved), each=True))
    return rows


def sliders(batch: Frozen) -> list[Slider]:
    """γ, λ, ε and β, from what they are in the run."""
    settings: LearnerSettings = batch.settings
    own = [
        Slider("gamma", "γ", _("γ: how much a reward one token later counts"), getattr(settings, "gamma", 1.0),
               (("gamma", 0.0),), "gae"),
        Slider("lam", "λ", _("λ: how far a surprise reaches back"), getattr(settings, "lam", 1.0),
               (("lam", 0.0),), "gae"),
    ]  # fmt: skip
    if batch.gradients and has_clip(settings):
        wider = settings.clip_high - settings.epsilon
        both = (("epsilon", 0.0), ("clip_high", wider))
        own.append(
            Slider("epsilon", "ε", _("ε: how far a ratio may go before the gradient is cut"), settings.epsilon, both,
                   "clip", low=0.01, high=max(0.5, settings.epsilon))
        )  # fmt: skip
    if _has_reference(batch):
        own.append(
            Slider("beta", "β", _("β: what the KL to the reference costs"), settings.kl_coef, (("kl_coef", 0.0),),
                   "kl", high=max(0.5, 2 * settings.kl_coef))
        )  # fmt: skip
    return own


def _grown(bars: Bars) -> Bars:
    return Bars(bars.name, bars.label, bars.kind, grows=True, line=bars.line)


def _has_reference(batch: Frozen) -> bool:
    """Whether the reference scored every stored token."""
    return batch.tokens.num_rows > 0 and batch.tokens["logprob_ref"].null_count == 0


def _about(batch: Frozen, reply: Reply) -> dict[str, str | int]:
    stored, all_ = sum(len(x.replies) for x in batch.groups), batch.samples.num_rows
    mean, std = whitening_of(batch.tokens) or (None, None)
    followed, tokens = _followed(batch)
    return {
        "verdict": _("right") if reply.success else _("wrong"),
        "reward": f"{reply.reward:g}",
        "passes": batch.passes,
        "first_ratios": first_ratios(batch),
        "stored": sum(len(x.tokens) for g in batch.groups for x in g.replies),
        "responses": stored,
        "all_responses": all_,
        "own_mean": _("none") if mean is None else signed(mean, 3),
        "own_std": _("none") if std is None else number(std),
        "followed": followed,
        "tokens": tokens,
    }


def _clip_words(batch: Frozen) -> str:
    """What the clip does here: with one pass in one mini-batch nothing, and more of it with a dual clip."""
    settings = batch.settings
    clip = _(
        "Range {low_ratio} to {high_ratio}. Tokens that have left it the way their advantage wants, so that their "
        "gradient is 0: {own} of {n} here, {share} % of the stored {all}. Move ε, or the dot."
    )
    once = _("With one pass in one mini-batch every gradient is taken at ratio 1: the clip never cuts.")
    single = batch.passes == 1 and settings.num_mini_batches == 1
    c = getattr(settings, "dual_clip", None)
    dual = _("This run has a dual clip, too: where Â < 0, J is at least {c:g} · Â, and above ρ = {c:g} is cut.")
    return one_after_another(clip, once if single else "", "" if c is None else dual.format(c=c))


def _words(batch: Frozen) -> dict[str, str]:
    whitened = getattr(batch.settings, "whiten_advantages", False)
    return {
        "columns": _("Tokens of the response: press one to see its formula"),
        "says_sample": _(
            "The policy draws one token after the other. Under each: its log-probability when it was drawn."
        ),
        "says_score": _(
            "The whole response gets one number, at its end: it is {verdict}, so R = {reward}. The tokens before have "
            "got nothing yet, which is not the same as 0."
        ),
        "says_kl": _(
            "The frozen reference scores the same tokens. β = {kl_coef} times the KL is taken off each one's r."
        ),
        "says_kl_free": _(
            "The frozen reference scores the same tokens. With β = 0 that costs nothing: move β to see what it would."
        ),
        "says_values": _(
            "Before each token the critic says what reward it expects, from the question and the tokens so far."
        ),
        "says_delta": _(
            "Surprise: what the token brought, plus what is expected after it, minus what was expected before. The "
            "lowest is {low}, at token {low_n}, “{low_token}”."
        ),
        "says_gae": _(
            "A token is credited with its own surprise and with those after it, faded by γλ = {decay} a token: ten "
            "tokens earlier {far} % is left. The first token gets {first}. Move λ to 0 and to 1."
        ),
        "says_whiten": _(
            "Minus the mean, {mean}, divided by the standard deviation, {std}. Tokens that change their sign by it: "
            "{turned} of {n}."
        ),
        "says_ratio": one_after_another(
            _("The batch is used {passes} times, and each time its tokens become likelier or less likely."),
            "{first_ratios}",
        ),
        "says_clip": _clip_words(batch),
        "says_update": _(
            "The weights move so that J grows. Tokens share weights: of the stored {tokens}, {followed} moved as their "
            "own advantage wants."
        )
        if batch.gradients
        else _("While the critic warms up, the policy takes no gradient."),
        "clip_cut": _(
            "Token {n}, “{token}”, Â = {advantage}: at ρ = {ratio} the line is flat, so its gradient is cut."
        ),
        "clip_free": _(
            "Token {n}, “{token}”, Â = {advantage}: at ρ = {ratio} J is {objective}, and its gradient counts."
        ),
        "clip_alt": _("The objective J of one token over its ratio ρ"),
        "clip_dot": _("The token's ratio ρ"),
        "normalised": _(
            "Normalised over what is stored here: {stored} tokens of {responses} of the step's {all_responses} "
            "responses. The training step took all of them: mean {own_mean}, standard deviation {own_std}."
        )
        if whitened
        else "",
    }


def _followed(batch: Frozen) -> tuple[int, int]:
    """How many of the stored tokens became likelier or unlikelier as their advantage wants, and of how many."""
    moved = count = 0
    for reply in (r for g in batch.groups for r in g.replies):
        columns = (reply.column("logprob_old"), reply.column("logprob", -1), reply.column("advantage"))
        for old, now, advantage in zip(*columns, strict=True):
            if old is not None and now is not None and advantage is not None:
                count += 1
                moved += (now - old) * advantage > 0
    return moved, count
