"""Two turns against one, as recorded: what learners that may answer twice know more, on held-out questions."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable

import streamlit as st

from core.insight.seed_results import SeedDifference, paired
from core.insight.turns_study import COMMAND, EVERY, LEARNERS, SAMPLES, STEPS, TURNS, TurnsResult, read, setup
from core.learners.registry import LEARNER_KINDS
from lessons.i18n import _, one_after_another
from lessons.kit.glossary import say, say_small
from lessons.kit.numbers import number, table, whole
from lessons.kit.over_seeds import gap_words, mean_and_spread

RESPONSES = setup()["responses_per_step"]
#: A learner's success at one of its looks, by its place.
_ByTurn = Callable[[TurnsResult, int], float]


def first(x: TurnsResult, look: int) -> float:
    return x.first[look]


def last(x: TurnsResult, look: int) -> float:
    return x.last[look]


@functools.lru_cache(maxsize=1)
def rows() -> tuple[TurnsResult, ...]:
    """The recorded results; none where they are not recorded."""
    return tuple(read())


def of(learner: str, turns: int) -> dict[int, TurnsResult]:
    """One learner's results by seed."""
    return {x.seed: x for x in rows() if (x.learner, x.turns) == (learner, turns)}


def pairs(learner: str) -> list[tuple[TurnsResult, TurnsResult]]:
    """(one turn, two turns) of each seed that has both."""
    once, twice = (of(learner, x) for x in TURNS)
    return [(once[x], twice[x]) for x in once if x in twice]


def there() -> bool:
    """Whether every learner has both with at least two seeds."""
    return all(len(pairs(x)) > 1 for x in LEARNERS)


def by_responses(learner: str, value: _ByTurn) -> SeedDifference:
    """Two turns less one after as many responses: at the end."""
    known = pairs(learner)
    return paired([value(x, -1) for _once, x in known], [value(x, -1) for x, _twice in known])


def by_tokens(learner: str, value: _ByTurn) -> SeedDifference:
    """Two turns less one after as many tokens that the policy wrote, as far as both came: each at its last look that is
    no further."""
    ends = []
    for both in pairs(learner):
        most = min(x.tokens[-1] for x in both)
        ends.append([value(x, max(i for i, tokens in enumerate(x.tokens) if tokens <= most)) for x in both])
    return paired([y for _x, y in ends], [x for x, _y in ends])


def section() -> None:
    """The table, and what the seeds tell: by as many responses, and by as many tokens."""
    if not there():
        st.info(_("This is not recorded here yet."))
        return
    begun = [x for x in rows() if x.turns == TURNS[0] and x.learner == LEARNERS[0]]
    about = _(
        "Is it worth it? From the same start model, on the same prompts, each learner was trained with one turn and "
        "with two. Held-out questions are about functions that no training asked, and come in two turns; at the start "
        "{first} of the first tries are right and {last} of the last."
    )
    means = [number(statistics.fmean(value(x, 0) for x in begun), 2) for value in (first, last)]
    say(about.format(first=means[0], last=means[1]))
    head = [_("learner"), _("turns in training"), _("tokens written"), _("first answer right"), _("last answer right")]
    head.append(_("right in training"))
    with st.container(key="vr_turns_table"):
        say(table(head, [_row(x, turns) for x in LEARNERS for turns in TURNS]))
    say("\n".join(f"- {_differences(x)}" for x in LEARNERS))
    say_small(
        _(
            "After {steps} steps of {responses} responses, mean ± standard deviation over {seeds} seeds, {samples} "
            "responses a question; in training: of the last {last} steps. Repeat it with `{command}`."
        ).format(
            last=EVERY,
            steps=STEPS,
            responses=RESPONSES,
            seeds=len(pairs(LEARNERS[0])),
            samples=SAMPLES,
            command=COMMAND,
        )
    )


def _row(learner: str, turns: int) -> list[str]:
    own = list(of(learner, turns).values())
    ends = [mean_and_spread([value(x, -1) for x in own]) for value in (first, last)]
    tokens = whole(round(statistics.fmean(x.tokens[-1] for x in own), -3))
    return [LEARNER_KINDS[learner].title, str(turns), tokens, *ends, mean_and_spread([x.trained[-1] for x in own])]


def _differences(learner: str) -> str:
    """What the seeds tell of one learner."""
    names = _("two turns"), _("one turn")
    return one_after_another(
        _("{learner}, as many responses. Last answer: {gap}").format(
            learner=LEARNER_KINDS[learner].title, gap=gap_words(by_responses(learner, last), names)
        ),
        _("First answer: {gap}").format(gap=gap_words(by_responses(learner, first), names)),
        _("As many tokens, last answer: {gap}").format(gap=gap_words(by_tokens(learner, last), names)),
    )
