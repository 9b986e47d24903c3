"""What came of one's own data beside held-out success: groups without a signal, and what was learnt wrongly."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

import streamlit as st

from core.config import RunConfig
from core.errors import RequestError
from core.insight.curated_run import CuratedRun, WrongAnswer, curated_run, pays_wrongly
from core.insight.curation_study import LAST
from core.runs.errors import StoreError
from core.runs.store import RunStore
from lessons import shared
from lessons.data_that_teaches.results import STEPS, TOPICS, mean, there
from lessons.data_that_teaches.unit_tests import wrong_program
from lessons.i18n import _, one_after_another
from lessons.kit.display import in_code
from lessons.kit.glossary import say
from lessons.kit.lesson import engine
from lessons.kit.numbers import number, whole

LEARNER = "grpo"


@st.cache_data(show_spinner=False, max_entries=64)
def kept_of(run_id: str, last: int, made: float, _runs: RunStore) -> CuratedRun | None:
    """What is known of a run from its trace (`last` step, time of writing); None where that cannot be read."""
    engine()
    try:
        rows = [x for x in _runs.rows_since(run_id, 0)[0] if x["learner"] == LEARNER]
        rows.sort(key=lambda x: int(x["step"]))
        return curated_run(_runs.get(run_id).config, rows, lambda step: _runs.samples(run_id, LEARNER, step))
    except (RequestError, StoreError):
        return None


def came_of(runs: Iterable[str], untouched: str) -> None:
    """Two lines on runs of equal data, one or more; `untouched` is the topic whose first condition they differ from."""
    store, known = shared.store(), list[CuratedRun]()
    for run_id in runs:
        try:
            info = store.get(run_id)
        except StoreError:  # deleted in another window
            continue
        config = info.config
        learner = next(x for x in info.learners if x.name == LEARNER)
        kept = kept_of(run_id, learner.step, learner.updated, store)
        known += [kept] if kept is not None else []
    if not known:
        say(_("The steps of these runs cannot be read, so only their held-out success is known."))
        return
    say("\n".join(f"- {line}" for line in (silent_words(known, untouched), wrong_words(known, config)) if line))


def silent_words(runs: Sequence[CuratedRun], untouched: str) -> str:
    """The share of groups without a signal, of all steps and of as many as the recorded runs made, beside theirs."""
    whole_run = _mean(runs, lambda x: x.silent)
    early = _mean(runs, lambda x: x.silent_early)
    if whole_run is None or early is None:
        return _("Groups without a signal: these runs did not count them.")
    words = _("Groups without a signal: {share} over all steps.").format(share=number(whole_run, 2))
    topic = TOPICS[untouched]
    if not there(topic):
        return words
    clean = number(mean(topic.base, lambda x: x.silent), 2)
    if all(x.steps <= STEPS for x in runs):
        beside = _("With untouched data it was {clean}.").format(clean=clean)
    else:
        beside = _("Over the first {steps} it was {own}, with untouched data {clean}.").format(
            steps=whole(STEPS), own=number(early, 2), clean=clean
        )
    return one_after_another(words, beside)


def wrong_words(runs: Sequence[CuratedRun], config: RunConfig) -> str:
    """What was learnt wrongly, in shares of responses and by an example, or why there is nothing of the kind."""
    if config.wrong_truths:
        words = _of_truths(runs)
    elif pays_wrongly(config):
        words = _of_tests(runs)
    else:
        words = _("Learnt wrongly: these data pay only what is right, so they taught nothing wrong.")
    if not config.leaked_questions:
        return words
    leak = _("Held-out success also counts what was learnt by heart: on questions never asked nothing was measured.")
    return one_after_another(words, leak)


def _of_truths(runs: Sequence[CuratedRun]) -> str:
    own = [x.truths for x in runs if x.truths is not None]
    if not own:
        return _("Learnt wrongly: no question of the last {last} steps had a wrong ground truth.").format(last=LAST)
    words = _(
        "Learnt wrongly: of the last {last} steps' responses to questions with a wrong ground truth, {paid} said what "
        "stands there and were paid, {right} were right."
    ).format(
        last=LAST,
        paid=number(statistics.fmean(x.paid for x in own), 2),
        right=number(statistics.fmean(x.right for x in own), 2),
    )
    example = next((x.example for x in own if x.example is not None), None)
    return words if example is None else one_after_another(words, _wrong_answer(example))


def _wrong_answer(example: WrongAnswer) -> str:
    return _("To `{prompt}` came `{response}`: `{stated}` was put down and paid, right is `{right}`.").format(
        prompt=in_code(example.prompt),
        response=in_code(example.response),
        stated=in_code(example.stated),
        right=in_code(example.right),
    )


def _of_tests(runs: Sequence[CuratedRun]) -> str:
    own = [x.tests for x in runs if x.tests is not None]
    if not own:
        return ""
    words = _("Of the last {last} steps' programs {paid} were paid, yet wrong, and {unpaid} right, yet unpaid.").format(
        last=LAST,
        paid=number(statistics.fmean(x.wrongly_paid for x in own), 2),
        unpaid=number(statistics.fmean(x.unpaid for x in own), 2),
    )
    example = next((x.example for x in own if x.example is not None), None)
    return words if example is None else one_after_another(words, wrong_program(example))


def _mean(runs: Sequence[CuratedRun], value: Callable[[CuratedRun], float | None]) -> float | None:
    """Over the runs that know it."""
    known = [y for x in runs if (y := value(x)) is not None]
    return statistics.fmean(known) if known else None
