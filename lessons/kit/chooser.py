"""What the next run trains on: a preset, and what is asked in the place of its own questions."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.config import RunConfig
from core.errors import ConfigError
from core.presets import PRESETS
from core.tasks.kinds.questions import Question, QuestionsSettings
from core.tasks.registry import TASK_KINDS
from lessons.i18n import _, listed, tell
from lessons.kit.display import literal, plain, plain_lines
from lessons.kit.draft import Draft, choose_preset, choose_source
from lessons.kit.glossary import say, say_small
from lessons.kit.preset_texts import grouped, preset_title, shows
from lessons.kit.question_sources import OWN, TITLES, in_words, kind_called, offered

#: What Streamlit takes in; core.tasks.kinds.questions says how much a file may hold.
MOST_MEGABYTES = 1
EXAMPLE = '{"question": "What is 3 + 4?", "answer": "7"}'


def what_to_train(draft: Draft) -> None:
    """Two choices at the head of the settings drawer; one's own questions are uploaded below them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state["lab_choose_preset"] = draft.preset
        st.selectbox(
            _("Preset: model, questions and learners"),
            [x for group in grouped().values() for x in group],
            format_func=preset_title,
            help=_("Where all settings start from. Choosing another one forgets what was typed below."),
            on_change=_preset_chosen,
            key="lab_choose_preset",
        )
        if len(_sources(draft)) > 1:
            _source(draft)
        with st.popover(_("What each preset shows"), icon=":material/menu_book:", key="lab_presets"):
            _presets(draft.preset)
    if draft.asks_preset and (line := shows(draft.preset, PRESETS[draft.preset])):
        say_small(line)
    if draft.asks == OWN:
        upload(draft)
    elif not draft.asks_preset and (kind := kind_called(draft.base, draft.asks)) is not None:
        say_small(_(TASK_KINDS[kind].summary))


def _presets(chosen: str) -> None:
    """All presets by what they show, a button and a line each."""
    for title, names in grouped().items():
        with st.container(gap="xsmall"):
            if title:
                say(f"**{_(title)}**")
            for name in names:
                st.button(
                    preset_title(name),
                    icon=":material/check:" if name == chosen else None,
                    on_click=choose_preset,
                    args=(name,),
                    key=f"lab_preset_{name}",
                )
                say_small(shows(name, PRESETS[name]))


def _sources(draft: Draft) -> list[str]:
    """All that can be asked, what is asked now among them."""
    return list(dict.fromkeys([*offered(draft.base), draft.asks]))


def _source(draft: Draft) -> None:
    options, words = _sources(draft), in_words(draft.base)
    st.session_state["lab_choose_source"] = draft.asks
    st.selectbox(
        _("Questions"),
        options,
        format_func=partial(source_title, draft.base),
        accept_new_options=words,
        help=_("A data set of reasoning-gym, which also says what is right. Any other one can be typed by its name.")
        if words
        else None,
        on_change=_source_chosen,
        key="lab_choose_source",
    )


def source_title(config: RunConfig, source: str) -> str:
    """What a source of questions is called; a data set that is not offered by its own name."""
    if (kind := kind_called(config, source)) is not None:
        return _(TASK_KINDS[kind].title)
    return _(TITLES[source]) if source in TITLES else literal(source, 60)


def _preset_chosen() -> None:
    choose_preset(st.session_state["lab_choose_preset"])


def _source_chosen() -> None:
    source = (st.session_state["lab_choose_source"] or "").strip()
    if source:
        choose_source(source)


# -- questions of one's own ------------------------------------------------------------------------------------------


def upload(draft: Draft) -> None:
    """Takes in a file of questions, and says what was read from it; they are kept in the session."""
    st.file_uploader(
        _("Your questions: a JSONL file, a question and its answer a line"),
        type=["jsonl", "json", "txt"],
        max_upload_size=MOST_MEGABYTES,
        help=_("At least 16 and at most 500 lines. Some are kept apart to measure with, the rest is trained on."),
        on_change=_uploaded,
        key="lab_upload",
    )
    st.code(EXAMPLE, language=None, wrap_lines=True)
    if problem := st.session_state.get("lab_questions_problem"):
        st.error(plain_lines(tell(problem), 400), icon=":material/edit_off:")
    if name := st.session_state.get("lab_questions_name"):
        questions = st.session_state["lab_questions"]
        read = _("{count} questions from {file}.").format(count=len(questions), file=plain(name, 60))
        say_small(read + _apart(draft) + _aside(questions))
    say_small(_("Your questions stay out of the link. They are kept in the run that is started with them."))


def _apart(draft: Draft) -> str:
    """How many are kept apart, where that is not as many as the settings say."""
    from core.tasks.kinds.questions import Questions

    task = draft.config.task if draft.config is not None else None
    note = Questions(task).note if isinstance(task, QuestionsSettings) else None
    return "" if note is None else " " + plain(tell(note), 300)


def _aside(questions: tuple[Question, ...]) -> str:
    """What the file has beside questions and answers."""
    names = sorted({name for x in questions for name in x.aside})
    if not names:
        return ""
    text = _("Kept with the run, and used for nothing: {names}.")
    return " " + text.format(names=listed(plain(x, 40) for x in names[:8]) + " …" * (len(names) > 8))


def _uploaded() -> None:
    """A file that cannot be read leaves its sentence, and the questions that were there before."""
    from core.tasks.kinds.questions import read_questions

    file = st.session_state["lab_upload"]
    st.session_state.pop("lab_questions_problem", None)
    if file is None:  # taken away again: what was read from it stays, until another file comes
        return
    try:
        questions = read_questions(file.getvalue())
    except ConfigError as error:
        st.session_state["lab_questions_problem"] = error.message
    else:
        st.session_state.update(lab_questions=tuple(questions), lab_questions_name=file.name)
