"""The first page: what this is, the difference between PPO and GRPO in one real picture, and where to go."""

from __future__ import annotations

import math

import streamlit as st

from core.config import RunConfig
from core.learners.kind import Colour
from core.learners.registry import colours_of, learner_kind
from core.learners.settings import LearnerSettings
from core.runs.errors import RunNotFound
from core.runs.records import RunInfo, RunUnreadable
from core.runs.store import RunStore
from lessons.board.strips import Row, token_strips
from lessons.catalog import LESSONS, lesson
from lessons.home.strip import Contrast, Contrasts, Response, find_contrasts
from lessons.i18n import _, keeping_language, one_after_another, prose
from lessons.kit.chrome import storage_guard
from lessons.kit.critic import has_penalty, taught
from lessons.kit.display import plain
from lessons.kit.history import RECORDED
from lessons.kit.lesson.quiz import progress
from lessons.kit.lesson.replies import SEEN
from lessons.kit.numbers import number, signed
from lessons.shared import store


@st.cache_data(show_spinner=False, max_entries=4)
def contrasts(run_id: str, made: float, _runs: RunStore) -> Contrasts | None:
    """A recorded run never changes, so its pictures are looked for once."""
    return find_contrasts(_runs, _runs.get(run_id))


def recorded(runs: RunStore) -> RunInfo | None:
    try:
        return runs.get(RECORDED)
    except (RunNotFound, RunUnreadable):
        return None


def row(response: Response, name: str, title: str, colour: Colour) -> Row:
    """A response with its verdict and its culprit framed, under its learner's title."""
    verdict = _("right, reward 1") if response.success else _("wrong, reward 0")
    more = {}
    if response.values and response.bare:
        penalty = [a - b for a, b in zip(response.raw, response.bare, strict=True)]
        more = {
            _("value V before it"): response.values,
            _("before whitening: critic and reward"): response.bare,
            **({_("before whitening: KL penalty"): penalty} if has_penalty(penalty) else {}),
        }
    return Row(
        name,
        f"{'✓' if response.success else '✗'} {verdict}",
        response.tokens,
        response.advantages,
        learner=colour,
        group=title,
        marks=["frame" if at == response.culprit else None for at in range(len(response.tokens))],
        more=more,
    )


def strip_title(config: RunConfig, learner: LearnerSettings) -> str:
    """What stands over a learner's strips, as in the lab."""
    places = {**learner.model_dump(), "name": learner.name.upper(), "size": config.group_size(learner)}
    return _(learner_kind(learner).strip_title(learner)).format(**places)


def picture(runs: RunStore) -> None:
    """The same question at the same step of the recorded run, credited by each learner; and one where that fails."""
    run = recorded(runs)
    pair = contrasts(RECORDED, run.created, runs) if run is not None else None
    if run is None or pair is None:
        st.info(_("There is no recorded run here yet. Open the lab and press Start: the picture draws itself there."))
        return
    strips(run, pair.seen, "home_picture")
    st.caption(_("Under each token stands its advantage, as the loss used it: purple pushes the token down, green up."))
    st.caption(_("Framed: the first token that no right response shares."))
    st.markdown(about_slip(pair.seen))
    st.caption(_("Of the questions looked through, this is the one where the critic's value falls furthest there."))
    with st.expander(_("And one where the critic misses it"), icon=":material/visibility_off:"):
        if pair.missed is None:
            st.markdown(_("Among the questions looked through there is none at whose framed token its value rises."))
        else:
            strips(run, pair.missed, "home_missed")
            st.markdown(about_slip(pair.missed))
    taught(run.config, quiet=True)


def about_slip(example: Contrast) -> str:
    """What the critic's value does at the framed token, and what of the credit there is the KL penalty's."""
    wrong = next((x[0] for x in example.responses.values() if x[0].values and x[0].culprit is not None), None)
    if wrong is None or math.isnan(example.fall):
        return _("No learner of this run has a critic whose values could be read here.")
    at = wrong.culprit or 0
    words = (
        _("At the framed token the critic's value falls from {before} to {after}: it sees the slip.")
        if example.fall >= SEEN
        else _("At the framed token the critic's value goes from {before} to {after}: it does not see the slip.")
    ).format(before=number(wrong.values[at], 2), after=number(wrong.values[at + 1], 2))
    whole, bare = wrong.raw[at], wrong.bare[at]
    parts = (
        _(
            "Of the token's credit before whitening, {whole}, the critic and the reward make {critic}, the KL penalty "
            "{kl}."
        )
        if has_penalty([whole - bare])
        else _("The token's credit before whitening, {whole}, is the critic's and the reward's alone.")
    )
    parts = parts.format(whole=signed(whole, 3), critic=signed(bare, 3), kl=signed(whole - bare, 3))
    return one_after_another(words, parts)


def strips(run: RunInfo, example: Contrast, key: str) -> None:
    """A wrong and a right response of each learner."""
    st.markdown(
        _("Question **{prompt}** at step {step} of a recorded run (seed {seed}). The right answer is {answer}.").format(
            prompt=plain(example.prompt), step=example.step + 1, seed=run.config.seed, answer=plain(example.answer)
        )
    )
    colours = colours_of(run.config.learners)
    rows = [
        row(response, f"{learner.name}-{n}", strip_title(run.config, learner), colours[learner.name])
        for learner in run.config.learners
        for n, response in enumerate(example.responses[learner.name])
    ]
    token_strips(
        rows,
        key=key,
        quantity=_("advantage"),
        pickable=False,
        alt=_("A wrong and a right response of each learner to the question, each token coloured by its credit"),
        marks={"frame": _("the first token that no right response shares")},
    )


def course_map() -> None:
    """Every page there is, in order, under a heading for each part of the course."""
    for page in LESSONS:
        if page.default:
            continue
        if page.part:
            st.subheader(_(page.part))
        with st.container(border=True, key=f"map_{page.key}"):
            st.page_link(page.path, label=f"**{_(page.title)}**", icon=page.icon, query_params=keeping_language())
            minutes = " · " + _("about {minutes} minutes").format(minutes=page.minutes) if page.minutes else ""
            st.markdown(_(page.summary) + minutes)
            if page.check and (done := progress(page.check)):
                sign = ":material/check_circle:" if done[0] == done[1] else ":material/rule:"
                st.caption(sign + " " + _("Check: {right} of {all} right.").format(right=done[0], all=done[1]))


st.title("Credit Lab")
st.markdown(prose("home"))
if st.button(_("Open the lab"), type="primary", icon=":material/science:", key="home_open_lab"):
    st.switch_page(lesson("lab").path, query_params=keeping_language())
st.header(_("Who knows which token ruined the answer?"))
with storage_guard():
    picture(store())
st.header(_("What is here"))
course_map()
