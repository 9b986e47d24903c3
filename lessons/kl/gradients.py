"""The gradient that each estimate of the KL really gives as a loss: per token, and through all weights."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import ConfigError
from core.runs.store import RunStore
from lessons import shared
from lessons.i18n import _, tell
from lessons.kit.display import plain
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen
from lessons.kit.numbers import number, table, whole
from lessons.kit.restored import too_large
from lessons.kl.draw import pulls

if TYPE_CHECKING:
    from core.insight.kl_gradient import Directions

REMADE = 60  # steps that a page may train again for a gradient
_importing = threading.Lock()


def gradients(here: Frozen) -> None:
    """What each estimator does when it is the loss: per token, and through all weights."""
    import torch

    from core.insight.kl_study import fresh
    from core.insight.kl_study import pulls as pulls_of

    rows = fresh(here.tokens)
    logprob, ref = (torch.tensor(rows[name].to_numpy(), dtype=torch.float64) for name in ("logprob", "logprob_ref"))
    weights = pulls_of(logprob, ref)
    say(
        _(
            "Autograd on this batch: the loss k moves the sampled token's log π by the factor below. **k1 pushes every "
            "token down by 1**, which averages to nothing. **k2's factor is the log-ratio**, as it should be for the "
            "KL. **k3's stops at 1** for tokens that the policy overrates."
        )
    )
    pulls(logprob, weights)
    if here.step == 0:
        st.info(
            _("At the first step the policy still is the reference: every gradient is 0. Choose a later step above.")
        )
        return
    say(
        _(
            "The whole gradient depends on the other tokens' probabilities too, which the trace does not keep: the "
            "page trains the run again up to this step and takes the gradient of every weight."
        )
    )
    if here.step > REMADE:
        st.info(_("That takes too long from step {limit} on. Choose an earlier step above.").format(limit=REMADE + 2))
        return
    if why_not := too_large(here.run):
        st.info(plain(why_not, 400), icon=":material/hourglass_disabled:")
        return
    pressed = st.button(_("Compute the real gradients (some seconds)"), icon=":material/calculate:", key="rck_autograd")
    state_key = f"rck_directions_{here.run.id}_{here.learner}_{here.step}"
    if pressed:
        st.session_state[state_key] = True
    if not st.session_state.get(state_key):
        return
    try:
        with st.spinner(_("Training the first steps again…")):
            _directions_table(_directions(here.run.id, here.learner, here.step, shared.store()))
    except (ConfigError, OSError) as error:
        st.warning(plain(tell(error), 400), icon=":material/warning:")


@st.cache_data(show_spinner=False, max_entries=32)
def _directions(run_id: str, learner: str, step: int, _runs: RunStore) -> Directions:
    with _importing:  # sessions that arrive during somebody else's first import of transformers can fail
        from core.insight.kl_gradient import directions
        from core.insight.replay import models_at
    models = models_at(_runs, run_id, learner, step)
    return directions(models, _runs.tokens(run_id, learner, step), _runs.samples(run_id, learner, step))


def _directions_table(directions: Directions) -> None:
    names = {
        "k1": _("k1 as the loss"),
        "k2": _("k2 as the loss (and k1 in the reward, at its own token)"),
        "k3": _("k3 as the loss"),
        "reverse": _("KL(reference ‖ policy), the other way round"),
    }
    head = [
        _("gradient of"),
        _("cosine with the KL's gradient"),
        _("length, KL's = 1"),
        _("cosine, sampled tokens only"),
    ]
    lines = []
    for name, words in names.items():
        one, drawn = directions.expected[name], directions.sampled.get(name)
        cosine = _("no direction: 0") if one.cosine is None else number(one.cosine)
        noisy = "" if drawn is None or drawn.cosine is None else number(drawn.cosine)
        lines.append((words, cosine, number(one.length), noisy))
    with st.container(key="rck_directions"):
        say(table(head, lines))
        say_small(
            _(
                "{tokens} tokens, {weights} weights. The first two columns weigh every next token with its "
                "probability, so "
                "they hold no sampling noise; the last takes only the tokens that were sampled, as training does. The "
                "remade policy's log-probabilities differ from the stored ones by at most {drift}."
            ).format(
                tokens=whole(directions.tokens), weights=whole(directions.weights), drift=f"{directions.drift:.1g}"
            )
        )
        k3, back = directions.expected["k3"], directions.expected["reverse"]
        if k3.cosine is not None and back.cosine is not None:
            same = abs(k3.cosine - back.cosine) < 1e-3 and abs(k3.length - back.length) < 1e-3 * max(1.0, back.length)
            say(
                _(
                    "k1 gives nothing, k2 gives the KL's own gradient, and k3 gives that of the KL **the other "
                    "way round**."
                )
                if same
                else _("k3's gradient is neither that of the KL nor, here, exactly that of the KL the other way round.")
            )
