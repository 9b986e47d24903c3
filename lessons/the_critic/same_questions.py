"""The same questions for all: how fast each learner gets better, from a start model that can tell and from one that
cannot.
"""

from __future__ import annotations

import streamlit as st

from core.insight.seed_results import median_scored
from core.learners.registry import learner, needs_of
from core.presets import PRESETS
from lessons.i18n import _, listed
from lessons.kit.critic import taught
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import more
from lessons.kit.numbers import number, table, whole
from lessons.the_critic.race import STARTS, racers
from lessons.the_critic.results import (
    COMMAND,
    LEARNERS,
    SPAN_TITLES,
    gap,
    gap_words,
    mean,
    of,
    shape,
    spread_words,
    there,
    times,
)

#: The preset that trains from it: what its features were taught is its start model's recipe.
PRESET = {"sighted": "long-sums", "blind": "long-sums-blind"}
#: What the table shows of a run: the early lead, and the end.
SPANS = ("first-20", "last-10")
#: GRPO with PPO's normalisation.
WHITENED = shape("grpo-whitened", 16)


def same_questions(start: str) -> None:
    """Who learns, then the race from the chosen start model as a table, and what its numbers say."""
    learners, model = st.columns(2)
    if there([shape("ppo-fitted", 16), shape("ppo-zero", 16)]):
        with learners:
            say("\n".join(f"- {x}" for x in _who()))
    ending, title = STARTS[start]
    shown = racers(ending)
    if not shown:
        st.info(_("This is not recorded here yet."))
        return
    with model:
        taught(PRESETS[PRESET[start]], quiet=True)
    say(
        _(
            "The race at the top over steps 1–20, seed by seed. Start model: **{start}**; look at the other one there, "
            "too."
        ).format(start=_(title))
    )
    say("\n".join(f"- {x}" for x in _says(shown, ending)))
    with more(_("the same as numbers, with what each took"), key="tc_more_same"):
        _table(shown, ending)


def _who() -> list[str]:
    """The four learners, by where their credit comes from."""
    fitted = of(shape("ppo-fitted", 16))[0].scored - of(shape("ppo-zero", 16))[0].scored
    return [
        _("**GRPO**: against the mean of its group, the responses to the same question."),
        _("**PPO (critic from zero)**: against a critic that learns only while the policy trains."),
        _("**PPO (fitted critic)**: its critic was fitted beforehand, to {count} responses of the start model.").format(
            count=whole(fitted)
        ),
        _(
            "**VinePPO**: no critic. Each prefix is finished {k} times; the share that comes out right is its value."
        ).format(k=needs_of(learner("vine")).continuations),
    ]


def _table(shown: list[str], ending: str) -> None:
    head = [_("learner"), *(_(SPAN_TITLES[x]) for x in SPANS), _("worst seed, last ten"), _("responses scored")]
    lines = []
    for name in shown:
        setup = shape(name, 16, ending)
        worst = min(x.mean("last-10") for x in of(setup))
        cells = [spread_words(setup, span) for span in SPANS]
        lines.append([_(LEARNERS[name].title), *cells, number(worst), whole(median_scored(of(setup), setup))])
    with st.container(key="tc_same_table"):
        say(table(head, lines))
        say_small(
            _(
                "16 questions × 8 responses a step, mean success ± standard deviation over {seeds} seeds. “Responses "
                "scored” counts all: trained on, used to fit a critic beforehand, and VinePPO's continuations (the "
                "median of the seeds)."
            ).format(seeds=len(of(shape(shown[0], 16, ending))))
        )
        if not ending and (taken := times({_(LEARNERS[x].title): shape(x, 16) for x in shown})):
            say_small(taken)
        if not ending and "grpo" in shown and there([WHITENED]):
            names = (_("GRPO (whitened, as PPO is)"), "GRPO")
            words = gap_words(WHITENED, shape("grpo", 16), "first-20", names)
            say_small(_("Is it the normalisation? {words}").format(words=words))
        say_small(
            _("All tables are in docs/long-sums.md; `{command}` makes them again (hours).").format(command=COMMAND)
        )


def _says(shown: list[str], ending: str) -> list[str]:
    """Each learner against GRPO over the first steps, whether any of that is left at the end, and what it is not."""
    if "grpo" not in shown:
        return []
    base = shape("grpo", 16, ending)
    rivals = {x: shape(x, 16, ending) for x in shown if x != "grpo"}
    lines = [gap_words(setup, base, "first-20", (_(LEARNERS[x].title), "GRPO")) for x, setup in rivals.items()]
    return [*lines, _at_the_end(rivals, base)]


def _at_the_end(rivals: dict[str, str], base: str) -> str:
    """Which learners the seeds tell apart from GRPO over the last ten steps."""
    gaps = {x: gap(setup, base, "last-10") for x, setup in rivals.items()}
    apart = [_(LEARNERS[x].title) for x, known in gaps.items() if known.low > 0 or known.high < 0]
    means = [mean(x, "last-10") for x in (base, *rivals.values())]
    words = (
        _("By the last ten steps (means {low} to {high}) these seeds tell apart from GRPO: {learners}.")
        if apart
        else _("By the last ten steps (means {low} to {high}) these seeds tell no learner apart from GRPO.")
    )
    return words.format(low=number(min(means)), high=number(max(means)), learners=listed(apart))
