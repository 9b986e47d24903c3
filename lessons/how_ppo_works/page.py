"""How PPO works: the pipeline alive, and one real training step taken apart, with its settings as sliders."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import learner
from lessons.how_ppo_works.check import code, questions
from lessons.how_ppo_works.pipeline import pipeline_section
from lessons.how_ppo_works.prediction import prediction
from lessons.how_ppo_works.response_steps import response_steps
from lessons.i18n import _, prose
from lessons.kit.glossary import say
from lessons.kit.lesson import FOUR, frozen, lesson_page, pick_group, ppo_lines, quiz, worked

#: The label stands beside the choice, so that the whole pipeline is in the first screen; a prediction below the values
#: that it is about is on theirs.
STYLE = """<style>
.st-key-ppo_group [data-testid=stSelectbox] { display: flex; align-items: center; gap: 0.75rem; }
.st-key-ppo_group [data-testid=stSelectbox] > :last-child { flex: 1; min-width: 0; }
@container style(--presenting: 1) {
  .st-key-ppo_group { order: 1; }
  .st-key-ppo_lambda_predict { gap: 0.25rem; }
}
</style>"""

with lesson_page(
    "how-ppo-works",
    question=_("The reward comes once, at the end of a response. How can PPO know which token earned it?"),
    summary=_(
        "PPO lets a trained critic say what it expects before each token; what changes in that expectation becomes "
        "each token's own advantage. The clip ends the push on a token whose ratio has left its range that way."
    ),
    code=code(),
):
    batch = frozen("ppo")
    if batch is not None:
        st.html(STYLE)
        group = pick_group(batch, key="ppo_group")
        pipeline_section(batch, group)
    say(prose("how-ppo-works"))
    st.header(_("Four tokens, worked out"))
    say(
        _(
            "A made-up response of four tokens, small enough to follow with a pencil: its third token is the blunder. "
            "What the models say of it is given; everything else is computed by the functions that train."
        )
    )
    settings = learner("ppo", gamma=1.0, lam=0.5, kl_coef=0.1)
    worked(FOUR, settings, ppo_lines(settings), key="ppo_worked")
    if batch is not None:
        st.header(_("One real training step, taken apart"))
        prediction(batch, group)
        response_steps(batch, group)
    quiz("ppo_quiz", questions())
