"""The sub-steps before credit: the response, its score, its distance from the reference, and the critic's values."""

from __future__ import annotations

import streamlit as st

from lessons.how_ppo_works.scene import Scene, known, show, strip_row
from lessons.how_ppo_works.words import penalty_words
from lessons.i18n import _
from lessons.kit.lesson import FormulaPart, formula


def sample_step(scene: Scene) -> None:
    formula([FormulaPart("o_t", "sample", "ppo"), r" \sim \pi_{\text{old}}(\,\cdot \mid q,\ o_{<t})"], active="sample")
    st.markdown(
        _(
            "The policy gives every possible next token a probability, and one is drawn. Its log-probability is kept: "
            "the ratio will need it. Press Next to draw the next one."
        )
    )
    hidden = [t >= scene.place.part for t in range(scene.length)]
    spot = [t == scene.place.part - 1 for t in range(scene.length)]
    values = scene.reply.column("logprob_old")
    row = strip_row(scene, "sample", _("log-prob, old"), values, hidden=hidden, spot=spot, learner="blue")
    show([row], _("log-probability"), "falling", domain=known(values))


def score_step(scene: Scene) -> None:
    formula([r"R = ", FormulaPart(r"\text{reward}(q, o)", "score", "accent")], active="score")
    verdict = _("right") if scene.reply.success else _("wrong")
    st.markdown(
        _(
            "The finished response gets one number: this one is {verdict}, so R = {reward:g}. It arrives at the last "
            "token. The tokens before it have got nothing yet, which is not the same as 0."
        ).format(verdict=verdict, reward=scene.reply.reward)
    )
    values = [None] * (scene.length - 1) + [scene.reply.reward]
    show([strip_row(scene, "score", _("reward R"), values)], _("reward"), "signed", domain=[-1, 1])


def kl_step(scene: Scene) -> None:
    estimate = scene.batch.settings.kl_reward_estimator
    inside = r"(\log\pi_{\text{old}}(o_t) - \log\pi_{\text{ref}}(o_t))" if estimate == "k1" else rf"k_{estimate[1]}"
    formula(["r_t = -", FormulaPart(rf"\beta\,{inside}", "kl", "negative"), r" + [t = T]\,R"], active="kl")
    st.markdown(_("The frozen reference scores the same tokens. {penalty}").format(penalty=penalty_words(scene.batch)))
    column = f"kl_{estimate}"
    kl, rewards = scene.reply.column(column), scene.reply.column("token_reward")
    more = {
        _("log-prob, old"): scene.reply.column("logprob_old"),
        _("log-prob, ref."): scene.reply.column("logprob_ref"),
    }
    show(
        [strip_row(scene, estimate, estimate, kl, more=more), strip_row(scene, "r", _("token reward r"), rewards)],
        _("KL and reward"),
        domain=known(kl) + known(rewards[:-1]),
        digits=3,
    )


def values_step(scene: Scene) -> None:
    formula([FormulaPart("V_t", "values", "truth"), r" = V_\phi(q,\ o_{<t})"], active="values")
    st.markdown(
        _(
            "Before each token the critic says what reward it expects. It sees the question and the tokens so far, "
            "nothing of what comes."
        )
    )
    show([strip_row(scene, "v", _("value V"), scene.reply.column("value"))], _("value"), "plain")
