"""The loop: prompts, a model, responses, a reward, tuples, an update; and then again, by the changed model."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import streamlit as st

from core.learners.registry import LEARNER_KINDS, learner
from lessons.i18n import _, prose
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import (
    Choice,
    Example,
    Line,
    engine,
    frozen,
    lesson_page,
    predict,
    quiz,
    worked,
)
from lessons.kit.lesson.worked import objective_line, old_policy_line, ratio_lines
from lessons.kit.numbers import number, table, whole
from lessons.kit.pipeline import pipeline
from lessons.kit.preset_race import race_in_lab
from lessons.the_loop import live
from lessons.the_loop.check import code, questions
from lessons.the_loop.rounds import Folded, Played, Round, played_of

KEY = "the-loop"

#: The right response “1 6” to 9+7=, the only right one of four, before and after an update.
FOUR_RIGHT = Example(
    tokens=("1", "6", "␣", "<eos>"),
    logprobs_old=(-0.2, -0.9, -0.1, -0.1),
    logprobs_ref=(-0.2, -0.9, -0.1, -0.1),
    logprobs_new=(-0.15, -0.7, -0.08, -0.09),
    reward=1.0,
    others=(0.0, 0.0, 0.0),
)
SETTINGS = learner("grpo", scale_rewards="none")
#: A response is within reach of a model that writes it once in so many tries.
REACH = 10
RARE = 1000
LAST = 4  # rounds of the end that are looked at


def lines() -> list[Line]:
    """From what was sampled, over one reward, to what the update pushes."""
    return [
        old_policy_line(),
        Line("advantage", r"A_t", _("the response's reward minus the mean of all four: the same for every token")),
        *ratio_lines(),
        objective_line(_("what the update makes larger: ratio times advantage, within the clip")),
    ]


def right_at_the_end(rounds: Sequence[Round]) -> list[tuple[Round, Folded]]:
    """The right responses of the last rounds whose probability under the start model is known, a response once."""
    return [(x, w) for x in rounds[-LAST:] for w in x.written if w.reply.success and w.start is not None]


def reach(played: Played) -> None:
    """Predict how likely the start model was to write what the trained one gets right."""
    late = right_at_the_end(played.rounds)
    if not late:
        return
    st.header(_("Where do the right responses come from?"))
    middle = statistics.median(w.start or 0.0 for _round, w in late)
    choices = [
        Choice(
            _("Less than once in {n} tries: it learnt them from nothing").format(n=whole(RARE)),
            middle < 1 / RARE,
            _("What is almost never sampled is almost never rewarded, so the loop cannot begin with it."),
        ),
        Choice(
            _("Less than once in {n} tries, but it happened").format(n=REACH),
            1 / RARE <= middle < 1 / REACH,
            _("Rare responses that are rewarded become frequent ones."),
        ),
        Choice(
            _("More than once in {n} tries").format(n=REACH),
            middle >= 1 / REACH,
            _("The start model could write them already. The loop made them reliable."),
        ),
    ]
    about = f"{played.run.id}/{played.learner.name}"
    asked = _(
        "Take the right responses of the last {rounds} rounds of {run}. How often would the start model have written "
        "such a one?"
    ).format(rounds=LAST, run=live.run_words(played))
    if not predict("loop_reach", asked, choices, about=about):
        return
    head = [_("prompt"), _("right response"), _("start model"), _("in that round")]
    rows = [
        (f"`{x.group.prompt.strip()[:60]}`", f"`{w.reply.text[:60]}`", number(w.start or 0.0), number(w.before))
        for x, w in late
    ]
    with st.container(key="loop_reach_table"):
        say(table(head, rows, left=2))
    say_small(
        _("Probability of the whole response, token by token. Median under the start model: {middle}.").format(
            middle=number(middle)
        )
    )


@st.fragment
def inside(played: Played) -> None:
    """The pipeline of the first round's very batch; made only once it is opened."""
    words = _("The update from inside: {learner}'s pipeline on the batch of round 1")
    title = LEARNER_KINDS[live.KIND].title
    fold = st.expander(
        words.format(learner=title), icon=":material/account_tree:", on_change="rerun", key="loop_inside"
    )
    if fold.open:
        with fold:
            pipeline(played.first, played.rounds[0].group, key="loop_pipeline", start="grpo")


def recorded() -> Played | None:
    """The run that the link names, else the recorded one."""
    batch = frozen(live.KIND, usual=False)
    return None if batch is None else played_of(batch.run, batch.learner)


def page() -> None:
    engine()
    run = recorded()
    live.section(run)
    if (played := live.shown(run)) is not None:
        inside(played)
    say(prose(KEY))
    st.header(_("Four tokens, worked out"))
    say(_("The right response “1 6” to 9+7=, the only right one of four. Walk through its numbers."))
    worked(FOUR_RIGHT, SETTINGS, lines(), key="loop_four", param="loop_ex")
    if run is not None:
        reach(run)
    st.header(_("PPO and GRPO in this loop"))
    say(_("The lab repeats this loop while you watch: PPO and GRPO, each with its own responses to the same prompts."))
    race_in_lab("chain-sum", _("Open the lab with three-term sums"), key="loop_race", icon=":material/play_arrow:")
    quiz("loop_quiz", questions())


with lesson_page(
    KEY,
    question=_("Nobody shows the model a right response. How does it come to write more of them?"),
    summary=_(
        "The model writes responses, a reward function scores them, the update makes the better ones likelier, and the "
        "changed model writes the next ones."
    ),
    code=code(),
):
    page()
