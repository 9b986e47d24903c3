"""What is true? Every prefix finished afresh many times says what each token really did; then who knew it?"""

from __future__ import annotations

import streamlit as st

from lessons.i18n import _, prose, tell
from lessons.kit.critic import beside
from lessons.kit.display import plain
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import (
    FOUR,
    Code,
    Frozen,
    frozen,
    lesson_page,
    quiz,
    say_where,
    work_out,
)
from lessons.kit.lesson.worked import Line, worked
from lessons.kit.linked import linked
from lessons.kit.preset_start import leave_for_started
from lessons.kit.restored import not_rewritten
from lessons.kit.ties import lowest
from lessons.kit.truth import CONTINUATIONS
from lessons.what_is_true.accuse import accuse, wrong_reply
from lessons.what_is_true.check import questions
from lessons.what_is_true.fall import fall
from lessons.what_is_true.lead import recorded_race
from lessons.what_is_true.panel import show_panel
from lessons.what_is_true.race import START, race
from lessons.what_is_true.reply import show_reply
from lessons.what_is_true.study import study_section

KEY = "what-is-true"


def code() -> list[Code]:
    return [
        Code("core/training/continuations.py", "Oracle.estimate", _("True values: every prefix finished K times")),
        Code("core/insight/agreement.py", "compare", _("Correlation, error and blame accuracy")),
        Code("core/insight/parts.py", "parts_under", _("PPO's credit in its two parts")),
        Code("core/algorithms/foresight.py", "foresight", _("A critic's error, and what it explains")),
        Code("core/insight/replay.py", "models_at", _("The policy of a step, restored")),
        Code("core/learners/kinds/vine.py", "credit", _("VinePPO: credit from measured values")),
    ]


def four_tokens() -> None:
    """Measured values instead of a critic's, on the four tokens that the other lessons use."""
    from core.learners.registry import learner

    st.header(_("Four tokens, measured"))
    say(
        _(
            "A made-up policy answers 9+7= with the tokens 1, 6, 0, end. Before each token it finishes ten times "
            "afresh, and how often the answer comes out right is counted."
        )
    )

    lines = [
        Line("value", "V^*_t", _("the share of the ten fresh endings that are right, from before the token")),
        Line(
            "token_reward",
            "r_t",
            _("the reward comes with the last token; this answer is wrong, so it is 0"),
            given=True,
        ),
        Line("advantage_raw", "A^*_t", _("what the token really changed: the value after it minus before")),
    ]
    settings = learner("vine", whiten_advantages=False)
    worked(FOUR, settings, lines, key="truth_four", param="wt_ex")
    changed, values = work_out(FOUR, settings)["advantage_raw"], FOUR.values or ()
    (worst,) = lowest(changed)
    say_small(
        _(
            "Token {number}, {token}, takes the value from {before} to {after}, further down than any other: it ruined "
            "the answer. Truth here means: under this policy, which might still have made a mistake later or repaired "
            "one."
        ).format(
            number=worst + 1, token=FOUR.tokens[worst], before=f"{values[worst]:g}", after=f"{values[worst + 1]:g}"
        )
    )


def measure(batch: Frozen) -> None:
    """The prediction, and then the truth about one response and about all of the step."""
    reply = wrong_reply(batch)
    continuations = linked(
        st.radio,
        _("Continuations per prefix (K)"),
        [str(x) for x in CONTINUATIONS],
        key="wt_k",
        first="32",
        horizontal=True,
    )
    if reply is None:
        return
    try:
        measured = accuse(batch, reply, int(continuations))
    except ValueError as error:
        st.warning(plain(tell(error), 400), icon=":material/hourglass_disabled:")
        return
    if measured is not None:
        show_reply(batch, reply, measured)
        show_panel(batch, measured)
        st.subheader(_("A slip that the critic sees, and one that it misses"))
        beside(batch, key="truth_beside")


def page() -> None:
    leave_for_started(START)
    fall()
    say(prose(KEY))
    st.header(_("A learner that is told the truth"))
    recorded_race()
    race()
    four_tokens()
    st.header(_("Which token ruined this answer?"))
    batch = frozen("ppo", groups=True)
    if batch is not None:
        say_where(batch)
        if why_not := not_rewritten(batch.run):
            st.info(plain(why_not, 400), icon=":material/hourglass_disabled:")
        else:
            measure(batch)
    study_section()
    quiz("truth_quiz", questions())


with lesson_page(
    KEY,
    question=_("One token ruined the answer. Which one, and did PPO or GRPO know?"),
    summary=_(
        "The truth about a token is how much it changed the expected reward. It can be measured by finishing prefixes "
        "afresh. A critic guesses it, as well as it has learnt to; GRPO takes one number for the whole response."
    ),
    code=code(),
):
    page()
