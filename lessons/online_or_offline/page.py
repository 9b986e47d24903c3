"""Online or offline: the same start and as many scored responses, written while a policy learns or all beforehand."""

from __future__ import annotations

import streamlit as st

from lessons.i18n import _, prose
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Choice, engine, lesson_page, predict, quiz, revealed
from lessons.kit.over_seeds import close_up, gap_words
from lessons.online_or_offline.check import code, questions
from lessons.online_or_offline.coverage import coverage
from lessons.online_or_offline.own import own_set
from lessons.online_or_offline.pair import example
from lessons.online_or_offline.picture import moving_picture
from lessons.online_or_offline.results import COMMAND, LEARNERS, best, gap, offline, online, there, titled

KEY = "online-or-offline"
GUESS = "online_better"


def prediction() -> None:
    """Whether fresh responses pay, and how far the seeds tell."""
    st.header(_("Is fresh better?"))
    first, second = best(online()), best(offline())
    known = gap(first, second)
    reason = gap_words(known, (titled(first), titled(second)))
    names = {"online": titled(first), "offline": titled(second)}
    choices = [
        Choice(close_up(_("{online} ends higher").format(**names)), known.low > 0, reason),
        Choice(close_up(_("{offline} ends higher").format(**names)), known.high < 0, reason),
        Choice(_("The seeds do not tell them apart"), known.low <= 0 <= known.high, reason),
    ]
    asked = _(
        "{online} against the best of the offline learners, {offline}: as many scored responses. How does it end?"
    )
    if predict(GUESS, close_up(asked.format(**names)), choices, about=KEY):
        say("\n".join(f"- {gap_words(gap(first, x), (titled(first), titled(x)))}" for x in offline() if x != second))


def page() -> None:
    engine()
    recorded = there()
    if recorded:
        guessed = revealed(GUESS, KEY)
        moving_picture(list(LEARNERS) if guessed else online())
        if not guessed:
            say(
                _(
                    "These write what they learn from. Those that learn from a fixed set join them once you have said "
                    "below how they end."
                )
            )
        say_small(
            _(
                "Recorded on three-term sums. SFT learns from right responses alone, so it meets them several times. "
                "“Tell apart”: by the differences seed by seed, all pairs of learners judged together (Holm, 5 %), as "
                "nobody knew before who would lead; each evaluation is judged by itself. Repeat it with `{command}`."
            ).format(command=COMMAND)
        )
    else:
        st.info(_("This is not recorded here yet."))
    say(prose(KEY))
    example()
    if recorded:
        prediction()
        coverage(with_success=revealed(GUESS, KEY))
    st.header(_("Your own frozen set"))
    say(_("Choose how it is collected, look at it, then train on it beside an online learner."))
    own_set()
    quiz("online_quiz", questions())


with lesson_page(
    KEY,
    question=_("The same start, the same number of scored responses. Does it matter who wrote them, and when?"),
    summary=_(
        "Online, the policy writes what it learns from, and the data move with it; offline, the data stay what they "
        "were, and the policy leaves them behind."
    ),
    code=code(),
):
    page()
