"""Which token is blamed most at λ = 0? The right answer comes out of the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.learners.registry import discount_of
from lessons.how_ppo_works.words import surprise_words
from lessons.i18n import _, one_after_another
from lessons.kit.critic import tokens_at
from lessons.kit.display import plain, token_name
from lessons.kit.lesson import Choice, Frozen, Group, Reply, Row, engine, predict, token_strips
from lessons.kit.lesson.replies import clearest, slips
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


def asked_about(batch: Frozen, group: Group) -> Reply | None:
    """The response that is guessed about: to another question than `group`'s, whose credit the page's pictures show.

    The one whose slip the critic sees best; where it sees none, of the group with right and wrong responses whose
    credit differs most. None where the step kept one question only.
    """
    others = [x for x in batch.groups if x.number != group.number]
    if not others:
        return None
    if (slip := clearest(slips(others))) is not None:
        return slip.reply
    return max(others, key=lambda x: (x.mixed, max(reply.spread for reply in x.replies))).telling


def prediction(batch: Frozen, group: Group) -> None:
    """Which token would be blamed most at λ = 0? Guessed from the critic's values; the right answer is computed."""
    reply = asked_about(batch, group)
    if reply is None:
        return
    bare = raw_advantages(batch, reply, discount_of(batch.settings).gamma, 0.0)
    # The values stand above the question, also on a projector, and the answer beside them once it is given.
    place = st.container(key="ppo_guess_introduces")
    is_seen = predict(
        "ppo_lambda",
        _question(batch, reply),
        _choices(batch, reply, bare),
        about=f"{batch.run.id} {batch.step} {reply.sample}",
    )
    with place:
        row = Row("value", _("the critic's value V"), reply.tokens, reply.column("value"), learner="blue")
        token_strips(
            [row], key="ppo_guess_values", quantity=_("value V before the token"), kind="plain", pickable=False
        )
        if is_seen:
            row = Row("bare", _("PPO, λ = 0: the surprise δ"), reply.tokens, bare, learner="blue")
            token_strips([row], key="ppo_guess_bare", quantity=_("advantage, in units of reward"), pickable=False)


def _question(batch: Frozen, reply: Reply) -> str:
    words = _(
        "A guess first, on another response of this step: to {prompt} the model wrote {response}, which is {verdict}. "
        "Above stands what the critic expected before each token. With λ at 0 no later surprise reaches an earlier "
        "token: which token is then blamed most?"
    )
    verdict = _("right") if reply.success else _("wrong")
    prompt = plain(batch.group(reply.group).prompt, 80)
    return words.format(prompt=prompt, response=_quoted(reply.text), verdict=verdict)


def _choices(batch: Frozen, reply: Reply, bare: Sequence[float]) -> list[Choice]:
    """The first and the last token and those that are blamed most, at `bare`, their credit at λ = 0; or all alike."""
    critic = raw_advantages(batch, reply, discount_of(batch.settings).gamma, 0.0, penalty=False)
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
    return [*choices, everyone]


def _quoted(text: str) -> str:
    return _("“{text}”").format(text=plain(token_name(text), 80))
