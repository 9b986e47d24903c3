"""Which token is blamed most at λ = 0? The right answer comes out of the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.learners.registry import discount_of
from lessons.how_ppo_works.words import surprise_words
from lessons.i18n import _, one_after_another
from lessons.kit.critic import tokens_at
from lessons.kit.display import plain, token_name
from lessons.kit.lesson import Choice, Frozen, Group, Reply, engine, predict
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
        "A guess first. The response {response} is {verdict}. With λ at 0 no later surprise reaches an earlier token: "
        "which token is then blamed most?"
    )
    verdict = _("right") if reply.success else _("wrong")
    words = question.format(response=_quoted(reply.text), verdict=verdict)
    return predict("ppo_lambda", words, [*choices, everyone], about=f"{batch.run.id} {batch.step} {reply.sample}")


def _quoted(text: str) -> str:
    return _("“{text}”").format(text=plain(token_name(text), 80))
