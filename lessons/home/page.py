"""The first page: the same response under both credits, playing; two doors; the course map with what got done."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.learners.registry import LEARNER_KINDS
from lessons.catalog import LESSONS, Lesson, lesson
from lessons.home import example as examples
from lessons.i18n import _, keeping_language, ngettext, one_after_another, prose
from lessons.kit.chrome import storage_guard
from lessons.kit.display import plain, token_name
from lessons.kit.empty import nothing_here
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, frozen, say_where
from lessons.kit.lesson.quiz import progress
from lessons.kit.numbers import signed
from lessons.kit.pipeline import pipeline
from lessons.kit.ties import lowest
from lessons.kit.to_lab import lab_query, page_query
from lessons.kit.two_credits import CreditRow, asked_words, two_credits


def picture(batch: Frozen) -> bool:
    """The response, playing: its tokens appear one by one, each with what either learner credits it with.

    Whether there is one.
    """
    shown = examples.example(batch)
    if shown is None:
        nothing_to_play()
        return False
    with st.container(key="home_question"):  # in one line
        say(asked_words(shown.prompt, shown.answer, shown.success, shown.reward))
    rows = [
        CreditRow("ppo", shown.ppo, _("a number for each token")),
        CreditRow("grpo", [shown.grpo] * len(shown.tokens), _("one number for all")),
    ]
    two_credits(shown.tokens, rows, slip=shown.slip, alt=" ".join(sentences(shown)), key="home_credits")
    say(one_after_another(*sentences(shown)), width="content")
    return True


def sentences(shown: examples.CreditedResponse) -> Sequence[str]:
    """What the picture shows, in numbers."""
    (first, *others), places = lowest(shown.ppo), len(shown.ppo)
    values = {
        "ppo": LEARNER_KINDS["ppo"].title,
        "grpo": LEARNER_KINDS["grpo"].title,
        "least": signed(min(shown.ppo)),
        "most": signed(max(shown.ppo)),
        "credit": signed(shown.grpo),
    }
    if first != shown.slip or others:
        words = ngettext(
            "{ppo} gives its only token {least}, {grpo} gives it {credit}.",
            "{ppo} gives its {count} tokens from {least} to {most}, {grpo} gives each {credit}.",
            places,
        )
        return [words.format(count=places, **values)]
    words = _("{ppo} blames “{token}” most ({least}), where the response first goes wrong.")
    if shown.seen:
        words = _(
            "{ppo} blames “{token}” most ({least}): there the response first goes wrong, and this critic saw it. "
            "Critics do not always."
        )
    blamed = words.format(token=plain(token_name(shown.tokens[first])), **values)
    alike = ngettext(
        "{grpo} gives the only token {credit}.", "{grpo} gives each of the {count} tokens {credit}.", places
    )
    return [blamed, alike.format(count=places, **values)]


def nothing_to_play() -> None:
    nothing_here(
        _("There is no group here whose rewards differ. Open the lab and press Start; then this page has its picture.")
    )


def doors(played: Frozen | None) -> None:
    """Two ways on; beside them, so that the course's heading is in the first screen, what the picture is of."""
    begin = next((x for x in course() if progress(x.check) != full(x)), None) or course()[0]
    with st.container(horizontal=True, vertical_alignment="center", key="home_doors"):
        if st.button(_("Watch it train"), type="primary", icon=":material/play_circle:", key="home_open_lab"):
            st.switch_page(lesson("lab").path, query_params=lab_query())
        again = any(progress(x.check) for x in course())
        words = _("Go on: {title}") if again else _("Take the course: {title}")
        if st.button(words.format(title=_(begin.title)), icon=":material/school:", key="home_open_course"):
            st.switch_page(begin.path, query_params=keeping_language())
        if played is not None:
            with st.container(width="content"):
                say_where(played)


def course() -> list[Lesson]:
    """The lessons with a check, in order."""
    return [x for x in LESSONS if x.check]


def full(page: Lesson) -> tuple[int, int] | None:
    """What `progress` answers of a check whose answers are all right."""
    done = progress(page.check)
    return (done[1], done[1]) if done else (0, 0)


@st.fragment
def whole_pipeline(batch: Frozen) -> None:
    """Made only once it is opened: most visitors go on, and its data would make the page slower for all."""
    words = _("The whole pipeline, {ppo}'s and {grpo}'s").format(
        ppo=LEARNER_KINDS["ppo"].title, grpo=LEARNER_KINDS["grpo"].title
    )
    fold = st.expander(words, icon=":material/account_tree:", on_change="rerun", key="home_pipeline_fold")
    if fold.open:
        with fold:
            pipeline(batch, batch.telling, key="home_pipeline")


#: The cards of a part, as many in a row as there is room for, all as wide: together as wide as what stands above them.
#: On a projector, where type is larger, a row holds more of them: a part and its heading are one screen.
STYLE = """<style>
[class*=st-key-course_from_] {
  --card: calc(16rem - 4.5rem * var(--presenting, 0));
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(var(--card), 100%), 1fr));
}
[class*=st-key-course_from_] > * { width: auto; min-width: 0; }
</style>"""


def course_map() -> None:
    """Every page there is, in order, under a heading for each part of the course."""
    st.html(STYLE)
    done = [x for x in course() if progress(x.check) == full(x)]
    say_small(
        _("{done} of {all} checks all right. Your progress is kept in this browser only.").format(
            done=len(done), all=len(course())
        )
    )
    cards = st.container()
    for page in LESSONS:
        if page.default:
            continue
        if page.part:
            st.subheader(_(page.part))
            cards = st.container(horizontal=True, gap="small", key=f"course_from_{page.key}")
        with cards.container(border=True, height="stretch", gap="xsmall", key=f"map_{page.key}"):
            card(page)


def card(page: Lesson) -> None:
    st.page_link(page.path, label=f"**{_(page.title)}**", icon=page.icon, query_params=page_query(page))
    minutes = " · " + _("about {minutes} minutes").format(minutes=page.minutes) if page.minutes else ""
    say(_(page.summary) + minutes)
    if page.check and (answered := progress(page.check)):
        sign = ":material/check_circle:" if answered[0] == answered[1] else ":material/rule:"
        say_small(sign + " " + _("Check: {right} of {all} right.").format(right=answered[0], all=answered[1]))


st.title("Credit Lab")
say(prose("home"), width="content")
batch: Frozen | None = None
played: Frozen | None = None
with storage_guard():
    batch = frozen("ppo")
    if batch is not None and picture(batch):
        played = batch
doors(played)
with storage_guard():
    if batch is not None:
        whole_pipeline(batch)
st.header(_("The course"))
course_map()
