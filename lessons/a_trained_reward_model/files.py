"""Labels as files: taken along, brought back, put together with other people's, and thrown away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.errors import RequestError
from core.rewards.preferences import MOST_BYTES, Preference, PreferencesError, read, to_csv, to_json
from lessons.a_trained_reward_model import labels, person
from lessons.a_trained_reward_model.labels import readable
from lessons.i18n import _, tell
from lessons.kit.display import plain, plain_lines
from lessons.kit.filled_in import fill_in, filled_in, typed
from lessons.kit.glossary import say, say_small
from lessons.kit.numbers import table, whole
from lessons.kit.remembered import forgotten_here, now
from lessons.kit.shelf import browser_shelf

NAME, NAMED = "rm_name", "rm_named"  # the field, and what it shows
UPLOAD, PROBLEMS, BEFORE = "rm_upload", labels.PROBLEMS, "rm_uploaded"
MOST_SOURCES = 20  # whose labels are listed: a file can name thousands
ROWS = 8  # labels that are shown


def summary() -> tuple[Preference, ...]:
    """Whose labels there are and how many; all of them. None where they are too many, and a sentence why."""
    try:
        every = labels.together()
    except PreferencesError as error:
        st.error(plain(tell(error), 400), icon=":material/error:")
        return ()
    if not every:
        say_small(_("No labels yet: label some pairs, or choose a judge."))
        return ()
    by_source: dict[str, list[Preference]] = {}
    for one in every:
        by_source.setdefault(one.source, []).append(one)
    rows = [[_whose(source), whole(len(own)), whole(sum(x.weight for x in own))] for source, own in by_source.items()]
    with st.container(key="rm_sources"):
        say(table([_("whose labels"), _("labels"), _("counted as")], rows[:MOST_SOURCES]))
    if (more := len(rows) - MOST_SOURCES) > 0:
        say_small(_("… and {n} more").format(n=whole(more)))
    return every


def _whose(source: str) -> str:
    """A source's name. One's own is said to be that where nobody chose it: it would tell nothing."""
    name = plain(source, 60)
    return _("you ({name})").format(name=name) if person.is_drawn(source) and source == person.whose() else name


def exchange(every: tuple[Preference, ...]) -> None:
    """Download, upload, reset."""
    _name()
    with st.container(horizontal=True, key="rm_exchange"):
        for kind, write, mime in (("json", to_json, "application/json"), ("csv", to_csv, "text/csv")):
            st.download_button(
                _("Download as {kind}").format(kind=kind.upper()),
                data=write(every),
                file_name=f"{_file_name(person.whose())}.{kind}",
                mime=mime,
                icon=":material/download:",
                key=f"rm_download_{kind}",
                disabled=not every,
                on_click="ignore",
            )
        st.button(_("Reset my labels"), icon=":material/restart_alt:", key="rm_reset", on_click=labels.reset)
        if labels.of_files():
            st.button(_("Remove the files' labels"), icon=":material/delete:", key="rm_clear", on_click=_clear)
    browser_shelf(labels.SHELF, key="rm_shelf")
    _files()
    if not st.session_state.get(UPLOAD):  # another page was shown: the uploader is empty, and what it held stays
        st.session_state.pop(BEFORE, None)
    st.file_uploader(
        _("Labels from files (JSON or CSV), your own or other people's"),
        type=["json", "csv"],
        accept_multiple_files=True,
        max_upload_size=max(1, MOST_BYTES >> 20),
        key=UPLOAD,
        on_change=_uploaded,
    )
    for name, problem in st.session_state.get(PROBLEMS, {}).items():
        st.error(f"{plain(name, 60)}: {plain_lines(tell(problem), 400)}", icon=":material/error:")
    _some(every)


@dataclass(frozen=True)
class _ShownName:
    """The name that the field shows, and when it was put there (as `now`)."""

    name: str
    at: int

    @staticmethod
    def now() -> _ShownName:
        return _ShownName(person.whose(), now())


def _name() -> None:
    """The field of one's own name. What somebody is typing there stays, whatever another tab makes of the name, and a
    sentence says so; it is filled in anew only for what was done in this tab, or before the field came up: the browser
    says which name it remembers after that.
    """
    name = person.whose()
    shown: _ShownName = st.session_state.setdefault(NAMED, _ShownName.now())
    if shown.name != name and (person.named_at() <= shown.at or forgotten_here() > shown.at):
        _take()
        shown = _ShownName.now()
    label = _("Whose labels yours are, in a file")
    filled_in(st.text_input, label, key=NAME, first=name, max_chars=60, on_change=_rename)
    if shown.name != name:
        with st.container(horizontal=True, vertical_alignment="center", key="rm_name_changed"):
            words = _("In another tab this became “{name}”, which counts until you enter another name here.")
            say_small(words.format(name=plain(name, 60)), width="content")
            st.button(_("Take that name"), type="tertiary", on_click=_take, key="rm_name_take")


def _rename() -> None:
    if typed(NAME).strip():
        person.rename(typed(NAME))
        st.session_state[NAMED] = _ShownName.now()
    else:
        _take()


def _take() -> None:
    """The field shows the name that counts."""
    fill_in(NAME, person.whose())
    st.session_state[NAMED] = _ShownName.now()


def _some(every: tuple[Preference, ...]) -> None:
    if not every:
        return
    head = [_("message"), _("preferred"), _("the other one"), _("whose label"), _("weight")]
    rows = [
        [plain(x.prompt, 60), plain(x.chosen, 80), plain(x.rejected, 80), plain(x.source, 30), str(x.weight)]
        for x in every[-ROWS:]
    ]
    with st.container(key="rm_some"):
        say(table(head, rows, left=4))
    say_small(_("The last {count} of {all} labels.").format(count=len(rows), all=whole(len(every))))


def _files() -> None:
    """Each file by its name, with how many labels it has, and a button that takes it away."""
    for number, (name, own) in enumerate(labels.of_files().items()):
        with st.container(horizontal=True, vertical_alignment="center", key=f"rm_file_{number}"):
            there = _("{file}: {count} labels")
            here = _("{file}: {count} labels, too many to be remembered: they count until the page is reloaded")
            nowhere = _("{file}: {count} labels, not remembered by this browser: they count until the page is reloaded")
            words = nowhere if labels.is_refused() else there if labels.is_remembered(name) else here
            say_small(words.format(file=plain(name, 60), count=whole(len(own))), width="content")
            st.button(
                _("Remove"),
                icon=":material/close:",
                type="tertiary",
                help=_("Remove the labels of this file"),
                on_click=labels.drop_file,
                args=(name,),
                key=f"rm_drop_{number}",
            )


def _clear() -> None:
    for name in list(labels.of_files()):
        labels.drop_file(name)
    st.session_state[PROBLEMS] = {}


def _uploaded() -> None:
    """Reads what came into the uploader, and drops what was taken out of it. A file that cannot be read says why.

    Each file is read once: one whose labels were removed, and that is still listed there, brings them not back.
    """
    files: list[Any] = st.session_state[UPLOAD] or []
    before: dict[str, str] = st.session_state.get(BEFORE, {})  # a file's id → what it is called here
    there = {x.file_id: before[x.file_id] for x in files if x.file_id in before}
    problems = {x: y for x, y in st.session_state.get(PROBLEMS, {}).items() if x in there.values()}
    for gone in before.keys() - there.keys():
        labels.drop_file(before[gone])
    for file in files:
        if file.file_id in there:
            continue
        name = labels.free_name(file.name, {*labels.of_files(), *there.values()})
        there[file.file_id] = name
        try:
            labels.put_file(name, readable(read(file.getvalue())))
        except RequestError as error:
            problems[name] = error.message
    st.session_state[PROBLEMS], st.session_state[BEFORE] = problems, there


def _file_name(text: str) -> str:
    return re.sub(r"[^\w-]+", "-", text, flags=re.ASCII).strip("-")[:60] or "labels"
