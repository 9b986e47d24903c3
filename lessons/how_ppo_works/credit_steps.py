"""The sub-steps that credit each token: surprise, GAE and whitening."""

from __future__ import annotations

import math

import streamlit as st

from core.runs.migrations.traces import whitening_of
from lessons.how_ppo_works.pipeline import batch_gamma, batch_lam
from lessons.how_ppo_works.scene import Scene, at, filled, numbers, show, strip_row
from lessons.how_ppo_works.words import surprise_words
from lessons.i18n import _
from lessons.kit.critic import slip_words
from lessons.kit.lesson import FormulaPart, formula
from lessons.kit.lesson.replies import slip_of
from lessons.kit.numbers import number
from lessons.kit.ties import lowest


def delta_step(scene: Scene) -> None:
    formula([FormulaPart(r"\delta_t", "delta", "ppo"), r" = r_t + \gamma V_{t+1} - V_t"], active="delta")
    st.markdown(
        _(
            "Surprise: what the token brought, plus what is expected after it, minus what was expected before it. What "
            "it brought is its KL penalty, and at the end the reward."
        )
    )
    deltas, value, reward = numbers(scene, "delta"), numbers(scene, "value"), numbers(scene, "token_reward")
    score = [0.0] * (scene.length - 1) + [scene.reply.reward]
    penalty = [r - s for r, s in zip(reward, score, strict=True)]
    critic = [d - p for d, p in zip(deltas, penalty, strict=True)]
    more = {"r": reward, "V": value, _("critic and reward"): critic, _("KL penalty"): penalty}
    slip = slip_of(scene.reply, scene.batch.group(scene.reply.group))
    marks = ["frame" if slip is not None and t == slip.at else None for t in range(scene.length)]
    row = strip_row(scene, "delta", "δ", deltas, more=more, learner="blue", marks=marks)
    frame = {"frame": _("the first token that no right response shares")}
    picked = show([strip_row(scene, "v", "V", value), row], _("value and surprise"), marks=frame)
    t = at(picked, lowest(deltas)[0] if slip is None else slip.at)
    filled(scene, t, "delta", r"\delta_t")
    st.markdown(surprise_words(t + 1, deltas[t], critic[t], penalty[t]))
    if slip is not None:
        st.markdown(slip_words(slip))


def gae_step(scene: Scene) -> None:
    formula([FormulaPart("A_t", "gae", "ppo"), r" = \delta_t + \gamma\lambda A_{t+1}"], active="gae")
    st.markdown(
        _(
            "From the last token to the first: a token is credited with its own surprise and with those after it, "
            "faded by γλ = {decay:g} a token. Press Next to fill in the one before."
        ).format(decay=batch_gamma(scene.batch) * batch_lam(scene.batch))
    )
    t = scene.length - scene.place.part
    deltas, raw = numbers(scene, "delta"), numbers(scene, "advantage_raw")
    hidden = [i < t for i in range(scene.length)]
    spot = [i == t for i in range(scene.length)]
    rows = [
        strip_row(scene, "delta", "δ", deltas, spot=spot),
        strip_row(scene, "A", _("advantage A"), raw, hidden=hidden, spot=spot, learner="blue"),
    ]
    show(rows, _("surprise and advantage"), domain=deltas + raw)
    filled(scene, t, "advantage_raw", "A_t")


def whiten_step(scene: Scene) -> None:
    formula([FormulaPart(r"\hat A_t", "whiten", "ppo"), r" = (A_t - \text{mean}) \,/\, \text{std}"], active="whiten")
    raw, used = numbers(scene, "advantage_raw"), numbers(scene, "advantage")
    if getattr(scene.batch.settings, "whiten_advantages", False):
        mean, std = whitening_of(scene.batch.tokens) or (math.nan, math.nan)
        st.markdown(
            _(
                "Over all tokens of the batch, advantages are shifted and scaled to mean 0 and standard deviation 1. "
                "Here the mean was {mean} and the standard deviation {std}. {turned} of these {all} tokens "
                "change their sign by it."
            ).format(
                mean=number(mean),
                std=number(std),
                turned=sum(a * b < 0 for a, b in zip(raw, used, strict=True)),
                all=scene.length,
            )
        )
    else:
        st.markdown(_("Whitening was switched off in this run: the loss used A as it is."))
    rows = [strip_row(scene, "A", _("before: A"), raw), strip_row(scene, "Ahat", _("after: Â"), used, learner="blue")]
    show(rows, _("advantage"))
