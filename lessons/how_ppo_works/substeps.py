"""One real training step taken apart, on one real response."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lessons.how_ppo_works.credit_steps import delta_step, gae_step, whiten_step
from lessons.how_ppo_works.rollout_steps import kl_step, sample_step, score_step, values_step
from lessons.how_ppo_works.scene import Scene
from lessons.how_ppo_works.update_steps import clip_step, ratio_step, update_step
from lessons.i18n import _
from lessons.kit.lesson import Frozen, Group, Sub, stepper


def substeps(batch: Frozen, group: Group) -> None:
    """The stepper, the term in play, and the numbers so far. One fragment."""
    st.fragment(_substeps)(batch, group)


def subs(length: int) -> list[Sub]:
    """The sub-steps for a response of `length` tokens."""
    return [
        Sub("sample", _("Sample token by token"), length),
        Sub("score", _("Score the response")),
        Sub("kl", _("KL for each token")),
        Sub("values", _("What the critic expected")),
        Sub("delta", _("Surprise δ")),
        Sub("gae", _("GAE, from the end backwards"), length),
        Sub("whiten", _("Whitening")),
        Sub("ratio", _("Ratio")),
        Sub("clip", _("Clip")),
        Sub("update", _("Update")),
    ]


def _substeps(batch: Frozen, group: Group) -> None:
    reply = group.telling
    place = stepper(subs(len(reply.tokens)), key="ppo_sub")
    with st.container(key="ppo_sub_body"):
        _DRAW[place.key](Scene(batch, reply, place))


_DRAW: dict[str, Callable[[Scene], None]] = {
    "sample": sample_step,
    "score": score_step,
    "kl": kl_step,
    "values": values_step,
    "delta": delta_step,
    "gae": gae_step,
    "whiten": whiten_step,
    "ratio": ratio_step,
    "clip": clip_step,
    "update": update_step,
}
