"""The same by oneself: a reward model of one's own choice of labels, and the lab with a policy that is pushed on it."""

from __future__ import annotations

import streamlit as st

from core.config import RunConfig
from core.errors import ConfigError
from core.insight.proxy_results import LEARNING_RATE
from core.models import reward
from core.presets import PRESETS
from core.reward_run import reward_config
from lessons import shared
from lessons.catalog import lesson
from lessons.i18n import _, tell
from lessons.kit.controls import start
from lessons.kit.display import plain
from lessons.kit.draft import Draft
from lessons.kit.glossary import say_small
from lessons.kit.numbers import percent, whole
from lessons.kit.preset_race import race_in_lab
from lessons.kit.to_lab import lab_query

PRESET = "reply"
PAIRS = (20, 50, 100, 200, 500, 1000, 2000)
#: What the reward model that is left begins its name with.
NAME = "proxy"


def run_it_yourself() -> None:
    """Two steps: a worker trains a reward model on a judge's labels, and the lab trains policies on it."""
    left, right = st.columns(2)
    with left:
        pairs = st.select_slider(_("1. Pairs that the judge sees"), PAIRS, 100, format_func=whole, key="proxy_pairs")
        noise = st.slider(_("Labels flipped"), 0, 50, 25, 5, "%d %%", key="proxy_noise")
        off = shared.training_off()
        why = None if off is None else plain(tell(off))
        if st.button(
            _("Train the reward model in the lab"),
            icon=":material/thumbs_up_down:",
            key="proxy_train",
            disabled=off is not None,
            help=why,
        ):
            _train(asked(pairs, noise / 100))
    with right:
        held = st.slider(_("2. KL coefficient"), 0.0, 0.2, 0.0, 0.01, key="proxy_kl")
        there = kept()
        if there:
            name = st.selectbox(_("Reward model"), there, format_func=about, key="proxy_kept")
            race_in_lab(PRESET, _("Open the lab with PPO and GRPO on it"), key="proxy_lab", typed=typed(name, held))
        else:
            say_small(_("No reward model of the task `{task}` is kept here yet.").format(task=PRESET))
    say_small(_("There, “success” is the taste: it is measured beside the reward, and no learner is paid by it."))


def asked(pairs: int, noise: float) -> RunConfig:
    """The run that trains it: the judge labels by the task's own taste."""
    return reward_config(PRESETS[PRESET], name=NAME, judge_pairs=pairs, judge_noise=noise)


def _train(config: RunConfig) -> None:
    """Starts the run, and goes where it is watched; what is refused stands here."""
    start("proxy_train", shared.store(), shared.launcher, Draft(PRESET, config, config=config))
    note = st.session_state.pop("lab_note", None)
    if note is not None:
        st.error(plain(note))
        return
    st.switch_page(lesson("lab").path, query_params=lab_query({"run": st.session_state["lab_run"]}))


def kept() -> list[str]:
    """The reward models that are kept here and begin from the preset's start model."""
    known = []
    for name in reward.names():
        try:
            if reward.card(name).model == PRESETS[PRESET].model:
                known.append(name)
        except ConfigError as error:
            st.warning(plain(tell(error), 400))
    return known


def about(name: str) -> str:
    """ "proxy-1a2b3c4d: 78 labels, 81 % of held-out pairs right"."""
    card = reward.card(name)
    if card.heldout_accuracy is None:
        return _("{name}: {labels} labels").format(name=name, labels=whole(card.preferences))
    words = _("{name}: {labels} labels, {share} of held-out pairs right")
    return words.format(name=name, labels=whole(card.preferences), share=percent(card.heldout_accuracy))


def typed(name: str, kl_coef: float) -> dict[str, str]:
    """The choice as the lab's form holds it, for both learners, with the study's learning rate."""
    own = {"reward": "reward-model", "reward_model": name, "kl_coef": f"{kl_coef:g}"}
    own["learning_rate"] = f"{LEARNING_RATE:g}"
    return {f"{x.name}.{key}": value for x in PRESETS[PRESET].learners for key, value in own.items()}
