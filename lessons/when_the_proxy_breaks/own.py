"""The same by oneself: a reward model of one's own choice of labels, and the lab with a policy that is pushed on it."""

from __future__ import annotations

import streamlit as st

from core.errors import ConfigError
from core.models import reward
from core.presets import PRESETS
from lessons.i18n import _, tell
from lessons.kit.display import plain
from lessons.kit.glossary import say
from lessons.kit.numbers import percent, whole
from lessons.kit.preset_race import race_in_lab

PRESET = "reply"
PAIRS = (20, 50, 100, 200, 500, 1000, 2000)


def run_it_yourself() -> None:
    """Two steps: a reward model is made by a process of its own, and the lab trains policies on it."""
    left, right = st.columns(2)
    with left:
        pairs = st.select_slider(_("Pairs that the judge sees"), PAIRS, 100, format_func=whole, key="proxy_pairs")
        noise = st.slider(_("Labels flipped"), 0, 50, 25, 5, "%d %%", key="proxy_noise")
    say(_("Make a reward model of such labels; some seconds to a minute:"))
    st.code(command(pairs, noise / 100), language="bash")
    there = kept()
    with right:
        held = st.slider(_("KL coefficient"), 0.0, 0.2, 0.0, 0.01, key="proxy_kl")
        if there:
            name = st.selectbox(_("Reward model"), there, format_func=about, key="proxy_kept")
            race_in_lab(PRESET, _("Open the lab with PPO and GRPO on it"), key="proxy_lab", typed=typed(name, held))
        else:
            st.info(_("No reward model of the task `{task}` is kept here yet.").format(task=PRESET))


def command(pairs: int, noise: float) -> str:
    """What makes a reward model of a judge's labels."""
    return f"python -m core reward --preset {PRESET} --judge {pairs} --noise {noise:g} --name proxy"


def kept() -> list[str]:
    """The reward models that are kept here and begin from the preset's start model, the last made ones first."""
    known = []
    for name in reward.names():
        try:
            if reward.card(name).model == PRESETS[PRESET].model:
                known.append(name)
        except ConfigError as error:
            st.warning(plain(tell(error), 400))
    return known


def about(name: str) -> str:
    """ "proxy-1a2b3c4d: 78 labels, 81 % right"."""
    card = reward.card(name)
    if card.heldout_accuracy is None:
        return _("{name}: {labels} labels").format(name=name, labels=whole(card.preferences))
    words = _("{name}: {labels} labels, {share} of held-out pairs right")
    return words.format(name=name, labels=whole(card.preferences), share=percent(card.heldout_accuracy))


def typed(name: str, kl_coef: float) -> dict[str, str]:
    """The choice as the lab's form holds it, for both learners."""
    own = {"reward": "reward-model", "reward_model": name, "kl_coef": f"{kl_coef:g}"}
    return {f"{x.name}.{key}": value for x in PRESETS[PRESET].learners for key, value in own.items()}
